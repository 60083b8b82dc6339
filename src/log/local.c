/* The transport local: a syslog socket of this machine, in the form of glibc's syslog(). */
#include <errno.h>
#include <string.h>

#include "log/frame.h"
#include "ntp_monitor/aside.h"
#include "ntp_monitor/duration.h"
#include "ntp_monitor/env.h"
#include "ntp_monitor/log.h"
#include "ntp_monitor/net.h"
#include "ntp_monitor/why.h"

static int send_local(int *fd, const struct log_address *address, const struct frame_line *line,
                      const struct env *env, const struct config *config, struct why *why) {
  (void)config;
  if (*fd < 0 && aside_await(address->text, env_deadline_within(env, LOG_FULL_WAIT_NS)) != 0) {
    return why_set(why, REASON_NO_SOURCE, -EREMOTE, ASIDE_SILENT);
  }
  char frame[FRAME_RFC3164_BYTES + 1];
  struct tm local;
  time_t seconds = (time_t)(line->now_ns / DURATION_S);
  (void)localtime_r(&seconds, &local);
  size_t bytes = frame_rfc3164(frame, line, &local, false);
  int error =
      net_send_local(fd, address->text, frame, bytes, env_deadline_within(env, LOG_FULL_WAIT_NS));
  if (error != 0) {
    return why_set(why, REASON_NO_SOURCE, error, "%s", strerror(-error));
  }
  return 0;
}

const struct transport transport_local = {
    .name = "local socket",
    .send = send_local,
};

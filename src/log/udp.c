/*
 * The transport udp: a syslog receiver on a port, RFC 5424 (or 3164) in a datagram.
 */
#include <assert.h>
#include <string.h>

#include "log/frame.h"
#include "ntp_monitor/duration.h"
#include "ntp_monitor/env.h"
#include "ntp_monitor/log.h"
#include "ntp_monitor/net.h"
#include "ntp_monitor/why.h"

static_assert(FRAME_RFC5424_BYTES > FRAME_RFC3164_BYTES, "one buffer for both");

static size_t frame_line_for(const struct config *config, const struct frame_line *line,
                             char out[FRAME_RFC5424_BYTES + 1]) {
  if (config->syslog_format != SYSLOG_FORMAT_RFC3164) {
    return frame_rfc5424(out, line);
  }
  struct tm local;
  time_t seconds = (time_t)(line->now_ns / DURATION_S);
  (void)localtime_r(&seconds, &local);
  return frame_rfc3164(out, line, &local, true);
}

/* Returns how sure delivery is. This machine refuses what it does not take; another one may be
 * switched off, and then nothing comes back. */
static int rate_delivery(int fd) {
  return net_is_here(fd) ? 0 : LOG_UNSURE;
}

static int send_udp(int *fd, const struct log_address *address, const struct frame_line *line,
                    const struct env *env, const struct config *config, struct why *why) {
  char frame[FRAME_RFC5424_BYTES + 1];
  size_t bytes = frame_line_for(config, line, frame);
  if (*fd < 0) {
    int made = net_udp_host(address->text, address->port, frame, bytes, env->deadline_ns, why);
    if (made < 0) {
      *fd = -1;
      return made;
    }
    *fd = made;
    return rate_delivery(made);
  }
  bool wait = line->severity != SEVERITY_DEBUG;
  int error = net_udp_send(*fd, frame, bytes, wait, env->deadline_ns);
  if (error != 0) {
    return why_set(why, REASON_NO_SOURCE, error, "%s", net_words(error));
  }
  return rate_delivery(*fd);
}

const struct transport transport_udp = {
    .name = "UDP",
    .send = send_udp,
};

/*
 * The transport journal: journald's own socket, which takes fields.
 *
 * sd_journal_send(3) would not do: it returns 0 if there is no journald, and blocks on a full
 * socket.
 */
#include <string.h>

#include "log/frame.h"
#include "ntp_monitor/env.h"
#include "ntp_monitor/log.h"
#include "ntp_monitor/net.h"
#include "ntp_monitor/why.h"

#define JOURNAL_SOCKET "/run/systemd/journal/socket"

static int send_journal(int *fd, const struct log_address *address, const struct frame_line *line,
                        const struct env *env, const struct config *config, struct why *why) {
  (void)address;
  (void)config;
  char frame[FRAME_JOURNAL_BYTES + 1];
  size_t bytes = frame_journal(frame, line);
  int error =
      net_send_local(fd, JOURNAL_SOCKET, frame, bytes, env_deadline_within(env, LOG_FULL_WAIT_NS));
  if (error != 0) {
    return why_set(why, REASON_NO_SOURCE, error, JOURNAL_SOCKET ": %s", strerror(-error));
  }
  return 0;
}

const struct transport transport_journal = {
    .name = "journal",
    .send = send_journal,
};

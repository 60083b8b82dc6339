/*
 * The output udp: lines to a UDP port (InfluxDB's, Telegraf's).
 *
 * A datagram holds whole lines, as many as pass unfragmented through most networks: of one that is
 * cut apart all is lost with any piece.
 */
#include <errno.h>
#include <string.h>
#include <unistd.h>

#include "ntp_monitor/ask.h"
#include "ntp_monitor/env.h"
#include "ntp_monitor/net.h"
#include "ntp_monitor/output.h"
#include "ntp_monitor/why.h"

enum { DATAGRAM_BYTES = 1400 };

/* The length of the whole lines, one at least, that go into the next datagram. */
static size_t next_datagram(const char *text, size_t bytes) {
  size_t taken = 0;
  while (taken < bytes) {
    const char *end = memchr(text + taken, '\n', bytes - taken);
    size_t line = end != NULL ? (size_t)(end - text) + 1 : bytes;
    if (taken > 0 && line > DATAGRAM_BYTES) {
      break;
    }
    taken = line;
  }
  return taken;
}

static int udp_deliver(const struct output_target *target, const char *text, size_t bytes,
                       const struct ask *ask, struct why *why) {
  struct why inner = {.text = ""};
  size_t sent = next_datagram(text, bytes);
  int fd = net_udp_host(target->text, target->port, text, sent, ask->deadline_ns, &inner);
  int error = fd < 0 ? fd : 0;
  while (error == 0 && sent < bytes) {
    size_t next = next_datagram(text + sent, bytes - sent);
    error = net_udp_send(fd, text + sent, next, sent + next == bytes, ask->deadline_ns);
    sent += next;
  }
  if (fd >= 0) {
    (void)close(fd);
  }
  return error == 0 ? 0
                    : why_set(why, REASON_CONFIG, error, "udp://%s:%u: %s", target->text,
                              (unsigned)target->port,
                              inner.text[0] != '\0' ? inner.text : net_words(error));
}

const struct output output_udp = {.kind = TARGET_UDP, .deliver = udp_deliver};

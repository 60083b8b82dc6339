/*
 * The output udp: sends lines to a UDP port of InfluxDB or Telegraf.
 *
 * A datagram holds whole lines, as many as pass most networks unfragmented: the loss of one
 * fragment loses the whole datagram.
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

/* Returns the length of the whole lines, at least one, that go into the next datagram. */
static size_t next_datagram(const char *text, size_t bytes) {
  size_t taken = 0;
  while (taken < bytes) {
    const char *end = memchr(text + taken, '\n', bytes - taken);
    size_t line_end = bytes;
    if (end != NULL) {
      line_end = (size_t)(end - text) + 1;
    }
    if (taken > 0 && line_end > DATAGRAM_BYTES) {
      break;
    }
    taken = line_end;
  }
  return taken;
}

static int explain_failure(const struct output_target *target, int error, const char *words,
                           struct why *why) {
  return why_set(why, REASON_CONFIG, error, "udp://%s:%u: %s", target->text, (unsigned)target->port,
                 words);
}

static int udp_deliver(const struct output_target *target, const char *text, size_t bytes,
                       const struct ask *ask, struct why *why) {
  struct why inner = {.text = ""};
  size_t sent = next_datagram(text, bytes);
  int error = 0;
  int fd = net_udp_host(target->text, target->port, text, sent, ask->deadline_ns, &inner);
  if (fd < 0) {
    return explain_failure(target, fd, inner.text, why);
  }
  while (error == 0 && sent < bytes) {
    size_t next = next_datagram(text + sent, bytes - sent);
    error = net_udp_send(fd, text + sent, next, sent + next == bytes, ask->deadline_ns);
    sent += next;
  }
  (void)close(fd);
  if (error != 0) {
    return explain_failure(target, error, net_words(error), why);
  }
  return 0;
}

const struct output output_udp = {.deliver = udp_deliver};

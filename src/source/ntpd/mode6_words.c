/* Words for why ntpd does not follow or use a server. */
#include <stdio.h>

#include "ntp_monitor/duration.h"
#include "ntp_monitor/text.h"
#include "source/ntpd/mode6.h"

/* RFC 5905 section 11.3, STEPT: a larger offset is not slewed away. */
#define STEP_NS (128 * DURATION_MS)

/* Reasons why a peer that answers is not used: the packet tests of ntpsec's include/ntp.h, the most
 * specific first. */
const char *mode6_flash_words(int64_t flash) {
  static const struct {
    int64_t bit;
    const char *words;
  } rows[] = {
      {0x0800, "it follows this machine"},
      {0x0010, "its authentication fails"},
      {0x0008, "it denies access"},
      {0x0020, "it is not synchronised"},
      {0x0200, "it is not synchronised"},
      {0x0040, "its replies are malformed"},
      {0x2000, "its replies take too long"},
      {0x0400, "its root distance is too large, or it has sent too few replies so far"},
      {0x0002, "its replies match no request"},
      {0x0004, "its replies carry no time"},
      {0x0001, "its replies are duplicates"},
      {MODE6_NOSELECT, "ntpd is configured not to select it (noselect)"},
  };
  for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
    if ((flash & rows[i].bit) != 0) {
      return rows[i].words;
    }
  }
  return "ntpd does not select it";
}

const char *mode6_unresolved_words(const struct mode6_peer *peer) {
  if ((peer->status & MODE6_AUTHENTICATED) != 0) {
    return "its address or its NTS keys are not known yet";
  }
  return "its name is not resolved yet";
}

/* Returns whether no server has an address. */
static bool none_has_address(const struct mode6_reading *reading) {
  size_t i = 0;
  while (i < reading->peer_count && mode6_is_unresolved(&reading->peer[i])) {
    i++;
  }
  return i > 0 && i == reading->peer_count;
}

/* Prints "ntpd has no address for its 2 servers yet: ntp.example.org: its name is not resolved yet;
 * check DNS". */
static void say_unresolved(const struct mode6_reading *reading, char *out, size_t size_bytes) {
  const struct mode6_peer *first = &reading->peer[0];
  bool keys = (first->status & MODE6_AUTHENTICATED) != 0;
  char which[40] = "only server";
  if (reading->total > 1) {
    (void)snprintf(which, sizeof which, "%u servers", reading->total);
  }
  (void)snprintf(out, size_bytes, "ntpd has no address for its %s yet: %.40s: %s; check DNS%s",
                 which, first->values.host, mode6_unresolved_words(first),
                 keys ? " and TCP port 4460" : "");
}

/* Prints "servers that answer: 2 of 5, none selected yet: 10.9.0.2: it is not synchronised". */
static void say_unusable(const struct mode6_reading *reading, char *out, size_t size_bytes) {
  (void)snprintf(out, size_bytes, "%u of %u servers answer, none selected yet", reading->reachable,
                 reading->total);
  for (size_t i = 0; i < reading->peer_count; i++) {
    const struct mode6_peer *peer = &reading->peer[i];
    if (peer->known && mode6_is_reached(peer)) {
      text_append(out, size_bytes, ": %.40s: %s", peer->values.address,
                  mode6_flash_words(mode6_number(&peer->values, MODE6_FLASH)));
      return;
    }
  }
}

void mode6_say_none(const struct mode6_reading *reading, const struct sample *sample, char *out,
                    size_t size_bytes) {
  char span[DURATION_TEXT_BYTES];
  if (reading->total == 0) {
    (void)snprintf(out, size_bytes, "ntpd has no servers");
  } else if (reading->falsetickers > 0) {
    (void)snprintf(out, size_bytes, "the servers disagree: %u of %u are falsetickers",
                   reading->falsetickers, reading->total);
  } else if (reading->reachable > 0) {
    say_unusable(reading, out, size_bytes);
  } else if (none_has_address(reading)) {
    say_unresolved(reading, out, size_bytes);
  } else if (sample_has(sample, METRIC_AGE)) {
    (void)snprintf(out, size_bytes,
                   "none of ntpd's servers answers any more (0 of %u), last update %s ago",
                   reading->total, duration_print(span, duration_round(sample->value[METRIC_AGE])));
  } else {
    (void)snprintf(out, size_bytes,
                   "none of ntpd's servers has answered yet (0 of %u); is UDP port 123 open?",
                   reading->total);
  }
}

void mode6_say_undisciplined(const struct sample *sample, char *out, size_t size_bytes) {
  char span[DURATION_TEXT_BYTES];
  int64_t offset_ns = sample->value[METRIC_OFFSET];
  if (offset_ns > STEP_NS || offset_ns < -STEP_NS) {
    (void)snprintf(out, size_bytes, "ntpd has yet to step the clock by %s",
                   duration_print_signed(span, offset_ns));
  } else {
    (void)snprintf(out, size_bytes,
                   "ntpd follows a server but does not discipline the clock; does its "
                   "configuration say 'disable ntp'?");
  }
}

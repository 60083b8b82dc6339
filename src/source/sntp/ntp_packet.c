/*
 * The NTP packet of client and server, RFC 5905 section 7.3: writes requests and checks replies.
 *
 *    0                   1                   2                   3
 *    0 1 2 3 4 5 6 7 8 9 0 1 2 3 4 5 6 7 8 9 0 1 2 3 4 5 6 7 8 9 0 1
 *   +---+-----+-----+---------------+---------------+---------------+
 *   |LI | VN  |Mode |    Stratum    |     Poll      |   Precision   |  0
 *   +---+-----+-----+---------------+---------------+---------------+
 *   |                 Root delay (16.16 s, unsigned)                |  4
 *   |              Root dispersion (16.16 s, unsigned)              |  8
 *   |                         Reference ID                          | 12
 *   |        Reference time: when the server's clock was set        | 16, 20
 *   |          Origin time: the request's transmit, as is           | 24, 28
 *   |                       Receive time, T2                        | 32, 36
 *   |                       Transmit time, T3                       | 40, 44
 *   +---------------------------------------------------------------+
 *   |              Extension fields, a MAC: not looked at           | 48
 *
 * A request has a random number as its transmit time and zeros elsewhere, as chrony, ntpsec and
 * OpenNTPD send it: it reveals nothing, and cannot be answered unseen.
 */
#include "source/sntp/ntp_packet.h"

#include <inttypes.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>

#include "ntp_monitor/bytes.h"
#include "ntp_monitor/duration.h"
#include "ntp_monitor/ntp_time.h"
#include "ntp_monitor/text.h"

enum {
  VERSION = 4,
  MODE_CLIENT = 3,
  MODE_SERVER = 4,
  STRATUM_UNSYNCHRONISED = 16,
  PRECISION_UNKNOWN = 0x20, /* 2^32 s: no claim */
  PRECISION_MAX = 3         /* 2^4 s is MAXDISP */
};
static const int64_t MAXDISP_NS = 16 * DURATION_S; /* section 7.2 */
/* A reference time may be this much later than the transmit time: daemons round, and some read it
 * late.
 */
static const int64_t REFERENCE_AFTER_NS = DURATION_S;
static const int64_t DELAY_MAX_NS = 3 * DURATION_S; /* chrony's maxdelay */
static const int64_t STEP_MAX_NS = DURATION_MS;     /* difference between two clocks of one span */
static const int64_t PHI_INVERSE = 66666; /* 1 / 15 ppm, section 7.2: how far a clock drifts */

struct packet {
  unsigned leap, version, mode, stratum;
  int precision_log2_s;
  uint32_t root_delay, root_dispersion; /* 16.16 */
  char reference[4];
  uint64_t set, origin, receive, transmit; /* 32.32 */
};

void ntp_packet_request(uint8_t out[NTP_PACKET_BYTES], uint64_t cookie) {
  memset(out, 0, NTP_PACKET_BYTES);
  out[0] = VERSION << 3 | MODE_CLIENT;
  out[3] = PRECISION_UNKNOWN;
  bytes_put64(out + 40, cookie);
}

static struct packet take_apart(const uint8_t *data) {
  struct packet packet = {
      .leap = data[0] >> 6,
      .version = data[0] >> 3 & 7,
      .mode = data[0] & 7,
      .stratum = data[1],
      .precision_log2_s = bytes_signed(data[3], 8),
      .root_delay = bytes_get32(data + 4),
      .root_dispersion = bytes_get32(data + 8),
      .set = bytes_get64(data + 16),
      .origin = bytes_get64(data + 24),
      .receive = bytes_get64(data + 32),
      .transmit = bytes_get64(data + 40),
  };
  memcpy(packet.reference, data + 12, sizeof packet.reference);
  return packet;
}

/* --- the checks, in the order of appendix A.5.1.1 ---------------------------- */

struct checked {
  const struct packet *packet;
  const struct ntp_times *times;
  uint64_t cookie;
  char *why;
};

static enum ntp_answer __attribute__((format(printf, 3, 4)))
refuse(const struct checked *checked, enum ntp_answer answer, const char *format, ...) {
  va_list arguments;
  va_start(arguments, format);
  (void)vsnprintf(checked->why, NTP_PACKET_WHY_BYTES, format, arguments);
  va_end(arguments);
  return answer;
}

static enum ntp_answer check_kind(const struct checked *checked) {
  const struct packet *packet = checked->packet;
  if (packet->mode != MODE_SERVER) {
    return refuse(checked, NTP_DROPPED, "mode is %u, not %d (server)", packet->mode, MODE_SERVER);
  }
  if (packet->version < 1 || packet->version > VERSION) {
    return refuse(checked, NTP_DROPPED, "version is %u, not 1 to %d", packet->version, VERSION);
  }
  if (packet->origin != checked->cookie) {
    return refuse(checked, NTP_DROPPED, "origin is not ours: %016" PRIx64, packet->origin);
  }
  return NTP_GOOD;
}

/* Section 7.4. Checked before the times, which a kiss code may leave zero. INIT, from a server that
 * has just started, does not forbid asking again. */
static enum ntp_answer check_kiss(const struct checked *checked) {
  static const struct {
    char code[5];
    enum ntp_answer answer;
    const char *meaning;
  } rows[] = {
      {"RATE", NTP_KISS_RATE, "asked too often; ask less often"},
      {"DENY", NTP_KISS_OTHER, "it refuses us; remove it from the list"},
      {"RSTR", NTP_KISS_OTHER, "it refuses us; remove it from the list"},
      {"INIT", NTP_UNSYNCHRONISED, "it is starting"},
      {"STEP", NTP_UNSYNCHRONISED, "its clock was just set"},
      {"", NTP_KISS_OTHER, "it declines to answer"},
  };
  const char *code = checked->packet->reference;
  char text[32];
  size_t row = 0;
  if (checked->packet->stratum != 0) {
    return NTP_GOOD;
  }
  for (size_t i = 0; i < sizeof checked->packet->reference; i++) {
    if (code[i] < '!' || code[i] > '~') {
      text_escape(text, sizeof text, code, sizeof checked->packet->reference);
      return refuse(checked, NTP_UNSYNCHRONISED, "stratum is 0 (unsynchronised), reference %s",
                    text);
    }
  }
  while (rows[row].code[0] != '\0' && memcmp(rows[row].code, code, 4) != 0) {
    row++;
  }
  return refuse(checked, rows[row].answer, "kiss code %.4s: %s", code, rows[row].meaning);
}

static enum ntp_answer check_synchronised(const struct checked *checked) {
  const struct packet *packet = checked->packet;
  char text[DURATION_TEXT_BYTES];
  int64_t distance_ns =
      ntp_time_short_ns(packet->root_delay) / 2 + ntp_time_short_ns(packet->root_dispersion);
  if (packet->leap == LEAP_UNSYNCHRONISED) {
    return refuse(checked, NTP_UNSYNCHRONISED, "leap indicator is 3 (unsynchronised)");
  }
  if (packet->stratum == STRATUM_UNSYNCHRONISED) {
    return refuse(checked, NTP_UNSYNCHRONISED, "stratum is 16 (unsynchronised)");
  }
  if (packet->stratum > STRATUM_UNSYNCHRONISED) {
    return refuse(checked, NTP_DROPPED, "stratum is %u, not 0 to 16", packet->stratum);
  }
  if (distance_ns >= MAXDISP_NS) {
    return refuse(checked, NTP_UNSYNCHRONISED,
                  "root delay / 2 + root dispersion is %s, not below 16s",
                  duration_print(text, distance_ns));
  }
  if (packet->precision_log2_s > PRECISION_MAX) {
    return refuse(checked, NTP_DROPPED, "precision is 2^%ds, not below 16s",
                  packet->precision_log2_s);
  }
  return NTP_GOOD;
}

/* The reference time's age does not matter: the root dispersion grows with it, and good servers may
 * have one of yesterday, or none (0: unknown, section 6). */
static enum ntp_answer check_reference(const struct checked *checked) {
  const struct packet *packet = checked->packet;
  char text[DURATION_TEXT_BYTES];
  int64_t after_ns = ntp_time_span_ns(packet->transmit, packet->set);
  if (packet->transmit == 0 || packet->receive == 0) {
    return refuse(checked, NTP_DROPPED, "%s time is zero",
                  packet->transmit == 0 ? "transmit" : "receive");
  }
  if (packet->set != 0 && after_ns > REFERENCE_AFTER_NS) {
    return refuse(checked, NTP_DROPPED, "reference time is %s after transmit time",
                  duration_print(text, after_ns));
  }
  return NTP_GOOD;
}

/* Returns whether both clocks agree on the round trip within STEP_MAX_NS; *took_ns is
 * CLOCK_REALTIME's.
 */
static bool measure_wait(const struct ntp_times *times, int64_t *took_ns) {
  int64_t monotonic_ns = 0;
  int64_t step_ns = 0;
  return !__builtin_sub_overflow(times->received_ns, times->sent_ns, took_ns) &&
         !__builtin_sub_overflow(times->received_monotonic_ns, times->sent_monotonic_ns,
                                 &monotonic_ns) &&
         !__builtin_sub_overflow(*took_ns, monotonic_ns, &step_ns) && monotonic_ns >= 0 &&
         step_ns >= -STEP_MAX_NS && step_ns <= STEP_MAX_NS;
}

static enum ntp_answer check_times(const struct checked *checked) {
  const struct packet *packet = checked->packet;
  char text[DURATION_TEXT_BYTES];
  char other[DURATION_TEXT_BYTES];
  int64_t held_ns = ntp_time_span_ns(packet->receive, packet->transmit);
  int64_t took_ns = 0;
  if (held_ns < 0) {
    return refuse(checked, NTP_DROPPED, "transmit time is %s before receive time",
                  duration_print(text, -held_ns));
  }
  if (!measure_wait(checked->times, &took_ns)) {
    return refuse(checked, NTP_DROPPED, "the local clock was set while waiting for the reply");
  }
  /* The resolution of the server's clock, and ours. */
  if (took_ns - held_ns < -STEP_MAX_NS - ntp_time_power_ns(packet->precision_log2_s)) {
    return refuse(checked, NTP_DROPPED,
                  "the server claims to have held it for %s of a round trip of %s",
                  duration_print(text, held_ns), duration_print(other, took_ns));
  }
  if (took_ns - held_ns > DELAY_MAX_NS) {
    return refuse(checked, NTP_DROPPED, "delay is %s, above 3s",
                  duration_print(text, took_ns - held_ns));
  }
  return NTP_GOOD;
}

/* --- the figures ------------------------------------------------------------ */

/* Section 8. Both halves of the offset come from one subtraction: two could wrap to different sides
 * if the clocks are 68 years apart. */
static void fill(const struct checked *checked, struct ntp_reply *reply) {
  const struct packet *packet = checked->packet;
  const struct ntp_times *times = checked->times;
  int64_t took_ns = times->received_ns - times->sent_ns;
  int64_t delay_ns = took_ns - ntp_time_span_ns(packet->receive, packet->transmit);
  const uint8_t *id = (const uint8_t *)packet->reference;
  *reply = (struct ntp_reply){
      .offset_ns = ntp_time_span_ns(ntp_time_stamp(times->sent_ns), packet->receive) - delay_ns / 2,
      .delay_ns = duration_greater(delay_ns, 0),
      .root_delay_ns = ntp_time_short_ns(packet->root_delay),
      .root_dispersion_ns = ntp_time_short_ns(packet->root_dispersion),
      .precision_log2_s = packet->precision_log2_s,
      .stratum = packet->stratum,
      .leap = (enum leap)packet->leap,
  };
  reply->reference_id = bytes_get32(id);
  reply->error_ns = (reply->delay_ns + reply->root_delay_ns) / 2 + reply->root_dispersion_ns +
                    ntp_time_power_ns(packet->precision_log2_s) + took_ns / PHI_INVERSE;
  if (packet->stratum == 1) {
    text_escape(reply->reference, sizeof reply->reference, packet->reference,
                strnlen(packet->reference, sizeof packet->reference));
  } else {
    (void)snprintf(reply->reference, sizeof reply->reference, "%u.%u.%u.%u", id[0], id[1], id[2],
                   id[3]);
  }
}

enum ntp_answer ntp_packet_read(const uint8_t *data, size_t length_bytes, uint64_t cookie,
                                const struct ntp_times *times, struct ntp_reply *reply,
                                char why[NTP_PACKET_WHY_BYTES]) {
  static enum ntp_answer (*const checks[])(const struct checked *) = {
      check_kind, check_kiss, check_synchronised, check_reference, check_times};
  struct packet packet;
  struct checked checked = {&packet, times, cookie, why};
  if (length_bytes < NTP_PACKET_BYTES || length_bytes > NTP_PACKET_REPLY_BYTES_MAX ||
      length_bytes % 4 != 0) {
    return refuse(&checked, NTP_DROPPED, "length is %zu bytes, not a multiple of 4 from %d to %d",
                  length_bytes, NTP_PACKET_BYTES, NTP_PACKET_REPLY_BYTES_MAX);
  }
  packet = take_apart(data);
  for (size_t i = 0; i < sizeof checks / sizeof *checks; i++) {
    enum ntp_answer answer = checks[i](&checked);
    if (answer != NTP_GOOD) {
      return answer;
    }
  }
  fill(&checked, reply);
  return NTP_GOOD;
}

/*
 * The evaluation of an NTP reply, written from RFC 5905 and not from ntp_packet.c, which random
 * tests compare with it. It is exact: everything is in 2^-32 ns, in 128 bits.
 */
#ifndef TESTS_UNIT_NTP_REFERENCE_H
#define TESTS_UNIT_NTP_REFERENCE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include "source/sntp/ntp_packet.h"

__extension__ typedef __int128 reference_wide;

struct reference {
  enum ntp_answer answer;
  bool edge; /* so close to a bound that rounding to ns may decide */
  struct ntp_reply reply;
};

#define REFERENCE_S ((reference_wide)1000000000 << 32)
#define REFERENCE_MS ((reference_wide)1000000 << 32)

static inline uint64_t reference_get(const uint8_t *from, size_t bytes) {
  uint64_t value = 0;
  for (size_t i = 0; i < bytes; i++) {
    value = value * 256 + from[i];
  }
  return value;
}

/* Returns the shortest to - from; each is known up to a multiple of 2^32 s. */
static inline reference_wide reference_span(reference_wide from, reference_wide to) {
  reference_wide era = REFERENCE_S << 32;
  reference_wide span = ((to - from) % era + era) % era;
  return span < era / 2 ? span : span - era;
}

static inline int64_t reference_ns(reference_wide span) {
  return (int64_t)((span + ((reference_wide)1 << 31)) >> 32);
}

static inline bool reference_above(struct reference *reference, reference_wide value,
                                   reference_wide bound) {
  reference_wide over = value - bound;
  reference_wide near = (reference_wide)2 << 32;
  reference->edge |= over > -near && over < near;
  return over > 0;
}

static inline reference_wide reference_power(int8_t log2_s) {
  reference_wide power = REFERENCE_S;
  for (int i = 0; i < log2_s; i++) {
    power *= 2;
  }
  for (int i = 0; i > log2_s; i--) {
    power = (power + 1) / 2;
  }
  return power;
}

static inline enum ntp_answer reference_kiss(const uint8_t *code) {
  for (size_t i = 0; i < 4; i++) {
    if (code[i] <= 32 || code[i] >= 127) {
      return NTP_UNSYNCHRONISED;
    }
  }
  if (memcmp(code, "INIT", 4) == 0 || memcmp(code, "STEP", 4) == 0) {
    return NTP_UNSYNCHRONISED;
  }
  return memcmp(code, "RATE", 4) == 0 ? NTP_KISS_RATE : NTP_KISS_OTHER;
}

/* Checks the fields that need no clock. */
static inline enum ntp_answer reference_header(const uint8_t *data, size_t length, uint64_t cookie,
                                               struct reference *reference) {
  uint8_t ours[8];
  for (unsigned i = 0; i < 8; i++) {
    ours[7 - i] = (uint8_t)(cookie >> 8 * i);
  }
  if (length < 48 || length > 2048 || length % 4 != 0 || data[0] % 8 != 4 || data[0] / 8 % 8 == 0 ||
      data[0] / 8 % 8 > 4 || memcmp(data + 24, ours, 8) != 0) {
    return NTP_DROPPED;
  }
  if (data[1] == 0) {
    return reference_kiss(data + 12);
  }
  if (data[0] >= 192 || data[1] == 16) {
    return NTP_UNSYNCHRONISED;
  }
  if (data[1] > 16) {
    return NTP_DROPPED;
  }
  reference_wide distance =
      (reference_wide)(reference_get(data + 4, 4) + 2 * reference_get(data + 8, 4)) *
      (REFERENCE_S >> 17);
  if (reference_above(reference, distance, 16 * REFERENCE_S - 1)) {
    return NTP_UNSYNCHRONISED;
  }
  return (int8_t)data[3] > 3 ? NTP_DROPPED : NTP_GOOD;
}

static inline enum ntp_answer reference_times(const uint8_t *data, const struct ntp_times *times,
                                              struct reference *reference) {
  reference_wide set = (reference_wide)reference_get(data + 16, 8) * 1000000000;
  reference_wide receive = (reference_wide)reference_get(data + 32, 8) * 1000000000;
  reference_wide transmit = (reference_wide)reference_get(data + 40, 8) * 1000000000;
  reference_wide unit = (reference_wide)1 << 32;
  reference_wide sent = (times->sent_ns + (reference_wide)2208988800 * 1000000000) * unit;
  reference_wide wall = ((reference_wide)times->received_ns - times->sent_ns) * unit;
  reference_wide monotonic =
      ((reference_wide)times->received_monotonic_ns - times->sent_monotonic_ns) * unit;
  reference_wide after = reference_span(transmit, set);
  reference_wide held = reference_span(receive, transmit);
  reference_wide precision = reference_power((int8_t)data[3]);
  if (receive == 0 || transmit == 0 ||
      (set != 0 && reference_above(reference, after, REFERENCE_S))) {
    return NTP_DROPPED;
  }
  if (reference_above(reference, -held, 0) || monotonic < 0 || wall - monotonic > REFERENCE_MS ||
      wall - monotonic < -REFERENCE_MS ||
      reference_above(reference, held - wall, REFERENCE_MS + precision) ||
      reference_above(reference, wall - held, 3 * REFERENCE_S)) {
    return NTP_DROPPED;
  }
  reference_wide delay = wall > held ? wall - held : 0;
  reference_wide root_delay = (reference_wide)reference_get(data + 4, 4) * (REFERENCE_S >> 16);
  reference_wide dispersion = (reference_wide)reference_get(data + 8, 4) * (REFERENCE_S >> 16);
  reference->reply = (struct ntp_reply){
      .offset_ns = reference_ns(reference_span(sent, receive) + (held - wall) / 2),
      .delay_ns = reference_ns(delay),
      .root_delay_ns = reference_ns(root_delay),
      .root_dispersion_ns = reference_ns(dispersion),
      .error_ns =
          reference_ns(delay / 2 + root_delay / 2 + dispersion + precision + wall * 15 / 1000000),
      .precision_log2_s = (int8_t)data[3],
      .stratum = data[1],
      .leap = (enum leap)(data[0] / 64),
  };
  return NTP_GOOD;
}

static inline struct reference reference_read(const uint8_t *data, size_t length, uint64_t cookie,
                                              const struct ntp_times *times) {
  struct reference reference = {.answer = NTP_GOOD};
  reference.answer = reference_header(data, length, cookie, &reference);
  if (reference.answer == NTP_GOOD) {
    reference.answer = reference_times(data, times, &reference);
  }
  return reference;
}

static inline bool reference_is_near(int64_t a, int64_t b, reference_wide most_ns) {
  reference_wide apart = (reference_wide)a - b;
  return apart >= -most_ns && apart <= most_ns;
}

/* Checks that a good reply was evaluated to within 2 ns, its error to within 10 ns and 1 ppb of the
 * wait. An offset of 68 years may have either sign. */
static inline bool reference_agrees(const struct ntp_reply *want, const struct ntp_reply *got,
                                    int64_t waited_ns) {
  reference_wide era_ns = REFERENCE_S;
  reference_wide apart = (reference_wide)want->offset_ns - got->offset_ns;
  bool offset = apart < 0 ? -apart <= 2 || -apart >= era_ns - 2 : apart <= 2 || apart >= era_ns - 2;
  return offset && reference_is_near(want->delay_ns, got->delay_ns, 1) &&
         reference_is_near(want->root_delay_ns, got->root_delay_ns, 1) &&
         reference_is_near(want->root_dispersion_ns, got->root_dispersion_ns, 1) &&
         reference_is_near(want->error_ns, got->error_ns, 10 + waited_ns / 1000000000) &&
         want->precision_log2_s == got->precision_log2_s && want->stratum == got->stratum &&
         want->leap == got->leap && got->delay_ns >= 0;
}

#endif

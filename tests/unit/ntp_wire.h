/* A valid NTP reply, and access to its fields. */
#ifndef TESTS_UNIT_NTP_WIRE_H
#define TESTS_UNIT_NTP_WIRE_H

#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include "source/sntp/ntp_packet.h"

/* Offsets of the fields, RFC 5905 section 7.3, figure 8. */
enum wire {
  WIRE_FLAGS = 0,
  WIRE_STRATUM = 1,
  WIRE_PRECISION = 3,
  WIRE_ROOT_DELAY = 4,
  WIRE_ROOT_DISPERSION = 8,
  WIRE_REFERENCE = 12,
  WIRE_SET = 16,
  WIRE_ORIGIN = 24,
  WIRE_RECEIVE = 32,
  WIRE_TRANSMIT = 40
};

#define WIRE_S UINT64_C(1000000000)
#define WIRE_COOKIE UINT64_C(0x0123456789abcdef)
/* 2026-11-21T05:11:18.010060123Z */
#define WIRE_SENT_NS INT64_C(1795237878010060123)
#define WIRE_MONOTONIC_NS INT64_C(5000000000)

static inline void wire_put(uint8_t *reply, size_t at, size_t bytes, uint64_t value) {
  for (size_t i = bytes; i-- > 0; value >>= 8) {
    reply[at + i] = (uint8_t)value;
  }
}

/* A time since 1970 that is not before it. */
static inline void wire_put_time(uint8_t *reply, size_t at, int64_t unix_ns) {
  uint64_t ns = (uint64_t)unix_ns;
  wire_put(reply, at, 4, ns / WIRE_S + 2208988800);
  wire_put(reply, at + 4, 4, ((ns % WIRE_S << 32) + WIRE_S / 2) / WIRE_S);
}

/* The example: the local clock is 250 ms behind, the round trip takes 20 ms, the server 1 ms. */
static inline struct ntp_times wire_times(void) {
  return (struct ntp_times){WIRE_SENT_NS, WIRE_SENT_NS + 21000000, WIRE_MONOTONIC_NS,
                            WIRE_MONOTONIC_NS + 21000000};
}

/* Of NTP_PACKET_BYTES: stratum 2 behind 192.0.2.1, root delay 1/64 s, root dispersion 1/128 s,
 * precision 2^-20 s, its clock set 64 s before. */
static inline void wire_good(uint8_t *reply) {
  memset(reply, 0, NTP_PACKET_BYTES);
  reply[WIRE_FLAGS] = 4 << 3 | 4;
  reply[WIRE_STRATUM] = 2;
  reply[2] = 6;
  reply[WIRE_PRECISION] = (uint8_t)-20;
  wire_put(reply, WIRE_ROOT_DELAY, 4, 65536 / 64);
  wire_put(reply, WIRE_ROOT_DISPERSION, 4, 65536 / 128);
  wire_put(reply, WIRE_REFERENCE, 4, 0xc0000201);
  wire_put_time(reply, WIRE_SET, WIRE_SENT_NS - INT64_C(64000000000));
  wire_put(reply, WIRE_ORIGIN, 8, WIRE_COOKIE);
  wire_put_time(reply, WIRE_RECEIVE, WIRE_SENT_NS + 260000000);
  wire_put_time(reply, WIRE_TRANSMIT, WIRE_SENT_NS + 261000000);
}

#endif

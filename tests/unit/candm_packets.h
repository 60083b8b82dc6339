/* Replies of a simulated chronyd, written from chrony's candm.h and not with the program's codec.
 */
#ifndef TESTS_UNIT_CANDM_PACKETS_H
#define TESTS_UNIT_CANDM_PACKETS_H

#include <stdint.h>
#include <string.h>

#include "source/chrony/candm.h"

enum { PACKET_BODY = 28 };

static inline void packet_put(struct candm_reply *reply, size_t at, unsigned bytes,
                              uint32_t value) {
  for (unsigned i = 0; i < bytes; i++) {
    reply->data[at + i] = (uint8_t)(value >> (8 * (bytes - 1 - i)));
  }
}

static inline uint32_t packet_get(const uint8_t *data, size_t at, unsigned bytes) {
  uint32_t value = 0;
  for (unsigned i = 0; i < bytes; i++) {
    value = value << 8 | data[at + i];
  }
  return value;
}

/* Returns chrony's floating point number nearest to value, as UTI_FloatHostToNetwork() does, by
 * halving and doubling. */
static inline uint32_t packet_float(double value) {
  int exponent = 25;
  if (value == 0) {
    return 0;
  }
  while (exponent > -64 && value < (1 << 23) && value > -(1 << 23)) {
    value *= 2;
    exponent--;
  }
  while (exponent < 63 && (value >= (1 << 24) || value < -(1 << 24))) {
    value /= 2;
    exponent++;
  }
  return (uint32_t)exponent << 25 | ((uint32_t)(int32_t)value & 0x1ffffff);
}

/* Kind and length of the reply to each command. */
static inline struct candm_reply packet_begin(unsigned command, uint32_t sequence) {
  static const struct {
    unsigned command, kind, bytes;
  } rows[] = {{14, 2, 32}, {15, 3, 76}, {33, 5, 104}, {34, 6, 84}, {65, 19, 284}};
  struct candm_reply reply;
  size_t i = 0;
  while (rows[i].command != command) {
    i++;
  }
  memset(&reply, 0, sizeof reply);
  reply.length_bytes = rows[i].bytes;
  packet_put(&reply, 0, 2, 0x0602);
  packet_put(&reply, 4, 2, command);
  packet_put(&reply, 6, 2, rows[i].kind);
  packet_put(&reply, 16, 4, sequence);
  return reply;
}

static inline struct candm_reply packet_status(unsigned command, uint32_t sequence,
                                               unsigned status) {
  struct candm_reply reply = packet_begin(command, sequence);
  packet_put(&reply, 6, 2, 1); /* RPY_NULL */
  packet_put(&reply, 8, 2, status);
  reply.length_bytes = PACKET_BODY;
  return reply;
}

struct packet_tracking {
  uint32_t reference_id;
  unsigned stratum, leap;
  double correction_s, root_delay_s, root_dispersion_s;
};

static inline struct candm_reply packet_tracking(uint32_t sequence,
                                                 const struct packet_tracking *tracking) {
  struct candm_reply reply = packet_begin(33, sequence);
  packet_put(&reply, PACKET_BODY, 4, tracking->reference_id);
  packet_put(&reply, PACKET_BODY + 24, 2, tracking->stratum);
  packet_put(&reply, PACKET_BODY + 26, 2, tracking->leap);
  packet_put(&reply, PACKET_BODY + 40, 4, packet_float(tracking->correction_s));
  packet_put(&reply, PACKET_BODY + 64, 4, packet_float(tracking->root_delay_s));
  packet_put(&reply, PACKET_BODY + 68, 4, packet_float(tracking->root_dispersion_s));
  return reply;
}

struct packet_source {
  unsigned family;
  const char *address; /* 16 bytes, or fewer and a NUL */
  int poll;
  unsigned stratum, state, mode, reach;
  uint32_t since_s;
  double latest_s;
  unsigned samples;
  double deviation_s;
};

static inline void packet_address(struct candm_reply *reply, size_t at, unsigned family,
                                  const char *address) {
  for (size_t i = 0; i < 16 && address[i] != '\0'; i++) {
    reply->data[at + i] = (uint8_t)address[i];
  }
  packet_put(reply, at + 16, 2, family);
}

static inline struct candm_reply packet_source(uint32_t sequence,
                                               const struct packet_source *source) {
  struct candm_reply reply = packet_begin(15, sequence);
  packet_address(&reply, PACKET_BODY, source->family, source->address);
  packet_put(&reply, PACKET_BODY + 20, 2, (uint32_t)source->poll);
  packet_put(&reply, PACKET_BODY + 22, 2, source->stratum);
  packet_put(&reply, PACKET_BODY + 24, 2, source->state);
  packet_put(&reply, PACKET_BODY + 26, 2, source->mode);
  packet_put(&reply, PACKET_BODY + 30, 2, source->reach);
  packet_put(&reply, PACKET_BODY + 32, 4, source->since_s);
  packet_put(&reply, PACKET_BODY + 36, 4, packet_float(7)); /* as it was measured: not ours */
  packet_put(&reply, PACKET_BODY + 40, 4, packet_float(source->latest_s));
  return reply;
}

static inline struct candm_reply packet_stats(uint32_t sequence,
                                              const struct packet_source *source) {
  struct candm_reply reply = packet_begin(34, sequence);
  packet_address(&reply, PACKET_BODY + 4, source->family, source->address);
  packet_put(&reply, PACKET_BODY + 24, 4, source->samples);
  packet_put(&reply, PACKET_BODY + 36, 4, packet_float(source->deviation_s));
  return reply;
}

#endif

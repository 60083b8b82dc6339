/* Datagrams as ntpd sends them, written from RFC 9327 and not with the program's codec. */
#ifndef TESTS_UNIT_MODE6_PACKET_H
#define TESTS_UNIT_MODE6_PACKET_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

struct mode6_packet {
  size_t bytes;
  uint8_t data[600];
};

static inline void mode6_packet_16(uint8_t *to, unsigned value) {
  to[0] = (uint8_t)(value / 256);
  to[1] = (uint8_t)(value % 256);
}

/* Makes a fragment of the answer to request: count bytes of whole from offset on. */
static inline struct mode6_packet mode6_packet_piece(const uint8_t *request, const void *whole,
                                                     size_t offset, size_t count, bool more) {
  struct mode6_packet packet = {.bytes = 12 + (count + 3) / 4 * 4};
  memcpy(packet.data, request, 8);
  packet.data[0] = (uint8_t)(request[0] | 0xc0); /* ntpd's leap */
  packet.data[1] = (uint8_t)(request[1] | 0x80 | (more ? 0x20 : 0));
  mode6_packet_16(packet.data + 4, 0xc618);
  mode6_packet_16(packet.data + 8, (unsigned)offset);
  mode6_packet_16(packet.data + 10, (unsigned)count);
  memcpy(packet.data + 12, (const char *)whole + offset, count);
  return packet;
}

static inline struct mode6_packet mode6_packet_error(const uint8_t *request, unsigned code) {
  struct mode6_packet packet = mode6_packet_piece(request, "", 0, 0, false);
  packet.data[1] |= 0x40;
  mode6_packet_16(packet.data + 4, code * 256);
  return packet;
}

#endif

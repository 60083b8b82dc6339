/* Numbers in network byte order, the most significant byte first (RFC 1700), at any address. */
#ifndef NTP_MONITOR_BYTES_H
#define NTP_MONITOR_BYTES_H

#include <stdint.h>

uint16_t bytes_get16(const uint8_t *from);
uint32_t bytes_get32(const uint8_t *from);
uint64_t bytes_get64(const uint8_t *from);

/* Returns a value of that many bits as two's complement; no higher bit of it may be set. */
int32_t bytes_signed(uint32_t value, unsigned bits);

void bytes_put16(uint8_t *to, uint16_t value);
void bytes_put32(uint8_t *to, uint32_t value);
void bytes_put64(uint8_t *to, uint64_t value);

#endif

/*
 * MD5 of one block, RFC 1321.
 *
 * The reference id of an NTP server that follows an IPv6 address is the first four bytes of the
 * address's digest (RFC 5905 section 7.3), and no library that we link provides MD5.
 */
#include "ntp_monitor/md5.h"

#include <assert.h>
#include <string.h>

enum { BLOCK_BYTES = 64, STEPS = 64 };

static uint32_t rotate(uint32_t value, unsigned bits) {
  return value << bits | value >> (32 - bits);
}

static uint32_t get_word(const uint8_t *from) {
  return (uint32_t)from[0] | (uint32_t)from[1] << 8 | (uint32_t)from[2] << 16 |
         (uint32_t)from[3] << 24;
}

static void put_word(uint8_t *to, uint32_t value) {
  for (unsigned i = 0; i < 4; i++) {
    to[i] = (uint8_t)(value >> 8 * i);
  }
}

/* Mixes b, c and d as step does, and selects the word of the block that it adds (section 3.4). */
static uint32_t mix(unsigned step, const uint32_t state[4], unsigned *word) {
  uint32_t b = state[1];
  uint32_t c = state[2];
  uint32_t d = state[3];
  switch (step / 16) {
  case 0:
    *word = step;
    return (b & c) | (~b & d);
  case 1:
    *word = (5 * step + 1) % 16;
    return (d & b) | (~d & c);
  case 2:
    *word = (3 * step + 5) % 16;
    return b ^ c ^ d;
  default:
    *word = 7 * step % 16;
    return c ^ (b | ~d);
  }
}

static void take_block(uint32_t state[4], const uint8_t *block) {
  /* floor(2^32 * |sin(step + 1)|) */
  static const uint32_t sines[STEPS] = {
      0xd76aa478, 0xe8c7b756, 0x242070db, 0xc1bdceee, 0xf57c0faf, 0x4787c62a, 0xa8304613,
      0xfd469501, 0x698098d8, 0x8b44f7af, 0xffff5bb1, 0x895cd7be, 0x6b901122, 0xfd987193,
      0xa679438e, 0x49b40821, 0xf61e2562, 0xc040b340, 0x265e5a51, 0xe9b6c7aa, 0xd62f105d,
      0x02441453, 0xd8a1e681, 0xe7d3fbc8, 0x21e1cde6, 0xc33707d6, 0xf4d50d87, 0x455a14ed,
      0xa9e3e905, 0xfcefa3f8, 0x676f02d9, 0x8d2a4c8a, 0xfffa3942, 0x8771f681, 0x6d9d6122,
      0xfde5380c, 0xa4beea44, 0x4bdecfa9, 0xf6bb4b60, 0xbebfbc70, 0x289b7ec6, 0xeaa127fa,
      0xd4ef3085, 0x04881d05, 0xd9d4d039, 0xe6db99e5, 0x1fa27cf8, 0xc4ac5665, 0xf4292244,
      0x432aff97, 0xab9423a7, 0xfc93a039, 0x655b59c3, 0x8f0ccc92, 0xffeff47d, 0x85845dd1,
      0x6fa87e4f, 0xfe2ce6e0, 0xa3014314, 0x4e0811a1, 0xf7537e82, 0xbd3af235, 0x2ad7d2bb,
      0xeb86d391};
  static const uint8_t shifts[4][4] = {
      {7, 12, 17, 22}, {5, 9, 14, 20}, {4, 11, 16, 23}, {6, 10, 15, 21}};
  uint32_t now[4];
  memcpy(now, state, sizeof now);
  for (unsigned step = 0; step < STEPS; step++) {
    unsigned word = 0;
    uint32_t sum = now[0] + mix(step, now, &word) + sines[step];
    sum += get_word(block + (size_t)4 * word);
    now[0] = now[3];
    now[3] = now[2];
    now[2] = now[1];
    now[1] += rotate(sum, shifts[step / 16][step % 4]);
  }
  for (unsigned i = 0; i < 4; i++) {
    state[i] += now[i];
  }
}

void md5(const uint8_t *data, size_t length_bytes, uint8_t digest[MD5_BYTES]) {
  uint32_t state[4] = {0x67452301, 0xefcdab89, 0x98badcfe, 0x10325476};
  uint8_t block[BLOCK_BYTES] = {0};
  assert(length_bytes <= MD5_DATA_BYTES_MAX);
  memcpy(block, data, length_bytes);
  block[length_bytes] = 0x80;
  put_word(block + BLOCK_BYTES - 8, (uint32_t)length_bytes * 8);
  take_block(state, block);
  for (size_t i = 0; i < 4; i++) {
    put_word(digest + 4 * i, state[i]);
  }
}

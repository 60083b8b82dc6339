/* Unsigned numbers of 128 bits, which gcc lacks on 32-bit machines. Pure. */
#ifndef NTP_MONITOR_WIDE_H
#define NTP_MONITOR_WIDE_H

#include <stdint.h>

/* high * 2^64 + low. {0} is 0. */
struct wide {
  uint64_t high, low;
};

/* *sum += a * b, modulo 2^128. */
void wide_add_product(struct wide *sum, uint64_t a, uint64_t b);

/* Returns dividend / divisor, rounded down; divisor is 1 to 2^63. */
struct wide wide_divide(struct wide dividend, uint64_t divisor);

/* Returns the square root, rounded down. */
uint64_t wide_root(struct wide square);

#endif

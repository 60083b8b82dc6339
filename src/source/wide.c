/*
 * Unsigned numbers of 128 bits.
 *
 * The square of an offset in ns and a weighted sum of several need more than 64 bits, and a double
 * would lose the ns. Long multiplication and division are fast enough: a thousand servers need a
 * thousand of each.
 */
#include "ntp_monitor/wide.h"

#include <stdbool.h>

/* In halves of 32 bits; (2^32 - 1)^2 + 2^32 - 1 is less than 2^64. */
void wide_add_product(struct wide *sum, uint64_t a, uint64_t b) {
  uint64_t low = (a & UINT32_MAX) * (b & UINT32_MAX);
  uint64_t middle = (a >> 32) * (b & UINT32_MAX) + (low >> 32);
  uint64_t other = (a & UINT32_MAX) * (b >> 32) + (middle & UINT32_MAX);
  uint64_t high = (a >> 32) * (b >> 32) + (middle >> 32) + (other >> 32);
  low = other << 32 | (low & UINT32_MAX);
  sum->low += low;
  sum->high += high + (sum->low < low);
}

/* Bit by bit: the dividend goes out at the top, the quotient comes in at the bottom. */
struct wide wide_divide(struct wide dividend, uint64_t divisor) {
  uint64_t rest = 0;
  for (int bit = 0; bit < 128; bit++) {
    rest = rest << 1 | dividend.high >> 63;
    dividend.high = dividend.high << 1 | dividend.low >> 63;
    dividend.low <<= 1;
    if (rest >= divisor) {
      rest -= divisor;
      dividend.low |= 1;
    }
  }
  return dividend;
}

uint64_t wide_root(struct wide square) {
  uint64_t root = 0;
  for (uint64_t bit = UINT64_C(1) << 63; bit > 0; bit >>= 1) {
    struct wide trial = {0};
    wide_add_product(&trial, root | bit, root | bit);
    bool fits = trial.high < square.high || (trial.high == square.high && trial.low <= square.low);
    if (fits) {
      root |= bit;
    }
  }
  return root;
}

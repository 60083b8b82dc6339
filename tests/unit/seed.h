/* Reproducible random numbers: the seed is printed, and taken from SEED if that is set. */
#ifndef TESTS_UNIT_SEED_H
#define TESTS_UNIT_SEED_H

#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

/* xorshift64* (Vigna, An experimental exploration of Marsaglia's xorshift generators). */
static inline uint64_t seed_next(uint64_t *state) {
  *state ^= *state >> 12;
  *state ^= *state << 25;
  *state ^= *state >> 27;
  return *state * UINT64_C(2685821657736338717);
}

/* Begins a random test: returns the state for seed_next(). */
static inline uint64_t seed_begin(const char *test) {
  const char *given = getenv("SEED");
  uint64_t seed = given != NULL ? strtoull(given, NULL, 0) : (uint64_t)time(NULL);
  (void)printf("# %s: SEED=%llu\n", test, (unsigned long long)seed);
  uint64_t state = seed * 2 + 1; /* the state must not be 0 */
  for (int i = 0; i < 8; i++) {
    (void)seed_next(&state);
  }
  return state;
}

/* Returns a number of 0 to 62 bits, spread about evenly over the orders of magnitude. */
static inline int64_t seed_span(uint64_t *state) {
  unsigned shift = 2 + (unsigned)(seed_next(state) % 62);
  return (int64_t)(seed_next(state) >> shift);
}

#endif

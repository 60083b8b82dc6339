/* Tests of wide.c. The expected numbers were worked out elsewhere; the random ones hold a result
 * against what it must lie between. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "ntp_monitor/wide.h"
#include "tests/unit/seed.h"

#define COUNT(array) (sizeof(array) / sizeof *(array))
enum { ROUNDS = 20000 };

static void assert_wide(struct wide got, uint64_t high, uint64_t low) {
  assert_int_equal(got.high, high);
  assert_int_equal(got.low, low);
}

static struct wide product(uint64_t a, uint64_t b) {
  struct wide sum = {0};
  wide_add_product(&sum, a, b);
  return sum;
}

static void test_products(void **state) {
  (void)state;
  static const struct {
    uint64_t a, b, high, low;
  } rows[] = {
      {0, UINT64_MAX, 0, 0},
      {1, UINT64_MAX, 0, UINT64_MAX},
      {3, 5, 0, 15},
      {UINT64_C(1) << 32, UINT64_C(1) << 32, 1, 0},
      {UINT32_MAX, UINT32_MAX, 0, UINT64_C(0xfffffffe00000001)},
      {UINT64_MAX, UINT64_MAX, UINT64_MAX - 1, 1},
      {UINT64_MAX, UINT32_MAX, UINT32_MAX - 1, UINT64_C(0xffffffff00000001)},
      {UINT64_C(0xfedcba9876543210), UINT64_C(0x0123456789abcdef), UINT64_C(0x0121fa00ad77d742),
       UINT64_C(0x2236d88fe5618cf0)},
  };
  for (size_t i = 0; i < COUNT(rows); i++) {
    assert_wide(product(rows[i].a, rows[i].b), rows[i].high, rows[i].low);
    assert_wide(product(rows[i].b, rows[i].a), rows[i].high, rows[i].low);
  }
}

static void test_sums(void **state) {
  (void)state;
  struct wide sum = {0};
  wide_add_product(&sum, UINT64_MAX, 1);
  wide_add_product(&sum, 1, 1);
  assert_wide(sum, 1, 0);
  wide_add_product(&sum, UINT64_C(1) << 63, 2);
  assert_wide(sum, 2, 0);
  wide_add_product(&sum, UINT64_MAX, UINT64_MAX);
  assert_wide(sum, 0, 1); /* modulo 2^128 */
}

static void test_quotients(void **state) {
  (void)state;
  static const struct {
    struct wide dividend;
    uint64_t divisor;
    struct wide quotient;
  } rows[] = {
      {{0, 0}, 7, {0, 0}},
      {{0, 6}, 7, {0, 0}},
      {{0, 7}, 7, {0, 1}},
      {{0, UINT64_MAX}, 1, {0, UINT64_MAX}},
      {{UINT64_MAX, UINT64_MAX}, 1, {UINT64_MAX, UINT64_MAX}},
      {{UINT64_MAX, UINT64_MAX}, UINT64_C(1) << 63, {1, UINT64_MAX}},
      {{UINT64_MAX, UINT64_MAX}, INT64_MAX, {2, 4}},
      {{1, 0}, 3, {0, UINT64_C(0x5555555555555555)}},
      {{UINT64_C(0x0123456789abcdef), UINT64_C(0xfedcba9876543210)},
       1000000007,
       {81985528, UINT64_C(0xa480a8f47507e0e0)}},
  };
  for (size_t i = 0; i < COUNT(rows); i++) {
    assert_wide(wide_divide(rows[i].dividend, rows[i].divisor), rows[i].quotient.high,
                rows[i].quotient.low);
  }
}

static void test_roots(void **state) {
  (void)state;
  static const struct {
    struct wide square;
    uint64_t root;
  } rows[] = {
      {{0, 0}, 0},
      {{0, 1}, 1},
      {{0, 3}, 1},
      {{0, 4}, 2},
      {{0, UINT64_MAX}, UINT32_MAX},
      {{1, 0}, UINT64_C(1) << 32},
      {{2, 0}, UINT64_C(6074000999)},
      {{UINT64_MAX - 1, 0}, UINT64_MAX - 1},
      {{UINT64_MAX - 1, 1}, UINT64_MAX},
      {{UINT64_MAX, UINT64_MAX}, UINT64_MAX},
  };
  for (size_t i = 0; i < COUNT(rows); i++) {
    assert_int_equal(wide_root(rows[i].square), rows[i].root);
  }
}

/* Of any size, with as many bits as not. */
static uint64_t any(uint64_t *random) {
  uint64_t number = seed_next(random);
  return number >> seed_next(random) % 64;
}

/* a * b + rest, rest < b, divided by b is a; (a^2 .. a^2 + 2 * a) has the root a. */
static void test_back(void **state) {
  (void)state;
  uint64_t random = seed_begin("back");
  for (int round = 0; round < ROUNDS; round++) {
    uint64_t a = any(&random);
    uint64_t b = 1 + (any(&random) >> 1);
    struct wide dividend = product(a, b);
    wide_add_product(&dividend, seed_next(&random) % b, 1);
    assert_wide(wide_divide(dividend, b), 0, a);
    struct wide square = product(a, a);
    assert_int_equal(wide_root(square), a);
    wide_add_product(&square, a, 2);
    assert_int_equal(wide_root(square), a);
    wide_add_product(&square, a < UINT64_MAX, 1);
    assert_int_equal(wide_root(square), a < UINT64_MAX ? a + 1 : a);
  }
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(test_products),  cmocka_unit_test(test_sums),
      cmocka_unit_test(test_quotients), cmocka_unit_test(test_roots),
      cmocka_unit_test(test_back),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}

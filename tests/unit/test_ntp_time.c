/* Tests of ntp_time.c: times on the wire as ns. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "ntp_monitor/ntp_time.h"

#define S INT64_C(1000000000)
#define STAMP(seconds) ((uint64_t)(seconds) << 32)
/* 2036-02-07T06:28:16Z, when the seconds since 1900 begin anew. */
#define ERA_S INT64_C(2085978496)

static void test_stamp(void **state) {
  (void)state;
  static const struct {
    int64_t unix_ns;
    uint64_t stamp;
  } rows[] = {
      {0, STAMP(0x83aa7e80)},
      {S / 2, STAMP(0x83aa7e80) + 0x80000000},
      {1, STAMP(0x83aa7e80) + 4},
      {S - 1, STAMP(0x83aa7e81) - 4},
      {-S / 2, STAMP(0x83aa7e80) - 0x80000000},
      {-S, STAMP(0x83aa7e7f)},
      {ERA_S * S - S, STAMP(0xffffffff)},
      {ERA_S * S, 0},
      {ERA_S * S + S, STAMP(1)},
      {INT64_C(1795237878271060123), UINT64_C(0xeeaba6764564323c)},
  };
  for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
    assert_int_equal(ntp_time_stamp(rows[i].unix_ns), rows[i].stamp);
  }
}

static void test_span(void **state) {
  (void)state;
  static const struct {
    uint64_t from, to;
    int64_t span_ns;
  } rows[] = {
      {0, 0, 0},
      {0, 1, 0},
      {0, 2, 0},
      {0, 3, 1},
      {3, 0, -1},
      {2, 0, 0},
      {STAMP(7), STAMP(8), S},
      {STAMP(8), STAMP(7), -S},
      {STAMP(UINT32_MAX), STAMP(1), 2 * S}, /* over the era's end */
      {STAMP(1), STAMP(UINT32_MAX), -2 * S},
      {5, UINT64_C(0x8000000000000004), INT64_C(2147483648) * S},
      {5, UINT64_C(0x8000000000000005), INT64_C(-2147483648) * S},
  };
  for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
    assert_int_equal(ntp_time_span_ns(rows[i].from, rows[i].to), rows[i].span_ns);
  }
}

static void test_short_and_power(void **state) {
  (void)state;
  assert_int_equal(ntp_time_short_ns(0), 0);
  assert_int_equal(ntp_time_short_ns(1), 15258);
  assert_int_equal(ntp_time_short_ns(0x8000), S / 2);
  assert_int_equal(ntp_time_short_ns(UINT32_MAX), 65536 * S - 15259);
  assert_int_equal(ntp_time_power_ns(0), S);
  assert_int_equal(ntp_time_power_ns(3), 8 * S);
  assert_int_equal(ntp_time_power_ns(33), S << 33);
  assert_int_equal(ntp_time_power_ns(-1), S / 2);
  assert_int_equal(ntp_time_power_ns(-20), 954);
  assert_int_equal(ntp_time_power_ns(-29), 2);
  assert_int_equal(ntp_time_power_ns(-30), 1);
  assert_int_equal(ntp_time_power_ns(-31), 1);
  assert_int_equal(ntp_time_power_ns(-128), 1);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(test_stamp),
      cmocka_unit_test(test_span),
      cmocka_unit_test(test_short_and_power),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}

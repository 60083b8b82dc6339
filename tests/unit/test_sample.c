/* Tests of sample.c and clock.c: the container and the time left. */
#include <errno.h>
#include <limits.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "ntp_monitor/clock.h"
#include "ntp_monitor/sample.h"

static void test_present(void **state) {
  (void)state;
  struct sample sample = {.present = 0};
  for (unsigned i = 0; i < METRIC_COUNT; i++) {
    assert_false(sample_has(&sample, i));
  }
  sample_set(&sample, METRIC_DELAY, -7);
  assert_true(sample_has(&sample, METRIC_DELAY));
  assert_false(sample_has(&sample, METRIC_OFFSET));
  assert_int_equal(sample.value_ns[METRIC_DELAY], -7);
  assert_int_equal(sample.present, 1U << METRIC_DELAY);
}

static void test_add(void **state) {
  (void)state;
  struct samples samples = {.items = NULL};
  for (unsigned i = 0; i < SAMPLE_MAX; i++) {
    struct sample sample = {.stratum = i};
    assert_int_equal(samples_add(&samples, &sample), 0);
  }
  assert_int_equal(samples_add(&samples, &(struct sample){.stratum = 1}), -E2BIG);
  assert_int_equal(samples.count, SAMPLE_MAX);
  for (unsigned i = 0; i < SAMPLE_MAX; i++) {
    assert_int_equal(samples.items[i].stratum, i);
  }
  samples_free(&samples);
  assert_null(samples.items);
  assert_int_equal(samples.count, 0);
  samples_free(&samples);
}

/* Rounded up, so that a wait does not end before its time; never negative. */
static void test_left(void **state) {
  (void)state;
  int64_t now_ns = clock_monotonic_ns();
  assert_int_equal(clock_left_ms(now_ns), 0);
  assert_int_equal(clock_left_ms(now_ns - 1000000000), 0);
  assert_int_equal(clock_left_ms(0), 0);
  assert_int_equal(clock_left_ms(INT64_MAX), INT_MAX);
  int left_ms = clock_left_ms(clock_monotonic_ns() + 10000000000);
  assert_in_range(left_ms, 9000, 10000);
  while ((left_ms = clock_left_ms(now_ns + 3000000)) > 0) {
    assert_in_range(left_ms, 1, 3);
  }
  assert_true(clock_monotonic_ns() >= now_ns + 3000000);
}

static void test_clocks(void **state) {
  (void)state;
  int64_t begun_ns = clock_monotonic_ns();
  assert_true(clock_monotonic_ns() >= begun_ns);
  assert_true(clock_realtime_ns() > INT64_C(0));
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(test_present),
      cmocka_unit_test(test_add),
      cmocka_unit_test(test_left),
      cmocka_unit_test(test_clocks),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}

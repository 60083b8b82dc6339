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
  assert_int_equal(sample.value[METRIC_DELAY], -7);
  assert_int_equal(sample.present, 1U << METRIC_DELAY);
}

static void test_add(void **state) {
  (void)state;
  struct samples samples = {.items = NULL};
  for (unsigned i = 0; i < SAMPLE_MAX; i++) {
    struct sample sample = {.replies = i};
    assert_int_equal(samples_add(&samples, &sample, NULL), 0);
  }
  assert_int_equal(samples_add(&samples, &(struct sample){.replies = 1}, NULL), -E2BIG);
  assert_int_equal(samples.count, SAMPLE_MAX);
  for (unsigned i = 0; i < SAMPLE_MAX; i++) {
    assert_int_equal(samples.items[i].replies, i);
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

static void test_metrics(void **state) {
  (void)state;
  char text[METRIC_TEXT_BYTES];
  assert_string_equal(metric_print(text, METRIC_OFFSET, -1500000), "-1.5ms");
  assert_string_equal(metric_print_plain(text, METRIC_OFFSET, -1500000), "-0.0015");
  assert_string_equal(metric_print(text, METRIC_REACH, 7), "7");
  assert_string_equal(metric_print_plain(text, METRIC_STRATUM, 16), "16");
  for (enum metric m = METRIC_JITTER; m < METRIC_COUNT; m++) {
    assert_true(strlen(metric_table[m].name) > 0 && strlen(metric_table[m].word) > 0);
    assert_int_equal(metric_table[m].most > 0, metric_table[m].is_count);
    assert_int_equal(metric_table[m].reason == REASON_OK, m == METRIC_AGE);
  }
  for (enum state s = STATE_UNKNOWN + 1; s < STATE_COUNT; s++) {
    assert_true(strlen(sample_state_word(s)) > 0);
  }
  for (enum jitter_kind k = JITTER_NONE + 1; k < JITTER_KIND_COUNT; k++) {
    assert_true(strlen(sample_jitter_word(k)) > 0);
  }
  assert_string_equal(sample_state_word(STATE_UNKNOWN), "");
  assert_string_equal(sample_jitter_word(JITTER_NONE), "");
}

/* All of the first polls answered is no loss; none answered, or one lost among them, is. */
static void test_reach(void **state) {
  (void)state;
  static const struct {
    unsigned bits;
    int64_t reach;
    bool starting;
  } rows[] = {{0, 0, false},    {1, 1, true},     {3, 2, true},     {0x7f, 7, true},
              {0xff, 8, false}, {2, 1, false},    {0xfe, 7, false}, {0x101, 1, true},
              {0xa1, 3, false}, {0x1ff, 8, false}};
  for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
    struct sample sample = {.starting = !rows[i].starting};
    sample_set_reach(&sample, rows[i].bits);
    assert_true(sample_has(&sample, METRIC_REACH));
    assert_int_equal(sample.value[METRIC_REACH], rows[i].reach);
    assert_int_equal(sample.starting, rows[i].starting);
  }
}

/* Rounded for people, but never onto the limit; an offset has its sign either way. */
static void test_beyond(void **state) {
  (void)state;
  static const struct {
    enum metric metric;
    int64_t value, limit;
    const char *want;
  } rows[] = {
      {METRIC_OFFSET, 499997348, 500000000, "+499.997348ms"},
      {METRIC_OFFSET, -499997348, 500000000, "-499.997348ms"},
      {METRIC_OFFSET, 499997348, 600000000, "+500ms"},
      {METRIC_JITTER, 499997348, 500000000, "499.997348ms"},
      {METRIC_STRATUM, 9, 9, "9"},
  };
  for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
    char out[METRIC_TEXT_BYTES];
    assert_string_equal(metric_print_beyond(out, rows[i].metric, rows[i].value, rows[i].limit),
                        rows[i].want);
  }
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(test_beyond), cmocka_unit_test(test_metrics), cmocka_unit_test(test_present),
      cmocka_unit_test(test_add),    cmocka_unit_test(test_left),    cmocka_unit_test(test_clocks),
      cmocka_unit_test(test_reach),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}

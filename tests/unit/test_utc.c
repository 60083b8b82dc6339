/* Tests of utc.c: times as RFC 3339 writes them, against a table and against gmtime_r(3). */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <time.h>

#include <cmocka.h>

#include "ntp_monitor/utc.h"
#include "tests/unit/seed.h"

#define S INT64_C(1000000000)

static void test_table(void **state) {
  (void)state;
  static const struct {
    int64_t ns;
    const char *text;
  } rows[] = {
      {0, "1970-01-01T00:00:00.000000Z"},
      {1, "1970-01-01T00:00:00.000000Z"},
      {1000, "1970-01-01T00:00:00.000001Z"},
      {999999999, "1970-01-01T00:00:00.999999Z"},
      {86399 * S, "1970-01-01T23:59:59.000000Z"},
      {86400 * S, "1970-01-02T00:00:00.000000Z"},
      {951782400 * S, "2000-02-29T00:00:00.000000Z"},
      {951868800 * S, "2000-03-01T00:00:00.000000Z"},
      {978307199 * S, "2000-12-31T23:59:59.000000Z"},
      {1709164800 * S, "2024-02-29T00:00:00.000000Z"},
      {1795237878 * S + 10060123, "2026-11-21T05:11:18.010060Z"},
      {2085978496 * S, "2036-02-07T06:28:16.000000Z"}, /* NTP's era 1 begins */
      {2147483647 * S, "2038-01-19T03:14:07.000000Z"},
      {2147483648 * S, "2038-01-19T03:14:08.000000Z"},
      {4107542400 * S, "2100-03-01T00:00:00.000000Z"}, /* 2100 is no leap year */
      {4107542399 * S, "2100-02-28T23:59:59.000000Z"},
      {INT64_MAX, "2262-04-11T23:47:16.854775Z"},
      {-S, "1969-12-31T23:59:59.000000Z"},
      {-1000, "1969-12-31T23:59:59.999999Z"},
      {-86400 * S, "1969-12-31T00:00:00.000000Z"},
      {-86401 * S, "1969-12-30T23:59:59.000000Z"},
      {-2203891200 * S, "1900-03-01T00:00:00.000000Z"}, /* nor was 1900 */
      {-2203891201 * S, "1900-02-28T23:59:59.000000Z"},
      {-2208988800 * S, "1900-01-01T00:00:00.000000Z"},
  };
  for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
    char text[UTC_TEXT_BYTES];
    assert_ptr_equal(utc_print(text, rows[i].ns), text);
    assert_string_equal(text, rows[i].text);
  }
}

static void compare(int64_t ns) {
  struct tm tm;
  char want[UTC_TEXT_BYTES];
  char have[UTC_TEXT_BYTES];
  char day[32];
  int64_t us = ns / 1000 - (ns % 1000 < 0);
  int64_t fraction_us = us % 1000000 + (us % 1000000 < 0 ? 1000000 : 0);
  time_t seconds = (time_t)((us - fraction_us) / 1000000);
  assert_non_null(gmtime_r(&seconds, &tm));
  (void)strftime(day, sizeof day, "%Y-%m-%dT%H:%M:%S", &tm);
  (void)snprintf(want, sizeof want, "%s.%06dZ", day, (int)fraction_us);
  assert_string_equal(utc_print(have, ns), want);
}

static void test_against_gmtime(void **state) {
  (void)state;
  uint64_t random = seed_begin("utc");
  for (int round = 0; round < 50000; round++) {
    int64_t ns = (int64_t)seed_next(&random);
    compare(ns > 0 ? ns : ns - ns % 1000);
  }
  for (int64_t day = -106000; day < 106000; day++) { /* every day of 580 years */
    compare(day * 86400 * S + 43200 * S);
  }
}

/* Fractions of a microsecond are cut towards the past, before 1970 as well. */
static void test_below_a_microsecond(void **state) {
  (void)state;
  compare(-1);
  compare(-999);
  compare(-1001);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(test_table),
      cmocka_unit_test(test_against_gmtime),
      cmocka_unit_test(test_below_a_microsecond),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}

/* Tests of duration.c: the parser of spans, by tables and against sums of its own. */
#include <errno.h>
#include <inttypes.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "ntp_monitor/duration.h"
#include "ntp_monitor/why.h"
#include "tests/unit/golden.h"
#include "tests/unit/seed.h"

static const int64_t untouched = INT64_C(-77);

static void check(const char *text, int64_t want_ns) {
  int64_t span_ns = untouched;
  struct why why = {.text = ""};
  int error = duration_parse(text, &span_ns, &why);
  if (error != 0 || span_ns != want_ns) {
    fail_msg("'%s': %d, %" PRId64 " ns, '%s'; wanted %" PRId64, text, error, span_ns, why.text,
             want_ns);
  }
}

static void test_forms(void **state) {
  (void)state;
  static const struct {
    const char *text;
    int64_t ns;
  } rows[] = {
      {"2", 2 * DURATION_S},
      {"2.0", 2 * DURATION_S},
      {".5", 500 * DURATION_MS},
      {"0.5", 500 * DURATION_MS},
      {"0", 0},
      {"0.0s", 0},
      {"007", 7 * DURATION_S},
      {"2s", 2 * DURATION_S},
      {"2 s", 2 * DURATION_S},
      {"2 \t s", 2 * DURATION_S},
      {"  2s\t", 2 * DURATION_S},
      {"  2 ", 2 * DURATION_S},
      {"500ms", 500 * DURATION_MS},
      {"500 ms", 500 * DURATION_MS},
      {"250us", 250 * DURATION_US},
      {"9\xc2\xb5s", 9 * DURATION_US},
      {"9\xce\xbcs", 9 * DURATION_US},
      {"9 \xce\xbcs", 9 * DURATION_US},
      {"7ns", 7},
      {"1min", DURATION_MIN},
      {"1h", DURATION_H},
      {"1d", DURATION_D},
      {"1w", DURATION_W},
      {"1min 30.5s", 90 * DURATION_S + 500 * DURATION_MS},
      {"1min30.5s", 90 * DURATION_S + 500 * DURATION_MS},
      {"1min.5s", 60 * DURATION_S + 500 * DURATION_MS},
      {"1h 3min", 63 * DURATION_MIN},
      {"3min 1h", 63 * DURATION_MIN},
      {"1s 1s", 2 * DURATION_S},
      {"1w 1d 1h 1min 1s 1ms 1us 1ns", DURATION_W + DURATION_D + DURATION_H + DURATION_MIN +
                                           DURATION_S + DURATION_MS + DURATION_US + 1},
      {"34min 8s", 2048 * DURATION_S},
      {"1.234567s", INT64_C(1234567000)},
      {"6.378ms", 6378 * DURATION_US},
      {"1.207345ms", 1207345},
      {"0.25h", 15 * DURATION_MIN},
      {"0.5w", 84 * DURATION_H},
      {"1.5ns", 1},
      {"0.9ns", 0},
      {"0.0000000019s", 1},
      {"0.00000000000000000000000000000000000000000001s", 0},
      {"0.99999999999999999999999999999999999999999999s", 999999999},
      {"9223372036s 854775807ns", INT64_MAX},
      {"9223372036.854775807", INT64_MAX},
      {"9223372036854775807ns", INT64_MAX},
      {"000000000000000000000000000000000000000000001", DURATION_S},
  };
  for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
    check(rows[i].text, rows[i].ns);
  }
}

static void refuse(const char *text, int want_error, const char *quoted) {
  int64_t span_ns = untouched;
  struct why why = {.text = ""};
  int error = duration_parse(text, &span_ns, &why);
  if (error != want_error || span_ns != untouched || why.reason != REASON_CONFIG ||
      strstr(why.text, quoted) == NULL) {
    fail_msg("'%s': %d, %" PRId64 " ns, '%s'; wanted '%s'", text, error, span_ns, why.text, quoted);
  }
  assert_golden(why.text, "'%s'", text);
}

static void test_refused(void **state) {
  (void)state;
  static const char *const texts[] = {
      "",          " ",
      "-1",        "+1",
      "-1s",       "1s -1s",
      "0x10",      "1e3",
      "1E3",       "1e-400",
      "nan",       "NaN",
      "inf",       "infinity",
      "2.",        "2.s",
      ".",         "..5",
      "1..5",      "1.5.5",
      "2,5",       "1 2",
      "1 2s",      "1s 2",
      "1s2",       "s",
      "min",       "1m",
      "1M",        "1S",
      "1MS",       "1mins",
      "1sec",      "1sx",
      "1s x",      "1s,2s",
      "1_000",     "1'000",
      "1s;",       "1s # a",
      "off",       "auto",
      "1\n",       "1s\n2s",
      "1\rs",      "1\vs",
      "\xc2\xb5s", "1\xc2\xb5",
      "1\xb5s",    "1\xc2\xa0s",
      "1us us",    "1y",
      "1month",    "1u",
      "1msec",     "1 m s",
      "1.5 .5s",   "\xef\xbc\x91s",
  };
  for (size_t i = 0; i < sizeof texts / sizeof *texts; i++) {
    int64_t span_ns = untouched;
    struct why why = {.text = ""};
    int error = duration_parse(texts[i], &span_ns, &why);
    if (error != -EINVAL || span_ns != untouched) {
      fail_msg("'%s': %d, %" PRId64 " ns", texts[i], error, span_ns);
    }
    assert_int_equal(why.text[0], '\'');
  }
}

/* The message quotes what was seen, made safe and cut. */
static void test_messages(void **state) {
  (void)state;
  refuse("1 parsec", -EINVAL, "'1 parsec'");
  refuse("", -EINVAL, "''");
  refuse("1\033[31m", -EINVAL, "'1\\x1b[31m'");
  refuse("xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxCUT",
         -EINVAL,
         "'xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx'");
}

static void test_overflow(void **state) {
  (void)state;
  static const char *const texts[] = {
      "9223372036854775808ns",
      "9223372036.854775808",
      "9223372037",
      "9223372036854775807",
      "99999999999999999999",
      "99999999999999999999999999999999999999999ns",
      "153722867280912931min",
      "15251w",
      "15250.5w",
      "9223372036854775807ns 1ns",
      "9223372036s 854775807ns 0.000000001s",
  };
  for (size_t i = 0; i < sizeof texts / sizeof *texts; i++) {
    refuse(texts[i], -ERANGE, texts[i]);
  }
}

/* Sums of random parts, against arithmetic of the test's own. */
static void test_random_sums(void **state) {
  (void)state;
  static const struct {
    const char *name;
    int64_t ns;
  } units[] = {{"ns", 1},
               {"us", 1000},
               {"\xc2\xb5s", 1000},
               {"\xce\xbcs", 1000},
               {"ms", 1000000},
               {"s", 1000000000},
               {"min", 60000000000},
               {"h", 3600000000000},
               {"d", 86400000000000},
               {"w", 604800000000000}};
  uint64_t random = seed_begin("duration sums");
  for (int round = 0; round < 20000; round++) {
    char text[256] = "";
    int64_t want_ns = 0;
    uint64_t parts = 1 + seed_next(&random) % 4;
    for (uint64_t i = 0; i < parts; i++) {
      size_t u = seed_next(&random) % (sizeof units / sizeof *units);
      int64_t whole = (int64_t)(seed_next(&random) % 100);
      int digits = (int)(seed_next(&random) % 5);
      int64_t scale = digits == 0   ? 1
                      : digits == 1 ? 10
                      : digits == 2 ? 100
                      : digits == 3 ? 1000
                                    : 10000;
      int64_t fraction = (int64_t)(seed_next(&random) % (uint64_t)scale);
      char part[64];
      (void)snprintf(part, sizeof part, "%s%" PRId64, seed_next(&random) % 2 == 0 ? " " : "",
                     whole);
      (void)strcat(text, part);
      if (digits > 0) {
        (void)snprintf(part, sizeof part, ".%0*" PRId64, digits, fraction);
        (void)strcat(text, part);
      }
      (void)snprintf(part, sizeof part, "%s%s", seed_next(&random) % 2 == 0 ? " " : "",
                     units[u].name);
      (void)strcat(text, part);
      want_ns += whole * units[u].ns + fraction * units[u].ns / scale;
    }
    check(text, want_ns);
  }
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(test_forms),       cmocka_unit_test(test_refused),
      cmocka_unit_test(test_messages),    cmocka_unit_test(test_overflow),
      cmocka_unit_test(test_random_sums),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}

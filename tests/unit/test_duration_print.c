/* Tests of duration.c: the printers, that they are exact, and that the parser reads them. */
#include <inttypes.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "ntp_monitor/duration.h"
#include "ntp_monitor/why.h"
#include "tests/unit/seed.h"

static void test_signed(void **state) {
  (void)state;
  char text[DURATION_TEXT_BYTES];
  assert_string_equal(duration_print_signed(text, 23000), "+23us");
  assert_string_equal(duration_print_signed(text, -23000), "-23us");
  assert_string_equal(duration_print_signed(text, 0), "0");
  assert_string_equal(duration_print_signed(text, INT64_MAX), "+106751d 23h 47min 16.854775807s");
  assert_string_equal(duration_print_signed(text, INT64_MIN), "-106751d 23h 47min 16.854775808s");
}

static void test_print(void **state) {
  (void)state;
  static const struct {
    int64_t ns;
    const char *text, *seconds;
  } rows[] = {
      {0, "0", "0"},
      {1, "1ns", "0.000000001"},
      {-1, "-1ns", "-0.000000001"},
      {999, "999ns", "0.000000999"},
      {1000, "1us", "0.000001"},
      {1001, "1.001us", "0.000001001"},
      {9000, "9us", "0.000009"},
      {23000, "23us", "0.000023"},
      {-23000, "-23us", "-0.000023"},
      {999999, "999.999us", "0.000999999"},
      {1000000, "1ms", "0.001"},
      {1207000, "1.207ms", "0.001207"},
      {999999999, "999.999999ms", "0.999999999"},
      {1000000000, "1s", "1"},
      {-1500000000, "-1.5s", "-1.5"},
      {2150000000, "2.15s", "2.15"},
      {10000000000, "10s", "10"},
      {59999999999, "59.999999999s", "59.999999999"},
      {60000000000, "1min", "60"},
      {60000000001, "1min 0.000000001s", "60.000000001"},
      {90500000000, "1min 30.5s", "90.5"},
      {-90500000000, "-1min 30.5s", "-90.5"},
      {3600000000000, "1h", "3600"},
      {3780000000000, "1h 3min", "3780"},
      {3601000000000, "1h 1s", "3601"},
      {86400000000000, "1d", "86400"},
      {86401000000000, "1d 1s", "86401"},
      {90061000000000, "1d 1h 1min 1s", "90061"},
      {604800000000000, "7d", "604800"},
      {1000000000000000, "11d 13h 46min 40s", "1000000"},
      {INT64_MAX, "106751d 23h 47min 16.854775807s", "9223372036.854775807"},
      {-INT64_MAX, "-106751d 23h 47min 16.854775807s", "-9223372036.854775807"},
      {INT64_MIN, "-106751d 23h 47min 16.854775808s", "-9223372036.854775808"},
  };
  for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
    char text[DURATION_TEXT_BYTES];
    assert_ptr_equal(duration_print(text, rows[i].ns), text);
    assert_string_equal(text, rows[i].text);
    assert_ptr_equal(duration_print_seconds(text, rows[i].ns), text);
    assert_string_equal(text, rows[i].seconds);
  }
}

static void test_round_trip(void **state) {
  (void)state;
  uint64_t random = seed_begin("duration round trip");
  for (int round = 0; round < 50000; round++) {
    int64_t span_ns = seed_span(&random);
    if (round % 3 == 0) {
      span_ns -= span_ns % DURATION_MS; /* few digits, too */
    }
    char text[DURATION_TEXT_BYTES];
    char negative[DURATION_TEXT_BYTES];
    int64_t back_ns = -1;
    struct why why = {.text = ""};
    if (duration_parse(duration_print(text, span_ns), &back_ns, &why) != 0 || back_ns != span_ns) {
      fail_msg("%" PRId64 " -> '%s' -> %" PRId64 " %s", span_ns, text, back_ns, why.text);
    }
    if (span_ns > 0) {
      assert_int_equal(duration_print(negative, -span_ns)[0], '-');
      assert_string_equal(negative + 1, text);
    }
  }
}

/* Against the digits as printf has them, without the zeros at the end. */
static void test_seconds_exact(void **state) {
  (void)state;
  uint64_t random = seed_begin("seconds exact");
  for (int round = 0; round < 50000; round++) {
    int64_t span_ns = seed_span(&random);
    bool negative = seed_next(&random) % 2 == 0 && span_ns != 0;
    char want[DURATION_TEXT_BYTES];
    char text[DURATION_TEXT_BYTES];
    int length = snprintf(want, sizeof want, "%s%" PRId64 ".%09" PRId64, negative ? "-" : "",
                          span_ns / 1000000000, span_ns % 1000000000);
    while (want[length - 1] == '0') {
      want[--length] = '\0';
    }
    if (want[length - 1] == '.') {
      want[--length] = '\0';
    }
    assert_string_equal(duration_print_seconds(text, negative ? -span_ns : span_ns), want);
  }
}

static void test_round(void **state) {
  (void)state;
  static const struct {
    int64_t ns, want_ns;
  } rows[] = {
      {0, 0},
      {999999, 0},
      {1999999, 1000000},
      {999999999, 999000000},
      {1000000000, 1000000000},
      {1999999999, 1900000000},
      {9999999999, 9900000000},
      {10000000000, 10000000000},
      {10500000000, 10000000000},
      {12345678901, 12000000000},
      {-999999, 0},
      {-1999999999, -1900000000},
      {-12345678901, -12000000000},
      {INT64_MAX, 9223372036000000000},
      {INT64_MIN, -9223372036000000000},
  };
  for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
    assert_int_equal(duration_round(rows[i].ns), rows[i].want_ns);
  }
}

/* For people: four digits, and no more units than say something. */
static void test_short(void **state) {
  (void)state;
  static const struct {
    int64_t ns;
    const char *text;
  } rows[] = {
      {0, "0"},
      {1, "1ns"},
      {-9999, "-9.999us"},
      {12017096, "12.02ms"},
      {-12017096, "-12.02ms"},
      {99999499, "100ms"},
      {2345678901, "2.346s"},
      {59994999999, "59.99s"},
      {59995000000, "1min"},
      {90540000000, "1min 30.5s"},
      {599999996325, "10min"},
      {3599600000000, "1h"},
      {3629999999999, "1h"},
      {3630000000000, "1h 1min"},
      {86369999999999, "23h 59min"},
      {86399999999999, "1d"},
      {-619315199990000000, "-7168d"},
      {INT64_MAX, "106751d 23h"},
      {INT64_MIN, "-106751d 23h"},
  };
  for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
    char text[DURATION_TEXT_BYTES];
    assert_string_equal(duration_print_short(text, rows[i].ns), rows[i].text);
  }
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(test_signed),     cmocka_unit_test(test_print),
      cmocka_unit_test(test_round_trip), cmocka_unit_test(test_seconds_exact),
      cmocka_unit_test(test_round),      cmocka_unit_test(test_short),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}

/* Tests of format/nagios.c: the line, its performance data and their ranges. */
#include <string.h>

#include "tests/unit/printed.h"

static struct example example;

static int fill(void **state) {
  (void)state;
  example_fill(&example);
  return 0;
}

#define TEXT "NTP WARNING: jitter above threshold: 2.15s (threshold: 2s) |"
#define DATA(n)                                                                              \
  " jitter" n "=2.15s;2;;0 offset" n "=0.000023s;; delay" n "=0.000069s;;;0 root_distance" n \
  "=0.0001s;;;0 age" n "=12.3s;-1:812; error_bound" n "=0.0001575s;;;0 stratum" n "=2;;;0;16"

static void test_whole(void **state) {
  (void)state;
  assert_printed(&format_nagios, &example.report, false, TEXT DATA("") "\n");
  assert_printed(&format_nagios, &example.report, true, TEXT DATA("") "\n");
}

static void test_limits(void **state) {
  (void)state;
  example.config.limit[METRIC_JITTER].critical = 5 * DURATION_S;
  example.config.limit[METRIC_OFFSET] = (struct limit){100 * DURATION_MS, DURATION_S};
  example.config.limit[METRIC_ROOT_DISTANCE] = (struct limit){CONFIG_NONE, 1};
  example.config.limit[METRIC_STRATUM].warning = 3;
  example.config.limit[METRIC_REACH] = (struct limit){8, 4};
  sample_set(&example.samples[0], METRIC_REACH, 7);
  example.config.limit[METRIC_CLOCK_CLASS].critical = 127;
  sample_set(&example.samples[0], METRIC_CLOCK_CLASS, 6);
  example.config.stale_after_ns = DURATION_MIN;
  assert_printed(&format_nagios, &example.report, false,
                 TEXT
                 " jitter=2.15s;2;5;0 offset=0.000023s;-0.1:0.1;-1:1 delay=0.000069s;;;0 "
                 "root_distance=0.0001s;;0.000000001;0 age=12.3s;-1:60; error_bound=0.0001575s;;;0 "
                 "stratum=2;3;;0;16 reach=7;8:;4:;0;8 clock_class=6;;127;0;255\n");
}

static void test_several_servers(void **state) {
  (void)state;
  example.report.finding_count = 3;
  assert_printed(&format_nagios, &example.report, false, TEXT DATA("") DATA("_2") DATA("_3") "\n");
}

/* Whoever is not judged has no data: graphs are of those that are. */
static void test_listed(void **state) {
  (void)state;
  example.report.finding_count = 3;
  example.samples[0].listed = true;
  example.samples[1].listed = true;
  assert_printed(&format_nagios, &example.report, false, TEXT DATA("") "\n");
}

/* U: could not be determined. Of the jitter it is said, of all else nothing. */
static void test_unknown(void **state) {
  (void)state;
  example.samples[0].present = 1U << METRIC_OFFSET;
  example.samples[0].value[METRIC_OFFSET] = -1500000000;
  assert_printed(&format_nagios, &example.report, false, TEXT " jitter=U;2;;0 offset=-1.5s;;\n");
  example.report.finding_count = 0;
  assert_printed(&format_nagios, &example.report, false, TEXT " jitter=U;2;;0\n");
}

/* A bar begins the data, so the message has none. */
static void test_bar(void **state) {
  (void)state;
  example.report.finding_count = 0;
  example.report.verdict = VERDICT_UNKNOWN;
  (void)strcpy(example.report.message, "NTP a|b||NTP c\\x0a");
  assert_printed(&format_nagios, &example.report, false,
                 "NTP UNKNOWN: a/b//NTP c\\x0a | jitter=U;2;;0\n");
}

static void test_verdicts(void **state) {
  (void)state;
  static const char *const want[] = {
      "NTP OK: x | jitter=U;2;;0\n", "NTP WARNING: x | jitter=U;2;;0\n",
      "NTP CRITICAL: x | jitter=U;2;;0\n", "NTP UNKNOWN: x | jitter=U;2;;0\n"};
  example.report.finding_count = 0;
  (void)strcpy(example.report.message, "NTP x");
  for (enum verdict verdict = VERDICT_OK; verdict <= VERDICT_UNKNOWN; verdict++) {
    example.report.verdict = verdict;
    assert_printed(&format_nagios, &example.report, false, want[verdict]);
  }
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test_setup(test_whole, fill),           cmocka_unit_test_setup(test_limits, fill),
      cmocka_unit_test_setup(test_several_servers, fill), cmocka_unit_test_setup(test_listed, fill),
      cmocka_unit_test_setup(test_unknown, fill),         cmocka_unit_test_setup(test_bar, fill),
      cmocka_unit_test_setup(test_verdicts, fill),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}

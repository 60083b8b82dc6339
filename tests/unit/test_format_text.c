/* Tests of format/text.c: what a person at a terminal sees. */
#include <string.h>

#include "tests/unit/golden.h"
#include "tests/unit/printed.h"

static struct example example;

static int fill(void **state) {
  (void)state;
  example_fill(&example);
  return 0;
}

#define MESSAGE "NTP jitter above threshold: 2.15s (threshold: 2s)\n"

static void test_whole(void **state) {
  (void)state;
  assert_golden(printed(&format_text, &example.report, false), "whole");
}

static void test_remarks(void **state) {
  (void)state;
  struct sample *sample = &example.samples[0];
  example.config.limit[METRIC_JITTER].critical = 5 * DURATION_S;
  example.config.limit[METRIC_OFFSET].critical = 100 * DURATION_MS;
  sample->value[METRIC_OFFSET] = -150 * DURATION_MS;
  sample->value[METRIC_AGE] = -DURATION_H;
  sample->spike = true;
  sample->leap = LEAP_INSERT;
  sample->server[0] = '\0';
  assert_golden(printed(&format_text, &example.report, false), "remarks");
}

static void test_little_known(void **state) {
  (void)state;
  struct sample *sample = &example.samples[0];
  sample->present = 1U << METRIC_OFFSET | 1U << METRIC_AGE | 1U << FIELD_LEAP;
  sample->value[METRIC_OFFSET] = 0;
  sample->value[METRIC_AGE] = 999999;
  sample->leap = LEAP_UNSYNCHRONISED;
  sample->address[0] = '\0';
  assert_golden(printed(&format_text, &example.report, false), "little known");
  sample->present = 0;
  sample->server[0] = '\0';
  assert_printed(&format_text, &example.report, false,
                 "WARNING  " MESSAGE "\n  source          timesyncd\n");
}

static void test_warming_up(void **state) {
  (void)state;
  example.findings[0].reason = REASON_WARMING_UP;
  example.findings[0].judged = 0;
  example.samples[0].present = 1U << METRIC_JITTER;
  example.samples[0].server[0] = '\0';
  example.samples[0].address[0] = '\0';
  assert_golden(printed(&format_text, &example.report, false), "warming up");
}

static void test_several(void **state) {
  (void)state;
  example.report.finding_count = 2;
  for (size_t i = 0; i < 2; i++) {
    example.samples[i].present = 0;
    example.samples[i].address[0] = '\0';
  }
  assert_printed(&format_text, &example.report, false,
                 "WARNING  " MESSAGE "\n"
                 "  server          ntp.example.org\n"
                 "  source          timesyncd\n"
                 "\n"
                 "  server          ntp.example.org\n"
                 "  source          timesyncd\n");
}

/* Colour around the verdict alone, and another one for each. */
static void test_colour(void **state) {
  (void)state;
  static const char *const want[] = {"\033[32mOK\033[0m  x\n", "\033[33mWARNING\033[0m  x\n",
                                     "\033[31mCRITICAL\033[0m  x\n", "\033[35mUNKNOWN\033[0m  x\n"};
  example.report.finding_count = 0;
  (void)strcpy(example.report.message, "x");
  for (enum verdict verdict = VERDICT_OK; verdict <= VERDICT_UNKNOWN; verdict++) {
    example.report.verdict = verdict;
    assert_printed(&format_text, &example.report, true, want[verdict]);
  }
  assert_printed(&format_text, &example.report, false, "UNKNOWN  x\n");
}

/* Those that are listed only stand under the one that is judged, a line each. */
static void test_listed(void **state) {
  (void)state;
  struct sample *samples = example.samples;
  example.report.finding_count = 3;
  samples[0] = (struct sample){.server = "a.example.org", .address = "192.0.2.1"};
  samples[0].state = STATE_SELECTED;
  sample_set(&samples[0], METRIC_REACH, 7);
  sample_set(&samples[0], METRIC_CLOCK_CLASS, 248);
  samples[1] = samples[0];
  (void)strcpy(samples[1].server, "b.example.org");
  sample_set(&samples[1], METRIC_OFFSET, 1500 * DURATION_US);
  samples[1].present &= ~(1U << METRIC_CLOCK_CLASS);
  sample_set(&samples[1], METRIC_STRATUM, 3);
  samples[1].state = STATE_COMBINED;
  samples[1].listed = true;
  samples[2] = (struct sample){.server = "c.example.org", .listed = true};
  samples[2].state = STATE_UNREACHABLE;
  (void)strcpy(samples[2].remark, "port unreachable");
  example.config.limit[METRIC_REACH].warning = 8;
  example.config.limit[METRIC_CLOCK_CLASS].warning = 6;
  assert_golden(printed(&format_text, &example.report, false), "listed ones");
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test_setup(test_whole, fill),
      cmocka_unit_test_setup(test_remarks, fill),
      cmocka_unit_test_setup(test_little_known, fill),
      cmocka_unit_test_setup(test_warming_up, fill),
      cmocka_unit_test_setup(test_several, fill),
      cmocka_unit_test_setup(test_colour, fill),
      cmocka_unit_test_setup(test_listed, fill),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}

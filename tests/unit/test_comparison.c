/* Tests of comparison.c: where the fault is, by a time service beside servers asked directly. */
#include <inttypes.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "ntp_monitor/comparison.h"
#include "ntp_monitor/config.h"
#include "ntp_monitor/duration.h"
#include "tests/unit/golden.h"

#define MS DURATION_MS

/* timesyncd's reading and that of three servers; all in ms. */
static struct sample samples[2];
static struct reading readings[2];
static struct config config;
static struct report report;

static int fill(void **state) {
  (void)state;
  for (size_t i = 0; i < 2; i++) {
    samples[i] = (struct sample){.server = "ntp.example.org"};
    sample_set(&samples[i], METRIC_OFFSET, 0);
    sample_set(&samples[i], METRIC_JITTER, MS / 10);
    sample_set(&samples[i], METRIC_DELAY, 40 * MS);
    readings[i] = (struct reading){.source = i == 0 ? "timesyncd" : "sntp"};
    readings[i].samples.items = &samples[i];
    readings[i].samples.count = 1;
  }
  readings[1].samples.asked = 3;
  readings[1].samples.answered = 3;
  readings[1].samples.truechimers = 3;
  readings[1].samples.combined = true;
  return 0;
}

/* With a limit of 100 ms. */
static const char *note(int64_t daemon_ms, int64_t servers_ms) {
  samples[0].value[METRIC_OFFSET] = daemon_ms * MS;
  readings[1].samples.combined_offset_ns = servers_ms * MS;
  config.limit[METRIC_OFFSET] = (struct limit){100 * MS, CONFIG_NONE};
  report.config = &config;
  (void)strcpy(report.note, "what stood here");
  comparison_write(&report, readings, 2);
  return report.note;
}

/* lies: a server does, and that of timesyncd may be the one. */
static void tells(const char *how, int64_t daemon_ms, int64_t servers_ms, bool lies) {
  assert_golden(note(daemon_ms, servers_ms), "%s: %" PRId64 " ms and %" PRId64 " ms", how,
                daemon_ms, servers_ms);
  assert_ptr_equal(report.disproved, lies ? &readings[0] : NULL);
}

static void test_table(void **state) {
  (void)state;
  static const struct {
    int64_t daemon_ms, servers_ms;
    bool lies;
  } rows[] = {
      {0, 0, false},       {0, 1, false},
      {90, 90, false},     {250, 250, false},
      {-251, -250, false}, {20, -1, false},
      {0, 41, false},      {250, 1, true},
      {0, -42, true},      {0, INT64_C(-7168) * 86400000, true},
  };
  for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
    tells("plain", rows[i].daemon_ms, rows[i].servers_ms, rows[i].lies);
  }
}

/* timesyncd's is that of the last reply: it puts the clock right by it. One that was there in the
 * replies before, so that the jitter is small, was not put right. */
static void test_past(void **state) {
  (void)state;
  samples[0].offset_is_past = true;
  sample_set(&samples[0], METRIC_JITTER, 0);
  tells("no jitter", 1000, 0, true);
  sample_set(&samples[0], METRIC_JITTER, 250 * MS);
  sample_set(&samples[1], METRIC_JITTER, 0);
  tells("past", 1000, -1, false);
  tells("past", 1000, 1000, false);
  tells("past", 1000, 2000, true);
  tells("past", -1000, 900, true);
}

/* A clock drifts between two replies: 50 ppm of half an hour. */
static void test_drift(void **state) {
  (void)state;
  tells("just asked", 0, 130, true);
  sample_set(&samples[0], METRIC_AGE, 1800 * DURATION_S);
  tells("half an hour", 0, 130, false);
  tells("half an hour", 0, 90, false);
  tells("half an hour", 0, 132, true);
}

/* A jitter makes room for differences; without a delay the error bound tells of the path. */
static void test_noise(void **state) {
  (void)state;
  sample_set(&samples[0], METRIC_JITTER, 10 * MS);
  tells("jitter", 30, 0, false);
  (void)fill(NULL);
  samples[0].present &= ~(1U << METRIC_DELAY);
  tells("no delay", 25, 0, true);
  sample_set(&samples[0], METRIC_ERROR_BOUND, 50 * MS);
  tells("error bound", 25, 0, false);
}

/* One bad reply makes a jitter that would excuse any difference. */
static void test_too_noisy(void **state) {
  (void)state;
  sample_set(&samples[0], METRIC_JITTER, 94 * MS);
  tells("much jitter", 250, 0, false);
  tells("much jitter", 150, -120, false);
  tells("much jitter", -250, -124, false);
  tells("much jitter", -250, -125, false);
  tells("much jitter", 250, 500, false);
}

/* Two that agree can be wrong together; and that some did not answer is told. */
static void test_few(void **state) {
  (void)state;
  readings[1].samples.truechimers = 2;
  readings[1].samples.answered = 2;
  tells("two of three", 250, 1, true);
}

/* Nothing to compare. */
static void test_silent(void **state) {
  (void)state;
  assert_int_equal(strlen(note(0, 0)) > 0, 1);
  comparison_write(&report, readings, 1);
  assert_string_equal(report.note, "");
  comparison_write(&report, &readings[1], 1);
  assert_string_equal(report.note, "");
  readings[1].samples.truechimers = 0; /* who is right nobody knows */
  assert_string_equal(note(250, 0), "");
  (void)fill(NULL);
  samples[0].leap = LEAP_UNSYNCHRONISED;
  samples[0].present |= 1U << FIELD_LEAP;
  assert_string_equal(note(250, 0), "");
  (void)fill(NULL);
  samples[0].clock = CLOCK_ELSEWHERE;
  assert_string_equal(note(250, 0), "");
  (void)fill(NULL);
  samples[0].listed = true;
  assert_string_equal(note(250, 0), "");
  (void)fill(NULL);
  samples[0].present = 0;
  assert_string_equal(note(250, 0), "");
  (void)fill(NULL);
  samples[0].value[METRIC_DELAY] = INT64_MAX;
  assert_string_equal(note(250, 0), "");
  (void)fill(NULL);
  readings[0].samples.count = 0;
  assert_string_equal(note(250, 0), "");
}

/* How few answered is the verdict's to tell where it is about that. */
static void test_too_few(void **state) {
  (void)state;
  readings[1].samples.asked = 5;
  readings[1].samples.answered = 1;
  readings[1].samples.truechimers = 1;
  config.min_truechimers = CONFIG_NONE;
  tells("the vote is judged", 0, 0, false);
  config.min_truechimers = 1;
  tells("one is enough", 0, 0, false);
  config.min_truechimers = 0;
}

/* The sources' own notes come first, and are cut to the room there is. */
static void test_sources(void **state) {
  (void)state;
  (void)strcpy(readings[1].samples.note, "falseticker: c.example.org (offset +250ms)");
  tells("a source's note", 0, 0, false);
  static struct reading many[8];
  for (size_t i = 0; i < 8; i++) {
    memset(many[i].samples.note, 'x', sizeof many[i].samples.note - 1);
  }
  comparison_write(&report, many, 8);
  assert_int_equal(strlen(report.note), sizeof report.note - 1);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test_setup(test_table, fill),     cmocka_unit_test_setup(test_noise, fill),
      cmocka_unit_test_setup(test_silent, fill),    cmocka_unit_test_setup(test_few, fill),
      cmocka_unit_test_setup(test_too_noisy, fill), cmocka_unit_test_setup(test_sources, fill),
      cmocka_unit_test_setup(test_too_few, fill),   cmocka_unit_test_setup(test_past, fill),
      cmocka_unit_test_setup(test_drift, fill),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}

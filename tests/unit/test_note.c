/* Tests of note.c: where the fault is, by a time service beside servers asked directly. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "ntp_monitor/config.h"
#include "ntp_monitor/duration.h"
#include "ntp_monitor/note.h"

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
  note_write(&report, readings, 2);
  return report.note;
}

static void test_table(void **state) {
  (void)state;
  static const struct {
    int64_t daemon_ms, servers_ms;
    const char *want;
  } rows[] = {
      {0, 0, "timesyncd and the servers asked directly agree (0)"},
      {0, 1, "timesyncd and the servers asked directly agree (+1ms)"},
      {90, 90, "timesyncd and the servers asked directly agree (+90ms)"},
      {250, 250,
       "the clock is off: timesyncd (+250ms) and the servers asked directly (+250ms) agree on "
       "that"},
      {-251, -250,
       "the clock is off: timesyncd (-251ms) and the servers asked directly (-250ms) agree on "
       "that"},
      {20, -1,
       "the path is asymmetric: timesyncd finds +20ms, the servers asked directly -1ms, and the "
       "delays explain up to 40ms of that"},
      {0, 41,
       "the path is asymmetric: timesyncd finds 0, the servers asked directly +41ms, and the "
       "delays explain up to 40ms of that"},
      {250, 1, "the server lies: that of timesyncd is +250ms off, 3 asked directly find +1ms"},
      {0, -42, "the server lies: that of timesyncd is 0 off, 3 asked directly find -42ms"},
      {0, INT64_C(-7168) * 86400000,
       "the server lies: that of timesyncd is 0 off, 3 asked directly find -7168d"},
  };
  for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
    assert_string_equal(note(rows[i].daemon_ms, rows[i].servers_ms), rows[i].want);
    bool lies = strncmp(rows[i].want, "the server lies", 15) == 0;
    assert_ptr_equal(report.disproved, lies ? &readings[0] : NULL);
  }
}

/* timesyncd's is that of the last reply: it puts the clock right by it. One that was there in the
 * replies before, so that the jitter is small, was not put right. */
static void test_past(void **state) {
  (void)state;
  samples[0].offset_is_past = true;
  sample_set(&samples[0], METRIC_JITTER, 0);
  assert_non_null(strstr(note(1000, 0), "the server lies"));
  sample_set(&samples[0], METRIC_JITTER, 250 * MS);
  sample_set(&samples[1], METRIC_JITTER, 0);
  assert_string_equal(note(1000, -1), "timesyncd found +1s at the last reply and has put the clock "
                                      "right since: the servers asked directly find -1ms");
  assert_null(report.disproved);
  assert_non_null(strstr(note(1000, 1000), "the clock is off"));
  assert_non_null(strstr(note(1000, 2000), "the server lies"));
  assert_ptr_equal(report.disproved, &readings[0]);
  assert_non_null(strstr(note(-1000, 900), "the server lies"));
}

/* A clock drifts between two replies: 50 ppm of half an hour. */
static void test_drift(void **state) {
  (void)state;
  assert_non_null(strstr(note(0, 130), "the server lies"));
  sample_set(&samples[0], METRIC_AGE, 1800 * DURATION_S);
  assert_non_null(strstr(note(0, 130), "the path is asymmetric"));
  assert_non_null(strstr(note(0, 90), "agree"));
  assert_non_null(strstr(note(0, 132), "the server lies"));
}

/* A jitter makes room for differences; without a delay the error bound tells of the path. */
static void test_noise(void **state) {
  (void)state;
  sample_set(&samples[0], METRIC_JITTER, 10 * MS);
  assert_non_null(strstr(note(30, 0), "agree (0)"));
  (void)fill(NULL);
  samples[0].present &= ~(1U << METRIC_DELAY);
  assert_non_null(strstr(note(25, 0), "the server lies"));
  sample_set(&samples[0], METRIC_ERROR_BOUND, 50 * MS);
  assert_non_null(strstr(note(25, 0), "explain up to 45ms"));
}

/* Two that agree can be wrong together; and that some did not answer is told. */
/* One bad reply makes a jitter that would excuse any difference. */
static void test_too_noisy(void **state) {
  (void)state;
  static const char unclear[] = "too much jitter to tell which is right";
  sample_set(&samples[0], METRIC_JITTER, 94 * MS);
  assert_string_equal(note(250, 0),
                      "timesyncd finds +250ms, the servers asked directly 0: too much "
                      "jitter to tell which is right");
  assert_non_null(strstr(note(150, -120), unclear));
  assert_non_null(strstr(note(-250, -124), unclear));
  assert_non_null(strstr(note(-250, -125), "the clock is off"));
  assert_non_null(strstr(note(250, 500), "the clock is off"));
}

static void test_few(void **state) {
  (void)state;
  readings[1].samples.truechimers = 2;
  readings[1].samples.answered = 2;
  assert_string_equal(note(250, 1), "2 of 3 servers gave a usable answer; a server lies: timesyncd "
                                    "finds +250ms, 2 asked directly "
                                    "+1ms; ask 3 or more to know which");
}

/* Nothing to compare. */
static void test_silent(void **state) {
  (void)state;
  assert_int_equal(strlen(note(0, 0)) > 0, 1);
  note_write(&report, readings, 1);
  assert_string_equal(report.note, "");
  note_write(&report, &readings[1], 1);
  assert_string_equal(report.note, "");
  readings[1].samples.truechimers = 0; /* who is right nobody knows */
  assert_string_equal(note(250, 0), "");
  (void)fill(NULL);
  samples[0].leap = LEAP_UNSYNCHRONISED;
  samples[0].present |= 1U << FIELD_LEAP;
  assert_string_equal(note(250, 0), "");
  (void)fill(NULL);
  samples[0].foreign_clock = true;
  assert_string_equal(note(250, 0), "");
  (void)fill(NULL);
  samples[0].bystander = true;
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
  assert_null(strstr(note(0, 0), "usable answer"));
  config.min_truechimers = 1;
  assert_non_null(strstr(note(0, 0), "1 of 5 servers gave a usable answer"));
  config.min_truechimers = 0;
}

/* What the sources say stands before it, and never more than there is room for. */
static void test_sources(void **state) {
  (void)state;
  (void)strcpy(readings[1].samples.note, "falseticker: c.example.org (offset +250ms)");
  assert_string_equal(note(0, 0), "falseticker: c.example.org (offset +250ms); timesyncd and the "
                                  "servers asked directly agree (0)");
  static struct reading many[8];
  for (size_t i = 0; i < 8; i++) {
    memset(many[i].samples.note, 'x', sizeof many[i].samples.note - 1);
  }
  note_write(&report, many, 8);
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

/* Tests of judge.c: what is not of the one server, and each limit that there is. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "ntp_monitor/config.h"
#include "ntp_monitor/duration.h"
#include "ntp_monitor/judge.h"

static struct config config;
static struct reading reading;

static int any_source(const char *text, struct why *why) {
  (void)text;
  (void)why;
  return 0;
}

/* A server with all figures well, asked directly with two others. */
static int fill(void **state) {
  (void)state;
  config_init(&config, any_source);
  reading = (struct reading){.source = "sntp"};
  reading.samples.asked = 3;
  reading.samples.answered = 3;
  reading.samples.truechimers = 3;
  return 0;
}

static struct sample well(void) {
  struct sample sample = {.jitter_kind = JITTER_RMS};
  for (enum metric m = METRIC_JITTER; m < METRIC_COUNT; m++) {
    sample_set(&sample, m, metric_table[m].below ? metric_table[m].most : 1);
  }
  return sample;
}

static void assert_finding(const struct sample *sample, enum verdict verdict, enum reason reason) {
  struct finding finding = judge_sample(sample, &reading, &config, false);
  assert_string_equal(reason_name(finding.reason), reason_name(reason));
  assert_int_equal(finding.verdict, verdict);
  assert_string_equal(finding.source, "sntp");
}

/* Each limit, alone, at its edge and beyond; the sign does not count. */
static void test_limits(void **state) {
  (void)state;
  for (enum metric m = METRIC_JITTER; m < METRIC_COUNT; m++) {
    bool below = metric_table[m].below;
    if (metric_table[m].reason == REASON_OK) {
      continue;
    }
    (void)fill(NULL);
    config.limit[m] = (struct limit){5, below ? 2 : 8};
    static const struct {
      int64_t above, below; /* a value of a limit of either kind */
      enum verdict verdict;
    } rows[] = {{5, 5, VERDICT_OK},       {6, 4, VERDICT_WARNING}, {8, 2, VERDICT_WARNING},
                {9, 1, VERDICT_CRITICAL}, {0, 8, VERDICT_OK},      {1000, 0, VERDICT_CRITICAL}};
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
      struct sample sample = well();
      sample.value[m] = below ? rows[i].below : rows[i].above;
      assert_finding(&sample, rows[i].verdict,
                     rows[i].verdict == VERDICT_OK ? REASON_OK : metric_table[m].reason);
      struct finding finding = judge_sample(&sample, &reading, &config, false);
      assert_int_equal(finding.metric, rows[i].verdict == VERDICT_OK ? METRIC_JITTER : m);
      if (m == METRIC_OFFSET) {
        sample.value[m] = -sample.value[m];
        assert_finding(&sample, rows[i].verdict,
                       rows[i].verdict == VERDICT_OK ? REASON_OK : REASON_OFFSET);
      }
      sample.present &= ~(1U << m); /* unknown, so not judged */
      sample.jitter_kind = JITTER_NONE;
      assert_finding(&sample, VERDICT_OK, REASON_OK);
    }
  }
}

static void test_vote(void **state) {
  (void)state;
  static const struct {
    unsigned asked, answered, truechimers;
    int64_t wanted; /* min_truechimers */
    int64_t least;  /* what that comes to; 0: enough agree */
  } rows[] = {
      {3, 3, 3, CONFIG_NONE, 0}, {3, 3, 2, CONFIG_NONE, 0}, {3, 3, 1, CONFIG_NONE, 2},
      {2, 2, 1, CONFIG_NONE, 2}, {1, 1, 1, CONFIG_NONE, 0}, {4, 4, 2, CONFIG_NONE, 3},
      {5, 4, 3, CONFIG_NONE, 0}, {5, 1, 1, CONFIG_NONE, 3}, {5, 3, 3, CONFIG_NONE, 0},
      {4, 2, 2, CONFIG_NONE, 3}, {2, 1, 1, CONFIG_NONE, 2}, {5, 1, 1, 1, 0},
      {3, 3, 0, CONFIG_NONE, 2}, {5, 2, 2, 3, 3},           {5, 5, 3, 3, 0},
      {0, 0, 0, 3, 0},
  };
  for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
    struct sample sample = well();
    reading.samples.asked = rows[i].asked;
    reading.samples.answered = rows[i].answered;
    reading.samples.truechimers = rows[i].truechimers;
    config.min_truechimers = rows[i].wanted;
    assert_finding(&sample, rows[i].least > 0 ? VERDICT_WARNING : VERDICT_OK,
                   rows[i].least > 0 ? REASON_FALSETICKER : REASON_OK);
    struct finding finding = judge_sample(&sample, &reading, &config, false);
    assert_int_equal(finding.limit, rows[i].least);
  }
}

/* The servers are judged whether they agree or not: more of them soften nothing. */
static void test_vote_and_limits(void **state) {
  (void)state;
  struct sample sample = well();
  sample_set(&sample, METRIC_OFFSET, DURATION_S);
  config.limit[METRIC_OFFSET] = (struct limit){DURATION_MS, 10 * DURATION_MS};
  reading.samples.truechimers = 1;
  assert_finding(&sample, VERDICT_CRITICAL, REASON_OFFSET);
  config.limit[METRIC_OFFSET].critical = CONFIG_NONE;
  assert_finding(&sample, VERDICT_WARNING, REASON_FALSETICKER);
  config.limit[METRIC_OFFSET].critical = 10 * DURATION_MS;
  reading.samples.truechimers = 0;
  assert_finding(&sample, VERDICT_CRITICAL, REASON_OFFSET);
}

/* Servers asked directly prove the time service's wrong. */
static void test_disproved(void **state) {
  (void)state;
  struct sample sample = well();
  reading.samples = (struct samples){.asked = 0};
  assert_int_equal(judge_sample(&sample, &reading, &config, false).verdict, VERDICT_OK);
  struct finding finding = judge_sample(&sample, &reading, &config, true);
  assert_int_equal(finding.verdict, VERDICT_WARNING);
  assert_int_equal(finding.reason, REASON_FALSETICKER);
}

/* A limit that somebody set and no server can be held against is no OK; a default is. */
static void test_unjudged(void **state) {
  (void)state;
  struct sample sample = well();
  sample.present &= ~(1U << METRIC_OFFSET | 1U << METRIC_REACH);
  reading.samples = (struct samples){.items = &sample, .count = 1};
  struct report report = {.config = &config};
  assert_int_equal(judge_report(&report, &reading, 1, 0), 0);
  assert_int_equal(report.verdict, VERDICT_OK);
  judge_free(&report);
  struct why why;
  assert_int_equal(config_set(&config, config_find("monitoring", "reach_threshold"), "4",
                              &config_command_line, &why),
                   0);
  assert_int_equal(judge_report(&report, &reading, 1, 0), 0);
  assert_int_equal(report.verdict, VERDICT_UNKNOWN);
  assert_int_equal(report.reason, REASON_CONFIG);
  assert_int_equal(report.unjudged, 1U << METRIC_REACH);
  judge_free(&report);
  config.stale_after_ns = DURATION_MIN;
  sample.present &= ~(1U << METRIC_AGE);
  assert_int_equal(judge_report(&report, &reading, 1, 0), 0);
  assert_int_equal(report.verdict, VERDICT_UNKNOWN);
  assert_int_equal(report.unjudged, 1U << METRIC_REACH | 1U << METRIC_AGE);
  judge_free(&report);
  assert_int_equal(config_set(&config, config_find("monitoring", "offset_threshold"), "1s",
                              &config_command_line, &why),
                   0); /* set, be it to the default */
  assert_int_equal(judge_report(&report, &reading, 1, 0), 0);
  assert_int_equal(report.unjudged, 1U << METRIC_REACH | 1U << METRIC_AGE | 1U << METRIC_OFFSET);
  judge_free(&report);
  sample.present &= ~(1U << METRIC_JITTER); /* warming up: it may come yet */
  assert_int_equal(judge_report(&report, &reading, 1, 0), 0);
  assert_int_equal(report.verdict, VERDICT_OK);
  judge_free(&report);
}

static void test_rival(void **state) {
  (void)state;
  struct sample sample = well();
  reading.rival = "ntpd";
  assert_finding(&sample, VERDICT_WARNING, REASON_TWO_DAEMONS);
  config.limit[METRIC_STRATUM].critical = 0;
  assert_finding(&sample, VERDICT_CRITICAL, REASON_STRATUM);
  sample.leap = LEAP_UNSYNCHRONISED;
  sample.present |= 1U << FIELD_LEAP;
  assert_finding(&sample, VERDICT_WARNING, REASON_NOT_SYNCHRONISED);
}

/* A daemon that hangs is a warning beside a source that serves; two daemons come before it. */
static void test_sick(void **state) {
  (void)state;
  struct sample sample = well();
  reading.sick.reason = REASON_TIMEOUT;
  assert_finding(&sample, VERDICT_WARNING, REASON_TIMEOUT);
  reading.sick.reason = REASON_BAD_REPLY;
  assert_finding(&sample, VERDICT_WARNING, REASON_BAD_REPLY);
  reading.rival = "ntpd";
  assert_finding(&sample, VERDICT_WARNING, REASON_TWO_DAEMONS);
  config.limit[METRIC_STRATUM].critical = 0;
  assert_finding(&sample, VERDICT_CRITICAL, REASON_STRATUM);
  sample.listed = true;
  assert_finding(&sample, VERDICT_OK, REASON_OK);
}

/* Of equal verdicts the class comes behind the stratum, and is a verdict of its own. */
static void test_clock_class(void **state) {
  (void)state;
  struct sample sample = well();
  sample_set(&sample, METRIC_CLOCK_CLASS, 7);
  config.limit[METRIC_CLOCK_CLASS] = (struct limit){7, 127};
  assert_finding(&sample, VERDICT_OK, REASON_OK);
  sample_set(&sample, METRIC_CLOCK_CLASS, 8);
  assert_finding(&sample, VERDICT_WARNING, REASON_CLOCK_CLASS);
  config.limit[METRIC_DELAY].warning = 0;
  assert_finding(&sample, VERDICT_WARNING, REASON_CLOCK_CLASS);
  config.limit[METRIC_STRATUM].warning = 0;
  assert_finding(&sample, VERDICT_WARNING, REASON_STRATUM);
  sample_set(&sample, METRIC_CLOCK_CLASS, 128);
  assert_finding(&sample, VERDICT_CRITICAL, REASON_CLOCK_CLASS);
}

/* Three replies to the first three polls are as well as can be. */
static void test_starting(void **state) {
  (void)state;
  struct sample sample = well();
  config.limit[METRIC_REACH] = (struct limit){8, 4};
  sample_set(&sample, METRIC_REACH, 3);
  assert_finding(&sample, VERDICT_CRITICAL, REASON_REACH);
  sample.starting = true;
  assert_finding(&sample, VERDICT_OK, REASON_OK);
}

/* A server that is listed only never decides, however bad it is. */
static void test_listed(void **state) {
  (void)state;
  struct sample bad = well();
  bad.listed = true;
  bad.leap = LEAP_UNSYNCHRONISED;
  bad.present |= 1U << FIELD_LEAP;
  sample_set(&bad, METRIC_JITTER, DURATION_D);
  assert_finding(&bad, VERDICT_OK, REASON_OK);
  struct sample good = well();
  struct report report = {.config = &config};
  assert_int_equal(samples_add(&reading.samples, &bad, NULL), 0);
  assert_int_equal(samples_add(&reading.samples, &good, NULL), 0);
  assert_int_equal(samples_add(&reading.samples, &bad, NULL), 0);
  assert_int_equal(judge_report(&report, &reading, 1, 0), 0);
  assert_int_equal(report.verdict, VERDICT_OK);
  assert_int_equal(report.finding_count, 3);
  assert_ptr_equal(report.worst, &report.findings[1]);
  judge_free(&report);
  samples_free(&reading.samples);
}

/* A reading that has no jitter by its kind is healthy; one that has none yet warms up. */
static void test_jitter_kind(void **state) {
  (void)state;
  struct sample sample = well();
  sample.present &= ~(1U << METRIC_JITTER);
  assert_finding(&sample, VERDICT_OK, REASON_WARMING_UP);
  sample.jitter_kind = JITTER_NONE;
  assert_finding(&sample, VERDICT_OK, REASON_OK);
  /* min_replies is about a daemon's count, not about what was asked in this run. */
  sample.replies = 1;
  sample.present |= 1U << FIELD_REPLIES;
  assert_finding(&sample, VERDICT_OK, REASON_WARMING_UP);
  sample.sent = 1;
  sample.present |= 1U << FIELD_SENT;
  assert_finding(&sample, VERDICT_OK, REASON_OK);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test_setup(test_limits, fill),
      cmocka_unit_test_setup(test_vote, fill),
      cmocka_unit_test_setup(test_vote_and_limits, fill),
      cmocka_unit_test_setup(test_rival, fill),
      cmocka_unit_test_setup(test_disproved, fill),
      cmocka_unit_test_setup(test_unjudged, fill),
      cmocka_unit_test_setup(test_sick, fill),
      cmocka_unit_test_setup(test_clock_class, fill),
      cmocka_unit_test_setup(test_starting, fill),
      cmocka_unit_test_setup(test_listed, fill),
      cmocka_unit_test_setup(test_jitter_kind, fill),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}

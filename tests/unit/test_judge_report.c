/* Tests of judge.c: one verdict from several readings, and how it ranks in the log. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include <cmocka.h>

#include "ntp_monitor/config.h"
#include "ntp_monitor/duration.h"
#include "ntp_monitor/judge.h"

/* What a reading gives, a letter a server: OK, warning, critical; or nothing. */
static struct sample server(char kind) {
  struct sample sample = {.present = 1U << METRIC_JITTER};
  sample.value[METRIC_JITTER] = kind == 'c'   ? 6 * DURATION_S
                                : kind == 'w' ? 3 * DURATION_S
                                              : DURATION_S;
  return sample;
}

static struct config limits(void) {
  struct config config = {.min_replies = 2, .stale_after_ns = CONFIG_NONE};
  for (size_t m = 0; m < METRIC_COUNT; m++) {
    config.limit[m] = (struct limit){CONFIG_NONE, CONFIG_NONE};
  }
  config.limit[METRIC_JITTER] = (struct limit){2 * DURATION_S, 5 * DURATION_S};
  return config;
}

struct row {
  const char *readings[4]; /* "" is one that failed */
  unsigned problems;
  enum verdict verdict;
  enum reason reason;
  int worst; /* which finding, from 0; -1: none */
};

static void check(const struct row *row, size_t number) {
  struct config config = limits();
  struct reading readings[4];
  struct report report = {.config = &config};
  size_t count = 0;
  size_t servers = 0;
  for (; count < 4 && row->readings[count] != NULL; count++) {
    readings[count] = (struct reading){.source = "source"};
    readings[count].why.reason = REASON_NO_SERVICE;
    for (const char *kind = row->readings[count]; *kind != '\0'; kind++, servers++) {
      struct sample sample = server(*kind);
      assert_int_equal(samples_add(&readings[count].samples, &sample, NULL), 0);
    }
  }
  assert_int_equal(judge_report(&report, readings, count, row->problems), 0);
  const struct finding *worst = row->worst < 0 ? NULL : &report.findings[row->worst];
  if (report.verdict != row->verdict || report.reason != row->reason || report.worst != worst) {
    fail_msg("row %zu: %s %s, worst %d", number, verdict_name(report.verdict),
             reason_name(report.reason),
             report.worst != NULL ? (int)(report.worst - report.findings) : -1);
  }
  assert_int_equal(report.finding_count, servers);
  judge_free(&report);
  assert_null(report.findings);
  assert_int_equal(report.finding_count, 0);
  for (size_t i = 0; i < count; i++) {
    samples_free(&readings[i].samples);
  }
}

static void test_worst(void **state) {
  (void)state;
  static const struct row rows[] = {
      {{"o"}, 0, VERDICT_OK, REASON_OK, 0},
      {{"w"}, 0, VERDICT_WARNING, REASON_JITTER, 0},
      {{"c"}, 0, VERDICT_CRITICAL, REASON_JITTER, 0},
      {{""}, 0, VERDICT_UNKNOWN, REASON_NO_SERVICE, -1},
      {{"owo"}, 0, VERDICT_WARNING, REASON_JITTER, 1},
      {{"owcw"}, 0, VERDICT_CRITICAL, REASON_JITTER, 2},
      {{"oww"}, 0, VERDICT_WARNING, REASON_JITTER, 1},
      {{"oo"}, 0, VERDICT_OK, REASON_OK, 0},
      {{"o", "c", "w"}, 0, VERDICT_CRITICAL, REASON_JITTER, 1},
      {{"o", ""}, 0, VERDICT_UNKNOWN, REASON_NO_SERVICE, -1},
      {{"", "o"}, 0, VERDICT_UNKNOWN, REASON_NO_SERVICE, -1},
      {{"", "w"}, 0, VERDICT_WARNING, REASON_JITTER, 0},
      {{"w", ""}, 0, VERDICT_WARNING, REASON_JITTER, 0},
      {{"", "", "c", ""}, 0, VERDICT_CRITICAL, REASON_JITTER, 0},
      {{"", ""}, 0, VERDICT_UNKNOWN, REASON_NO_SERVICE, -1},
  };
  for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
    check(&rows[i], i);
  }
}

/* A bad configuration spoils an OK and nothing else. */
static void test_config_problems(void **state) {
  (void)state;
  static const struct row rows[] = {
      {{"o"}, 1, VERDICT_UNKNOWN, REASON_CONFIG, 0},
      {{"oo"}, 7, VERDICT_UNKNOWN, REASON_CONFIG, 0},
      {{"w"}, 1, VERDICT_WARNING, REASON_JITTER, 0},
      {{"c"}, 1, VERDICT_CRITICAL, REASON_JITTER, 0},
      {{""}, 1, VERDICT_UNKNOWN, REASON_NO_SERVICE, -1},
  };
  for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
    check(&rows[i], i);
  }
}

/* No reading at all is not a healthy clock. */
static void test_no_readings(void **state) {
  (void)state;
  struct config config = limits();
  struct report report = {.config = &config};
  assert_int_equal(judge_report(&report, NULL, 0, 0), 0);
  assert_int_not_equal(report.verdict, VERDICT_OK);
  judge_free(&report);
}

static void test_whose_it_is(void **state) {
  (void)state;
  struct config config = limits();
  struct report report = {.config = &config};
  struct reading readings[2] = {{.source = "first"}, {.source = "second"}};
  struct sample sample = server('w');
  assert_int_equal(samples_add(&readings[0].samples, &sample, NULL), 0);
  assert_int_equal(samples_add(&readings[1].samples, &sample, NULL), 0);
  assert_int_equal(judge_report(&report, readings, 2, 0), 0);
  assert_string_equal(report.findings[0].source, "first");
  assert_string_equal(report.findings[1].source, "second");
  assert_ptr_equal(report.findings[1].sample, readings[1].samples.items);
  judge_free(&report);
  samples_free(&readings[0].samples);
  samples_free(&readings[1].samples);
}

static void test_severity(void **state) {
  (void)state;
  static const struct {
    enum verdict verdict;
    enum reason reason;
    enum severity want;
  } rows[] = {
      {VERDICT_OK, REASON_OK, SEVERITY_INFO},
      {VERDICT_OK, REASON_WARMING_UP, SEVERITY_INFO},
      {VERDICT_WARNING, REASON_JITTER, SEVERITY_WARNING},
      {VERDICT_CRITICAL, REASON_JITTER, SEVERITY_CRITICAL},
      {VERDICT_UNKNOWN, REASON_NO_BUS, SEVERITY_WARNING},
      {VERDICT_UNKNOWN, REASON_TIMEOUT, SEVERITY_WARNING},
      {VERDICT_UNKNOWN, REASON_CONFIG, SEVERITY_ERROR},
  };
  for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
    struct report report = {.verdict = rows[i].verdict, .reason = rows[i].reason};
    assert_int_equal(judge_severity(&report), rows[i].want);
  }
}

static void test_names(void **state) {
  (void)state;
  static const char *const names[] = {"OK", "WARNING", "CRITICAL", "UNKNOWN"};
  static const char *const words[] = {"ok", "warning", "critical", "unknown"};
  for (enum verdict verdict = VERDICT_OK; verdict <= VERDICT_UNKNOWN; verdict++) {
    assert_string_equal(verdict_name(verdict), names[verdict]); /* the number is the status */
    assert_string_equal(verdict_word(verdict), words[verdict]);
  }
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(test_worst),       cmocka_unit_test(test_config_problems),
      cmocka_unit_test(test_no_readings), cmocka_unit_test(test_whose_it_is),
      cmocka_unit_test(test_severity),    cmocka_unit_test(test_names),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}

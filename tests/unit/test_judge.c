/* Tests of judge.c: the verdict on one sample, reason by reason. */
#include <inttypes.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include <cmocka.h>

#include "ntp_monitor/config.h"
#include "ntp_monitor/duration.h"
#include "ntp_monitor/judge.h"

enum { MS = 1000000 };
#define S DURATION_S
#define HAS(x) (1U << (x))
#define ALL (HAS(METRIC_JITTER) | HAS(METRIC_OFFSET) | HAS(METRIC_ROOT_DISTANCE) | HAS(METRIC_AGE))
#define COUNTED HAS(FIELD_REPLIES)

/* A sample, the limits (0: off; jitter's warning is 2 s then), and the verdict. */
struct row {
  const char *what;
  unsigned present;
  int64_t jitter_ns, offset_ns, root_ns, age_ns, poll_ns;
  uint64_t replies;
  bool foreign, past; /* past: timesyncd's */
  int64_t jitter_critical_ns, offset_warning_ns, offset_critical_ns, root_warning_ns,
      root_critical_ns, stale_ns;
  enum verdict verdict;
  enum reason reason;
  enum metric metric;
  int64_t limit_ns;
};

/* Nothing is said of the others, or of another daemon. */
static const struct reading one = {.source = "timesyncd"};

static int64_t or_none(int64_t limit_ns) {
  return limit_ns == 0 ? CONFIG_NONE : limit_ns;
}

static void check(const struct row *row) {
  struct config config = {.min_replies = 2, .stale_after_ns = or_none(row->stale_ns)};
  for (size_t m = 0; m < METRIC_COUNT; m++) {
    config.limit[m] = (struct limit){CONFIG_NONE, CONFIG_NONE};
  }
  config.limit[METRIC_JITTER] = (struct limit){2 * S, or_none(row->jitter_critical_ns)};
  config.limit[METRIC_OFFSET] =
      (struct limit){or_none(row->offset_warning_ns), or_none(row->offset_critical_ns)};
  config.limit[METRIC_ROOT_DISTANCE] =
      (struct limit){or_none(row->root_warning_ns), or_none(row->root_critical_ns)};
  struct sample sample = {.present = row->present,
                          .jitter_kind = JITTER_RMS8,
                          .poll_interval_ns = row->poll_ns,
                          .replies = row->replies,
                          .clock = row->foreign ? CLOCK_ELSEWHERE : CLOCK_SYSTEM,
                          .offset_is_past = row->past};
  sample.value[METRIC_JITTER] = row->jitter_ns;
  sample.value[METRIC_OFFSET] = row->offset_ns;
  sample.value[METRIC_ROOT_DISTANCE] = row->root_ns;
  sample.value[METRIC_AGE] = row->age_ns;
  if (row->poll_ns > 0) {
    sample.present |= HAS(FIELD_POLL_INTERVAL);
  }
  struct finding finding = judge_sample(&sample, &one, &config, false);
  assert_ptr_equal(finding.sample, &sample);
  if (finding.verdict != row->verdict || finding.reason != row->reason ||
      (row->limit_ns != 0 && (finding.limit != row->limit_ns || finding.metric != row->metric))) {
    fail_msg("%s: %s %s, metric %d, limit %" PRId64, row->what, verdict_name(finding.verdict),
             reason_name(finding.reason), (int)finding.metric, finding.limit);
  }
}

static void check_rows(const struct row *rows, size_t count) {
  for (size_t i = 0; i < count; i++) {
    check(&rows[i]);
  }
}
#define CHECK(rows) check_rows(rows, sizeof rows / sizeof *(rows))

/* Without a jitter nothing was compared: OK, but not healthy. */
#define WARMS .verdict = VERDICT_OK, .reason = REASON_WARMING_UP
#define OK .verdict = VERDICT_OK, .reason = REASON_OK
#define WARNS(why, which, limit) \
  .verdict = VERDICT_WARNING, .reason = (why), .metric = (which), .limit_ns = (limit)
#define CRITICAL(why, which, limit) \
  .verdict = VERDICT_CRITICAL, .reason = (why), .metric = (which), .limit_ns = (limit)

static void test_jitter(void **state) {
  (void)state;
  static const struct row rows[] = {
      {"nothing known", .present = 0, WARMS},
      {"zero", .present = ALL, OK},
      {"at the limit", .present = ALL, .jitter_ns = 2 * S, OK},
      {"above", .present = ALL, .jitter_ns = 2 * S + 1, WARNS(REASON_JITTER, METRIC_JITTER, 2 * S)},
      {"unknown", .present = 0, .jitter_ns = 3 * S, WARMS},
      {"at critical", .present = ALL, .jitter_ns = 5 * S, .jitter_critical_ns = 5 * S,
       WARNS(REASON_JITTER, METRIC_JITTER, 2 * S)},
      {"above critical", .present = ALL, .jitter_ns = 5 * S + 1, .jitter_critical_ns = 5 * S,
       CRITICAL(REASON_JITTER, METRIC_JITTER, 5 * S)},
      {"critical below warning", .present = ALL, .jitter_ns = 2 * S, .jitter_critical_ns = S,
       CRITICAL(REASON_JITTER, METRIC_JITTER, S)},
  };
  CHECK(rows);
}

static void test_offset_and_root_distance(void **state) {
  (void)state;
  static const struct row rows[] = {
      {"offset, no limit", .present = ALL, .offset_ns = 60 * MS, OK},
      {"at the limit", .present = ALL, .offset_ns = -MS, .offset_warning_ns = MS, OK},
      {"behind", .present = ALL, .offset_ns = MS + 1, .offset_warning_ns = MS,
       WARNS(REASON_OFFSET, METRIC_OFFSET, MS)},
      {"ahead", .present = ALL, .offset_ns = -MS - 1, .offset_warning_ns = MS,
       WARNS(REASON_OFFSET, METRIC_OFFSET, MS)},
      {"ahead, critical alone", .present = ALL, .offset_ns = -MS - 1, .offset_critical_ns = MS,
       CRITICAL(REASON_OFFSET, METRIC_OFFSET, MS)},
      {"offset unknown", .present = HAS(METRIC_JITTER), .offset_ns = S, .offset_warning_ns = MS,
       OK},
      {"root, no limit", .present = ALL, .root_ns = S, OK},
      {"root at the limit", .present = ALL, .root_ns = MS, .root_warning_ns = MS, OK},
      {"root above", .present = ALL, .root_ns = MS + 1, .root_warning_ns = MS,
       WARNS(REASON_ROOT_DISTANCE, METRIC_ROOT_DISTANCE, MS)},
      {"root critical", .present = ALL, .root_ns = MS + 1, .root_critical_ns = MS,
       CRITICAL(REASON_ROOT_DISTANCE, METRIC_ROOT_DISTANCE, MS)},
      {"offset before jitter", .present = ALL, .jitter_ns = 3 * S, .offset_ns = S,
       .offset_warning_ns = MS, WARNS(REASON_OFFSET, METRIC_OFFSET, MS)},
      {"both critical", .present = ALL, .jitter_ns = 9 * S, .jitter_critical_ns = 5 * S,
       .offset_ns = S, .offset_critical_ns = MS, CRITICAL(REASON_OFFSET, METRIC_OFFSET, MS)},
      {"the worse one", .present = ALL, .jitter_ns = 3 * S, .offset_ns = S,
       .offset_critical_ns = MS, CRITICAL(REASON_OFFSET, METRIC_OFFSET, MS)},
      {"offset before root", .present = ALL, .offset_ns = S, .offset_warning_ns = MS, .root_ns = S,
       .root_warning_ns = MS, WARNS(REASON_OFFSET, METRIC_OFFSET, MS)},
  };
  CHECK(rows);
}

static void test_stale(void **state) {
  (void)state;
  static const struct row rows[] = {
      {"auto, short interval", .present = ALL, .age_ns = 60 * S, .poll_ns = S, OK},
      {"beyond a minute", .present = ALL, .age_ns = 60 * S + 1000, .poll_ns = S,
       WARNS(REASON_STALE, METRIC_AGE, 60 * S)},
      {"three intervals", .present = ALL, .age_ns = 96 * S, .poll_ns = 32 * S, OK},
      {"beyond three", .present = ALL, .age_ns = 96 * S + 1000, .poll_ns = 32 * S,
       WARNS(REASON_STALE, METRIC_AGE, 96 * S)},
      {"interval unknown", .present = ALL, .age_ns = 6144 * S, OK},
      {"interval unknown, beyond", .present = ALL, .age_ns = 6144 * S + 1000,
       WARNS(REASON_STALE, METRIC_AGE, 6144 * S)},
      {"set", .present = ALL, .age_ns = 10 * S, .poll_ns = 32 * S, .stale_ns = 10 * S, OK},
      {"beyond what is set", .present = ALL, .age_ns = 10 * S + 1000, .poll_ns = 32 * S,
       .stale_ns = 10 * S, WARNS(REASON_STALE, METRIC_AGE, 10 * S)},
      {"age unknown", .present = HAS(METRIC_JITTER), .age_ns = 9000 * S, .poll_ns = S, OK},
      {"before jitter", .present = ALL, .age_ns = 97 * S, .poll_ns = 32 * S, .jitter_ns = 3 * S,
       WARNS(REASON_STALE, METRIC_AGE, 96 * S)},
      {"not before critical", .present = ALL, .age_ns = 97 * S, .poll_ns = 32 * S,
       .jitter_ns = 3 * S, .jitter_critical_ns = 3 * S - 1,
       CRITICAL(REASON_JITTER, METRIC_JITTER, 3 * S - 1)},
      {"at most a day", .present = ALL, .age_ns = 86400 * S, .poll_ns = 131072 * S, OK},
      {"beyond a day", .present = ALL, .age_ns = 86400 * S + 1000, .poll_ns = 131072 * S,
       WARNS(REASON_STALE, METRIC_AGE, 86400 * S)},
  };
  CHECK(rows);
}

#define PAST .present = ALL | COUNTED, .past = true, .poll_ns = 32 * S
enum { LATE_S = 32 + 13 * 60 };

/* timesyncd's first reply after a start may have put the clock forward or back since. */
static void test_past(void **state) {
  (void)state;
  static const struct row rows[] = {
      {"a poll and 13 min", PAST, .replies = 9, .age_ns = LATE_S * S, OK},
      {"beyond", PAST, .replies = 9, .age_ns = LATE_S * S + 1000,
       WARNS(REASON_STALE, METRIC_AGE, LATE_S * S)},
      {"a poll of a year counts for a week", .present = ALL | COUNTED, .past = true, .replies = 9,
       .poll_ns = 365 * DURATION_D, .age_ns = 7 * DURATION_D + 780 * S, OK},
      {"beyond the week", .present = ALL | COUNTED, .past = true, .replies = 9,
       .poll_ns = 365 * DURATION_D, .age_ns = 7 * DURATION_D + 781 * S,
       WARNS(REASON_STALE, METRIC_AGE, 7 * DURATION_D + 780 * S)},
      {"interval unknown", .present = ALL, .past = true, .age_ns = (2048 + 780) * S, OK},
      {"interval unknown, beyond", .present = ALL, .past = true, .age_ns = (2048 + 781) * S,
       WARNS(REASON_STALE, METRIC_AGE, (2048 + 780) * S)},
      {"put forward", PAST, .replies = 1, .age_ns = (3600 + LATE_S) * S, .offset_ns = 3600 * S,
       WARMS},
      {"and stale all the same", PAST, .replies = 1, .age_ns = (3601 + LATE_S) * S,
       .offset_ns = 3600 * S, WARNS(REASON_STALE, METRIC_AGE, LATE_S * S)},
      {"as early as it can be then", PAST, .replies = 1, .age_ns = 3599 * S, .offset_ns = 3600 * S,
       WARMS},
      {"it was not put forward", PAST, .replies = 1, .age_ns = 3599 * S - 1000,
       .offset_ns = 3600 * S, WARNS(REASON_STALE, METRIC_AGE, LATE_S * S)},
      {"not by a later reply", PAST, .replies = 2, .age_ns = 3600 * S, .offset_ns = 3600 * S,
       WARNS(REASON_STALE, METRIC_AGE, LATE_S * S)},
      {"put back does not count", PAST, .replies = 1, .age_ns = (LATE_S + 1) * S,
       .offset_ns = -3600 * S, WARNS(REASON_STALE, METRIC_AGE, LATE_S * S)},
      {"as far as the offset went", PAST, .replies = 1, .age_ns = -3601 * S, .offset_ns = -3600 * S,
       WARMS},
      {"further", PAST, .replies = 1, .age_ns = -3601 * S - 1000, .offset_ns = -3600 * S,
       WARNS(REASON_STALE, METRIC_AGE, LATE_S * S)},
      {"either way", PAST, .replies = 1, .age_ns = -3601 * S, .offset_ns = 3600 * S, WARMS},
      {"set back since a later reply", PAST, .replies = 9, .age_ns = -3000 * S,
       .offset_ns = 3600 * S, WARNS(REASON_STALE, METRIC_AGE, LATE_S * S)},
      {"the boot's correction", PAST, .replies = 1, .offset_ns = 3600 * S, .offset_warning_ns = S,
       WARMS},
      {"not put right", PAST, .replies = 2, .offset_ns = 3600 * S, .offset_warning_ns = S,
       WARNS(REASON_OFFSET, METRIC_OFFSET, S)},
  };
  CHECK(rows);
}

static void test_future(void **state) {
  (void)state;
  static const struct row rows[] = {
      {"a second", .present = ALL, .age_ns = -S, OK},
      {"more than that", .present = ALL, .age_ns = -S - 1000,
       WARNS(REASON_STALE, METRIC_AGE, 6144 * S)},
      {"by no offset", .present = ALL, .age_ns = -2 * S, .offset_ns = -3600 * S,
       WARNS(REASON_STALE, METRIC_AGE, 6144 * S)},
      {"another machine's clock", .present = ALL, .age_ns = -60 * S, .foreign = true, OK},
      {"beyond a minute", .present = ALL, .age_ns = -60 * S - 1000, .foreign = true,
       WARNS(REASON_STALE, METRIC_AGE, 6144 * S)},
      {"offset unknown", .present = HAS(METRIC_AGE), .age_ns = -2 * S, .offset_ns = -3600 * S,
       WARNS(REASON_STALE, METRIC_AGE, 6144 * S)},
  };
  CHECK(rows);
}

static void test_warming_up(void **state) {
  (void)state;
  static const struct row rows[] = {
      {"one of two", .present = ALL | COUNTED, .replies = 1, .jitter_ns = 9 * S,
       .verdict = VERDICT_OK, .reason = REASON_WARMING_UP},
      {"not even critical", .present = ALL | COUNTED, .replies = 1, .jitter_ns = 9 * S,
       .jitter_critical_ns = 3 * S, .verdict = VERDICT_OK, .reason = REASON_WARMING_UP},
      {"two of two", .present = ALL | COUNTED, .replies = 2, .jitter_ns = 9 * S,
       WARNS(REASON_JITTER, METRIC_JITTER, 2 * S)},
      {"the offset counts", .present = ALL | COUNTED, .replies = 1, .offset_ns = S,
       .offset_warning_ns = MS, WARNS(REASON_OFFSET, METRIC_OFFSET, MS)},
      {"the root distance counts", .present = ALL | COUNTED, .replies = 1, .root_ns = S,
       .root_warning_ns = MS, WARNS(REASON_ROOT_DISTANCE, METRIC_ROOT_DISTANCE, MS)},
      {"the age counts", .present = ALL | COUNTED, .replies = 1, .age_ns = 7000 * S,
       WARNS(REASON_STALE, METRIC_AGE, 6144 * S)},
      {"not counted", .present = ALL, .replies = 0, .jitter_ns = S, OK},
      {"none at all", .present = COUNTED, .replies = 0, .verdict = VERDICT_WARNING,
       .reason = REASON_NOT_SYNCHRONISED},
      {"none, whatever else", .present = ALL | COUNTED, .replies = 0, .jitter_ns = 9 * S,
       .jitter_critical_ns = S, .verdict = VERDICT_WARNING, .reason = REASON_NOT_SYNCHRONISED},
      {"very many", .present = ALL | COUNTED, .replies = UINT64_MAX, OK},
  };
  CHECK(rows);
}

static void test_leap(void **state) {
  (void)state;
  struct config config = {.min_replies = 2, .stale_after_ns = CONFIG_NONE};
  for (size_t m = 0; m < METRIC_COUNT; m++) {
    config.limit[m] = (struct limit){CONFIG_NONE, CONFIG_NONE};
  }
  config.limit[METRIC_JITTER] = (struct limit){2 * S, 3 * S};
  for (enum leap leap = LEAP_NONE; leap <= LEAP_UNSYNCHRONISED; leap++) {
    struct sample sample = {.present = HAS(FIELD_LEAP) | ALL, .leap = leap};
    bool bad = leap == LEAP_UNSYNCHRONISED;
    struct finding finding = judge_sample(&sample, &one, &config, false);
    assert_int_equal(finding.verdict, bad ? VERDICT_WARNING : VERDICT_OK);
    assert_int_equal(finding.reason, bad ? REASON_NOT_SYNCHRONISED : REASON_OK);
    sample.present = ALL; /* unknown, so it does not count */
    assert_int_equal(judge_sample(&sample, &one, &config, false).reason, REASON_OK);
  }
}

/* An offset that the service took for an outlier was not applied. */
static void test_outlier(void **state) {
  (void)state;
  struct config config = {.min_replies = 2, .stale_after_ns = CONFIG_NONE};
  for (size_t m = 0; m < METRIC_COUNT; m++) {
    config.limit[m] = (struct limit){CONFIG_NONE, CONFIG_NONE};
  }
  config.limit[METRIC_OFFSET] = (struct limit){MS, S};
  config.limit[METRIC_ERROR_BOUND] = (struct limit){MS, S};
  struct sample sample = {.present = ALL | HAS(METRIC_ERROR_BOUND) | HAS(FIELD_SPIKE),
                          .value = {[METRIC_OFFSET] = 2 * S, [METRIC_ERROR_BOUND] = 2 * S}};
  assert_int_equal(judge_sample(&sample, &one, &config, false).verdict, VERDICT_CRITICAL);
  sample.spike = true;
  assert_int_equal(judge_sample(&sample, &one, &config, false).verdict, VERDICT_OK);
}

/* A step that is to come is critical, however the service calls itself; all reasons are told. */
static void test_unsynchronised_and_off(void **state) {
  (void)state;
  struct config config = {.min_replies = 2, .stale_after_ns = CONFIG_NONE};
  for (size_t m = 0; m < METRIC_COUNT; m++) {
    config.limit[m] = (struct limit){CONFIG_NONE, CONFIG_NONE};
  }
  config.limit[METRIC_OFFSET] = (struct limit){MS, S};
  struct sample sample = {.present = HAS(FIELD_LEAP) | ALL,
                          .leap = LEAP_UNSYNCHRONISED,
                          .value = {[METRIC_OFFSET] = S}};
  struct finding finding = judge_sample(&sample, &one, &config, false);
  assert_int_equal(finding.reason, REASON_NOT_SYNCHRONISED);
  assert_int_equal(finding.reasons, HAS(REASON_NOT_SYNCHRONISED) | HAS(REASON_OFFSET));
  sample.value[METRIC_OFFSET] = -S - 1;
  finding = judge_sample(&sample, &one, &config, false);
  assert_int_equal(finding.verdict, VERDICT_CRITICAL);
  assert_int_equal(finding.reason, REASON_OFFSET);
  assert_int_equal(finding.reasons, HAS(REASON_NOT_SYNCHRONISED) | HAS(REASON_OFFSET));
}

static void test_min_replies(void **state) {
  (void)state;
  struct config config = {.min_replies = 9, .stale_after_ns = CONFIG_NONE};
  config.limit[METRIC_JITTER] = (struct limit){S, CONFIG_NONE};
  struct sample sample = {.present = ALL | COUNTED, .value = {[METRIC_JITTER] = 2 * S}};
  sample.replies = 8;
  assert_int_equal(judge_sample(&sample, &one, &config, false).reason, REASON_WARMING_UP);
  sample.replies = 9;
  assert_int_equal(judge_sample(&sample, &one, &config, false).reason, REASON_JITTER);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(test_jitter),  cmocka_unit_test(test_offset_and_root_distance),
      cmocka_unit_test(test_stale),   cmocka_unit_test(test_past),
      cmocka_unit_test(test_future),  cmocka_unit_test(test_warming_up),
      cmocka_unit_test(test_leap),    cmocka_unit_test(test_min_replies),
      cmocka_unit_test(test_outlier), cmocka_unit_test(test_unsynchronised_and_off),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}

/* Tests of format/prometheus.c: families, labels and their escapes, and what is left out. */
#include <string.h>

#include "tests/unit/printed.h"

static struct example example;

static int fill(void **state) {
  (void)state;
  example_fill(&example);
  return 0;
}

/* The example is printed as these texts, one behind the other. */
#define assert_page(...) assert_texts((const char *const[]){__VA_ARGS__, NULL})

static void assert_texts(const char *const texts[]) {
  char want[8192] = "";
  for (; *texts != NULL; texts++) {
    (void)strcat(want, *texts);
  }
  assert_printed(&format_prometheus, &example.report, false, want);
  assert_printed(&format_prometheus, &example.report, true, want); /* never coloured */
}

#define HEAD(name, help) "# HELP ntp_monitor_" name " " help "\n# TYPE ntp_monitor_" name " gauge\n"
#define VERDICT HEAD("verdict", "Exit status: 0 OK, 1 WARNING, 2 CRITICAL, 3 UNKNOWN.")
#define REASON HEAD("reason", "Why the verdict is what it is: 1 for each reason that applies.")
#define JITTER HEAD("jitter_seconds", "Spread of the offsets, of the kind in server_info.")
#define OFFSET \
  HEAD("offset_seconds", "Offset at the last reply; positive: the local clock was behind.")
#define DELAY HEAD("delay_seconds", "Round trip of the last reply.")
#define DISTANCE HEAD("root_distance_seconds", "How far from true time the server may be.")
#define BOUND HEAD("error_bound_seconds", "How wrong the local clock can be.")
#define POLL HEAD("poll_interval_seconds", "Time between two requests at present.")
#define UPDATE HEAD("last_update_timestamp_seconds", "When the last reply came.")
#define STRATUM HEAD("stratum", "Distance of the server from a reference clock.")
#define REACH HEAD("reach_ratio", "Share of the last 8 polls that got a reply.")
#define LEAP HEAD("leap", "Leap second: 0 none, 1 insert, 2 delete, 3 not synchronised.")
#define REPLIES HEAD("replies", "Replies since the time service was started, or of this run.")
#define INFO HEAD("server_info", "A server, its state in the time service, and its kind of jitter.")
#define LIMITS \
  HEAD("limit_seconds", "Limit of the figure that limit names; above it the state is level.")
#define LIMIT_STRATUM HEAD("limit_stratum", "Limit of the stratum; above it the state is level.")
#define CLASS \
  HEAD("clock_class", "Class of the PTP grandmaster's clock; 6: it follows a primary reference.")
#define LIMIT_CLASS \
  HEAD("limit_clock_class", "Limit of the clock class; above it the state is level.")
#define LIMIT_REACH HEAD("limit_reach_ratio", "Limit of the reach; below it the state is level.")
#define LAST HEAD("last_run_timestamp_seconds", "When this was measured.")
#define TOOK HEAD("run_duration_seconds", "How long measuring and judging took.")
#define BUILD HEAD("build_info", "The version of ntp_monitor.")

/* What is the same in most reports. */
#define BEGIN \
  VERDICT, "ntp_monitor_verdict 1\n", REASON, "ntp_monitor_reason{reason=\"jitter\"} 1\n"
#define END                                                                    \
  LAST, "ntp_monitor_last_run_timestamp_seconds 1795237878.010060123\n", TOOK, \
      "ntp_monitor_run_duration_seconds 0.012345\n", BUILD,                    \
      "ntp_monitor_build_info{version=\"1.2.3\"} 1\n"
#define LIMIT LIMITS, "ntp_monitor_limit_seconds{limit=\"jitter\",level=\"warning\"} 2\n"

/* A line of a server. */
#define LINE(name, server, value) \
  "ntp_monitor_" name "{source=\"timesyncd\",server=\"" server "\"} " value "\n"
#define ABOUT(server, address, state, kind)                                               \
  "ntp_monitor_server_info{source=\"timesyncd\",server=\"" server "\",address=\"" address \
  "\",state=\"" state "\",jitter_kind=\"" kind "\"} 1\n"

static void test_whole(void **state) {
  (void)state;
#define OF(name, value) LINE(name, "ntp.example.org", value)
  assert_page(BEGIN, JITTER, OF("jitter_seconds", "2.15"), OFFSET, OF("offset_seconds", "0.000023"),
              DELAY, OF("delay_seconds", "0.000069"), DISTANCE,
              OF("root_distance_seconds", "0.0001"), BOUND, OF("error_bound_seconds", "0.0001575"),
              POLL, OF("poll_interval_seconds", "32"), UPDATE,
              OF("last_update_timestamp_seconds", "1795237865.710060123"), STRATUM,
              OF("stratum", "2"), LEAP, OF("leap", "0"), REPLIES, OF("replies", "10"), INFO,
              ABOUT("ntp.example.org", "192.0.2.1", "", "rms8"), LIMIT, END);
}

/* Families without lines are left out, help and all. */
static void test_no_reading(void **state) {
  (void)state;
  example.report.finding_count = 0;
  example.report.worst = NULL;
  example.report.verdict = VERDICT_UNKNOWN;
  example.report.reason = REASON_NO_BUS;
  example.report.reasons = 1U << REASON_NO_BUS;
  example.report.exit_status = 3;
  example.config.limit[METRIC_JITTER].warning = CONFIG_NONE;
  assert_page(VERDICT, "ntp_monitor_verdict 3\n", REASON,
              "ntp_monitor_reason{reason=\"no-bus\"} 1\n", END);
}

/* The number is the exit status; the last line reached no log. */
static void test_verdicts(void **state) {
  (void)state;
  static const struct {
    enum verdict verdict;
    int exit_status;
    const char *want;
  } rows[] = {{VERDICT_OK, 0, "ntp_monitor_verdict 0\n"},
              {VERDICT_CRITICAL, 2, "ntp_monitor_verdict 2\n"},
              {VERDICT_CRITICAL, 3, "ntp_monitor_verdict 3\n"}};
  example.report.finding_count = 0;
  for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
    example.report.verdict = rows[i].verdict;
    example.report.exit_status = rows[i].exit_status;
    assert_page(VERDICT, rows[i].want, REASON, "ntp_monitor_reason{reason=\"jitter\"} 1\n", LIMIT,
                END);
  }
}

static void test_unknown(void **state) {
  (void)state;
  example.samples[0] = (struct sample){.jitter_kind = JITTER_NONE};
  assert_page(BEGIN, INFO, ABOUT("", "", "", ""), LIMIT, END);
}

static void test_values(void **state) {
  (void)state;
  struct sample *sample = &example.samples[0];
  *sample = (struct sample){.address = "192.0.2.1", .state = STATE_JITTERY};
  sample_set(sample, METRIC_JITTER, INT64_MAX);
  sample_set(sample, METRIC_OFFSET, INT64_MIN);
  sample_set(sample, METRIC_DELAY, 0);
  sample_set(sample, METRIC_AGE, -1);
  sample_set(sample, METRIC_STRATUM, 16);
  sample_set(sample, METRIC_REACH, 7);
  sample_set(sample, METRIC_CLOCK_CLASS, 248);
  sample->present |= 1U << FIELD_POLL_INTERVAL | 1U << FIELD_LEAP | 1U << FIELD_REPLIES;
  sample->poll_interval_ns = 1;
  sample->leap = LEAP_UNSYNCHRONISED;
  sample->replies = UINT64_MAX;
#define HERE(name, value) LINE(name, "192.0.2.1", value)
  assert_page(BEGIN, JITTER, HERE("jitter_seconds", "9223372036.854775807"), OFFSET,
              HERE("offset_seconds", "-9223372036.854775808"), DELAY, HERE("delay_seconds", "0"),
              POLL, HERE("poll_interval_seconds", "0.000000001"), UPDATE,
              HERE("last_update_timestamp_seconds", "1795237878.010060124"), STRATUM,
              HERE("stratum", "16"), REACH, HERE("reach_ratio", "0.875"), CLASS,
              HERE("clock_class", "248"), LEAP, HERE("leap", "3"), REPLIES,
              HERE("replies", "18446744073709551615"), INFO,
              ABOUT("192.0.2.1", "192.0.2.1", "jittery", ""), LIMIT, END);
}

/* An age that ends before time begins is as good as unknown. */
static void test_no_such_time(void **state) {
  (void)state;
  example.samples[0] = (struct sample){.server = "a"};
  sample_set(&example.samples[0], METRIC_AGE, INT64_MIN);
  assert_page(BEGIN, INFO, ABOUT("a", "", "", ""), LIMIT, END);
}

/* Bystanders are series, too; a family's lines stand together; twins are told apart. */
static void test_several(void **state) {
  (void)state;
  example.report.finding_count = 3;
  for (size_t i = 0; i < 3; i++) {
    example.samples[i] = (struct sample){.server = "pool", .listed = i > 0};
    sample_set(&example.samples[i], METRIC_OFFSET, (int64_t)i);
    sample_set(&example.samples[i], METRIC_REACH, (int64_t)i);
  }
  example.samples[1].present = 1U << METRIC_OFFSET;
  (void)strcpy(example.samples[1].address, "192.0.2.1");
  example.samples[1].state = STATE_FALSETICKER;
  example.samples[1].jitter_kind = JITTER_STDDEV;
  assert_page(BEGIN, OFFSET, LINE("offset_seconds", "pool", "0"),
              LINE("offset_seconds", "pool (192.0.2.1)", "0.000000001"),
              LINE("offset_seconds", "pool #2", "0.000000002"), REACH,
              LINE("reach_ratio", "pool", "0"), LINE("reach_ratio", "pool #2", "0.25"), INFO,
              ABOUT("pool", "", "", ""),
              ABOUT("pool (192.0.2.1)", "192.0.2.1", "falseticker", "stddev"),
              ABOUT("pool #2", "", "", ""), LIMIT, END);
}

/* The one that decided comes first. */
static void test_reasons(void **state) {
  (void)state;
  example.report.finding_count = 0;
  example.report.reason = REASON_STALE;
  example.report.reasons = 1U << REASON_STALE | 1U << REASON_JITTER | 1U << REASON_OFFSET;
  assert_page(VERDICT, "ntp_monitor_verdict 1\n", REASON,
              "ntp_monitor_reason{reason=\"stale\"} 1\n",
              "ntp_monitor_reason{reason=\"jitter\"} 1\n",
              "ntp_monitor_reason{reason=\"offset\"} 1\n", LIMIT, END);
}

static void test_limits(void **state) {
  (void)state;
#define OF_SPAN(metric, level, value) \
  "ntp_monitor_limit_seconds{limit=\"" metric "\",level=\"" level "\"} " value "\n"
#define OF_COUNT(metric, level, value) \
  "ntp_monitor_limit_" metric "{level=\"" level "\"} " value "\n"
  example.report.finding_count = 0;
  example.config.limit[METRIC_JITTER] = (struct limit){CONFIG_NONE, 5 * DURATION_S};
  example.config.limit[METRIC_ERROR_BOUND] = (struct limit){DURATION_MS, 1};
  example.config.limit[METRIC_STRATUM] = (struct limit){0, 15};
  example.config.limit[METRIC_REACH] = (struct limit){8, 1};
  example.config.limit[METRIC_CLOCK_CLASS] = (struct limit){6, CONFIG_NONE};
  assert_page(
      BEGIN, LIMITS, OF_SPAN("jitter", "critical", "5"), OF_SPAN("error_bound", "warning", "0.001"),
      OF_SPAN("error_bound", "critical", "0.000000001"), LIMIT_STRATUM,
      OF_COUNT("stratum", "warning", "0"), OF_COUNT("stratum", "critical", "15"), LIMIT_REACH,
      OF_COUNT("reach_ratio", "warning", "1"), OF_COUNT("reach_ratio", "critical", "0.125"),
      LIMIT_CLASS, OF_COUNT("clock_class", "warning", "6"), END);
}

/* Backslash, quote, newline, and nothing else. */
static void test_escapes(void **state) {
  (void)state;
  example.samples[0] = (struct sample){.server = "a\"b\\c\nd{e}=,f \xc3\xa9%s\\"};
  assert_page(BEGIN, INFO, ABOUT("a\\\"b\\\\c\\nd{e}=,f \xc3\xa9%s\\\\", "", "", ""), LIMIT, END);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test_setup(test_whole, fill),    cmocka_unit_test_setup(test_no_reading, fill),
      cmocka_unit_test_setup(test_verdicts, fill), cmocka_unit_test_setup(test_unknown, fill),
      cmocka_unit_test_setup(test_values, fill),   cmocka_unit_test_setup(test_no_such_time, fill),
      cmocka_unit_test_setup(test_several, fill),  cmocka_unit_test_setup(test_limits, fill),
      cmocka_unit_test_setup(test_escapes, fill),  cmocka_unit_test_setup(test_reasons, fill),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}

/* Tests of frame.c: the forms of a log line, byte for byte. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "log/frame.h"
#include "tests/unit/example.h"

static const struct tm morning = {
    .tm_mon = 10, .tm_mday = 1, .tm_hour = 5, .tm_min = 6, .tm_sec = 7};

static struct frame_line line_of(const struct example *example) {
  return (struct frame_line){.severity = SEVERITY_WARNING,
                             .facility = 3,
                             .now_ns = EXAMPLE_NOW_NS,
                             .pid = 4242,
                             .host = "pi.example.org",
                             .text = example->report.message,
                             .report = &example->report};
}

static void test_rfc3164(void **state) {
  (void)state;
  static struct example example;
  char out[FRAME_RFC3164_BYTES + 1];
  example_fill(&example);
  struct frame_line line = line_of(&example);
  size_t bytes = frame_rfc3164(out, &line, &morning, false);
  assert_string_equal(out, "<28>Nov  1 05:06:07 ntp_monitor[4242]: WARNING NTP jitter above "
                           "threshold: 2.15s (threshold: 2s)");
  assert_int_equal(bytes, strlen(out));
  bytes = frame_rfc3164(out, &line, &morning, true);
  assert_string_equal(out, "<28>Nov  1 05:06:07 pi ntp_monitor[4242]: WARNING NTP jitter above "
                           "threshold: 2.15s (threshold: 2s)");
  assert_int_equal(bytes, strlen(out));
}

static void test_rfc3164_heads(void **state) {
  (void)state;
  static const struct {
    enum severity severity;
    int64_t facility;
    struct tm local;
    const char *want;
  } rows[] = {
      {SEVERITY_CRITICAL,
       0,
       {.tm_mon = 0, .tm_mday = 31},
       "<2>Jan 31 00:00:00 ntp_monitor[1]: CRITICAL x"},
      {SEVERITY_ERROR,
       1,
       {.tm_mon = 1, .tm_mday = 9, .tm_hour = 23, .tm_min = 59, .tm_sec = 60},
       "<11>Feb  9 23:59:60 ntp_monitor[1]: ERROR x"},
      {SEVERITY_INFO,
       3,
       {.tm_mon = 11, .tm_mday = 10},
       "<30>Dec 10 00:00:00 ntp_monitor[1]: INFO x"},
      {SEVERITY_DEBUG,
       23,
       {.tm_mon = 6, .tm_mday = 1},
       "<191>Jul  1 00:00:00 ntp_monitor[1]: DEBUG x"},
  };
  char out[FRAME_RFC3164_BYTES + 1];
  for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
    struct frame_line line = {.severity = rows[i].severity,
                              .facility = rows[i].facility,
                              .pid = 1,
                              .host = "pi",
                              .text = "x"};
    (void)frame_rfc3164(out, &line, &rows[i].local, false);
    assert_string_equal(out, rows[i].want);
  }
}

#define HEAD "<28>1 2026-11-21T05:11:18.010060Z pi.example.org ntp_monitor 4242 "

static void test_rfc5424(void **state) {
  (void)state;
  static struct example example;
  char out[FRAME_RFC5424_BYTES + 1];
  example_fill(&example);
  struct frame_line line = line_of(&example);
  size_t bytes = frame_rfc5424(out, &line);
  assert_string_equal(
      out, HEAD "jitter [ntp_monitor@32473 jitter=\"2.15\" offset=\"0.000023\" threshold=\"2\" "
                "verdict=\"warning\" reason=\"jitter\" source=\"timesyncd\" "
                "server=\"ntp.example.org\"][timeQuality tzKnown=\"1\" isSynced=\"1\" "
                "syncAccuracy=\"158\"] WARNING NTP jitter above threshold: 2.15s (threshold: 2s)");
  assert_int_equal(bytes, strlen(out));
  line.report = NULL;
  line.text = "plain";
  (void)frame_rfc5424(out, &line);
  assert_string_equal(out, HEAD "- - WARNING plain");
}

/* No reading: no figures, and nobody knows whether the clock is synchronised. */
static void test_rfc5424_without_reading(void **state) {
  (void)state;
  static struct example example;
  char out[FRAME_RFC5424_BYTES + 1];
  example_fill(&example);
  example.report.worst = NULL;
  example.report.finding_count = 0;
  example.report.verdict = VERDICT_UNKNOWN;
  example.report.reason = REASON_NO_BUS;
  struct frame_line line = line_of(&example);
  line.text = "x";
  (void)frame_rfc5424(out, &line);
  assert_string_equal(out, HEAD "no-bus [ntp_monitor@32473 threshold=\"2\" verdict=\"unknown\" "
                                "reason=\"no-bus\" source=\"timesyncd\"][timeQuality tzKnown=\"1\" "
                                "isSynced=\"0\"] WARNING x");
}

static const char *time_quality(struct example *example) {
  static char out[FRAME_RFC5424_BYTES + 1];
  struct frame_line line = line_of(example);
  (void)frame_rfc5424(out, &line);
  char *begin = strstr(out, "[timeQuality");
  assert_non_null(begin);
  *strchr(begin, ']') = '\0';
  return begin;
}

static void test_time_quality(void **state) {
  (void)state;
  static struct example example;
  static const struct {
    enum reason reason;
    unsigned absent;
    const char *want;
  } rows[] = {
      {REASON_OK, 0, "\"1\" syncAccuracy=\"158\""},
      {REASON_WARMING_UP, 0, "\"1\" syncAccuracy=\"158\""},
      {REASON_OFFSET, 0, "\"1\" syncAccuracy=\"158\""},
      {REASON_OK, METRIC_ERROR_BOUND, "\"1\""},
      {REASON_STALE, 0, "\"0\""},
      {REASON_NOT_SYNCHRONISED, 0, "\"0\""},
  };
  for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
    char want[128];
    example_fill(&example);
    example.findings[0].reason = rows[i].reason;
    if (rows[i].absent != 0) {
      example.samples[0].present &= ~(1U << rows[i].absent);
    }
    (void)snprintf(want, sizeof want, "[timeQuality tzKnown=\"1\" isSynced=%s", rows[i].want);
    assert_string_equal(time_quality(&example), want);
  }
}

static void test_journal(void **state) {
  (void)state;
  static struct example example;
  char out[FRAME_JOURNAL_BYTES + 1];
  example_fill(&example);
  example.samples[0].value[METRIC_OFFSET] = -23999;
  struct frame_line line = line_of(&example);
  size_t bytes = frame_journal(out, &line);
  assert_string_equal(out, "MESSAGE=WARNING NTP jitter above threshold: 2.15s (threshold: 2s)\n"
                           "PRIORITY=4\nSYSLOG_FACILITY=3\nSYSLOG_IDENTIFIER=ntp_monitor\n"
                           "SYSLOG_PID=4242\nMESSAGE_ID=6be45dc230e348b9b1d26af693e18f55\n"
                           "NTP_VERDICT=warning\nNTP_REASON=jitter\n"
                           "NTP_SOURCE=timesyncd\nNTP_JITTER_USEC=2150000\n"
                           "NTP_OFFSET_USEC=-23\nNTP_SERVER=ntp.example.org\n");
  assert_int_equal(bytes, strlen(out));
  example.report.worst = NULL;
  example.report.source = "a b";
  (void)frame_journal(out, &line);
  assert_non_null(strstr(out, "NTP_SOURCE=a b\n"));
  assert_null(strstr(out, "USEC"));
  line.report = NULL;
  (void)frame_journal(out, &line);
  assert_null(strstr(out, "NTP_"));
  assert_null(strstr(out, "MESSAGE_ID"));
}

static void test_severity_names(void **state) {
  (void)state;
  assert_string_equal(frame_severity_name(SEVERITY_CRITICAL), "CRITICAL");
  assert_string_equal(frame_severity_name(SEVERITY_ERROR), "ERROR");
  assert_string_equal(frame_severity_name(SEVERITY_WARNING), "WARNING");
  assert_string_equal(frame_severity_name(SEVERITY_INFO), "INFO");
  assert_string_equal(frame_severity_name(SEVERITY_DEBUG), "DEBUG");
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(test_rfc3164),        cmocka_unit_test(test_rfc3164_heads),
      cmocka_unit_test(test_rfc5424),        cmocka_unit_test(test_rfc5424_without_reading),
      cmocka_unit_test(test_time_quality),   cmocka_unit_test(test_journal),
      cmocka_unit_test(test_severity_names),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}

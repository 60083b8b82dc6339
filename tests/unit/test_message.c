/* Tests of message.c: the one line, for every reason. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "ntp_monitor/message.h"
#include "tests/unit/example.h"
#include "tests/unit/golden.h"

static struct example example;

/* The one reading has one server, and finding as its judgement. */
static const char *write_finding(enum verdict verdict, enum reason reason, enum metric metric,
                                 int64_t limit, unsigned problems) {
  struct samples samples = {.items = example.samples, .count = 1};
  struct reading reading = {.source = "timesyncd", .samples = samples};
  example.findings[0].verdict = verdict;
  example.findings[0].reason = reason;
  example.findings[0].reasons = reason == REASON_OK ? 0 : 1U << reason;
  example.findings[0].metric = metric;
  example.findings[0].limit = limit;
  example.report.verdict = problems > 0 ? VERDICT_UNKNOWN : verdict;
  example.report.reason = problems > 0 ? REASON_CONFIG : reason;
  message_write(&example.report, &reading, 1, problems);
  return example.report.message;
}

static const char *write_ok(void) {
  return write_finding(VERDICT_OK, REASON_OK, METRIC_COUNT, CONFIG_NONE, 0);
}

static int fill(void **state) {
  (void)state;
  example_fill(&example);
  return 0;
}

static void test_healthy(void **state) {
  (void)state;
  example.samples[0].value[METRIC_JITTER] = 1207000;
  assert_golden(write_ok(), "healthy");
  example.samples[0].value[METRIC_JITTER] = 0;
  example.samples[0].server[0] = '\0';
  assert_golden(write_ok(), "healthy, server without a name");
  example.samples[0].address[0] = '\0';
  example.samples[0].present &= ~(1U << METRIC_JITTER);
  assert_golden(write_ok(), "healthy, without jitter or server");
  example.samples[0].present = 0;
  assert_string_equal(write_ok(), "NTP healthy, source: timesyncd");
}

/* The offset stands there with its sign, and whose it is. */
static void test_offset(void **state) {
  (void)state;
  struct sample *sample = &example.samples[0];
  static const struct {
    bool past, spike;
    int64_t offset_ns;
    const char *want;
  } rows[] = {
      {false, false, 23000, ": +23us"},
      {false, false, -23000, ": -23us"},
      {false, false, 0, ": 0"},
      {false, false, 1080 * DURATION_S, ": +18min"},
      {true, false, 1080 * DURATION_S, ": +18min"},
      {true, true, 300 * DURATION_MS, ": +300ms"},
  };
  for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
    sample->offset_is_past = rows[i].past;
    sample->spike = rows[i].spike;
    sample_set(sample, METRIC_OFFSET, rows[i].offset_ns);
    const char *text = write_ok();
    assert_non_null(strstr(text, rows[i].want));
    assert_golden(text, "offset%s%s%s", rows[i].want, rows[i].past ? ", past" : "",
                  rows[i].spike ? ", spike" : "");
    text = write_finding(VERDICT_WARNING, REASON_NOT_SYNCHRONISED, METRIC_COUNT, 0, 0);
    assert_null(strstr(text, "offset"));
  }
}

/* Each limit that somebody set stands there; a default one only where it is passed. */
static void test_all_limits(void **state) {
  (void)state;
  example.samples[0].offset_is_past = false;
  example.config.limit[METRIC_JITTER].critical = 5 * DURATION_S;
  example.config.limit[METRIC_OFFSET].warning = 100 * DURATION_MS;
  example.config.limit[METRIC_ROOT_DISTANCE].critical = DURATION_S;
  assert_string_equal(write_ok(), "NTP healthy, jitter: 2.15s (threshold: 2s), offset: +23us, "
                                  "server: ntp.example.org, source: timesyncd");
  for (size_t i = 0; i < config_key_count; i++) {
    example.config.origin[i] = config_command_line;
  }
  assert_string_equal(write_ok(), "NTP healthy, jitter: 2.15s (threshold: 2s), offset: +23us "
                                  "(threshold: 100ms), root distance: 100us (critical threshold: "
                                  "1s), server: ntp.example.org, source: timesyncd");
  for (size_t i = 0; i < config_key_count; i++) {
    example.config.origin[i] = config_default;
  }
  (void)write_finding(VERDICT_WARNING, REASON_STALE, METRIC_AGE, 0, 0);
  example.findings[0].reasons |= 1U << REASON_OFFSET;
  message_write(&example.report, &example.reading, 0, 0);
  assert_non_null(strstr(example.report.message, "offset: +23us (threshold: 100ms), server"));
}

/* What applies beside the reason that decided, and what other sources found. */
static void test_beside(void **state) {
  (void)state;
  example.samples[0].value[METRIC_AGE] = 3 * DURATION_H;
  example.samples[0].value[METRIC_OFFSET] = DURATION_H;
  (void)write_finding(VERDICT_CRITICAL, REASON_OFFSET, METRIC_OFFSET, DURATION_MIN, 0);
  example.findings[0].reasons |= 1U << REASON_STALE;
  example.findings[1].source = "sntp";
  example.report.finding_count = 3;
  example.findings[2].verdict = VERDICT_OK;
  message_write(&example.report, &example.reading, 0, 0);
  assert_golden(example.report.message, "past offset beyond its limit, stale, and sntp's jitter");
}

/* A limit that nobody could be held against, and who tells that figure. */
static void test_unjudged(void **state) {
  (void)state;
  example.report.unjudged = 1U << METRIC_REACH;
  assert_golden(write_ok(), "timesyncd's reach unjudged");
}

/* A figure is not rounded to the limit that it passes. */
static void test_rounding(void **state) {
  (void)state;
  example.samples[0].value[METRIC_JITTER] = INT64_C(2000004000);
  assert_non_null(
      strstr(write_finding(VERDICT_WARNING, REASON_JITTER, METRIC_JITTER, 2 * DURATION_S, 0),
             "above threshold: 2.000004s (threshold: 2s)"));
  example.samples[0].value[METRIC_JITTER] = INT64_C(2345678901);
  assert_non_null(
      strstr(write_finding(VERDICT_WARNING, REASON_JITTER, METRIC_JITTER, 2 * DURATION_S, 0),
             "above threshold: 2.346s (threshold: 2s)"));
}

static void test_limits(void **state) {
  (void)state;
  example.samples[0].offset_is_past = false;
  assert_string_equal(
      write_finding(VERDICT_WARNING, REASON_JITTER, METRIC_JITTER, 2 * DURATION_S, 0),
      "NTP jitter above threshold: 2.15s (threshold: 2s), offset: +23us, server: "
      "ntp.example.org, source: timesyncd");
  assert_string_equal(
      write_finding(VERDICT_CRITICAL, REASON_JITTER, METRIC_JITTER, DURATION_S, 0),
      "NTP jitter above critical threshold: 2.15s (critical threshold: 1s), offset: +23us, "
      "server: ntp.example.org, source: timesyncd");
  example.samples[0].value[METRIC_OFFSET] = -150 * DURATION_MS;
  assert_string_equal(
      write_finding(VERDICT_WARNING, REASON_OFFSET, METRIC_OFFSET, 100 * DURATION_MS, 0),
      "NTP offset above threshold: -150ms (threshold: 100ms), jitter: 2.15s (threshold: 2s), "
      "server: ntp.example.org, source: timesyncd");
  assert_string_equal(
      write_finding(VERDICT_WARNING, REASON_ROOT_DISTANCE, METRIC_ROOT_DISTANCE, 99 * DURATION_US,
                    0),
      "NTP root distance above threshold: 100us (threshold: 99us), jitter: 2.15s "
      "(threshold: 2s), offset: -150ms, server: ntp.example.org, source: timesyncd");
}

static void test_stale(void **state) {
  (void)state;
  example.samples[0].present &= ~(1U << METRIC_OFFSET);
  example.samples[0].value[METRIC_AGE] = INT64_C(10800123456789);
  assert_golden(write_finding(VERDICT_WARNING, REASON_STALE, METRIC_AGE, 96 * DURATION_S, 0),
                "stale by 3h");
  example.samples[0].value[METRIC_AGE] = -INT64_C(90500123456);
  assert_golden(write_finding(VERDICT_WARNING, REASON_STALE, METRIC_AGE, 96 * DURATION_S, 0),
                "stale by 90.5s ahead");
}

static void test_warming_up(void **state) {
  (void)state;
  example.samples[0].present &= ~(1U << METRIC_OFFSET);
  example.samples[0].replies = 1;
  example.config.min_replies = 9;
  assert_golden(write_finding(VERDICT_OK, REASON_WARMING_UP, METRIC_COUNT, CONFIG_NONE, 0),
                "1 of 9 replies");
  example.samples[0].replies = 9; /* enough of them, and no jitter among the values */
  assert_golden(write_finding(VERDICT_OK, REASON_WARMING_UP, METRIC_COUNT, CONFIG_NONE, 0),
                "9 of 9 replies, no jitter");
}

static void test_not_synchronised(void **state) {
  (void)state;
  example.samples[0].present &= ~(1U << METRIC_OFFSET);
  assert_golden(write_finding(VERDICT_WARNING, REASON_NOT_SYNCHRONISED, METRIC_COUNT, 0, 0),
                "not synchronised");
  example.samples[0].present = 1U << FIELD_REPLIES;
  example.samples[0].replies = 0;
  assert_golden(write_finding(VERDICT_WARNING, REASON_NOT_SYNCHRONISED, METRIC_COUNT, 0, 0),
                "not synchronised, no reply");
  example.samples[0].server[0] = '\0';
  example.samples[0].address[0] = '\0';
  assert_golden(write_finding(VERDICT_WARNING, REASON_NOT_SYNCHRONISED, METRIC_COUNT, 0, 0),
                "not synchronised, no server");
}

static void test_config(void **state) {
  (void)state;
  example.samples[0].present &= ~(1U << METRIC_OFFSET);
  for (unsigned problems = 1; problems <= 2; problems++) {
    assert_golden(write_finding(VERDICT_OK, REASON_OK, METRIC_COUNT, CONFIG_NONE, problems),
                  "problems: %u", problems);
  }
}

static void test_unavailable(void **state) {
  (void)state;
  example.samples[0].present &= ~(1U << METRIC_OFFSET);
  struct reading readings[2] = {{.source = "timesyncd"}, {.source = "text"}};
  (void)strcpy(readings[0].why.text, "it hangs");
  (void)strcpy(readings[1].why.text, "it is empty");
  example.report.worst = NULL;
  message_write(&example.report, readings, 1, 0);
  assert_golden(example.report.message, "one source fails");
  message_write(&example.report, readings, 2, 0);
  assert_golden(example.report.message, "two sources fail");
  /* One that has something to tell comes first. */
  readings[0].samples = (struct samples){.items = example.samples, .count = 1};
  example.report.worst = &example.findings[0];
  message_write(&example.report, readings, 2, 0);
  assert_golden(example.report.message, "the second of two sources fails");
}

/* A text that does not fit, and no other, ends in "..." after a whole character. */
static void test_truncation(void **state) {
  (void)state;
  static struct reading readings[READING_MAX];
  static const char *const characters[] = {"x", "\xc3\xa9", "\xed\x95\x9c", "\xf0\x9f\x95\x90"};
  (void)write_ok(); /* one source serves, all others fail */
  for (size_t c = 0; c < 4; c++) {
    for (size_t begin = 0; begin < 8; begin++) {
      for (size_t i = 0; i < READING_MAX; i++) {
        char *text = readings[i].why.text;
        size_t width = strlen(characters[c]);
        memset(text, 'x', begin);
        text[begin] = '\0';
        size_t most = begin % 2 == 0 ? 100 : WHY_TEXT_BYTES;
        for (size_t used = begin; used + width < most; used += width) {
          (void)strcpy(text + used, characters[c]);
        }
        readings[i].source = "s";
      }
      message_write(&example.report, readings, READING_MAX, 0);
      const char *message = example.report.message;
      size_t length = strlen(message);
      assert_in_range(length, REPORT_MESSAGE_BYTES - 8, REPORT_MESSAGE_BYTES - 1);
      assert_string_equal(message + length - 3, "...");
      assert_ptr_equal(strstr(message, "..."), message + length - 3);
      size_t end = length - 3;
      while (end > 0 && ((unsigned char)message[end - 1] & 0xc0) == 0x80) {
        end--;
      }
      bool wide = (unsigned char)message[end - 1] >= 0xc0;
      assert_int_equal(length - 3 - end, wide ? strlen(characters[c]) - 1 : 0);
    }
  }
}

/* What sources say of a server is said of it; counts have no unit. */
static void test_remarks(void **state) {
  (void)state;
  struct sample *sample = &example.samples[0];
  (void)strcpy(sample->remark, "a remark");
  assert_golden(write_finding(VERDICT_OK, REASON_WARMING_UP, METRIC_COUNT, 0, 0),
                "warming up, remark");
  const char *text = write_finding(VERDICT_WARNING, REASON_NOT_SYNCHRONISED, METRIC_COUNT, 0, 0);
  assert_golden(text, "not synchronised, remark");
  assert_null(strstr(text, "port 123"));
  sample_set(sample, METRIC_REACH, 3);
  assert_non_null(strstr(write_finding(VERDICT_WARNING, REASON_REACH, METRIC_REACH, 4, 0),
                         "NTP reach below threshold: 3 (threshold: 4), jitter"));
}

static void test_several(void **state) {
  (void)state;
  struct samples *samples = &example.reading.samples;
  example.samples[0].present &= ~(1U << METRIC_OFFSET);
  *samples = (struct samples){.asked = 5, .answered = 4, .truechimers = 2};
  assert_golden(write_finding(VERDICT_WARNING, REASON_FALSETICKER, METRIC_COUNT, 3, 0),
                "2 of 4 agree");
  samples->truechimers = 4;
  example.config.min_truechimers = 5;
  assert_golden(write_finding(VERDICT_WARNING, REASON_FALSETICKER, METRIC_COUNT, 5, 0),
                "4 of 5 answered, 5 wanted");
  example.reading.keeper = "timesyncd";
  example.reading.rival = "chrony";
  assert_golden(write_finding(VERDICT_WARNING, REASON_TWO_DAEMONS, METRIC_COUNT, 0, 0),
                "two daemons");
  (void)strcpy(example.report.note, "falseticker: c.example.org");
  (void)write_finding(VERDICT_CRITICAL, REASON_JITTER, METRIC_JITTER, 1, 0);
  example.findings[0].reasons |= 1U << REASON_TWO_DAEMONS;
  message_write(&example.report, &example.reading, 0, 0);
  assert_golden(example.report.message, "jitter, two daemons, and a note");
}

/* A daemon that hangs, beside a source that serves: the reason, or behind another one. */
static void test_sick(void **state) {
  (void)state;
  (void)why_set(&example.reading.sick, REASON_TIMEOUT, 0, "chrony: it hangs");
  const char *text = write_finding(VERDICT_WARNING, REASON_TIMEOUT, METRIC_COUNT, 0, 0);
  assert_golden(text, "sick");
  text = strstr(text, "it hangs") + 1;
  assert_null(strstr(text, "it hangs")); /* once */
  (void)write_finding(VERDICT_WARNING, REASON_JITTER, METRIC_JITTER, 1, 0);
  example.findings[0].reasons |= 1U << REASON_TIMEOUT;
  example.reading.samples = (struct samples){.items = example.samples, .count = 1};
  message_write(&example.report, &example.reading, 1, 0);
  assert_golden(example.report.message, "jitter, and sick");
}

/* Several that fail share the line; each is told in part at least. */
static void test_failures(void **state) {
  (void)state;
  static struct reading none[16];
  char words[600];
  memset(words, 'x', sizeof words - 1);
  words[sizeof words - 1] = '\0';
  example.report.worst = NULL;
  for (size_t count = 2; count <= 5; count++) {
    for (size_t i = 0; i < count; i++) {
      none[i] = (struct reading){.source = "timesyncd"};
      (void)why_set(&none[i].why, REASON_NO_SERVICE, 0, "%zu is down %s", i, words);
    }
    message_write(&example.report, none, count, 0);
    const char *message = example.report.message;
    assert_in_range(strlen(message), 200, 250);
    for (size_t i = 0; i < count; i++) {
      char wanted[64];
      (void)snprintf(wanted, sizeof wanted, "%s source timesyncd: %zu is down x",
                     i == 0 ? ":" : ";", i);
      assert_non_null(strstr(message, wanted));
    }
  }
}

/* Whose clock it is stands in each line where it is not this machine's. */
static void test_elsewhere(void **state) {
  (void)state;
  example.report.host = "here";
  message_name_host(&example.report);
  assert_string_equal(example.report.host, "here");
  assert_null(strstr(write_ok(), "host"));
  example.config.host = "admin@web@3\n";
  message_name_host(&example.report);
  assert_string_equal(example.report.host, "3\\x0a");
  assert_non_null(strstr(write_ok(), "source: timesyncd, host: 3\\x0a"));
  example.config.host = NULL;
  example.config.machine = "box";
  message_name_host(&example.report);
  assert_string_equal(example.report.host, "box");
  struct reading none = {.source = "timesyncd"};
  example.report.worst = NULL;
  (void)why_set(&none.why, REASON_NO_SERVICE, 0, "it does not run");
  message_write(&example.report, &none, 1, 0);
  assert_golden(example.report.message, "unavailable on box");
  (void)why_set(&none.why, REASON_DENIED, 0, "the container box: denied");
  none.why.names_host = true; /* once is enough */
  message_write(&example.report, &none, 1, 0);
  assert_golden(example.report.message, "unavailable on box, which the reason names");
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test_setup(test_remarks, fill),
      cmocka_unit_test_setup(test_several, fill),
      cmocka_unit_test_setup(test_sick, fill),
      cmocka_unit_test_setup(test_failures, fill),
      cmocka_unit_test_setup(test_elsewhere, fill),
      cmocka_unit_test_setup(test_healthy, fill),
      cmocka_unit_test_setup(test_offset, fill),
      cmocka_unit_test_setup(test_beside, fill),
      cmocka_unit_test_setup(test_unjudged, fill),
      cmocka_unit_test_setup(test_rounding, fill),
      cmocka_unit_test_setup(test_all_limits, fill),
      cmocka_unit_test_setup(test_limits, fill),
      cmocka_unit_test_setup(test_stale, fill),
      cmocka_unit_test_setup(test_warming_up, fill),
      cmocka_unit_test_setup(test_not_synchronised, fill),
      cmocka_unit_test_setup(test_config, fill),
      cmocka_unit_test_setup(test_unavailable, fill),
      cmocka_unit_test_setup(test_truncation, fill),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}

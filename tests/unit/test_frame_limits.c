/* Tests of frame.c: what does not fit, and what must not get through. */
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

static struct frame_line line_of(const struct report *report, const char *text) {
  return (struct frame_line){.severity = SEVERITY_INFO,
                             .facility = 3,
                             .now_ns = EXAMPLE_NOW_NS,
                             .pid = 1,
                             .host = "pi",
                             .text = text,
                             .report = report};
}

/* RFC 5424 section 6.3.3: in values ", \ and ] have a backslash before them. */
static void test_escapes(void **state) {
  (void)state;
  static struct example example;
  char out[FRAME_RFC5424_BYTES + 1];
  example_fill(&example);
  (void)strcpy(example.samples[0].server, "a\"b\\c]d\\x0a\xc3\xa9");
  struct frame_line line = line_of(&example.report, "x\"\\]");
  (void)frame_rfc5424(out, &line);
  assert_non_null(strstr(out, " server=\"a\\\"b\\\\c\\]d\\\\x0a\xc3\xa9\"]"));
  assert_non_null(strstr(out, " INFO x\"\\]"));
}

static void test_full_server(void **state) {
  (void)state;
  static struct example example;
  char out[FRAME_RFC5424_BYTES + 1];
  char want[2 * SAMPLE_SERVER_BYTES + 64] = " server=\"";
  example_fill(&example);
  memset(example.samples[0].server, ']', SAMPLE_SERVER_BYTES - 1);
  for (size_t i = 0; i < SAMPLE_SERVER_BYTES - 1; i++) {
    (void)strcat(want, "\\]");
  }
  (void)strcat(want, "\"][timeQuality");
  struct frame_line line = line_of(&example.report, "x");
  (void)frame_rfc5424(out, &line);
  assert_non_null(strstr(out, want));
}

/* A byte order mark where the text is not ASCII, and only there. */
static void test_mark(void **state) {
  (void)state;
  char out[FRAME_RFC5424_BYTES + 1];
  struct frame_line line = line_of(NULL, "caf\xc3\xa9");
  (void)frame_rfc5424(out, &line);
  assert_string_equal(out, "<30>1 2026-11-21T05:11:18.010060Z pi ntp_monitor 1 - - "
                           "\xef\xbb\xbfINFO caf\xc3\xa9");
  line.text = "cafe~";
  (void)frame_rfc5424(out, &line);
  assert_null(strstr(out, "\xef\xbb\xbf"));
}

static void test_hosts(void **state) {
  (void)state;
  static const struct {
    const char *host, *rfc5424, *rfc3164;
  } rows[] = {
      {"pi.example.org", " pi.example.org ", " pi "},
      {"", " - ", NULL},
      {"a b", " a_b ", " a_b "},
      {"a\nb\033c\x7f", " a_b_cx ", " a_b_cx "},
      {"caf\xc3\xa9", " caf_x ", " caf_x "},
      {"evil[9]:", " evil_9_x ", " evil_9_x "}, /* a program's name, for a receiver of RFC 3164 */
      {"_-a", " x-a ", " x-a "},
      {".a", " xa ", " xa "},
      {"a-.b", " a-.b ", " ax "},
  };
  char out[FRAME_RFC5424_BYTES + 1];
  for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
    char want[128];
    struct frame_line line = line_of(NULL, "x");
    line.host = rows[i].host;
    (void)frame_rfc5424(out, &line);
    (void)snprintf(want, sizeof want, "<30>1 2026-11-21T05:11:18.010060Z%sntp_monitor 1 - - INFO x",
                   rows[i].rfc5424);
    assert_string_equal(out, want);
    if (rows[i].rfc3164 != NULL) {
      (void)frame_rfc3164(out, &line, &morning, true);
      (void)snprintf(want, sizeof want, "<30>Nov  1 05:06:07%sntp_monitor[1]: INFO x",
                     rows[i].rfc3164);
      assert_string_equal(out, want);
    }
  }
}

static void test_long_host(void **state) {
  (void)state;
  char host[400];
  char out[FRAME_RFC5424_BYTES + 1];
  memset(host, 'h', sizeof host - 1);
  host[sizeof host - 1] = '\0';
  struct frame_line line = line_of(NULL, "x");
  line.host = host;
  (void)frame_rfc5424(out, &line);
  assert_int_equal(strspn(strchr(out, 'h'), "h"), 255); /* RFC 5424 section 6 */
}

/* Returns whether out is whole two-byte characters, then "...". */
static void assert_cut(const char *out, size_t bytes, size_t most, const char *begin) {
  const char *text = strstr(out, begin);
  assert_non_null(text);
  text += strlen(begin);
  size_t left = strlen(text) - 3;
  assert_int_equal(strlen(out), bytes);
  assert_in_range(bytes, most - 1, most);
  assert_string_equal(text + left, "...");
  assert_int_equal(left % 2, 0);
  for (size_t i = 0; i < left; i += 2) {
    assert_memory_equal(text + i, "\xc3\xa9", 2);
  }
}

/* The text alone is shortened, whatever stands before it, on a character's boundary. */
static void test_truncation(void **state) {
  (void)state;
  static struct example example;
  char text[2200] = "";
  for (size_t i = 0; i + 2 < sizeof text; i += 2) {
    memcpy(text + i, "\xc3\xa9", 3);
  }
  example_fill(&example);
  for (pid_t pid = 1; pid < 100000; pid *= 10) { /* at every remainder */
    char out[FRAME_RFC5424_BYTES + 1];
    struct frame_line line = line_of(NULL, text);
    line.pid = pid;
    size_t bytes = frame_rfc3164(out, &line, &morning, false);
    assert_cut(out, bytes, FRAME_RFC3164_BYTES, "INFO ");
    bytes = frame_rfc3164(out, &line, &morning, true);
    assert_cut(out, bytes, FRAME_RFC3164_BYTES, "INFO ");
    bytes = frame_rfc5424(out, &line);
    assert_cut(out, bytes, FRAME_RFC5424_BYTES, "INFO ");
    line.report = &example.report;
    bytes = frame_rfc5424(out, &line);
    assert_cut(out, bytes, FRAME_RFC5424_BYTES, "INFO ");
  }
}

/* A text that just fits is not cut. */
static void test_just_fits(void **state) {
  (void)state;
  char text[FRAME_RFC3164_BYTES + 1] = "";
  char out[FRAME_RFC3164_BYTES + 1];
  struct frame_line line = line_of(NULL, text);
  size_t head = frame_rfc3164(out, &line, &morning, false);
  memset(text, 'x', FRAME_RFC3164_BYTES - head);
  assert_int_equal(frame_rfc3164(out, &line, &morning, false), FRAME_RFC3164_BYTES);
  assert_null(strstr(out, "..."));
  (void)strcat(text, "x");
  assert_int_equal(frame_rfc3164(out, &line, &morning, false), FRAME_RFC3164_BYTES);
  assert_string_equal(out + FRAME_RFC3164_BYTES - 4, "x...");
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(test_escapes),   cmocka_unit_test(test_full_server),
      cmocka_unit_test(test_mark),      cmocka_unit_test(test_hosts),
      cmocka_unit_test(test_long_host), cmocka_unit_test(test_truncation),
      cmocka_unit_test(test_just_fits),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}

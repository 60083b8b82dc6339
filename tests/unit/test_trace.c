/* Tests of trace.c: lines in order, with their time, until the buffer is full. */
#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "ntp_monitor/clock.h"
#include "ntp_monitor/trace.h"
#include "tests/unit/golden.h"

static int64_t now_ns;

int64_t clock_monotonic_ns(void) {
  return now_ns;
}

static struct trace trace;

static int begin(void **state) {
  (void)state;
  memset(&trace, 0, sizeof trace);
  trace.fd = -1;
  trace.start_ns = 5000;
  now_ns = 5000;
  return 0;
}

static void test_lines(void **state) {
  (void)state;
  assert_null(trace_next(&trace, NULL));
  trace_add(&trace, "one %d", 1);
  now_ns += 1234567;
  trace_add(&trace, "%s", "two");
  now_ns += 12345678000;
  trace_add(&trace, "three");
  const char *line = trace_next(&trace, NULL);
  assert_string_equal(line, "+0.000ms one 1");
  line = trace_next(&trace, line);
  assert_string_equal(line, "+1.234ms two");
  line = trace_next(&trace, line);
  assert_string_equal(line, "+12346.912ms three");
  assert_null(trace_next(&trace, line));
}

static void test_escapes(void **state) {
  (void)state;
  trace_add(&trace, "a\n\033[1m%s", "\xff%s\xc3\xa9");
  assert_string_equal(trace_next(&trace, NULL), "+0.000ms a\\x0a\\x1b[1m\\xff%s\xc3\xa9");
}

static void test_off(void **state) {
  (void)state;
  trace.off = true;
  trace_add(&trace, "x");
  assert_null(trace_next(&trace, NULL));
  assert_int_equal(trace.used_bytes, 0);
}

static void test_long_line(void **state) {
  (void)state;
  char text[5000];
  memset(text, '\033', sizeof text - 1);
  text[sizeof text - 1] = '\0';
  trace_add(&trace, "%s", text);
  trace_add(&trace, "next");
  const char *line = trace_next(&trace, NULL);
  assert_in_range(strlen(line), 1000, 1023);
  assert_string_equal(line + strlen(line) - 3, "...");
  assert_string_equal(trace_next(&trace, line), "+0.000ms next");
}

/* When it is full the last line says so, and nothing comes after it. */
static void test_full(void **state) {
  (void)state;
  for (int width = 0; width < 64; width++) {
    (void)begin(NULL);
    char text[1000];
    memset(text, 'x', sizeof text);
    text[900 + width] = '\0';
    unsigned lines = 0;
    for (int i = 0; i < 200; i++) {
      trace_add(&trace, "%s", text);
    }
    assert_true(trace.full);
    trace_add(&trace, "short");
    assert_in_range(trace.used_bytes, sizeof trace.text - 1024, sizeof trace.text);
    const char *at = NULL;
    for (const char *line = trace_next(&trace, NULL); line != NULL;
         line = trace_next(&trace, line)) {
      at = line;
      lines++;
    }
    assert_golden(at, "full");
    assert_int_equal(lines, (sizeof trace.text - strlen(at) - 1) / (strlen(text) + 10) + 1);
  }
}

/* What the last line of a full trace takes. */
static size_t last_bytes(void) {
  const char *last = NULL;
  while (!trace.full) {
    trace_add(&trace, "x");
  }
  for (const char *line = NULL; (line = trace_next(&trace, line)) != NULL;) {
    last = line;
  }
  return strlen(last) + 1;
}

/* A line that leaves just the room for the last word is taken, a byte more is not. */
static void check_fit(size_t more) {
  size_t last = last_bytes();
  (void)begin(NULL);
  static const char head[] = "+0.000ms ";
  char text[1000];
  memset(text, 'x', sizeof text);
  text[500] = '\0';
  size_t line = strlen(head) + strlen(text) + 1;
  while (trace.used_bytes + 2 * line + last <= sizeof trace.text) {
    trace_add(&trace, "%s", text);
  }
  memset(text, 'y', sizeof text);
  text[sizeof trace.text - last - trace.used_bytes - strlen(head) - 1 + more] = '\0';
  trace_add(&trace, "%s", text);
  assert_int_equal(trace.full, more > 0);
  assert_true(more > 0 || trace.used_bytes == sizeof trace.text - last);
  trace_add(&trace, "z");
  assert_true(trace.full);
  assert_true(more > 0 || trace.used_bytes == sizeof trace.text);
}

static void test_just_fits(void **state) {
  (void)state;
  check_fit(0);
  check_fit(1);
}

/* Recorded lines go to the descriptor, then each new line at once. */
static void test_show(void **state) {
  (void)state;
  int ends[2];
  char have[256];
  assert_int_equal(pipe2(ends, O_CLOEXEC | O_NONBLOCK), 0);
  trace_add(&trace, "one");
  trace_add(&trace, "two");
  trace_show(&trace, ends[1]);
  ssize_t bytes = read(ends[0], have, sizeof have - 1);
  assert_true(bytes > 0);
  have[bytes] = '\0';
  assert_string_equal(have, "debug: +0.000ms one\ndebug: +0.000ms two\n");
  trace_add(&trace, "three");
  bytes = read(ends[0], have, sizeof have - 1);
  assert_true(bytes > 0);
  have[bytes] = '\0';
  assert_string_equal(have, "debug: +0.000ms three\n");
  (void)close(ends[0]);
  (void)close(ends[1]);
  trace_add(&trace, "nobody reads this"); /* and nothing happens */
  assert_int_equal(trace.full, false);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test_setup(test_lines, begin), cmocka_unit_test_setup(test_escapes, begin),
      cmocka_unit_test_setup(test_off, begin),   cmocka_unit_test_setup(test_long_line, begin),
      cmocka_unit_test_setup(test_full, begin),  cmocka_unit_test_setup(test_just_fits, begin),
      cmocka_unit_test_setup(test_show, begin),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}

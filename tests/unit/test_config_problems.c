/* Tests of config_problems.c: what is kept, what is told, and that nothing is lost without a word.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "ntp_monitor/config_problems.h"
#include "ntp_monitor/trace.h"
#include "tests/unit/golden.h"

static struct config_problems notes;
static struct trace trace;
static char told[64 * 1024];

static void begin(bool now) {
  trace = (struct trace){.fd = -1};
  memset(&notes, 0, sizeof notes);
  notes.trace = &trace;
  notes.now = now;
  told[0] = '\0';
}

static void tell(void *user, bool problem, const char *text) {
  assert_ptr_equal(user, told);
  (void)strcat(strcat(strcat(told, problem ? "P " : "W "), text), "\n");
}

static void test_order(void **state) {
  (void)state;
  begin(false);
  config_problems_keep(&notes, true, "one");
  config_problems_keep(&notes, false, "two");
  config_problems_tell(&notes, tell, told);
  assert_string_equal(told, "P one\nW two\n");
  assert_int_equal(notes.warning_count, 1);
  assert_non_null(strstr(trace_next(&trace, NULL), "config: problem: one"));
}

static void test_many(void **state) {
  (void)state;
  begin(false);
  for (int i = 0; i < NOTES_MAX + 3; i++) {
    config_problems_keep(&notes, false, "x");
  }
  config_problems_tell(&notes, tell, told);
  assert_non_null(strstr(told, "x\nP 3 "));
  assert_golden(strstr(told, "P 3 "), "3 more than fit");
  assert_int_equal(notes.warning_count, NOTES_MAX + 3);
}

static void test_long(void **state) {
  (void)state;
  char text[3 * NOTES_TEXT_BYTES];
  memset(text, 'n', sizeof text);
  text[sizeof text - 1] = '\0';
  begin(false);
  config_problems_keep(&notes, true, text);
  assert_int_equal(strlen(notes.kept[0].text), NOTES_TEXT_BYTES - 1);
  assert_string_equal(notes.kept[0].text + NOTES_TEXT_BYTES - 4, "...");
}

/* Printed at once, and then they are not kept. */
static void test_now(void **state) {
  (void)state;
  begin(true);
  config_problems_keep(&notes, false, "# said on stdout");
  config_problems_tell(&notes, tell, told);
  assert_string_equal(told, "");
  assert_int_equal(notes.warning_count, 1);
}

int main(void) {
  const struct CMUnitTest tests[] = {cmocka_unit_test(test_order), cmocka_unit_test(test_many),
                                     cmocka_unit_test(test_long), cmocka_unit_test(test_now)};
  return cmocka_run_group_tests(tests, NULL, NULL);
}

/* Tests of why.c: the reason words, which are promised to stay, and the sentence. */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "ntp_monitor/why.h"

static void test_words(void **state) {
  (void)state;
  static const char *const words[] = {"ok",
                                      "jitter",
                                      "offset",
                                      "delay",
                                      "root-distance",
                                      "error-bound",
                                      "stratum",
                                      "reach",
                                      "clock-class",
                                      "falseticker",
                                      "two-daemons",
                                      "stale",
                                      "warming-up",
                                      "not-synchronised",
                                      "no-service",
                                      "no-bus",
                                      "denied",
                                      "timeout",
                                      "bad-reply",
                                      "no-source",
                                      "config"};
  assert_int_equal(sizeof words / sizeof *words, REASON_COUNT);
  for (enum reason reason = REASON_OK; reason < REASON_COUNT; reason++) {
    assert_string_equal(reason_name(reason), words[reason]);
  }
}

/* Lower case and without dashes, as journalctl(1) and catalogues want them; no two the same. */
static void test_message_ids(void **state) {
  (void)state;
  for (enum reason reason = REASON_OK; reason < REASON_COUNT; reason++) {
    const char *id = reason_message_id(reason);
    assert_int_equal(strlen(id), 32);
    assert_int_equal(strspn(id, "0123456789abcdef"), 32);
    for (enum reason other = REASON_OK; other < reason; other++) {
      assert_string_not_equal(id, reason_message_id(other));
    }
  }
  assert_string_equal(reason_message_id(REASON_OK), "d7763aeacc774566a9c1e06768ffa1c0");
  assert_string_equal(reason_message_id(REASON_CONFIG), "bde2eab67eb6408f9483053404e1e01a");
}

static void test_set(void **state) {
  (void)state;
  struct why why;
  assert_int_equal(why_set(&why, REASON_DENIED, -EACCES, "%s is %d", "x", 7), -EACCES);
  assert_int_equal(why.reason, REASON_DENIED);
  assert_string_equal(why.text, "x is 7");
  assert_int_equal(why_set(&why, REASON_CONFIG, 0, "a\n\033[1m%s", "\xff%s%n"), 0);
  assert_string_equal(why.text, "a\\x0a\\x1b[1m\\xff%s%n");
}

static void test_long(void **state) {
  (void)state;
  struct why why;
  char text[3 * WHY_TEXT_BYTES];
  memset(text, 'x', sizeof text - 1);
  text[sizeof text - 1] = '\0';
  (void)why_set(&why, REASON_OK, 0, "%s", text);
  assert_int_equal(strlen(why.text), WHY_TEXT_BYTES - 1);
  assert_string_equal(why.text + WHY_TEXT_BYTES - 4, "...");
  memset(text, '\n', sizeof text - 1);
  (void)why_set(&why, REASON_OK, 0, "%s", text);
  assert_true(strlen(why.text) < WHY_TEXT_BYTES);
  assert_string_equal(why.text + strlen(why.text) - 3, "...");
  assert_null(strchr(why.text, '\n'));
}

static void test_errno(void **state) {
  (void)state;
  errno = EIO;
  assert_int_equal(why_errno(-1), -EIO);
  assert_int_equal(why_errno(0), 0);
  assert_int_equal(why_errno(7), 7);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(test_errno),       cmocka_unit_test(test_words),
      cmocka_unit_test(test_message_ids), cmocka_unit_test(test_set),
      cmocka_unit_test(test_long),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}

/* Tests of env.c: the home directory, the deadlines and the wish for no colour. */
#include <fcntl.h>
#include <pwd.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "ntp_monitor/duration.h"
#include "ntp_monitor/env.h"
#include "ntp_monitor/trace.h"
#include "tests/unit/golden.h"

static struct trace trace;
static struct env env;

static void look(void) {
  trace = (struct trace){.fd = -1};
  env_init(&env, &trace);
  env_find_home(&env);
}

static void test_home(void **state) {
  (void)state;
  char long_home[ENV_HOME_BYTES + 2];
  assert_int_equal(setenv("HOME", "/home/of mine", 1), 0);
  look();
  assert_string_equal(env.home, "/home/of mine");
  assert_null(trace_next(&trace, NULL));
  memset(long_home, 'x', sizeof long_home);
  long_home[0] = '/';
  long_home[ENV_HOME_BYTES - 1] = '\0';
  assert_int_equal(setenv("HOME", long_home, 1), 0);
  look();
  assert_string_equal(env.home, long_home);
  long_home[ENV_HOME_BYTES - 1] = 'x';
  long_home[ENV_HOME_BYTES] = '\0';
  assert_int_equal(setenv("HOME", long_home, 1), 0);
  look();
  assert_string_equal(env.home, "");
  assert_golden(strstr(trace_next(&trace, NULL), "ms ") + 3, "a name too long");
}

/* Without a home of its own, that of the effective user's passwd entry. */
static void test_home_of_passwd(void **state) {
  (void)state;
  static const char *const homes[] = {NULL, "", "relative", "./x", "~"};
  const struct passwd *entry = getpwuid(geteuid());
  const char *want = entry != NULL && entry->pw_dir[0] == '/' ? entry->pw_dir : "";
  for (size_t i = 0; i < sizeof homes / sizeof *homes; i++) {
    (void)(homes[i] == NULL ? unsetenv("HOME") : setenv("HOME", homes[i], 1));
    look();
    assert_string_equal(env.home, want);
    const char *line = trace_next(&trace, NULL);
    assert_non_null(line);
    assert_non_null(strstr(line, "HOME"));
  }
}

static void test_who(void **state) {
  (void)state;
  look();
  assert_int_equal(env.pid, getpid());
  assert_int_equal(env.uid, geteuid());
  assert_ptr_equal(env.trace, &trace);
  assert_int_equal(trace.start_ns, env.start_ns);
  assert_true(strlen(env.host) > 0);
}

/* Measuring ends a quarter before the end, but at most a second. */
static void test_deadlines(void **state) {
  (void)state;
  static const struct {
    int64_t timeout_ns, reserve_ns;
  } rows[] = {{10 * DURATION_S, DURATION_S},
              {4 * DURATION_S, DURATION_S},
              {2 * DURATION_S, 500 * DURATION_MS},
              {DURATION_MS, 250 * DURATION_US},
              {1000000 * DURATION_S, DURATION_S}};
  look();
  assert_int_equal(env.deadline_ns, env.start_ns + 10 * DURATION_S);
  assert_int_equal(env.measure_deadline_ns, env.start_ns + 9 * DURATION_S);
  for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
    env.start_ns = 5;
    env_set_timeout(&env, rows[i].timeout_ns);
    assert_int_equal(env.deadline_ns, 5 + rows[i].timeout_ns);
    assert_int_equal(env.measure_deadline_ns, 5 + rows[i].timeout_ns - rows[i].reserve_ns);
  }
}

static void test_no_color(void **state) {
  (void)state;
  static const struct {
    const char *no_color, *term;
    bool want;
  } rows[] = {{NULL, NULL, false},  {NULL, "xterm", false}, {NULL, "dumb", true},
              {"", "xterm", false}, {"1", "xterm", true},   {"0", NULL, true}};
  for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
    (void)(rows[i].no_color == NULL ? unsetenv("NO_COLOR")
                                    : setenv("NO_COLOR", rows[i].no_color, 1));
    (void)(rows[i].term == NULL ? unsetenv("TERM") : setenv("TERM", rows[i].term, 1));
    look();
    assert_int_equal(env.no_color, rows[i].want);
  }
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(test_home),     cmocka_unit_test(test_home_of_passwd),
      cmocka_unit_test(test_who),      cmocka_unit_test(test_deadlines),
      cmocka_unit_test(test_no_color),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}

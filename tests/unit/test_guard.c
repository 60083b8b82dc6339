/* Tests of guard.c, each in a child: closed descriptors, signals left over, the two ends. */
#include <fcntl.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

#include "ntp_monitor/clock.h"
#include "ntp_monitor/duration.h"
#include "ntp_monitor/guard.h"
#include "tests/unit/golden.h"

static char said[512]; /* by the last child on its stderr */

/* Runs body in a child; its exit status, or 1000 and the signal that ended it. */
static int run(void (*body)(void)) {
  int ends[2];
  assert_int_equal(pipe2(ends, O_CLOEXEC), 0);
  pid_t child = fork();
  if (child == 0) {
    (void)dup2(ends[1], STDERR_FILENO);
    body();
    _exit(0);
  }
  (void)close(ends[1]);
  ssize_t bytes = read(ends[0], said, sizeof said - 1);
  said[bytes > 0 ? bytes : 0] = '\0';
  (void)close(ends[0]);
  int status = 0;
  assert_int_equal(waitpid(child, &status, 0), child);
  return WIFEXITED(status) ? WEXITSTATUS(status) : 1000 + WTERMSIG(status);
}

/* Each of 0 to 2 is there, and one that was closed can still not be used. */
static void fill(void) {
  char byte = 0;
  (void)close(STDIN_FILENO);
  (void)close(STDERR_FILENO);
  guard_begin();
  int next = open("/dev/null", O_RDWR | O_CLOEXEC);
  bool filled = fcntl(STDIN_FILENO, F_GETFD) >= 0 && fcntl(STDERR_FILENO, F_GETFD) >= 0;
  bool useless = read(STDIN_FILENO, &byte, 1) < 0 && write(STDERR_FILENO, "x", 1) < 0;
  _exit(next > 2 && filled && useless ? 7 : 8);
}

static void test_descriptors(void **state) {
  (void)state;
  assert_int_equal(run(fill), 7);
}

static void take_over(void) {
  sigset_t all;
  (void)sigfillset(&all);
  (void)sigprocmask(SIG_SETMASK, &all, NULL);
  (void)signal(SIGTERM, SIG_IGN);
  (void)signal(SIGALRM, SIG_IGN);
  (void)signal(SIGCHLD, SIG_IGN);
  (void)umask(0);
}

static void terminated(void) {
  take_over();
  guard_begin();
  (void)raise(SIGTERM);
}

static void test_terminated(void **state) {
  (void)state;
  assert_int_equal(run(terminated), 3);
  assert_golden(said, "SIGTERM");
}

/* Signals that the caller had blocked or ignored are as a fresh process has them. */
static void inherited(void) {
  take_over();
  guard_begin();
  sigset_t now;
  (void)sigprocmask(SIG_SETMASK, NULL, &now);
  int ends[2];
  bool good = sigismember(&now, SIGINT) == 0 && pipe2(ends, O_CLOEXEC) == 0;
  (void)close(ends[0]);
  good = good && write(ends[1], "x", 1) < 0; /* and no SIGPIPE */
  good = good && (umask(0) & (S_IWGRP | S_IWOTH)) == (S_IWGRP | S_IWOTH);
  _exit(good ? 7 : 8);
}

static void test_inherited(void **state) {
  (void)state;
  assert_int_equal(run(inherited), 7);
}

static void late(void) {
  take_over();
  guard_begin();
  guard_deadline(clock_monotonic_ns() + 3600 * DURATION_S);
  guard_deadline(clock_monotonic_ns() + 20 * DURATION_MS);
  for (;;) {
    (void)pause();
  }
}

static void test_deadline(void **state) {
  (void)state;
  int64_t begun_ns = clock_monotonic_ns();
  assert_int_equal(run(late), 3);
  assert_in_range(clock_monotonic_ns() - begun_ns, 20 * DURATION_MS,
                  (GUARD_GRACE_MS + 2000) * DURATION_MS);
  assert_golden(said, "deadline");
}

/* A process is killed if no handler can run, as when it waits for a dead network file system. */
static void deaf(void) {
  guard_begin();
  guard_deadline(clock_monotonic_ns() + 20 * DURATION_MS);
  sigset_t all;
  (void)sigfillset(&all);
  (void)sigprocmask(SIG_SETMASK, &all, NULL);
  for (;;) {
    (void)pause();
  }
}

static void test_killed(void **state) {
  (void)state;
  assert_int_equal(run(deaf), 1000 + SIGKILL);
}

/* A deadline that was moved away does not strike. */
static void moved(void) {
  guard_begin();
  guard_deadline(clock_monotonic_ns() + 300 * DURATION_MS);
  guard_deadline(clock_monotonic_ns() + 3600 * DURATION_S);
  (void)usleep(450000);
  _exit(7);
}

static void test_moved(void **state) {
  (void)state;
  assert_int_equal(run(moved), 7);
  assert_string_equal(said, "");
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(test_descriptors), cmocka_unit_test(test_terminated),
      cmocka_unit_test(test_inherited),   cmocka_unit_test(test_deadline),
      cmocka_unit_test(test_moved),       cmocka_unit_test(test_killed),
  };
  (void)alarm(30);
  return cmocka_run_group_tests(tests, NULL, NULL);
}

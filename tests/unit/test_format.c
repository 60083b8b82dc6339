/* Tests of format.c: the table, and how a report reaches stdout. */
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "ntp_monitor/clock.h"
#include "ntp_monitor/env.h"
#include "ntp_monitor/why.h"
#include "tests/unit/golden.h"
#include "tests/unit/printed.h"
#include "tests/unit/temp.h"

static struct example example;

static void test_find(void **state) {
  (void)state;
  static const char *const names[] = {"text", "json", "nagios", "prometheus", "influx"};
  struct why why;
  for (size_t i = 0; i < 5; i++) {
    const struct format *format = format_find(names[i], &why);
    assert_ptr_equal(format, format_table[i]);
    assert_string_equal(format->name, names[i]);
    assert_true(strlen(format->summary) > 0);
  }
  assert_null(format_table[5]);
  assert_null(format_find("x\n", &why));
  assert_int_equal(why.reason, REASON_CONFIG);
  assert_golden(why.text, "unknown format");
  assert_non_null(strstr(why.text, "'x\\x0a'"));
}

static void print_nothing(FILE *out, const struct report *report, bool colour) {
  (void)out;
  (void)report;
  (void)colour;
}

static void print_colour(FILE *out, const struct report *report, bool colour) {
  (void)report;
  (void)fputs(colour ? "colour" : "plain", out);
}

static void print_much(FILE *out, const struct report *report, bool colour) {
  (void)report;
  (void)colour;
  for (int i = 0; i < 300000; i++) {
    (void)fputc('x', out);
  }
}

static const struct format nothing = {.name = "nothing", .print = print_nothing};
static const struct format colours = {.name = "colours", .print = print_colour};
static const struct format much = {.name = "much", .print = print_much};

/* Prints in a child whose stdout is fd (-1: closed): 0, or the error. */
static int print_to(int fd, const struct format *format, const struct env *env) {
  int64_t ms = format == &much ? 100 : 5000;
  pid_t child = fork();
  if (child == 0) {
    struct why why = {.text = ""};
    struct env now = *env;
    (void)alarm(10);
    (void)signal(SIGPIPE, SIG_IGN);
    now.deadline_ns = clock_monotonic_ns() + ms * DURATION_MS;
    (void)close(STDOUT_FILENO);
    (void)(fd >= 0 && dup2(fd, STDOUT_FILENO));
    int error = format_print(format, &example.report, &now, &why);
    bool told = strstr(why.text, "stdout: ") != NULL;
    _exit(told == (error != 0) ? -error : 255);
  }
  int status = 0;
  assert_int_equal(waitpid(child, &status, 0), child);
  return WIFEXITED(status) ? WEXITSTATUS(status) : 1000 + WTERMSIG(status);
}

static void test_whole(void **state) {
  (void)state;
  static const struct env env;
  char have[2048];
  char want[2048] = "";
  int fd = open("out", O_RDWR | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
  example_fill(&example);
  assert_int_equal(print_to(fd, &format_json, &env), 0);
  ssize_t bytes = pread(fd, have, sizeof have - 1, 0);
  assert_true(bytes > 0);
  have[bytes] = '\0';
  FILE *stream = fmemopen(want, sizeof want, "w");
  format_json.print(stream, &example.report, false);
  assert_int_equal(fclose(stream), 0);
  assert_string_equal(have, want);
  assert_int_equal(print_to(fd, &nothing, &env), 0);
  (void)close(fd);
}

/* Only where stdout is a terminal, and nobody asked for none. */
static void test_colour(void **state) {
  (void)state;
  for (int i = 0; i < 4; i++) {
    const struct env env = {.stdout_tty = i % 2 != 0, .no_color = i / 2 != 0};
    char have[16] = "";
    int fd = open("out", O_RDWR | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
    assert_int_equal(print_to(fd, &colours, &env), 0);
    assert_true(pread(fd, have, sizeof have - 1, 0) > 0);
    assert_string_equal(have, i == 1 ? "colour" : "plain");
    (void)close(fd);
  }
}

static void test_lost(void **state) {
  (void)state;
  static const struct env env;
  int ends[2];
  int fd = open("/dev/full", O_WRONLY | O_CLOEXEC);
  example_fill(&example);
  assert_int_equal(print_to(fd, &format_text, &env), ENOSPC);
  (void)close(fd);
  assert_int_equal(print_to(-1, &format_text, &env), EBADF);
  assert_int_equal(pipe2(ends, O_CLOEXEC), 0);
  (void)close(ends[0]);
  assert_int_equal(print_to(ends[1], &format_text, &env), EPIPE);
  (void)close(ends[1]);
}

/* A reader that does not read keeps us until the deadline. */
static void test_slow_reader(void **state) {
  (void)state;
  static const struct env env;
  int ends[2];
  assert_int_equal(pipe2(ends, O_CLOEXEC), 0);
  assert_int_equal(print_to(ends[1], &much, &env), ETIMEDOUT);
  (void)close(ends[0]);
  (void)close(ends[1]);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(test_find),        cmocka_unit_test(test_whole),
      cmocka_unit_test(test_colour),      cmocka_unit_test(test_lost),
      cmocka_unit_test(test_slow_reader),
  };
  (void)alarm(30);
  return cmocka_run_group_tests(tests, temp_enter, temp_leave);
}

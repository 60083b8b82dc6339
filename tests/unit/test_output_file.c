/* Tests of output/file.c: a file is written whole or not at all, and nothing else changes. */
#include <dirent.h>
#include <errno.h>
#include <limits.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/file.h>
#include <sys/resource.h>
#include <sys/wait.h>

#include <cmocka.h>

#include "ntp_monitor/clock.h"
#include "ntp_monitor/duration.h"
#include "ntp_monitor/env.h"
#include "ntp_monitor/output.h"
#include "ntp_monitor/why.h"
#include "tests/unit/ask.h"
#include "tests/unit/golden.h"
#include "tests/unit/temp.h"

static struct why why;

/* As another than root, unless the test says so: its folder is not root's. */
static int write_as(uid_t uid, const char *path, const char *text) {
  struct env env = {.uid = uid, .pid = getpid()};
  struct output_target target;
  env.deadline_ns = clock_monotonic_ns() + 10 * DURATION_S;
  why.text[0] = '\0';
  assert_int_equal(output_target_parse(path, true, &target, &why), 0);
  return output_file.deliver(&target, text, strlen(text), ASK_OUTPUT(&env, NULL), &why);
}

static const char *content(const char *path) {
  static char text[1024];
  int fd = open(path, O_RDONLY | O_CLOEXEC);
  ssize_t bytes = fd >= 0 ? read(fd, text, sizeof text - 1) : -1;
  text[bytes > 0 ? bytes : 0] = '\0';
  (void)close(fd);
  return text;
}

/* Counts the names in the current folder. */
static int names(void) {
  DIR *all = opendir(".");
  int count = -2; /* . and .. */
  while (readdir(all) != NULL) {
    count++;
  }
  (void)closedir(all);
  return count;
}

static void test_replaced(void **state) {
  (void)state;
  struct stat status;
  int before = names();
  assert_int_equal(write_as(1000, "x.prom", "one\n"), 0);
  assert_string_equal(content("x.prom"), "one\n");
  assert_int_equal(stat("x.prom", &status), 0);
  assert_int_equal(status.st_mode & 07777, 0644);
  mode_t mask = umask(077);
  assert_int_equal(write_as(1000, "x.prom", "two\n"), 0);
  (void)umask(mask);
  assert_int_equal(stat("x.prom", &status), 0);
  assert_int_equal(status.st_mode & 07777, 0644);
  assert_string_equal(content("x.prom"), "two\n");
  assert_int_equal(names(), before + 1);
  char path[TEMP_PATH_BYTES + 16];
  (void)snprintf(path, sizeof path, "%s/x.prom", temp_name());
  assert_int_equal(write_as(1000, path, "three\n"), 0);
  assert_string_equal(content("x.prom"), "three\n");
}

static void test_refused(void **state) {
  (void)state;
  int before = names();
  assert_int_equal(write_as(1000, "none/x", "new"), -ENOENT);
  assert_golden(why.text, "no folder");
  assert_int_equal(write_as(1000, "x.prom/x", "new"), -ENOTDIR);
  assert_int_equal(mkdir("folder", 0755), 0);
  assert_int_equal(write_as(1000, "folder", "new"), -EEXIST);
  assert_golden(why.text, "folder");
  assert_int_equal(mkfifo("fifo", 0644), 0);
  assert_int_equal(write_as(1000, "fifo", "new"), -EEXIST);
  assert_golden(why.text, "fifo");
  char name[NAME_MAX + 1];
  memset(name, 'x', NAME_MAX);
  name[NAME_MAX - 5] = '\0';
  assert_int_equal(write_as(1000, name, "new"), -ENAMETOOLONG);
  assert_int_equal(names(), before + 2);
}

/* A link at the name is replaced; what it leads to is not touched. */
static void test_link(void **state) {
  (void)state;
  struct stat status;
  assert_int_equal(write_as(1000, "kept", "old"), 0);
  assert_int_equal(symlink("kept", "link"), 0);
  assert_int_equal(write_as(1000, "link", "new"), 0);
  assert_int_equal(lstat("link", &status), 0);
  assert_true(S_ISREG(status.st_mode));
  assert_string_equal(content("kept"), "old");
  assert_string_equal(content("link"), "new");
}

/* Root: no link on the way or at the name, and a folder that is root's alone. */
static void test_root(void **state) {
  (void)state;
  char path[TEMP_PATH_BYTES + 16];
  assert_int_equal(mkdir("mine", 0700), 0);
  bool root = geteuid() == 0;
  int error = write_as(0, "mine/x", "new");
  assert_int_equal(error, root ? 0 : -EPERM);
  assert_int_equal(chmod("mine", 0770), 0);
  assert_int_equal(write_as(0, "mine/x", "newer"), -EPERM);
  assert_non_null(strstr(why.text, " 0770"));
  assert_int_equal(chmod("mine", 0700), 0);
  assert_int_equal(symlink("mine", "yours"), 0);
  assert_int_equal(write_as(0, "yours/x", "newer"), -ENOTDIR);
  assert_golden(why.text, "a link on the way");
  assert_int_equal(symlink("x", "mine/y"), 0);
  (void)snprintf(path, sizeof path, "%s/mine/y", temp_name());
  error = write_as(0, path, "newer");
  assert_int_equal(error, root ? -EEXIST : -EPERM);
  assert_string_equal(content("mine/x"), root ? "new" : "");
}

/* The remains of a killed run are removed; the locked file of a running one stays. */
static void test_left(void **state) {
  (void)state;
  static const char *const made[] = {".x.prom.ntp_monitor-0123456789abcdef",
                                     ".x.prom.ntp_monitor-fedcba9876543210",
                                     ".x.prom.ntp_monitor-",
                                     ".x.prom.ntp_monitor-12",
                                     ".x.prom.ntp_monitor-0123456789abcdefa",
                                     ".x.prom.ntp_monitor-0123456789abcdeg",
                                     ".y.prom.ntp_monitor-0123456789abcdef"};
  enum { MADE = sizeof made / sizeof *made };
  int fds[MADE];
  for (size_t i = 0; i < MADE; i++) {
    fds[i] = open(made[i], O_WRONLY | O_CREAT | O_CLOEXEC, 0600);
    assert_true(fds[i] >= 0);
  }
  assert_int_equal(flock(fds[1], LOCK_EX), 0);
  assert_int_equal(write_as(1000, "x.prom", "new"), 0);
  for (size_t i = 0; i < MADE; i++) {
    assert_int_equal(access(made[i], F_OK), i == 0 ? -1 : 0);
    assert_int_equal(close(fds[i]), 0);
  }
  assert_int_equal(write_as(1000, "x.prom", "new"), 0);
  assert_int_equal(access(made[1], F_OK), -1);
}

/* No room: the old file stays, and nothing beside it. */
static void test_full(void **state) {
  (void)state;
  static char much[256 * 1024];
  memset(much, 'x', sizeof much - 1);
  struct rlimit old;
  assert_int_equal(getrlimit(RLIMIT_FSIZE, &old), 0);
  struct rlimit small = {.rlim_cur = 4096, .rlim_max = old.rlim_max};
  (void)signal(SIGXFSZ, SIG_IGN);
  assert_int_equal(write_as(1000, "x.prom", "old"), 0);
  int before = names();
  assert_int_equal(setrlimit(RLIMIT_FSIZE, &small), 0);
  int error = write_as(1000, "x.prom", much);
  assert_int_equal(setrlimit(RLIMIT_FSIZE, &old), 0);
  assert_int_equal(error, -EFBIG);
  assert_golden(why.text, "too large");
  assert_string_equal(content("x.prom"), "old");
  assert_int_equal(names(), before);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(test_replaced), cmocka_unit_test(test_refused), cmocka_unit_test(test_link),
      cmocka_unit_test(test_root),     cmocka_unit_test(test_left),    cmocka_unit_test(test_full),
  };
  return cmocka_run_group_tests(tests, temp_enter, temp_leave);
}

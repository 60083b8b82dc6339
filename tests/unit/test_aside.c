/* Tests of aside.c: which paths may hang, by a mount table of the test's own, and the child. */
#include <errno.h>
#include <fcntl.h>
#include <linux/openat2.h>
#include <poll.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdio.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

static const char *mountinfo; /* in place of /proc/self/mountinfo */
static unsigned table_reads;

static FILE *table_open(const char *path, const char *mode) {
  assert_string_equal(path, "/proc/self/mountinfo");
  assert_string_equal(mode, "re");
  table_reads++;
  return fmemopen((void *)(size_t)mountinfo, __builtin_strlen(mountinfo), "r");
}

static int xdev_error; /* of an openat2(2) that is to cross no mount point; 0: the kernel's own */

static long look_call(long number, int folder, const char *path, const struct open_how *how,
                      size_t size_bytes) {
  if (xdev_error != 0 && how->resolve == RESOLVE_NO_XDEV) {
    errno = xdev_error;
    return -1;
  }
  return syscall(number, folder, path, how, size_bytes);
}

static bool dead; /* the file system that stat(2) asks */

static int look_at(const char *path, struct stat *status) {
  if (dead) {
    (void)pause();
  }
  return stat(path, status);
}

#define fopen table_open
#define stat(path, status) look_at(path, status)
#define syscall look_call
#include "src/process/aside.c"
#undef fopen
#undef stat
#undef syscall

#include "ntp_monitor/clock.h"
#include "ntp_monitor/duration.h"

#define LOCAL "1 0 8:1 / / rw - ext4 /dev/sda1 rw\n2 1 0:5 / /proc rw shared:3 - proc proc rw\n"
/* What NAME's file system is, where it is mounted. */
#define MOUNTED(type, place) \
  LOCAL "3 1 0:44 / " place " rw,noatime shared:9 master:1 - " type " x rw\n"

/* --- which paths ---------------------------------------------------------------- */

static bool hangs(const char *mounts, const char *path, bool any) {
  bool on = !any;
  mountinfo = mounts;
  assert_int_equal(find_hanging(path, &on), any);
  return on;
}

static void test_table(void **state) {
  (void)state;
  assert_false(hangs(LOCAL, "/srv/a", false));
  assert_true(hangs(MOUNTED("nfs4", "/srv"), "/srv/a", true));
  assert_true(hangs(MOUNTED("fuse.sshfs", "/srv"), "/srv", true));
  assert_true(hangs(MOUNTED("fuse", "/a\\040b\\134c"), "/a b\\c/d", true));
  assert_false(hangs(MOUNTED("nfs4", "/srv"), "/srv2/a", true));
  assert_false(hangs(MOUNTED("nfs4", "/srv"), "/", true));
  assert_false(hangs(MOUNTED("tmpfs", "/srv"), "/srv/a", false));
  assert_false(hangs(MOUNTED("fusectl", "/srv"), "/srv/a", false)); /* the kernel's own */
  assert_false(
      hangs("3 0 0:44 / / rw - nfs srv:/ rw\n", "/etc/x", false)); /* of a diskless machine */
  assert_false(hangs(MOUNTED("autofs", "/proc/sys/fs/binfmt_misc"), "/etc/x", false));
  assert_false(hangs("\n \n3 0\nx - nfs", "/srv", false));
}

static void looks(const char *path) {
  int fd = aside_look(path);
  assert_true(fd >= 0);
  (void)close(fd);
  assert_false(aside_wanted(path));
}

/* The machine's files, as if there were a mount point on the way to each. */
static void test_look(void **state) {
  (void)state;
  xdev_error = EXDEV;
  mountinfo = LOCAL;
  looks("/etc/passwd");
  assert_int_equal(aside_look("/none/such"), -ENOENT);
  mountinfo = MOUNTED("nfs", "/etc");
  assert_int_equal(aside_look("/etc/passwd"), -EREMOTE);
  assert_int_equal(aside_look("//./etc/none"), -EREMOTE);
  assert_true(aside_wanted("/etc/passwd"));
  /* It is elsewhere, but a link or the folder above may lead there. */
  mountinfo = MOUNTED("nfs", "/srv");
  looks("/proc/version");
  assert_int_equal(aside_look("/proc/self/stat"), -EREMOTE);
  assert_int_equal(aside_look("/proc/1/../version"), -EREMOTE);
  xdev_error = ENOSYS; /* before Linux 5.6 */
  assert_int_equal(aside_look("/srv/a"), -EREMOTE);
  xdev_error = 0;
}

/* A path that crosses no mount point costs one call, the daemons' sockets none. */
static void test_local(void **state) {
  (void)state;
  mountinfo = MOUNTED("nfs", "/");
  table_reads = 0;
  assert_false(aside_wanted("/"));
  assert_false(aside_wanted("/dev/log"));
  assert_false(aside_wanted("/run/chrony/chronyd.sock"));
  assert_false(aside_wanted("/run/ptp4l"));
  assert_int_equal(table_reads, 0);
}

static void test_absolute(void **state) {
  (void)state;
  char out[PATH_MAX];
  char here[PATH_MAX];
  char longest[PATH_MAX + 1];
  assert_int_equal(aside_absolute("//a/./b//..c/../", out), 0);
  assert_string_equal(out, "/a/b/..c/..");
  assert_int_equal(aside_absolute("/", out), 0);
  assert_string_equal(out, "/");
  assert_int_equal(chdir("/"), 0);
  assert_int_equal(aside_absolute("a", out), 0);
  assert_string_equal(out, "//a"); /* the kernel makes no difference */
  assert_int_equal(chdir("/proc"), 0);
  assert_non_null(getcwd(here, sizeof here));
  assert_int_equal(aside_absolute("./a", out), 0);
  assert_string_equal(out, "/proc/a");
  memset(longest, 'a', sizeof longest - 1);
  longest[0] = '/';
  longest[PATH_MAX] = '\0';
  assert_int_equal(aside_absolute(longest, out), -ENAMETOOLONG);
}

/* --- the child -------------------------------------------------------------------- */

static void twice(void *shared) {
  *(int *)shared *= 2;
}

static void spoil_and_die(void *shared) {
  *(int *)shared = 1;
  (void)raise(SIGKILL);
}

static void spoil_and_hang(void *shared) {
  *(int *)shared = 1;
  (void)signal(SIGTERM, SIG_IGN);
  for (;;) {
    (void)pause();
  }
}

/* Whether standard input, output and error can be used. */
static void use_standard(void *shared) {
  char byte = 0;
  *(int *)shared = read(STDIN_FILENO, &byte, 1) < 0 && write(STDOUT_FILENO, "x", 1) < 0 &&
                   write(STDERR_FILENO, "x", 1) < 0 && fcntl(STDERR_FILENO, F_GETFD) >= 0;
}

static int run(void (*work)(void *shared), int value, int64_t span_ns, int *after) {
  *after = value;
  int error = aside_run(work, after, sizeof *after, clock_monotonic_ns() + span_ns);
  assert_int_equal(waitpid(-1, NULL, WNOHANG), -1); /* none is left */
  assert_int_equal(errno, ECHILD);
  return error;
}

static void test_run(void **state) {
  (void)state;
  int value = 0;
  assert_int_equal(run(twice, 21, 20 * DURATION_S, &value), 0);
  assert_int_equal(value, 42);
  assert_int_equal(run(use_standard, 0, 20 * DURATION_S, &value), 0);
  assert_int_equal(value, 1);
}

/* A child that fails changes nothing. */
static void test_died(void **state) {
  (void)state;
  int value = 0;
  assert_int_equal(run(spoil_and_die, 21, 20 * DURATION_S, &value), -EIO);
  assert_int_equal(value, 21);
}

static void test_hung(void **state) {
  (void)state;
  int value = 0;
  int64_t begun_ns = clock_monotonic_ns();
  assert_int_equal(run(spoil_and_hang, 21, 50 * DURATION_MS, &value), -ETIMEDOUT);
  assert_in_range(clock_monotonic_ns() - begun_ns, 50 * DURATION_MS, 5 * DURATION_S);
  assert_int_equal(value, 21);
}

/* What the child of a child tells. */
static struct {
  _Atomic pid_t pid;
  bool holds; /* a descriptor that is not its own */
} * orphan;
static int ours;

static void tell_and_hang(void *shared) {
  orphan->holds = fcntl(ours, F_GETFD) >= 0;
  orphan->pid = getpid();
  spoil_and_hang(shared);
}

/* A killed process takes its child along, which holds nothing that others wait for. */
static void test_orphan(void **state) {
  (void)state;
  int status = 0;
  orphan = mmap(NULL, sizeof *orphan, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
  assert_true(orphan != MAP_FAILED);
  ours = open("/dev/null", O_RDONLY); /* as flock(1) hands down its lock */
  assert_int_equal(prctl(PR_SET_CHILD_SUBREAPER, 1), 0);
  pid_t middle = fork();
  if (middle == 0) {
    int value = 0;
    _exit(aside_run(tell_and_hang, &value, sizeof value, clock_monotonic_ns() + 60 * DURATION_S));
  }
  while (orphan->pid == 0) { /* alarm(2) ends what never comes */
    (void)poll(NULL, 0, 1);
  }
  assert_false(orphan->holds);
  assert_int_equal(kill(middle, SIGKILL), 0);
  assert_int_equal(waitpid(middle, NULL, 0), middle);
  assert_int_equal(waitpid(orphan->pid, &status, 0), orphan->pid);
  assert_true(WIFSIGNALED(status) && WTERMSIG(status) == SIGKILL);
  (void)close(ours);
  (void)munmap(orphan, sizeof *orphan);
}

static void test_await(void **state) {
  (void)state;
  char longest[PATH_MAX + 1];
  int64_t until_ns = clock_monotonic_ns() + 20 * DURATION_S;
  xdev_error = EXDEV;
  mountinfo = MOUNTED("nfs", "/etc"); /* which answers */
  assert_int_equal(aside_await("/etc/passwd", until_ns), 0);
  assert_int_equal(aside_await("/etc/none", until_ns), 0); /* the call itself will say so */
  dead = true;
  assert_int_equal(aside_await("/etc/passwd", clock_monotonic_ns() + 50 * DURATION_MS), -EREMOTE);
  dead = false;
  assert_int_equal(aside_await("/dev/log", 0), 0);
  memset(longest, '/', sizeof longest - 1);
  longest[PATH_MAX] = '\0';
  assert_int_equal(aside_await(longest, until_ns), 0);
  xdev_error = 0;
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(test_table),    cmocka_unit_test(test_look),   cmocka_unit_test(test_local),
      cmocka_unit_test(test_absolute), cmocka_unit_test(test_run),    cmocka_unit_test(test_died),
      cmocka_unit_test(test_hung),     cmocka_unit_test(test_orphan), cmocka_unit_test(test_await),
  };
  (void)alarm(60);
  return cmocka_run_group_tests(tests, NULL, NULL);
}

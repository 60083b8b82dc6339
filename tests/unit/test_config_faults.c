/* Tests of config.c: what the system calls may answer, and whom root believes. The calls
 * are replaced by this file's own, so that no test needs to be root. */
#include <errno.h>
#include <fcntl.h>
#include <stdbool.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

static struct {
  int open_error, fstat_error;
  uid_t owner;
  mode_t mode;
  off_t size;
  const char *text; /* given out byte by byte, with EINTR before each */
  int read_error;   /* after it */
  bool endless;     /* EINTR alone */
  size_t at;
  unsigned reads;
} fake;

static int fake_open(const char *path, int flags) {
  (void)path;
  errno = fake.open_error;
  return fake.open_error != 0 ? -1 : open("/dev/null", flags);
}

static int fake_fstat(int fd, struct stat *status) {
  if (fake.fstat_error != 0) {
    errno = fake.fstat_error;
    return -1;
  }
  int result = fstat(fd, status);
  status->st_mode = S_IFREG | fake.mode;
  status->st_uid = fake.owner;
  status->st_size = fake.size;
  return result;
}

static ssize_t fake_read(int fd, void *out, size_t bytes) {
  (void)fd;
  if (fake.endless || fake.reads++ % 2 == 0) {
    errno = EINTR;
    return -1;
  }
  if (fake.text[fake.at] == '\0' || bytes == 0) {
    errno = fake.read_error;
    return fake.read_error != 0 ? -1 : 0;
  }
  *(char *)out = fake.text[fake.at++];
  return 1;
}

#define open fake_open
#define fstat fake_fstat
#define read fake_read
#include "src/net.c"

#include "src/config.c"
#undef open
#undef fstat
#undef read

#include "tests/unit/config_row.h"

static const char text[] = "[monitoring]\njitter_threshold = 1\n";

/* Reads the fake file as uid. */
static void check(uid_t uid, const char *notes) {
  struct config config;
  static struct notes said;
  fake.at = 0;
  fake.reads = 0;
  config_init(&config, notes_check_source);
  notes_read(&said, &config, "conf", false, uid);
  assert_string_equal(said.text, notes);
  assert_int_equal(said.to.problem_count, notes[0] == 'P');
  assert_int_equal(config.limit[METRIC_JITTER].warning, notes[0] == 'P' ? 2000000000 : 1000000000);
}

static int good_file(void **state) {
  (void)state;
  memset(&fake, 0, sizeof fake);
  fake.mode = 0644;
  fake.text = text;
  fake.size = sizeof text - 1;
  return 0;
}

static void test_good(void **state) {
  (void)state;
  check(0, "");
  check(1000, "");
}

static void test_open_errors(void **state) {
  (void)state;
  static const struct {
    int error;
    const char *notes;
  } rows[] = {
      {EACCES, "P|conf: cannot be opened: Permission denied\n"},
      {EIO, "P|conf: cannot be opened: Input/output error\n"},
      {ELOOP, "P|conf: cannot be opened: Too many levels of symbolic links\n"},
      {EMFILE, "P|conf: cannot be opened: Too many open files\n"},
  };
  for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
    fake.open_error = rows[i].error;
    check(1000, rows[i].notes);
  }
}

static void test_fstat_error(void **state) {
  (void)state;
  fake.fstat_error = EIO;
  check(1000, "P|conf: cannot be looked at: Input/output error\n");
}

static void test_read_errors(void **state) {
  (void)state;
  fake.read_error = EIO;
  check(1000, "P|conf: cannot be read whole, ignored: Input/output error\n");
  fake.endless = true; /* EINTR and no end */
  check(1000, "P|conf: cannot be read whole, ignored: Interrupted system call\n");
}

/* Read to its end, whatever fstat says: /proc says 0, and a file may grow or shrink since. */
static void test_size(void **state) {
  (void)state;
  fake.size = 0;
  check(1000, "");
  fake.size = sizeof text + 1;
  check(1000, "");
  fake.size = (off_t)1 << 40;
  check(1000, "");
}

static void test_root_trusts(void **state) {
  (void)state;
  static const struct {
    uid_t owner;
    mode_t mode;
    const char *notes;
  } rows[] = {
      {0, 0600, ""},
      {0, 0644, ""},
      {0, 0755, ""},
      {1000, 0644,
       "P|conf: ignored: it belongs to uid 1000, and root believes only its own; chown root it\n"},
      {0, 0664,
       "P|conf: ignored: others may write it (mode 0664), and root does not believe such a file; "
       "chmod go-w it\n"},
      {0, 0646,
       "P|conf: ignored: others may write it (mode 0646), and root does not believe such a file; "
       "chmod go-w it\n"},
  };
  for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
    fake.owner = rows[i].owner;
    fake.mode = rows[i].mode;
    check(0, rows[i].notes);
    check(1000, ""); /* a user decides for himself alone */
  }
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test_setup(test_good, good_file),
      cmocka_unit_test_setup(test_open_errors, good_file),
      cmocka_unit_test_setup(test_fstat_error, good_file),
      cmocka_unit_test_setup(test_read_errors, good_file),
      cmocka_unit_test_setup(test_size, good_file),
      cmocka_unit_test_setup(test_root_trusts, good_file),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}

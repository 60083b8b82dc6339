/* Tests of config_file.c: what reading a file may answer. trusted_read() is this file's own. */
#include <errno.h>
#include <stdbool.h>
#include <string.h>

#include "ntp_monitor/trusted.h"
#include "tests/unit/config_row.h"
#include "tests/unit/golden.h"

static struct {
  struct trusted_file asked;
  int error;
  const char *text;
} fake;

ssize_t trusted_read(const struct trusted_file *file, char *out, size_t size_bytes,
                     struct stat *status, struct why *why) {
  (void)status;
  fake.asked = *file;
  if (fake.error != 0) {
    return why_set(why, REASON_CONFIG, fake.error, "the words");
  }
  assert_int_equal(size_bytes, 64 * 1024);
  memcpy(out, fake.text, strlen(fake.text));
  return (ssize_t)strlen(fake.text);
}

/* Reads the fake file, which is named or not. */
static void check(bool named, bool told) {
  struct config config;
  static struct config_problems said;
  config_init(&config, notes_check_source);
  notes_read(&said, &config, "conf", named, 1000);
  if (told) {
    assert_golden(said.text, "error %d", fake.error);
  } else {
    assert_string_equal(said.text, "");
  }
  assert_int_equal(said.to.problem_count, told);
  bool read = fake.error == 0;
  assert_int_equal(config.limit[METRIC_JITTER].warning, read ? 1000000000 : 2000000000);
}

static int good_file(void **state) {
  (void)state;
  memset(&fake, 0, sizeof fake);
  fake.text = "[monitoring]\njitter_threshold = 1\n";
  return 0;
}

/* Who asks, for what, and in a quarter of the time. */
static void test_asked(void **state) {
  (void)state;
  int64_t now_ns = clock_monotonic_ns();
  check(true, false);
  assert_string_equal(fake.asked.path, "conf");
  assert_int_equal(fake.asked.rule, TRUSTED_NAMED);
  assert_int_equal(fake.asked.uid, 1000);
  assert_true(fake.asked.deadline_ns > now_ns);
  assert_true(fake.asked.deadline_ns < now_ns + NOTES_DEADLINE_NS / 2);
  check(false, false);
  assert_int_equal(fake.asked.rule, TRUSTED_UNNAMED);
}

static void test_errors(void **state) {
  (void)state;
  static const struct {
    int error;
    bool told; /* of a file that nobody named */
  } rows[] = {
      {-ENOENT, false},   {-ENOTDIR, false}, {-EACCES, true}, {-ELOOP, true},
      {-ETIMEDOUT, true}, {-EPERM, true},    {-EINVAL, true}, {-EFBIG, true},
  };
  for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
    fake.error = rows[i].error;
    check(true, true);
    check(false, rows[i].told);
  }
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test_setup(test_asked, good_file),
      cmocka_unit_test_setup(test_errors, good_file),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}

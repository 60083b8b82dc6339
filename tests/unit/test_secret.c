/* Tests of secret.c: which files keep a secret, and that none is ever said. */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "ntp_monitor/env.h"
#include "ntp_monitor/trace.h"
#include "ntp_monitor/why.h"
#include "output/secret.h"
#include "tests/unit/ask.h"
#include "tests/unit/golden.h"
#include "tests/unit/temp.h"

static struct env env;
static struct trace trace = {.fd = -1};
static struct why why;
static char secret[SECRET_BYTES];

/* The file name in our folder, mode as given, and its absolute path. */
static const char *file(const char *name, const char *text, mode_t mode) {
  static char path[2 * TEMP_PATH_BYTES];
  assert_int_equal(temp_write(name, text, strlen(text)), 0);
  assert_int_equal(chmod(name, mode), 0);
  (void)snprintf(path, sizeof path, "%s/%s", temp_name(), name);
  return path;
}

static int read_it(const char *name) {
  why.text[0] = '\0';
  env_init(&env, &trace);
  trace = (struct trace){.fd = -1};
  (void)strcpy(secret, "untouched");
  int error = secret_read(name, ASK_OUTPUT(&env, NULL), secret, &why);
  /* Nobody is told what is in it. */
  assert_null(strstr(why.text, "geheim"));
  assert_null(memmem(trace.text, sizeof trace.text, "geheim", 6));
  if (error != 0) {
    assert_string_equal(secret, "untouched");
    assert_true(why.text[0] != '\0');
  }
  return error;
}

static void says(const char *text) {
  if (strstr(why.text, text) == NULL) {
    fail_msg("%s", why.text);
  }
}

static void test_good(void **state) {
  (void)state;
  static const struct {
    const char *text, *secret;
  } rows[] = {{"geheim", "geheim"},
              {"geheim\n", "geheim"},
              {"geheim\r\n", "geheim"},
              {"geheim \xc3\xa4\n", "geheim \xc3\xa4"},
              {" geheim", " geheim"}};
  for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
    assert_int_equal(read_it(file("good", rows[i].text, i % 2 == 0 ? 0600 : 0400)), 0);
    assert_string_equal(secret, rows[i].secret);
  }
}

static void test_text(void **state) {
  (void)state;
  assert_int_equal(read_it(file("bad", "", 0600)), -EINVAL);
  assert_golden(strrchr(why.text, '/'), "empty");
  assert_int_equal(read_it(file("bad", "\n", 0600)), -EINVAL);
  assert_golden(strrchr(why.text, '/'), "an empty line");
  assert_int_equal(read_it(file("bad", "geheim\nX-Header: geheim\n", 0600)), -EINVAL);
  assert_golden(strrchr(why.text, '/'), "two lines");
  assert_int_equal(read_it(file("bad", "geheim\tgeheim\n", 0600)), -EINVAL);
  assert_int_equal(read_it(file("bad", "geheim\x7f", 0600)), -EINVAL);
  assert_int_equal(temp_write("bad", "geheim\0geheim", 13), 0);
  assert_int_equal(chmod("bad", 0600), 0);
  char path[2 * TEMP_PATH_BYTES];
  (void)snprintf(path, sizeof path, "%s/bad", temp_name());
  assert_int_equal(read_it(path), -EINVAL);
  char longest[SECRET_BYTES + 1];
  memset(longest, 'g', sizeof longest);
  longest[SECRET_BYTES - 1] = '\0';
  assert_int_equal(read_it(file("bad", longest, 0600)), 0);
  assert_int_equal(strlen(secret), SECRET_BYTES - 1);
  longest[SECRET_BYTES - 1] = 'g';
  longest[SECRET_BYTES] = '\0';
  assert_int_equal(read_it(file("bad", longest, 0600)), -EFBIG);
}

static void test_modes(void **state) {
  (void)state;
  static const mode_t modes[] = {0640, 0620, 0610, 0604, 0602, 0601, 0644, 0666, 0777};
  for (size_t i = 0; i < sizeof modes / sizeof *modes; i++) {
    assert_int_equal(read_it(file("open", "geheim", modes[i])), -EPERM);
    says("chmod 600");
  }
}

static void test_kinds(void **state) {
  (void)state;
  char path[2 * TEMP_PATH_BYTES];
  (void)snprintf(path, sizeof path, "%s/none", temp_name());
  assert_int_equal(read_it(path), -ENOENT);
  assert_golden(strrchr(why.text, '/'), "missing");
  assert_int_equal(mkfifo("fifo", 0600), 0);
  (void)snprintf(path, sizeof path, "%s/fifo", temp_name());
  assert_int_equal(read_it(path), -EINVAL);
  assert_golden(strrchr(why.text, '/'), "fifo");
  assert_int_equal(read_it(temp_name()), -EINVAL);
}

/* Root takes its own alone. Whose the file is we can choose only as root. */
static void test_owner(void **state) {
  (void)state;
  const char *path = file("owned", "geheim", 0600);
  if (geteuid() == 0 && chown("owned", 12345, (gid_t)-1) != 0) {
    skip();
  }
  env_init(&env, &trace);
  env.uid = 0;
  why.text[0] = '\0';
  assert_int_equal(secret_read(path, ASK_OUTPUT(&env, NULL), secret, &why), -EPERM);
  says("chown root");
}

static void test_credentials(void **state) {
  (void)state;
  (void)file("influx", "geheim\n", 0440); /* as systemd with an access list has it */
  assert_int_equal(unsetenv("CREDENTIALS_DIRECTORY"), 0);
  assert_int_equal(read_it("influx"), -ENOENT);
  says("LoadCredential=influx:");
  assert_int_equal(setenv("CREDENTIALS_DIRECTORY", ".", 1), 0);
  assert_int_equal(read_it("influx"), -ENOENT);
  assert_int_equal(setenv("CREDENTIALS_DIRECTORY", temp_name(), 1), 0);
  assert_int_equal(read_it("influx"), 0);
  assert_string_equal(secret, "geheim");
  assert_int_equal(chmod("influx", 0444), 0);
  assert_int_equal(read_it("influx"), -EPERM);
  assert_int_equal(read_it("other"), -ENOENT);
  char folder[5000];
  memset(folder, '/', sizeof folder);
  folder[sizeof folder - 1] = '\0';
  assert_int_equal(setenv("CREDENTIALS_DIRECTORY", folder, 1), 0);
  assert_int_equal(read_it("influx"), -ENAMETOOLONG);
  assert_int_equal(unsetenv("CREDENTIALS_DIRECTORY"), 0);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(test_good),  cmocka_unit_test(test_text),
      cmocka_unit_test(test_modes), cmocka_unit_test(test_kinds),
      cmocka_unit_test(test_owner), cmocka_unit_test(test_credentials),
  };
  return cmocka_run_group_tests(tests, temp_enter, temp_leave);
}

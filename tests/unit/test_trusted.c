/* Tests of trusted.c and trusted_read.c: whose files and folders are believed, and what is no file.
 * The databases of users and groups are this file's own. */
#include <errno.h>
#include <grp.h>
#include <pwd.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "ntp_monitor/clock.h"
#include "ntp_monitor/duration.h"
#include "ntp_monitor/trusted.h"
#include "ntp_monitor/why.h"
#include "tests/unit/golden.h"
#include "tests/unit/temp.h"

static char group_name[16];
static char *members[3];
static struct why why;

int getpwuid_r(uid_t uid, struct passwd *entry, char *buffer, size_t size, struct passwd **result) {
  static char name[] = "ann";
  (void)uid, (void)buffer, (void)size;
  *entry = (struct passwd){.pw_name = name};
  *result = entry;
  return 0;
}

int getgrgid_r(gid_t gid, struct group *entry, char *buffer, size_t size, struct group **result) {
  (void)gid, (void)buffer, (void)size;
  *entry = (struct group){.gr_name = group_name, .gr_mem = members};
  *result = entry;
  return 0;
}

/* A group of that name, with that other member. */
static void set_group(const char *name, char *member) {
  (void)strcpy(group_name, name);
  members[0] = member;
  members[1] = NULL;
}

/* --- the rule ------------------------------------------------------------------ */

static void test_rule(void **state) {
  (void)state;
  static const struct {
    uid_t uid, owner;
    mode_t mode;
    bool refused;
  } rows[] = {
      {0, 0, S_IFREG | 0644, false},
      {0, 0, S_IFREG | 0755, false},
      {0, 1000, S_IFREG | 0644, true},
      {0, 0, S_IFREG | 0664, true},
      {0, 0, S_IFREG | 0646, true},
      {0, 0, S_IFREG | S_ISVTX | 0646, true},
      {0, 0, S_IFDIR | 0775, true},
      {0, 0, S_IFDIR | S_ISVTX | 0777, false},
      {0, 1000, S_IFDIR | S_ISVTX | 0755, true},
      {1000, 0, S_IFREG | 0644, false},
      {1000, 1000, S_IFREG | 0644, false},
      {1000, 1001, S_IFREG | 0644, true},
      {1000, 1001, S_IFDIR | 0755, true},
      {1000, 1000, S_IFREG | 0666, true},
      {1000, 1000, S_IFDIR | 0777, true},
      {1000, 0, S_IFDIR | S_ISVTX | 0777, false},
      {1000, 1000, S_IFREG | 0664, true},
  };
  set_group("staff", NULL);
  for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
    const struct stat status = {.st_uid = rows[i].owner, .st_mode = rows[i].mode};
    why.text[0] = '\0';
    assert_int_equal(trusted_check(&status, "it", rows[i].uid, &why), rows[i].refused ? -EPERM : 0);
    if (rows[i].refused) {
      assert_golden(why.text, "uid %u, of uid %u with mode %06o", rows[i].uid, rows[i].owner,
                    rows[i].mode);
    }
  }
}

/* A group that has the user's name and no other member is the user. */
static void test_private_group(void **state) {
  (void)state;
  static char ann[] = "ann";
  static char bob[] = "bob";
  const struct stat status = {.st_uid = 1000, .st_gid = 1000, .st_mode = S_IFREG | 0664};
  const struct stat roots = {.st_uid = 0, .st_gid = 0, .st_mode = S_IFREG | 0664};
  set_group("ann", NULL);
  assert_int_equal(trusted_check(&status, "it", 1000, &why), 0);
  assert_int_equal(trusted_check(&roots, "it", 0, &why), -EPERM);
  set_group("ann", ann);
  assert_int_equal(trusted_check(&status, "it", 1000, &why), 0);
  set_group("ann", bob);
  assert_int_equal(trusted_check(&status, "it", 1000, &why), -EPERM);
  set_group("users", NULL);
  assert_int_equal(trusted_check(&status, "it", 1000, &why), -EPERM);
}

/* --- files ---------------------------------------------------------------------- */

static ssize_t read_it(const char *path, enum trusted_rule rule) {
  static char text[1024];
  const struct trusted_file file = {.path = path,
                                    .rule = rule,
                                    .uid = geteuid(),
                                    .deadline_ns = clock_monotonic_ns() + 50 * DURATION_MS};
  struct stat status;
  why.text[0] = '\0';
  return trusted_read(&file, text, sizeof text, &status, &why);
}

static void says(const char *words) {
  if (strstr(why.text, words) == NULL) {
    fail_msg("'%s' is not in: %s", words, why.text);
  }
}

static void test_kinds(void **state) {
  (void)state;
  char large[1025];
  memset(large, 'x', sizeof large);
  assert_int_equal(temp_write("good", "text", 4), 0);
  assert_int_equal(temp_write("large", large, sizeof large), 0);
  assert_int_equal(mkfifo("fifo", 0644), 0);
  assert_int_equal(symlink("/dev/zero", "device"), 0);
  assert_int_equal(symlink("loop", "loop"), 0);
  static const enum trusted_rule rules[] = {TRUSTED_NAMED, TRUSTED_UNNAMED, TRUSTED_ANYONE};
  for (size_t i = 0; i < 3; i++) {
    assert_int_equal(read_it("good", rules[i]), 4);
    assert_int_equal(read_it("none", rules[i]), -ENOENT);
    assert_int_equal(read_it("good/x", rules[i]), -ENOTDIR);
    assert_int_equal(read_it("loop", rules[i]), -ELOOP);
    assert_int_equal(read_it("device", rules[i]), -EINVAL);
    bool anyone = rules[i] == TRUSTED_ANYONE;
    assert_golden(why.text, "device%s", anyone ? " of anyone" : "");
    assert_int_equal(read_it(".", rules[i]), -EINVAL);
    assert_int_equal(read_it("large", rules[i]), -EFBIG);
    assert_golden(why.text, "1025 bytes");
    assert_int_equal(read_it("fifo", rules[i]), anyone ? -ETIMEDOUT : -EINVAL);
  }
}

/* By whatever way: through links and back. */
static void test_ways(void **state) {
  (void)state;
  char path[2 * TEMP_PATH_BYTES];
  assert_int_equal(mkdir("below", 0755), 0);
  assert_int_equal(temp_write("below/file", "text", 4), 0);
  assert_int_equal(symlink("below", "link"), 0);
  assert_int_equal(symlink("../link/file", "below/again"), 0);
  (void)snprintf(path, sizeof path, "%s/below/../link/./file", temp_name());
  assert_int_equal(symlink(path, "far"), 0);
  static const char *const ways[] = {"below/file",  "link/file",          "./link//again",
                                     "below/again", "below/../link/file", "far"};
  for (size_t i = 0; i < sizeof ways / sizeof *ways; i++) {
    assert_int_equal(read_it(ways[i], TRUSTED_NAMED), 4);
  }
}

/* A folder that others may write to, on the way or on a link's. */
static void test_folders(void **state) {
  (void)state;
  assert_int_equal(mkdir("open", 0755), 0);
  assert_int_equal(temp_write("open/file", "text", 4), 0);
  assert_int_equal(chmod("open", 0777), 0);
  assert_int_equal(symlink("open/file", "into"), 0);
  static const char *const ways[] = {"open/file", "into", "open/../open/file"};
  for (size_t i = 0; i < sizeof ways / sizeof *ways; i++) {
    assert_int_equal(read_it(ways[i], TRUSTED_NAMED), -EPERM);
    says("/open (mode 0777)");
    assert_int_equal(read_it(ways[i], TRUSTED_ANYONE), 4);
  }
  /* Where names are their owners': but nobody's home. */
  assert_int_equal(chmod("open", 01777), 0);
  assert_int_equal(read_it("open/file", TRUSTED_NAMED), 4);
  assert_int_equal(read_it("open/file", TRUSTED_UNNAMED), -EPERM);
  says("/open (mode 1777)");
  assert_int_equal(read_it("open/none", TRUSTED_UNNAMED), -ENOENT);
}

static void test_secret(void **state) {
  (void)state;
  static const struct {
    mode_t mode;
    bool secret, credential;
  } rows[] = {{0600, true, true},  {0400, true, true},   {0440, false, true},
              {0640, false, true}, {0604, false, false}, {0444, false, false}};
  assert_int_equal(temp_write("secret", "text", 4), 0);
  for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
    assert_int_equal(chmod("secret", rows[i].mode), 0);
    assert_int_equal(read_it("secret", TRUSTED_SECRET), rows[i].secret ? 4 : -EPERM);
    assert_int_equal(read_it("secret", TRUSTED_CREDENTIAL), rows[i].credential ? 4 : -EPERM);
  }
}

/* A folder that may not be entered holds nothing that one did not name. Nothing is closed to root.
 */
static void test_closed(void **state) {
  (void)state;
  if (geteuid() == 0) {
    skip();
  }
  assert_int_equal(mkdir("closed", 0), 0);
  assert_int_equal(read_it("closed/file", TRUSTED_UNNAMED), -ENOENT);
  assert_null(strstr(why.text, strerror(ENOENT))); /* it may be there */
  assert_int_equal(read_it("closed/file", TRUSTED_NAMED), -EACCES);
  assert_int_equal(temp_write("shut", "text", 4), 0);
  assert_int_equal(chmod("shut", 0), 0);
  assert_int_equal(read_it("shut", TRUSTED_UNNAMED), -EACCES);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(test_rule),    cmocka_unit_test(test_private_group),
      cmocka_unit_test(test_kinds),   cmocka_unit_test(test_ways),
      cmocka_unit_test(test_folders), cmocka_unit_test(test_secret),
      cmocka_unit_test(test_closed),
  };
  return cmocka_run_group_tests(tests, temp_enter, temp_leave);
}

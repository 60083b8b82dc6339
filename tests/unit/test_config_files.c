/* Tests of config_file.c: files that are none, are not there, or are not text. */
#include <sys/socket.h>
#include <sys/un.h>

#include "tests/unit/config_row.h"

/* Reads path over a threshold of 3s; what is said begins with notes. */
static void check_as(const char *label, const char *path, bool named, const char *notes,
                     const char *kept) {
  static const char below[] = "[monitoring]\njitter_threshold = 3\n";
  struct config config;
  static struct config_problems said;
  config_init(&config, notes_check_source);
  assert_int_equal(temp_write("below", below, strlen(below)), 0);
  notes_read(&said, &config, "below", false, geteuid());
  notes_read(&said, &config, path, named, geteuid());
  notes_check(&said, notes, label);
  char value[CONFIG_TEXT_BYTES];
  config_print_value(&config, config_find("monitoring", "jitter_threshold"), value, sizeof value);
  assert_string_equal(value, kept);
}

static void check(const char *path, const char *notes) {
  check_as(path, path, false, notes, "3s");
}

static void check_bytes(const char *data, size_t bytes, const char *notes, const char *kept) {
  assert_int_equal(temp_write("conf", data, bytes), 0);
  char label[64];
  text_escape(label, sizeof label, data, bytes);
  check_as(label, "conf", false, notes, kept);
}

static void test_missing(void **state) {
  (void)state;
  check("missing", "");
  check("below/missing", ""); /* ENOTDIR */
  check_as("missing", "missing", true, "P|missing:\n", "3s");
  check_as("below/missing", "below/missing", true, "P|below/missing:\n", "3s");
}

static void test_not_regular(void **state) {
  (void)state;
  assert_int_equal(mkdir("folder", 0755), 0);
  assert_int_equal(mkfifo("fifo", 0644), 0);
  assert_int_equal(symlink("loop", "loop"), 0);
  assert_int_equal(symlink("fifo", "link"), 0);
  check("folder", "P|folder:\n");
  check("fifo", "P|fifo:\n");
  check("link", "P|link:\n");
  check("/dev/zero", "P|/dev/zero:\n");
  check("/dev/null", "P|/dev/null:\n");
  check("loop", "P|loop:\n");
  struct sockaddr_un address = {.sun_family = AF_UNIX, .sun_path = "socket"};
  int fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0);
  assert_int_equal(bind(fd, (struct sockaddr *)&address, sizeof address), 0);
  check("socket", "P|socket:\n");
  (void)close(fd);
}

static void test_long_name(void **state) {
  (void)state;
  char path[5000];
  char notes[1024];
  memset(path, 'x', sizeof path - 1);
  path[sizeof path - 1] = '\0';
  (void)snprintf(notes, sizeof notes, "P|%.512s:\n", path);
  check_as("a name of 4999 bytes", path, false, notes, "3s");
}

/* A regular file behind a link is one. */
static void test_link(void **state) {
  (void)state;
  static const char text[] = "[monitoring]\njitter_threshold = 1\n";
  assert_int_equal(temp_write("target", text, strlen(text)), 0);
  assert_int_equal(symlink("target", "good_link"), 0);
  check_as("good_link", "good_link", false, "", "1s");
}

/* 64 KiB are read, a byte more is not. */
static void test_size(void **state) {
  (void)state;
  enum { LIMIT = 64 * 1024 };
  static char text[LIMIT + 1] = "[monitoring]\njitter_threshold = 1\n";
  for (size_t i = strlen(text); i < sizeof text; i++) {
    text[i] = i % 100 == 0 ? '\n' : '#';
  }
  check_bytes(text, LIMIT, "", "1s");
  check_bytes(text, LIMIT + 1, "P|conf:\n", "3s");
}

#define CHECK_BYTES(text, notes, kept) check_bytes(text, sizeof text - 1, notes, kept)

static void test_not_text(void **state) {
  (void)state;
  CHECK_BYTES("\xff\xfe[\0m\0", "P|conf:\n", "3s");
  CHECK_BYTES("\xfe\xff\0[\0m", "P|conf:\n", "3s");
  CHECK_BYTES("\xff\xfe", "P|conf:\n", "3s");
  CHECK_BYTES("\0", "P|conf:1:\n", "3s");
  CHECK_BYTES("[monitoring]\njitter_threshold = 1\nlog_level = \0ERROR\n", "P|conf:3:\n", "3s");
  CHECK_BYTES("[monitoring]\njitter_threshold = 1\n\0", "P|conf:3:\n", "3s");
  CHECK_BYTES("[monitoring]\rjitter_threshold = 1\r", "P|conf:\n", "3s");
}

/* A long line that holds a NUL: what later versions of inih read out of bounds for. */
static void test_long_line_with_nul(void **state) {
  (void)state;
  char text[600];
  memset(text, 'x', sizeof text);
  text[300] = '\0';
  check_bytes(text, sizeof text, "P|conf:1:\n", "3s");
}

/* Samples that do not fit into the run are said beforehand; it is no problem. */
static void test_samples_and_timeout(void **state) {
  (void)state;
  static struct config_problems said;
  struct config config;
  static const char *const texts[] = {"[sntp]\nsamples = 6\n", "[sntp]\nsamples = 5\n",
                                      "[monitoring]\ntimeout = 3\n"};
  static const char *const want[] = {"W|\n", "", ""};
  for (size_t i = 0; i < 3; i++) {
    assert_int_equal(temp_write("conf", texts[i], strlen(texts[i])), 0);
    config_init(&config, notes_check_source);
    notes_read(&said, &config, "conf", true, geteuid());
    config_check(&config, &said.to);
    notes_check(&said, want[i], texts[i]);
  }
}

static void test_critical_below_warning(void **state) {
  (void)state;
  static const char text[] = "[monitoring]\n"
                             "jitter_threshold = 2\njitter_critical = 1999ms\n"
                             "offset_threshold = 2\noffset_critical = 2\n"
                             "root_distance_threshold = 10ms\nroot_distance_critical = 9ms\n";
  struct config config;
  static struct config_problems said;
  struct why why;
  config_init(&config, notes_check_source);
  assert_int_equal(temp_write("conf", text, strlen(text)), 0);
  notes_read(&said, &config, "conf", true, geteuid());
  assert_string_equal(said.text, "");
  config_check(&config, &said.to);
  notes_check(&said, "P|conf:3: jitter_critical: 1.999s\nP|conf:7: root_distance_critical: 9ms\n",
              "critical limits below those of warnings");
  /* Without a warning there is nothing to be below; a default one has no say. */
  config_init(&config, notes_check_source);
  config.limit[METRIC_DELAY].critical = 1;
  assert_int_equal(config_set(&config, config_find("monitoring", "offset_critical"), "1ms",
                              &config_command_line, &why),
                   0);
  notes_begin(&said);
  config_check(&config, &said.to);
  assert_string_equal(said.text, "");
}

/* A warning above the default critical limit is what its user wants, and nothing is wrong with it.
 */
static void test_default_gives_way(void **state) {
  (void)state;
  static const char text[] = "[monitoring]\noffset_threshold = 5min\n";
  struct config config;
  static struct config_problems said;
  config_init(&config, notes_check_source);
  assert_int_equal(temp_write("conf", text, strlen(text)), 0);
  notes_read(&said, &config, "conf", true, geteuid());
  config_settle(&config);
  config_check(&config, &said.to);
  assert_string_equal(said.text, "");
  assert_int_equal(config.limit[METRIC_OFFSET].warning, INT64_C(300000000000));
  assert_int_equal(config.limit[METRIC_OFFSET].critical, CONFIG_NONE);
  config_init(&config, notes_check_source);
  config_settle(&config);
  assert_int_equal(config.limit[METRIC_OFFSET].critical, INT64_C(60000000000));
  struct why why;
  assert_int_equal(config_set(&config, config_find("monitoring", "stratum_critical"), "5",
                              &config_command_line, &why),
                   0);
  assert_int_equal(config_set(&config, config_find("monitoring", "offset_threshold"), "off",
                              &config_command_line, &why),
                   0);
  config_settle(&config);
  assert_int_equal(config.limit[METRIC_OFFSET].critical, CONFIG_NONE);
  assert_int_equal(config.limit[METRIC_STRATUM].warning, CONFIG_NONE);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(test_missing),
      cmocka_unit_test(test_not_regular),
      cmocka_unit_test(test_long_name),
      cmocka_unit_test(test_link),
      cmocka_unit_test(test_size),
      cmocka_unit_test(test_not_text),
      cmocka_unit_test(test_long_line_with_nul),
      cmocka_unit_test(test_critical_below_warning),
      cmocka_unit_test(test_default_gives_way),
      cmocka_unit_test(test_samples_and_timeout),
  };
  return cmocka_run_group_tests(tests, temp_enter, temp_leave);
}

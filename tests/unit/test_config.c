/* Tests of config_file.c: the files that it takes, with all that configparser's users write. */
#include "tests/unit/config_row.h"

#define KEPT "jitter_threshold=3s\n"

static void check_rows(const struct config_row *rows, size_t count) {
  for (size_t i = 0; i < count; i++) {
    config_row_check(&rows[i]);
  }
}
#define CHECK(rows) check_rows(rows, sizeof rows / sizeof *(rows))

static void test_python_example(void **state) {
  (void)state;
  static const struct config_row rows[] = {
      {"[monitoring]\n"
       "jitter_threshold = 2.0\n"
       "debug_mode = true\n"
       "log_level = INFO\n"
       "\n"
       "[logging]\n"
       "syslog_address = localhost:514\n",
       "", "jitter_threshold=2s\ndebug_mode=true\nlog_level=INFO\nsyslog_address=localhost:514\n"},
  };
  CHECK(rows);
}

static void test_every_key(void **state) {
  (void)state;
  static const struct config_row rows[] = {
      {"[monitoring]\njitter_threshold = 1\njitter_critical = 2ms\noffset_threshold = 3us\n"
       "offset_critical = 4ns\nroot_distance_threshold = 5min\nroot_distance_critical = 6h\n"
       "stale_after = 7d\nmin_replies = 8\nsource = a b:c\ttext:/x\ntimeout = 9\n"
       "debug_mode = yes\nlog_level = error\n[logging]\nsyslog_address = [::1]:5514\n"
       "syslog_facility = local7\nsyslog_format = rfc3164\n",
       "",
       "jitter_threshold=1s\njitter_critical=2ms\noffset_threshold=3us\noffset_critical=4ns\n"
       "root_distance_threshold=5min\nroot_distance_critical=6h\nstale_after=7d\nmin_replies=8\n"
       "source=a b:c text:/x\ntimeout=9s\ndebug_mode=true\nlog_level=ERROR\n"
       "syslog_address=[::1]:5514\nsyslog_facility=local7\nsyslog_format=rfc3164\n"},
  };
  CHECK(rows);
}

static void test_lines(void **state) {
  (void)state;
  static const struct config_row rows[] = {
      {"", "", KEPT},
      {"\n\n \n\t\n", "", KEPT},
      {"[monitoring]", "", KEPT},
      {"[monitoring]\njitter_threshold = 1", "", "jitter_threshold=1s\n"},
      {"[monitoring]\njitter_threshold: 1\n", "", "jitter_threshold=1s\n"},
      {"[monitoring]\njitter_threshold=1\n", "", "jitter_threshold=1s\n"},
      {"[monitoring]\njitter_threshold\t=\t1 \t\n", "", "jitter_threshold=1s\n"},
      {"[monitoring]\nJITTER_Threshold = 1\n", "", "jitter_threshold=1s\n"},
      {"[monitoring]\n  jitter_threshold = 1\n", "", "jitter_threshold=1s\n"},
      {"[monitoring]\nlog_level = ERROR\n\tjitter_threshold = 1\n", "",
       "jitter_threshold=1s\nlog_level=ERROR\n"},
      {"  [monitoring]\njitter_threshold = 1\n", "", "jitter_threshold=1s\n"},
      {"[monitoring]\n# jitter_threshold = 1\n", "", KEPT},
      {"[monitoring]\n; jitter_threshold = 1\n", "", KEPT},
      {"[monitoring]\n#jitter_threshold = 1\n  # a\n\t; b\n", "", KEPT},
      {"[monitoring]\njitter_threshold = 1 ; two\n", "", "jitter_threshold=1s\n"},
      {"[monitoring]\njitter_threshold = 1min 30.5s ; two\n", "", "jitter_threshold=1min 30.5s\n"},
      {"[logging]\nsyslog_address: localhost:514\n", "", "syslog_address=localhost:514\n"},
      {"[logging]\nsyslog_address: /a=b\n", "", "syslog_address=/a=b\n"},
      {"[logging]\nsyslog_address = /run/%(a\n", "", "syslog_address=/run/%(a\n"},
      {"[logging]\nsyslog_address = /run/a%b%\n", "", "syslog_address=/run/a%b%\n"},
      {"[logging]\nsyslog_address = /run/a%%b%%\n", "", "syslog_address=/run/a%b%\n"},
      {"[logging]\nsyslog_address = /%%%%a%%%\n", "", "syslog_address=/%%a%%\n"},
      {"[logging]\nsyslog_address = /%%(a)s\n", "", "syslog_address=/%(a)s\n"},
      {"[monitoring]\nlog_level = ERROR\n[logging]\nsyslog_facility = cron\n[monitoring]\n"
       "jitter_threshold = 1\n",
       "", "jitter_threshold=1s\nlog_level=ERROR\nsyslog_facility=cron\n"},
  };
  CHECK(rows);
}

static void test_line_ends(void **state) {
  (void)state;
  static const struct config_row rows[] = {
      {"[monitoring]\r\njitter_threshold = 1\r\n\r\n# a\r\nlog_level = ERROR\r\n", "",
       "jitter_threshold=1s\nlog_level=ERROR\n"},
      {"[monitoring]\r\njitter_threshold = 1\r\nlog_level = ERROR", "",
       "jitter_threshold=1s\nlog_level=ERROR\n"},
      {"\xef\xbb\xbf[monitoring]\njitter_threshold = 1\n", "", "jitter_threshold=1s\n"},
      {"\xef\xbb\xbf[monitoring]\r\njitter_threshold = 1\r\n", "", "jitter_threshold=1s\n"},
      {"\xef\xbb\xbf", "", KEPT},
  };
  CHECK(rows);
}

static void test_words(void **state) {
  (void)state;
  static const char *const yes[] = {"1", "yes", "true", "on", "YES", "True", "oN"};
  static const char *const no[] = {"0", "no", "false", "off", "NO", "False", "oFF"};
  char text[2][64];
  for (size_t i = 0; i < sizeof yes / sizeof *yes; i++) {
    (void)snprintf(text[0], sizeof text[0], "[monitoring]\ndebug_mode = %s\n", yes[i]);
    (void)snprintf(text[1], sizeof text[1], "[monitoring]\ndebug_mode=1\ndebug_mode=%s", no[i]);
    const struct config_row rows[] = {
        {text[0], "", "debug_mode=true\n"},
        {text[1], "W|conf:3: debug_mode:\n", "debug_mode=false\n"},
    };
    CHECK(rows);
  }
}

/* The last one wins, and it is said; a key with a bad second value keeps its first. */
static void test_duplicates(void **state) {
  (void)state;
  static const struct config_row rows[] = {
      {"[monitoring]\njitter_threshold = 1\nlog_level = ERROR\nJitter_Threshold = 5\n",
       "W|conf:4: jitter_threshold:\n", "jitter_threshold=5s\n"},
      {"[monitoring]\njitter_threshold = 1\njitter_threshold = 4\njitter_threshold = 5\n",
       "W|conf:3: jitter_threshold:\n"
       "W|conf:4: jitter_threshold:\n",
       "jitter_threshold=5s\n"},
      {"[logging]\nsyslog_facility = user\n[monitoring]\n[logging]\nsyslog_facility = cron\n",
       "W|conf:5: syslog_facility:\n", "syslog_facility=cron\n"},
  };
  CHECK(rows);
}

/* Layers: key by key, each with the place it comes from. */
static void test_layers(void **state) {
  (void)state;
  static const char low[] = "[monitoring]\njitter_threshold = 1\nlog_level = ERROR\n";
  static const char high[] = "[monitoring]\n\njitter_threshold = 5\n";
  static const struct {
    const char *section, *name, *value, *origin;
  } want[] = {{"monitoring", "jitter_threshold", "5s", "high:3"},
              {"monitoring", "log_level", "ERROR", "low:3"},
              {"monitoring", "timeout", "10s", "default"}};
  struct config config;
  static struct config_problems notes;
  config_init(&config, notes_check_source);
  assert_int_equal(temp_write("low", low, strlen(low)), 0);
  assert_int_equal(temp_write("high", high, strlen(high)), 0);
  notes_read(&notes, &config, "low", false, geteuid());
  notes_read(&notes, &config, "high", false, geteuid());
  assert_string_equal(notes.text, "");
  for (size_t i = 0; i < sizeof want / sizeof *want; i++) {
    char text[CONFIG_TEXT_BYTES];
    const struct config_key *key = config_find(want[i].section, want[i].name);
    config_print_value(&config, key, text, sizeof text);
    assert_string_equal(text, want[i].value);
    config_print_origin(&config.origin[key - config_keys], text, sizeof text);
    assert_string_equal(text, want[i].origin);
  }
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(test_python_example), cmocka_unit_test(test_every_key),
      cmocka_unit_test(test_lines),          cmocka_unit_test(test_line_ends),
      cmocka_unit_test(test_words),          cmocka_unit_test(test_duplicates),
      cmocka_unit_test(test_layers),
  };
  return cmocka_run_group_tests(tests, temp_enter, temp_leave);
}

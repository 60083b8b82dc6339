/* Tests of config_file.c: lines that it refuses, what it says of each, and what it keeps. */
#include "tests/unit/config_row.h"

#define KEPT "jitter_threshold=3s\n"

static void check_rows(const struct config_row *rows, size_t count) {
  for (size_t i = 0; i < count; i++) {
    config_row_check(&rows[i]);
  }
}
#define CHECK(rows) check_rows(rows, sizeof rows / sizeof *(rows))

static void test_values(void **state) {
  (void)state;
  static const char *const values[][2] = {
      /* a value, and how it is shown where that differs */
      {"nan"},
      {"inf"},
      {"-1"},
      {"+1"},
      {"1e999"},
      {"0x10"},
      {"1e-400"},
      {""},
      {"2,5"},
      {"2.0 # two"},
      {"2.0;two"},
      {"2 seconds"},
      {"0"},
      {"0.0000000001"},
      {"1000000.000000001"},
      {"11d 13h 46min 41s"},
      {"9999999999999"},
      {"1\033[2J", "1\\x1b[2J"},
      {"1 \xe2\x80\xae", "1 \\xe2\\x80\\xae"},
      {"\xff", "\\xff"},
      {"%(x)s"},
      {"%%%(x)s"},
      {"1%(jitter)s"},
  };
  for (size_t i = 0; i < sizeof values / sizeof *values; i++) {
    char text[256];
    char notes[512];
    const char *shown = values[i][1] != NULL ? values[i][1] : values[i][0];
    (void)snprintf(text, sizeof text, "[monitoring]\n\njitter_threshold = %s\n", values[i][0]);
    (void)snprintf(notes, sizeof notes, "P|conf:3: jitter_threshold: '%s'\n", shown);
    config_row_check(&(struct config_row){text, notes, KEPT});
  }
}

static void test_other_types(void **state) {
  (void)state;
  static const struct config_row rows[] = {
      {"[monitoring]\ndebug_mode = maybe\n", "P|conf:2: debug_mode: 'maybe'\n",
       "debug_mode=false\n"},
      {"[monitoring]\nlog_level = LOUD\n", "P|conf:2: log_level: 'LOUD'\n", "log_level=INFO\n"},
      {"[monitoring]\nmin_replies = 2.5\nlog_level = ERROR\n", "P|conf:2: min_replies: '2.5'\n",
       "min_replies=2\nlog_level=ERROR\n"},
      {"[monitoring]\nmin_replies = 0\n", "P|conf:2: min_replies: '0'\n", "min_replies=2\n"},
      {"[monitoring]\ntimeout = 999us\n", "P|conf:2: timeout: '999us'\n", "timeout=10s\n"},
      {"[monitoring]\nsource = good bad\n", "P|conf:2: source: 'bad' is bad;\n", "source=auto\n"},
      {"[monitoring]\nsource =\n", "P|conf:2: source:\n", "source=auto\n"},
      {"[logging]\nsyslog_address = a b\n", "P|conf:2: syslog_address: 'a b'\n",
       "syslog_address=/dev/log\n"},
      {"[chrony]\nsocket = /a /b\n", "P|conf:2: socket: '/a /b'\n", "log_level=INFO\n"},
      {"[logging]\nsyslog_address = localhost:0\n", "P|conf:2: syslog_address: 'localhost:0'\n",
       "syslog_address=/dev/log\n"},
      {"[monitoring]\nlog_level = ERROR\nlog_level = LOUD\n",
       "W|conf:3: log_level:\nP|conf:3: log_level: 'LOUD'\n", "log_level=ERROR\n"},
  };
  CHECK(rows);
}

/* A path is cut for nobody: 108 bytes do not fit into a socket's address. */
static void test_long_address(void **state) {
  (void)state;
  char text[256];
  char notes[512];
  char path[109];
  memset(path, 'a', sizeof path - 1);
  path[0] = '/';
  path[sizeof path - 1] = '\0';
  (void)snprintf(text, sizeof text, "[logging]\nsyslog_address = %s\n", path);
  (void)snprintf(notes, sizeof notes, "P|conf:2: syslog_address: '%.80s'\n", path);
  config_row_check(&(struct config_row){text, notes, "syslog_address=/dev/log\n"});
}

static void test_unknown(void **state) {
  (void)state;
  static const struct config_row rows[] = {
      {"[monitoring]\njiter_threshold = 1\n", "P|conf:2: jiter_threshold:\n", KEPT},
      {"[monitoring]\nzzz = 1\n", "P|conf:2: zzz:\n", KEPT},
      {"[logging]\nLog_Level = DEBUG\n", "P|conf:2: Log_Level:\n", "log_level=INFO\n"},
      {"[monitoring]\nsyslog_address = none\n", "P|conf:2: syslog_address:\n",
       "syslog_address=/dev/log\n"},
      {"jitter_threshold = 1\n[monitoring]\nlog_level = ERROR\n", "P|conf:1: jitter_threshold:\n",
       KEPT "log_level=ERROR\n"},
      {"[monitorng]\njitter_threshold = 1\nzzz\n[monitoring]\nlog_level = ERROR\n",
       "P|conf:1: [monitorng]:\nP|conf:3:\n", KEPT "log_level=ERROR\n"},
      {"[Monitoring]\njitter_threshold = 1\n", "P|conf:1: [Monitoring]:\n", KEPT},
      {"[x]\njitter_threshold = 1\n", "P|conf:1: [x]:\n", KEPT},
      {"[]\njitter_threshold = 1\n", "P|conf:1: []:\n", KEPT},
      {"[monitoring                                         too long for inih]\n"
       "jitter_threshold = 1\n",
       "P|conf:1: [monitoring                                         too long for inih]:\n", KEPT},
      {"[\033]\n", "P|conf:1: [\\x1b]:\n", KEPT},
      {"[monitoring]\n\033 = 1\n", "P|conf:2: \\x1b:\n", KEPT},
  };
  CHECK(rows);
}

static void test_not_supported(void **state) {
  (void)state;
  static const struct config_row rows[] = {
      {"[DEFAULT]\njitter_threshold = 1\n", "P|conf:1: [DEFAULT]\n", KEPT},
      {"[monitoring\njitter_threshold = 1\n", "P|conf:1:\n", KEPT},
      {"[logging]\n[monitoring]\njitter_threshold = 1\n  5\n", "P|conf:4:\n",
       "jitter_threshold=1s\n"},
      {"[logging]\n[monitoring]\njitter_threshold = 1\n\t, then 5\n", "P|conf:4:\n",
       "jitter_threshold=1s\n"},
      {"[monitoring]\njitter_threshold 1\n", "P|conf:2:\n", KEPT},
      {"[monitoring]\nnonsense\njitter_threshold = 1\nmore", "P|conf:2:\nP|conf:4:\n",
       "jitter_threshold=1s\n"},
  };
  CHECK(rows);
}

/* The end of a long comment is not a setting. */
static void test_long_comments(void **state) {
  (void)state;
  static const char tail[] = "jitter_threshold=999";
  for (size_t bytes = 170; bytes <= 420; bytes++) {
    char text[512] = "[monitoring]\n# ";
    size_t used = strlen(text);
    memset(text + used, 'x', bytes);
    (void)snprintf(text + used + bytes, sizeof text - used - bytes, "%s\n", tail);
    struct config config;
    static struct config_problems notes;
    config_init(&config, notes_check_source);
    assert_int_equal(temp_write("conf", text, strlen(text)), 0);
    notes_read(&notes, &config, "conf", false, geteuid());
    assert_int_equal(config.limit[METRIC_JITTER].warning, 2000000000);
  }
}

/* And as nothing is lost with it, a long comment spoils no verdict: 66 letters of Hangul
 * are one. */
static void test_long_comments_are_good(void **state) {
  (void)state;
  char text[512] = "[monitoring]\n ; ";
  for (int i = 0; i < 66; i++) {
    (void)strcat(text, "\xed\x95\x9c");
  }
  (void)strcat(text, "\njitter_threshold = 1\n");
  config_row_check(&(struct config_row){text, "", "jitter_threshold=1s\n"});
}

/* To inih these begin with a blank, too, and would be a second value of the key above. */
static void test_form_feed(void **state) {
  (void)state;
  static const struct config_row rows[] = {
      {"[monitoring]\njitter_threshold = 1\n\f5\n", "P|conf:3:\n", "jitter_threshold=1s\n"},
      {"[monitoring]\njitter_threshold = 1\n\v5\n", "P|conf:3:\n", "jitter_threshold=1s\n"},
  };
  CHECK(rows);
}

/* A line of 197 bytes is read, one of 198 is not, and nor is what inih would make of its
 * rest. */
static void test_long_lines(void **state) {
  (void)state;
  for (size_t bytes = 195; bytes <= 420; bytes++) {
    char text[512] = "[monitoring]\njitter_threshold = ";
    size_t start = strlen("[monitoring]\n");
    size_t used = strlen(text);
    memset(text + used, ' ', start + bytes - used);
    (void)snprintf(text + start + bytes - 1, 32, "1%slog_level=ERROR",
                   bytes % 2 == 0 ? "\n" : "\r\n");
    config_row_check(&(struct config_row){text, bytes <= 197 ? "" : "P|conf:2: \n",
                                          bytes <= 197 ? "jitter_threshold=1s\nlog_level=ERROR\n"
                                                       : KEPT "log_level=ERROR\n"});
  }
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(test_values),
      cmocka_unit_test(test_other_types),
      cmocka_unit_test(test_long_address),
      cmocka_unit_test(test_unknown),
      cmocka_unit_test(test_not_supported),
      cmocka_unit_test(test_long_lines),
      cmocka_unit_test(test_form_feed),
      cmocka_unit_test(test_long_comments),
      cmocka_unit_test(test_long_comments_are_good),
  };
  return cmocka_run_group_tests(tests, temp_enter, temp_leave);
}

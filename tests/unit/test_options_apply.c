/* Tests of options_apply.c and options_help.c: the command line over the files, and the help. */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include <cmocka.h>

#include "ntp_monitor/config.h"
#include "ntp_monitor/source.h"
#include "tests/unit/arguments.h"
#include "tests/unit/golden.h"

static struct options options;
static struct config config;
static struct why why;

/* A file has set some things; then comes line. */
static int apply(const char *line) {
  static const struct origin file = {.path = "conf", .line = 3};
  struct why unused;
  config_init(&config, source_check);
  assert_int_equal(
      config_set(&config, config_find("monitoring", "jitter_threshold"), "3", &file, &unused), 0);
  assert_int_equal(
      config_set(&config, config_find("monitoring", "source"), "timesyncd auto", &file, &unused),
      0);
  assert_int_equal(arguments_parse(line, &options, &why), 0);
  return options_apply(&options, &config, &why);
}

static void refuse(const char *line, const char *quoted) {
  int error = apply(line);
  if (error != -EINVAL || strstr(why.text, quoted) == NULL) {
    fail_msg("%s: %d, '%s'; wanted '%s'", line, error, why.text, quoted);
  }
  assert_golden(why.text, "%s", line);
}

static void assert_setting(const char *section, const char *name, const char *want,
                           const char *origin) {
  char have[CONFIG_TEXT_BYTES];
  const struct config_key *key = config_find(section, name);
  config_print_value(&config, key, have, sizeof have);
  assert_string_equal(have, want);
  config_print_origin(&config.origin[key - config_keys], have, sizeof have);
  assert_string_equal(have, origin);
}

static void test_nothing(void **state) {
  (void)state;
  assert_int_equal(apply(""), 0);
  assert_setting("monitoring", "jitter_threshold", "3s", "conf:3");
  assert_setting("monitoring", "source", "timesyncd auto", "conf:3");
  assert_setting("logging", "syslog_address", "/dev/log", "default");
}

static void test_over_the_files(void **state) {
  (void)state;
  assert_int_equal(apply("-w|1.5|-c|5s|-t|3|-l|none|-d|-s|timesyncd"), 0);
  assert_setting("monitoring", "jitter_threshold", "1.5s", "command line");
  assert_setting("monitoring", "jitter_critical", "5s", "command line");
  assert_setting("monitoring", "timeout", "3s", "command line");
  assert_setting("monitoring", "debug_mode", "true", "command line");
  assert_setting("monitoring", "source", "timesyncd", "command line");
  assert_setting("logging", "syslog_address", "none", "command line");
  assert_setting("monitoring", "min_replies", "2", "default");
}

/* Repeated, the last one wins; but sources add up. */
static void test_repeated(void **state) {
  (void)state;
  assert_int_equal(apply("-w|1|-w|4|-s|text:a b|-s|auto|-s|text:-"), 0);
  assert_setting("monitoring", "jitter_threshold", "4s", "command line");
  assert_setting("monitoring", "source", "text:a b auto text:-", "command line");
  assert_int_equal(config.source_count, 3);
}

static void test_elsewhere(void **state) {
  (void)state;
  assert_int_equal(apply("-H|me@there"), 0);
  assert_string_equal(config.host, "me@there");
  assert_null(config.machine);
  assert_int_equal(apply("-M|box|-s|timesyncd"), 0);
  assert_string_equal(config.machine, "box");
  assert_null(config.host);
  refuse("-H|there|-s|auto|-s|text:x", "text:x");
  refuse("-M|box|-s|text:-", "text:-");
}

/* Whose standard input is the request's. */
static void test_inetd(void **state) {
  (void)state;
  assert_int_equal(apply("--inetd|-s|text:x"), 0);
  refuse("--inetd|-s|auto|-s|text:-", "text:-");
}

/* The contradiction is said by what it is: --check-config, which has no such options, would find
 * nothing. The file of apply() has a jitter_threshold of 3 s. */
static void test_contradiction(void **state) {
  (void)state;
  static const char *const rows[][2] = {
      {"-w|60ms|-c|50ms", "jitter_threshold 60ms (command line)"},
      {"-c|50ms|-w|60ms", "jitter_threshold 60ms (command line)"},
      {"-c|1s", "jitter_threshold 3s (conf:3)"},
      {"--limit|delay=2s,1s", "delay_threshold 2s (command line)"},
      {"--limit|reach=3,5", "reach_threshold 3 (command line)"},
      {"--limit|stratum=5,4", "stratum_threshold 5 (command line)"},
  };
  static const char *const good[] = {"-w|60ms|-c|60ms", "-w|60ms|-c|50ms|-c|off", "-c|4s",
                                     "--limit|reach=5,3"};
  for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
    refuse(rows[i][0], rows[i][1]);
  }
  for (size_t i = 0; i < sizeof good / sizeof *good; i++) {
    assert_int_equal(apply(good[i]), 0);
    assert_string_equal(why.text, "");
  }
}

static void test_refused(void **state) {
  (void)state;
  static const char *const rows[][2] = {
      {"-w|x", "--warning: 'x'"},
      {"-w|0", "--warning: '0'"},
      {"-c|-1", "--critical: '-1'"},
      {"-t|1us", "--timeout: '1us'"},
      {"-l|a b", "--log: 'a b'"},
      {"-s|nonsense", "--source: 'nonsense'"},
      {"-s|text", "--source: 'text'"},
      {"-s|text:", "--source: 'text:'"},
      {"-s|timesyncd:x", "--source: 'timesyncd:x'"},
      {"-s|timesyncd text:-", "--source: 'timesyncd text:-'"},
      {"-s|", "--source: ''"},
      {"-s|auto:x", "--source: 'auto:x'"},
  };
  for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
    refuse(rows[i][0], rows[i][1]);
  }
  /* A host of 253 bytes is one, but does not fit behind its scheme, and must not be cut. */
  char address[9 + 253 + 1] = "-l|udp://";
  memset(address + 9, 'a', 253);
  refuse(address, "--log: is longer");
}

/* In 80 columns, and with every option, source, format and key. */
static void test_help(void **state) {
  (void)state;
  static char text[16 * 1024];
  static const char *const wanted[] = {"-w, --warning TIME",
                                       "-c, --critical TIME",
                                       "-t, --timeout TIME",
                                       "-C, --config FILE",
                                       "-s, --source NAME",
                                       "-H, --host [USER@]HOST",
                                       "-M, --machine NAME",
                                       "-o, --output FORMAT[=FILE] ",
                                       "-l, --log ADDRESS",
                                       "-d, --debug ",
                                       "-q, --quiet ",
                                       "    --check-config ",
                                       "    --print-config ",
                                       "-h, --help[=all] ",
                                       "-V, --version ",
                                       "  auto ",
                                       "  timesyncd ",
                                       "  text:FILE ",
                                       "  text ",
                                       "  json ",
                                       "  nagios ",
                                       "Exit status:"};
  FILE *stream = fmemopen(text, sizeof text, "w");
  assert_non_null(stream);
  options_help(stream, true);
  assert_int_equal(fclose(stream), 0);
  for (size_t i = 0; i < sizeof wanted / sizeof *wanted; i++) {
    if (strstr(text, wanted[i]) == NULL) {
      fail_msg("'%s' is not in the help", wanted[i]);
    }
  }
  for (size_t i = 0; i < config_key_count; i++) {
    char line[128];
    (void)snprintf(line, sizeof line, "  %s = %s\n", config_keys[i].name, config_keys[i].initial);
    assert_non_null(strstr(text, line));
    assert_non_null(strstr(text, config_keys[i].doc));
  }
  for (const char *line = text; *line != '\0'; line = strchr(line, '\n') + 1) {
    assert_in_range(strcspn(line, "\n"), 0, 80);
  }
}

static void test_limits(void **state) {
  (void)state;
  assert_int_equal(apply("--limit|offset=10ms,1s|--limit|reach=4|--limit|stratum=,5|"
                         "--limit|error_bound=off,2|--limit|jitter=1"),
                   0);
  assert_setting("monitoring", "offset_threshold", "10ms", "command line");
  assert_setting("monitoring", "offset_critical", "1s", "command line");
  assert_setting("monitoring", "reach_threshold", "4", "command line");
  assert_setting("monitoring", "reach_critical", "off", "default");
  assert_setting("monitoring", "stratum_threshold", "9", "default");
  assert_setting("monitoring", "stratum_critical", "5", "command line");
  assert_setting("monitoring", "error_bound_threshold", "off", "command line");
  assert_setting("monitoring", "error_bound_critical", "2s", "command line");
  assert_setting("monitoring", "jitter_threshold", "1s", "command line");
  static const char *const bad[][2] = {
      {"--limit|age=1", "--limit: 'age=1'"},
      {"--limit|offset", "--limit: 'offset'"},
      {"--limit|offse=1", "--limit: 'offse=1'"},
      {"--limit|offsets=1", "--limit: 'offsets=1'"},
      {"--limit|=1", "--limit: '=1'"},
      {"--limit|", "--limit: ''"},
      {"--limit|offset=", "--limit: 'offset='"},
      {"--limit|offset=,", "--limit: 'offset=,'"},
      {"--limit|offset=1,2,3", "--limit: '2,3'"},
      {"--limit|offset=-1", "--limit: '-1'"},
      {"--limit|reach=9", "--limit: '9'"},
      {"--limit|stratum=1s", "--limit: '1s'"},
  };
  for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
    refuse(bad[i][0], bad[i][1]);
  }
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(test_limits),         cmocka_unit_test(test_nothing),
      cmocka_unit_test(test_over_the_files), cmocka_unit_test(test_repeated),
      cmocka_unit_test(test_elsewhere),      cmocka_unit_test(test_inetd),
      cmocka_unit_test(test_contradiction),  cmocka_unit_test(test_refused),
      cmocka_unit_test(test_help),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}

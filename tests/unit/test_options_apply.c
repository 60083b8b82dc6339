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

static void assert_setting(const char *section, const char *name, const char *want,
                           const char *origin) {
  char have[CONFIG_TEXT_BYTES];
  const struct config_key *key = config_find(section, name);
  config_print(&config, key, have, sizeof have);
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
  assert_int_equal(apply("-H|there|-s|auto|-s|text:x"), -EINVAL);
  assert_string_equal(why.text, "source text:x cannot be asked with --host");
  assert_int_equal(apply("-M|box|-s|text:-"), -EINVAL);
  assert_string_equal(why.text, "source text:- cannot be asked with --machine");
}

/* Whose standard input is the request's. */
static void test_inetd(void **state) {
  (void)state;
  assert_int_equal(apply("--inetd|-s|text:x"), 0);
  assert_int_equal(apply("--inetd|-s|auto|-s|text:-"), -EINVAL);
  assert_string_equal(why.text, "source text:- reads what --inetd has its request on");
}

/* The contradiction is said by what it is: --check-config, which has no such options, would find
 * nothing. The file of apply() has a jitter_threshold of 3 s. */
static void test_contradiction(void **state) {
  (void)state;
  static const struct {
    const char *line, *want; /* NULL: nothing is wrong */
  } rows[] = {
      {"-w|60ms|-c|50ms",
       "jitter_critical 50ms (command line) is below jitter_threshold 60ms (command line)"},
      {"-c|50ms|-w|60ms",
       "jitter_critical 50ms (command line) is below jitter_threshold 60ms (command line)"},
      {"-c|1s", "jitter_critical 1s (command line) is below jitter_threshold 3s (conf:3)"},
      {"--limit|delay=2s,1s",
       "delay_critical 1s (command line) is below delay_threshold 2s (command line)"},
      {"--limit|reach=3,5",
       "reach_critical 5 (command line) is above reach_threshold 3 (command line)"},
      {"--limit|stratum=5,4",
       "stratum_critical 4 (command line) is below stratum_threshold 5 (command line)"},
      {"-w|60ms|-c|60ms", NULL},
      {"-w|60ms|-c|50ms|-c|off", NULL},
      {"-c|4s", NULL},
      {"--limit|reach=5,3", NULL},
  };
  for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
    int error = apply(rows[i].line);
    const char *want = rows[i].want != NULL ? rows[i].want : "";
    if (error != (rows[i].want != NULL ? -EINVAL : 0) || strcmp(why.text, want) != 0) {
      fail_msg("%s: %d, '%s'; wanted '%s'", rows[i].line, error, why.text, want);
    }
  }
}

#define ALL "there are: auto, timesyncd, chrony, ntpd, ptp, sntp[:HOST,...], text:FILE"

static void test_refused(void **state) {
  (void)state;
  static const struct {
    const char *line, *want;
  } rows[] = {
      {"-w|x", "--warning: 'x' is not a time; write it like 2, 1.5s, 500ms, 250us or 1min 30s"},
      {"-w|0", "--warning: '0' is not between 1ns and 11d 13h 46min 40s"},
      {"-c|-1", "--critical: '-1' is not a time; write it like 2, 1.5s, 500ms, 250us or 1min 30s"},
      {"-t|1us", "--timeout: '1us' is not between 1ms and 11d 13h 46min 40s"},
      {"-l|a b",
       "--log: 'a b' is no log address; write /path, host, host:port, [IPv6]:port, journal, stderr "
       "or none"},
      {"-s|nonsense", "--source: 'nonsense' is no source; " ALL},
      {"-s|text", "--source: 'text' should be text:FILE"},
      {"-s|text:", "--source: 'text:' should be text:FILE"},
      {"-s|timesyncd:x", "--source: 'timesyncd:x' should be timesyncd"},
      {"-s|timesyncd text:-", "--source: 'timesyncd text:-' is no source; " ALL},
      {"-s|", "--source: '' is no source; " ALL},
      {"-s|auto:x", "--source: 'auto:x' is no source; " ALL},
  };
  for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
    int error = apply(rows[i].line);
    if (error != -EINVAL || strcmp(why.text, rows[i].want) != 0) {
      fail_msg("%s: %d, '%s'; wanted '%s'", rows[i].line, error, why.text, rows[i].want);
    }
  }
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
      {"--limit|age=1", "--limit: 'age=1' should be METRIC=WARN, METRIC=WARN,CRIT or METRIC=,CRIT; "
                        "METRIC is one of: jitter, offset, delay, root_distance, error_bound, "
                        "stratum, reach"},
      {"--limit|offset", "--limit: 'offset' should be "},
      {"--limit|offse=1", "--limit: 'offse=1' should be "},
      {"--limit|offsets=1", "--limit: 'offsets=1' should be "},
      {"--limit|=1", "--limit: '=1' should be "},
      {"--limit|", "--limit: '' should be "},
      {"--limit|offset=", "--limit: 'offset=' should be "},
      {"--limit|offset=,", "--limit: 'offset=,' should be "},
      {"--limit|offset=1,2,3", "--limit: '2,3' "},
      {"--limit|offset=-1", "--limit: '-1' "},
      {"--limit|reach=9", "--limit: '9' is not between 1 and 8"},
      {"--limit|stratum=1s", "--limit: '1s' is not a whole number"},
  };
  for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
    assert_int_equal(apply(bad[i][0]), -EINVAL);
    if (strncmp(why.text, bad[i][1], strlen(bad[i][1])) != 0) {
      fail_msg("%s: %s", bad[i][0], why.text);
    }
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

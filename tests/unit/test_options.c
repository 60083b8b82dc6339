/* Tests of options.c: each option in each of its forms, and what is refused. */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include <cmocka.h>

#include "ntp_monitor/format.h"
#include "ntp_monitor/text.h"
#include "tests/unit/arguments.h"
#include "tests/unit/golden.h"

static struct options options;
static struct why why;

static void parse(const char *line) {
  if (arguments_parse(line, &options, &why) != 0) {
    fail_msg("%s: %s", line, why.text);
  }
}

static void test_none(void **state) {
  (void)state;
  parse("");
  assert_int_equal(options.mode, MODE_CHECK);
  assert_null(options.config_path);
  assert_null(options.format);
  assert_null(options.host);
  assert_null(options.machine);
  assert_false(options.quiet);
  assert_int_equal(options.setting_count, 0);
}

static void test_settings(void **state) {
  (void)state;
  static const struct {
    const char *line, *option, *key, *text;
  } rows[] = {
      {"-w|1s", "warning", "jitter_threshold", "1s"},
      {"-w1s", "warning", "jitter_threshold", "1s"},
      {"--warning|1s", "warning", "jitter_threshold", "1s"},
      {"--warning=1s", "warning", "jitter_threshold", "1s"},
      {"--warn=1s", "warning", "jitter_threshold", "1s"},
      {"--warning=", "warning", "jitter_threshold", ""},
      {"-c|5", "critical", "jitter_critical", "5"},
      {"--critical=off", "critical", "jitter_critical", "off"},
      {"-t|3", "timeout", "timeout", "3"},
      {"--timeout|3", "timeout", "timeout", "3"},
      {"-s|text:-", "source", "source", "text:-"},
      {"--source=auto", "source", "source", "auto"},
      {"-l|none", "log", "syslog_address", "none"},
      {"--log|[::1]:514", "log", "syslog_address", "[::1]:514"},
      {"-d", "debug", "debug_mode", "true"},
      {"--debug", "debug", "debug_mode", "true"},
      {"-w|-1", "warning", "jitter_threshold", "-1"},
  };
  for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
    parse(rows[i].line);
    assert_int_equal(options.setting_count, 1);
    assert_string_equal(options.settings[0].option, rows[i].option);
    assert_string_equal(options.settings[0].key, rows[i].key);
    assert_string_equal(options.settings[0].text, rows[i].text);
    assert_int_equal(options.mode, MODE_CHECK);
  }
}

static void test_modes(void **state) {
  (void)state;
  static const struct {
    const char *line;
    enum mode mode;
  } rows[] = {{"--check-config", MODE_CHECK_CONFIG},
              {"--print-config", MODE_PRINT_CONFIG},
              {"--inetd", MODE_INETD},
              {"--inetd|-w|1|--limit|offset=1|-s|auto|-H|a|-l|none|-t|1|-C|x", MODE_INETD},
              {"-h", MODE_HELP},
              {"--help", MODE_HELP},
              {"-V", MODE_VERSION},
              {"--version", MODE_VERSION},
              {"-d|--print-config|-w|1", MODE_PRINT_CONFIG}};
  for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
    parse(rows[i].line);
    assert_int_equal(options.mode, rows[i].mode);
  }
}

static void test_others(void **state) {
  (void)state;
  parse("-C|/a b|-q|-H|user@host.example.org");
  assert_string_equal(options.config_path, "/a b");
  assert_true(options.quiet);
  assert_string_equal(options.host, "user@host.example.org");
  parse("--config=x|--quiet|--machine=box");
  assert_string_equal(options.config_path, "x");
  assert_true(options.quiet);
  assert_string_equal(options.machine, "box");
  parse("--host|h|--output|json");
  assert_string_equal(options.host, "h");
  assert_ptr_equal(options.format, &format_json);
  parse("-o|text");
  assert_ptr_equal(options.format, &format_text);
  parse("-onagios|-M|box");
  assert_ptr_equal(options.format, &format_nagios);
  assert_string_equal(options.machine, "box");
}

/* Several together, in their order; letters may share a dash. */
static void test_together(void **state) {
  (void)state;
  parse("-dqw|1s|-s|a|-s|b|--");
  assert_true(options.quiet);
  assert_int_equal(options.setting_count, 4);
  assert_string_equal(options.settings[0].key, "debug_mode");
  assert_string_equal(options.settings[1].text, "1s");
  assert_string_equal(options.settings[2].text, "a");
  assert_string_equal(options.settings[3].text, "b");
}

static void refuse(const char *line, const char *quoted) {
  char label[64];
  int error = arguments_parse(line, &options, &why);
  if (error != -EINVAL || strstr(why.text, quoted) == NULL || why.reason != REASON_CONFIG) {
    fail_msg("%s: %d, '%s'; wanted '%s'", line, error, why.text, quoted);
  }
  text_escape(label, sizeof label, line, strlen(line));
  assert_golden(why.text, "%s", label);
}

static void test_refused(void **state) {
  (void)state;
  static const struct {
    const char *line, *quoted;
  } rows[] = {
      {"-x", "-x"},
      {"-4", "-4"}, /* as check_ntp_time takes it */
      {"-d4q", "-4"},
      {"-q|-d4", "-4"},
      {"-\xc3\xb6", "-\\xc3"},
      {"-d\xc3\xb6", "-\\xc3"},
      {"--nonsense", "--nonsense"},
      {"--nonsense=1", "--nonsense=1"},
      {"--\033", "--\\x1b"},
      {"---", "---"},
      {"--=x", "--=x"},
      {"--outptu=json", "--output"},
      {"--c=1", "--critical --config --check-config"},
      {"--h", "--host --help"},
      {"--quiet=1", "--quiet=1"},
      {"--check=1", "--check-config"},
      {"-d|--help=x", "'x'"},
      {"-4|--nonsense|word", "-4"}, /* the first of them */
      {"-w", "-w"},
      {"-d|--warning", "--warning"},
      {"--log", "--log"},
      {"word", "'word'"},
      {"-w|1|2", "'2'"},
      {"--|-d", "'-d'"},
      {"a\nb", "'a\\x0ab'"},
      {"-o|yaml", "'yaml'"},
      {"-o|JSON", "'JSON'"},
      {"-o|", "''"},
      {"-o|json|-o|nagios", "nagios=FILE"},
      {"-o|nagios|-o|text", "text=FILE"},
      {"-o|json=/a|-o|text=/a", "'/a'"},
      {"-o|influx=/a|-o|influx=/a", "'/a'"},
      {"-q|-o|json", "--output"},
      {"-o|json|-q", "--output"},
      {"--inetd|-q", "--quiet"},
      {"-o|json|--inetd", "--output"},
      {"--inetd|-o|json=/x", "--output"},
      {"-d|--inetd", "--debug"},
      {"-H|a|-M|b", "--machine"},
      {"-M|a|-H|b", "--machine"},
      {"-H|", "--host: ''"},
      {"-H|-oProxyCommand=x", "--host: '-oProxyCommand=x'"},
      {"-H|a b", "--host: 'a b'"},
      {"-M|a\tb", "--machine: 'a\\x09b'"},
      {"-M|\x7f", "--machine: '\\x7f'"},
      {"-M|-x", "--machine: '-x'"},
  };
  for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
    refuse(rows[i].line, rows[i].quoted);
  }
}

/* Among letters that share a dash, too, the one that is none is named. */
static void test_refused_letter(void **state) {
  (void)state;
  static const char *const lines[] = {"-xd", "-dxq", "-d|-xq"};
  for (size_t i = 0; i < sizeof lines / sizeof *lines; i++) {
    refuse(lines[i], "-x");
  }
}

/* Nagios reads stdout alone, so whoever wants its form is told there, whatever else is wrong. */
static void test_refused_for_nagios(void **state) {
  (void)state;
  static const char *const lines[] = {"-4|-o|nagios",
                                      "-o|nagios|-4",
                                      "-o|nagios|-q",
                                      "-q|-o|nagios",
                                      "-w|-o|-onagios|-c",
                                      "-o|nagios|-o|json",
                                      "-o|json|-o|nagios",
                                      "--x|-o|yaml|-o|nagios|word",
                                      "-o|json=/a|-o|text=/a|-o|nagios",
                                      "-H|a|-M|b|-o|nagios"};
  for (size_t i = 0; i < sizeof lines / sizeof *lines; i++) {
    assert_int_equal(arguments_parse(lines[i], &options, &why), -EINVAL);
    assert_ptr_equal(options.format, &format_nagios);
  }
  parse("-o|json|-o|json"); /* says the same twice */
  assert_ptr_equal(options.format, &format_json);
}

static void test_too_many(void **state) {
  (void)state;
  char line[4 * OPTIONS_MAX + 8] = "-d";
  for (int i = 1; i < OPTIONS_MAX; i++) {
    (void)strcat(line, "|-d");
  }
  parse(line);
  assert_int_equal(options.setting_count, OPTIONS_MAX);
  refuse(strcat(line, "|-d"), "64");
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(test_none),           cmocka_unit_test(test_settings),
      cmocka_unit_test(test_modes),          cmocka_unit_test(test_others),
      cmocka_unit_test(test_together),       cmocka_unit_test(test_refused),
      cmocka_unit_test(test_refused_letter), cmocka_unit_test(test_refused_for_nagios),
      cmocka_unit_test(test_too_many),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}

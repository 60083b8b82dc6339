/* Tests of the table of configuration keys and of config_values.c: every key is set, refused
 * and printed. */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "ntp_monitor/duration.h"
#include "tests/unit/notes.h"
#include "tests/unit/seed.h"

static const struct origin somewhere = {.path = "conf", .line = 7};

/* Sets and prints back; want NULL: it must be refused and all stay as it was. */
static void check(const struct config_key *key, const char *text, const char *want) {
  struct config config;
  struct why why = {.text = ""};
  char before[CONFIG_TEXT_BYTES];
  char after[CONFIG_TEXT_BYTES];
  char origin[CONFIG_TEXT_BYTES];
  config_init(&config, notes_check_source);
  config_print_value(&config, key, before, sizeof before);
  int error = config_set(&config, key, text, &somewhere, &why);
  config_print_value(&config, key, after, sizeof after);
  config_print_origin(&config.origin[key - config_keys], origin, sizeof origin);
  bool good = want != NULL ? error == 0 && strcmp(after, want) == 0 && why.text[0] == '\0'
                           : error < 0 && strcmp(after, before) == 0 && why.text[0] != '\0' &&
                                 why.reason == REASON_CONFIG;
  if (!good || strcmp(origin, want != NULL ? "conf:7" : "default") != 0) {
    fail_msg("%s = '%s': %d, %s (%s), '%s'; wanted %s", key->name, text, error, after, origin,
             why.text, want != NULL ? want : "a refusal");
  }
}

static const struct config_key *find(const char *name) {
  static const char *const sections[] = {"monitoring", "logging", "output", "influx",
                                         "sntp",       "chrony",  "ptp"};
  const struct config_key *key = NULL;
  for (size_t i = 0; key == NULL && i < sizeof sections / sizeof *sections; i++) {
    key = config_find(sections[i], name);
  }
  return key;
}

static void test_table(void **state) {
  (void)state;
  for (size_t i = 0; i < config_key_count; i++) {
    const struct config_key *key = &config_keys[i];
    assert_ptr_equal(config_find(key->section, key->name), key);
    assert_true(strlen(key->doc) > 0);
    check(key, key->initial, key->initial);
    for (size_t k = 0; k < i; k++) {
      assert_string_not_equal(config_keys[k].name, key->name);
      assert_int_not_equal(config_keys[k].offset, key->offset);
    }
  }
}

static void test_find(void **state) {
  (void)state;
  assert_ptr_equal(config_find("monitoring", "JITTER_threshold"), &config_keys[0]);
  assert_null(config_find("Monitoring", "jitter_threshold"));
  assert_null(config_find("logging", "jitter_threshold"));
  assert_null(config_find("monitoring", "jitter_threshol"));
  assert_null(config_find("monitoring", ""));
}

static void test_defaults(void **state) {
  (void)state;
  static const struct {
    const char *name, *value;
  } rows[] = {
      {"jitter_threshold", "2s"},
      {"jitter_critical", "off"},
      {"offset_threshold", "1s"},
      {"offset_critical", "1min"},
      {"delay_threshold", "off"},
      {"delay_critical", "off"},
      {"root_distance_threshold", "5s"},
      {"root_distance_critical", "off"},
      {"error_bound_threshold", "off"},
      {"error_bound_critical", "off"},
      {"stratum_threshold", "9"},
      {"stratum_critical", "off"},
      {"reach_threshold", "off"},
      {"reach_critical", "off"},
      {"clock_class_threshold", "off"},
      {"clock_class_critical", "off"},
      {"stale_after", "auto"},
      {"min_replies", "2"},
      {"source", "auto"},
      {"timeout", "10s"},
      {"debug_mode", "false"},
      {"log_level", "INFO"},
      {"syslog_address", "/dev/log"},
      {"syslog_facility", "daemon"},
      {"syslog_format", "auto"},
      {"prometheus", ""},
      {"json", ""},
      {"influx", ""},
      {"database", ""},
      {"username", ""},
      {"password_file", ""},
      {"org", ""},
      {"bucket", ""},
      {"token_file", ""},
      {"ca_file", ""},
      {"servers", ""},
      {"samples", "4"},
      {"interval", "2s"},
      {"min_truechimers", "auto"},
      {"socket", "/run/chrony/chronyd.sock"},
      {"port", "323"},
      {"sockets", "/run/ptp4lro /run/ptp/ptp4lro /run/ptp4l /run/ptp/ptp4l"},
      {"domain", "0"},
      {"transport_specific", "0"},
      {"ptp_samples", "8"},
      {"ptp_interval", "100ms"},
  };
  struct config config;
  config_init(&config, notes_check_source);
  assert_int_equal(sizeof rows / sizeof *rows, config_key_count);
  for (size_t i = 0; i < config_key_count; i++) {
    char value[CONFIG_TEXT_BYTES];
    config_print_value(&config, find(rows[i].name), value, sizeof value);
    assert_string_equal(value, rows[i].value);
  }
  assert_int_equal(config.limit[METRIC_JITTER].warning, 2 * DURATION_S);
  assert_int_equal(config.limit[METRIC_JITTER].critical, CONFIG_NONE);
  assert_int_equal(config.limit[METRIC_DELAY].warning, CONFIG_NONE);
  assert_int_equal(config.limit[METRIC_AGE].critical, CONFIG_NONE);
  assert_int_equal(config.stale_after_ns, CONFIG_NONE);
  assert_int_equal(config.facility, 3);
  assert_null(config.host);
  assert_null(config.machine);
}

/* Every number at its bounds and beyond them. */
static void test_ranges(void **state) {
  (void)state;
  for (size_t i = 0; i < config_key_count; i++) {
    const struct config_key *key = &config_keys[i];
    char text[DURATION_TEXT_BYTES];
    if (key->type != CONFIG_TIME && key->type != CONFIG_COUNT) {
      continue;
    }
    const int64_t values[] = {key->min, key->max, key->min - 1, key->max + 1};
    for (size_t k = 0; k < 4; k++) {
      if (key->type == CONFIG_TIME) {
        duration_print(text, values[k]);
      } else {
        (void)snprintf(text, sizeof text, "%lld", (long long)values[k]);
      }
      check(key, text, k < 2 ? text : NULL);
    }
    check(key, "", NULL);
    check(key, "-1", NULL);
    check(key, "off", key->none != NULL && strcmp(key->none, "off") == 0 ? "off" : NULL);
    check(key, "AUTO", key->none != NULL && strcmp(key->none, "auto") == 0 ? "auto" : NULL);
  }
  check(find("jitter_critical"), "OfF", "off");
  check(find("timeout"), "1000000", "11d 13h 46min 40s");
  check(find("min_replies"), "007", "7");
  check(find("min_replies"), "1000000000000000000000", NULL);
  check(find("min_replies"), "2 ", NULL);
}

static void test_words(void **state) {
  (void)state;
  static const struct {
    const char *name, *text, *want;
    int64_t value;
  } rows[] = {
      {"log_level", "debug", "DEBUG", 7},
      {"log_level", "Warn", "WARNING", 4},
      {"log_level", "FATAL", "CRITICAL", 2},
      {"log_level", "ERROR", "ERROR", 3},
      {"log_level", "critical", "CRITICAL", 2},
      {"log_level", "6", NULL, 6},
      {"syslog_facility", "USER", "user", 1},
      {"syslog_facility", "cron", "cron", 9},
      {"syslog_facility", "auth", "auth", 4},
      {"syslog_facility", "authpriv", "authpriv", 10},
      {"syslog_facility", "syslog", "syslog", 5},
      {"syslog_facility", "local0", "local0", 16},
      {"syslog_facility", "local7", "local7", 23},
      {"syslog_facility", "kern", NULL, 3},
      {"syslog_format", "RFC3164", "rfc3164", SYSLOG_FORMAT_RFC3164},
      {"syslog_format", "rfc5424", "rfc5424", SYSLOG_FORMAT_RFC5424},
      {"syslog_format", "", NULL, SYSLOG_FORMAT_AUTO},
  };
  for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
    struct config config;
    struct why why;
    const struct config_key *key = find(rows[i].name);
    check(key, rows[i].text, rows[i].want);
    config_init(&config, notes_check_source);
    (void)config_set(&config, key, rows[i].text, &somewhere, &why);
    int64_t value = 0;
    memcpy(&value, (const char *)&config + key->offset, sizeof value);
    assert_int_equal(value, rows[i].value);
  }
}

static void test_addresses(void **state) {
  (void)state;
  static const char *const good[] = {"/run/x",  "localhost:514", "::1",  "[::1]:5",
                                     "journal", "stderr",        "none", "NONE"};
  static const char *const bad[] = {"", "a b", "host:", "host:65536", "[::1", "-x"};
  for (size_t i = 0; i < sizeof good / sizeof *good; i++) {
    check(find("syslog_address"), good[i], good[i]);
  }
  for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
    check(find("syslog_address"), bad[i], NULL);
  }
}

/* A printed value sets the same value again. */
/* A file's name that may be the secret itself is not quoted, so not logged. */
static void test_secrets(void **state) {
  (void)state;
  static const char *const good[] = {"", "/etc/x y", "influx.token", "a-b_c.9"};
  static const char *const bad[] = {
      "geheim==",
      "ge/heim",
      "ge heim",
      "geheim\x01",
      "/geheim\n",
      "geheim+",
      "geheimgeheimgeheimgeheimgeheimgeheimgeheimgeheimgeheimgeheimgeheim"};
  for (size_t i = 0; i < sizeof good / sizeof *good; i++) {
    check(find("token_file"), good[i], good[i]);
  }
  for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
    struct config config;
    struct why why;
    check(find("password_file"), bad[i], NULL);
    config_init(&config, notes_check_source);
    assert_int_equal(config_set(&config, find("token_file"), bad[i], &somewhere, &why), -EINVAL);
    assert_null(strstr(why.text, "heim"));
  }
  check(find("org"), "my org: \"\xc3\xa4\" %", "my org: \"\xc3\xa4\" %");
  check(find("org"), "tab\there", NULL);
  char longest[CONFIG_TEXT_BYTES + 1];
  memset(longest, 'x', sizeof longest);
  longest[CONFIG_TEXT_BYTES] = '\0';
  check(find("bucket"), longest, NULL);
  longest[CONFIG_TEXT_BYTES - 1] = '\0';
  check(find("bucket"), longest, longest);
}

static void test_round_trip(void **state) {
  (void)state;
  uint64_t random = seed_begin("config round trip");
  for (int round = 0; round < 2000; round++) {
    const struct config_key *key = &config_keys[seed_next(&random) % config_key_count];
    char text[DURATION_TEXT_BYTES];
    if (key->type == CONFIG_TIME) {
      int64_t span_ns = seed_span(&random);
      bool inside = span_ns >= key->min && span_ns <= key->max;
      check(key, duration_print(text, span_ns), inside ? text : NULL);
    } else if (key->words != NULL) {
      size_t count = 0;
      while (key->words[count].name != NULL) {
        count++;
      }
      const struct config_word *word = &key->words[seed_next(&random) % count];
      const struct config_word *first = key->words;
      while (first->value != word->value) {
        first++;
      }
      check(key, word->name, first->name);
    }
  }
}

static void test_origins(void **state) {
  (void)state;
  static const struct {
    struct origin origin;
    const char *text;
  } rows[] = {
      {{"/etc/x", 3}, "/etc/x:3"}, {{"default", 0}, "default"}, {{"a:b", 65536}, "a:b:65536"}};
  char text[CONFIG_TEXT_BYTES];
  for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
    config_print_origin(&rows[i].origin, text, sizeof text);
    assert_string_equal(text, rows[i].text);
  }
  config_print_origin(&config_command_line, text, sizeof text);
  assert_string_equal(text, "command line");
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(test_table),    cmocka_unit_test(test_find),
      cmocka_unit_test(test_defaults), cmocka_unit_test(test_ranges),
      cmocka_unit_test(test_words),    cmocka_unit_test(test_addresses),
      cmocka_unit_test(test_secrets),  cmocka_unit_test(test_round_trip),
      cmocka_unit_test(test_origins),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}

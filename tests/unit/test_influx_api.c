/* Tests of influx_api.c: which API the keys ask for, the URLs, the server's own words. */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "ntp_monitor/config.h"
#include "ntp_monitor/why.h"
#include "output/influx_api.h"
#include "tests/unit/golden.h"
#include "tests/unit/seed.h"

static struct config config;

/* KEY=VALUE, with | between them. */
static void set(const char *settings) {
  char text[1024];
  char *rest = NULL;
  config = (struct config){.check_source = NULL};
  (void)snprintf(text, sizeof text, "%s", settings);
  for (char *item = strtok_r(text, "|", &rest); item != NULL; item = strtok_r(NULL, "|", &rest)) {
    struct why why;
    char *value = strchr(item, '=');
    *value++ = '\0';
    const struct config_key *key = config_find("influx", item);
    assert_non_null(key);
    if (config_set(&config, key, value, &config_command_line, &why) != 0) {
      fail_msg("%s: %s", item, why.text);
    }
  }
}

static void test_api(void **state) {
  (void)state;
  static const struct {
    const char *settings;
    int api;                 /* -1: refused */
    const char *key, *lacks; /* what the sentence names, beside key */
  } rows[] = {
      {"database=d", INFLUX_1, NULL, NULL},
      {"database=d|username=u|password_file=/p", INFLUX_1, NULL, NULL},
      {"org=o|bucket=b|token_file=/t", INFLUX_2, NULL, NULL},
      {"org=o|bucket=b|token_file=/t|ca_file=/c", INFLUX_2, NULL, NULL},
      {"database=d|username=u:v|password_file=/p", -1, "database", "username"},
      {"", -1, NULL, "database"},
      {"ca_file=/c", -1, NULL, "token_file"},
      {"username=u", -1, "username", "database"},
      {"password_file=/p", -1, "password_file", "database"},
      {"database=d|username=u", -1, "database", "password_file"},
      {"database=d|password_file=/p", -1, "database", "username"},
      {"org=o", -1, "org", "bucket"},
      {"bucket=b|token_file=/t", -1, "bucket", "org"},
      {"org=o|bucket=b", -1, "org", "token_file"},
      {"org=o|bucket=b|token_file=/t|database=d", -1, "org", "database"},
      {"database=d|token_file=/t", -1, "token_file", "database"},
  };
  for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
    enum influx_api api = INFLUX_2 + 7;
    const char *key = "untouched";
    struct why why = {.text = ""};
    set(rows[i].settings);
    int error = config_find_influx(&config, &api, &key, &why);
    if (rows[i].api >= 0) {
      assert_int_equal(error, 0);
      assert_int_equal(api, rows[i].api);
      continue;
    }
    assert_int_equal(error, -EINVAL);
    assert_int_equal(api, INFLUX_2 + 7);
    assert_non_null(strstr(why.text, rows[i].lacks));
    assert_golden(why.text, "'%s'", rows[i].settings);
    if (rows[i].key == NULL) {
      assert_null(key);
    } else {
      assert_string_equal(key, rows[i].key);
    }
  }
}

static void test_url(void **state) {
  (void)state;
  static const struct {
    enum influx_api api;
    const char *settings, *url;
  } rows[] = {
      {INFLUX_1, "database=ntp", "http://h:1/write?db=ntp&precision=ns"},
      {INFLUX_1, "database=a b&c=d/é%+~-._",
       "http://h:1/write?db=a%20b%26c%3Dd%2F%C3%A9%25%2B~-._&precision=ns"},
      {INFLUX_2, "org=my org|bucket=b/1",
       "http://h:1/api/v2/write?org=my%20org&bucket=b%2F1&precision=ns"},
      {INFLUX_2, "org=?|bucket=#", "http://h:1/api/v2/write?org=%3F&bucket=%23&precision=ns"},
  };
  for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
    char url[INFLUX_URL_BYTES];
    set(rows[i].settings);
    assert_int_equal(influx_url(&config, rows[i].api, "http://h:1", url), 0);
    assert_string_equal(url, rows[i].url);
  }
}

/* The longest that a configuration can hold fits; what does not is no URL. */
static void test_url_long(void **state) {
  (void)state;
  char url[INFLUX_URL_BYTES];
  char base[INFLUX_URL_BYTES];
  memset(base, 'h', sizeof base);
  set("org=o|bucket=b");
  memset(config.influx_org, '%', CONFIG_TEXT_BYTES - 1);
  memset(config.influx_bucket, '\xff', CONFIG_TEXT_BYTES - 1);
  base[272] = '\0';
  assert_int_equal(influx_url(&config, INFLUX_2, base, url), 0);
  assert_non_null(strstr(url, "%FF%FF&precision=ns"));
  memset(base, 'h', sizeof base);
  base[sizeof base - 1] = '\0';
  assert_int_equal(influx_url(&config, INFLUX_2, base, url), -ENAMETOOLONG);
}

static void test_reason(void **state) {
  (void)state;
  static const struct {
    const char *body, *reason;
  } rows[] = {
      {"{\"error\":\"authorization failed\"}\n", "authorization failed"},
      {"{\"code\":\"unauthorized\",\"message\":\"unauthorized access\"}", "unauthorized access"},
      {"{\"error\":\"a\",\"message\":\"b\"}", "b"},
      {" {\r\n\t\"message\" : \"x\"}", "x"},
      {"{\"error\":\"database not found: \\\"nope\\\"\"}", "database not found: \"nope\""},
      {"{\"error\":\"a\\\\b\\/c\\nd\\u003ce\\u000a\\u20acf\"}", "a\\b/c d<e??f"},
      {"{\"error\":\"cut", ""},
      {"{\"error\":\"cut\\", ""},
      {"{\"error\":\"cut\\u00", ""},
      {"{\"error\":\"cut\\uzzzz\"}", ""},
      {"{\"error\":7}", ""},
      {"{\"error\"", ""},
      {"{\"message\":null,\"error\":\"e\"}", "e"},
      {"{}", ""},
      {"unable to parse 'x'\nmore", "unable to parse 'x'"},
      {"<html>", ""},
      {"", ""},
  };
  for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
    char reason[INFLUX_REASON_BYTES] = "before";
    influx_reason(rows[i].body, reason);
    assert_string_equal(reason, rows[i].reason);
  }
}

/* Any bytes: the reason ends within its buffer, and a cut JSON has none of its beginning. */
static void test_reason_random(void **state) {
  (void)state;
  static const char *const pieces[] = {
      "{",    "\"message\"",          "\"error\"", ":", "\"", "\\",   "\\u",    "003c", "\n",
      "\x80", "aaaaaaaaaaaaaaaaaaaa", " ",         "}", "<",  "\\\"", "message"};
  uint64_t seed = seed_begin("reason");
  for (int i = 0; i < 10000; i++) {
    char body[2048] = "";
    char reason[INFLUX_REASON_BYTES];
    size_t count = seed_next(&seed) % 40;
    for (size_t k = 0; k < count; k++) {
      (void)strcat(body, pieces[seed_next(&seed) % (sizeof pieces / sizeof *pieces)]);
    }
    memset(reason, 'r', sizeof reason);
    influx_reason(body, reason);
    assert_non_null(memchr(reason, '\0', sizeof reason));
    size_t blanks = strspn(body, " \n");
    if (body[blanks] == '{' && strstr(body, "\"message\"") == NULL &&
        strstr(body, "\"error\"") == NULL) {
      assert_string_equal(reason, "");
    }
  }
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(test_api),           cmocka_unit_test(test_url),
      cmocka_unit_test(test_url_long),      cmocka_unit_test(test_reason),
      cmocka_unit_test(test_reason_random),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}

/* Tests of output_target.c: where a printed report goes. */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "ntp_monitor/output_target.h"
#include "ntp_monitor/why.h"
#include "tests/unit/golden.h"

static void test_good(void **state) {
  (void)state;
  static const struct {
    const char *text;
    enum target_kind kind;
    const char *want;
    uint16_t port;
  } rows[] = {
      {"/run/x.prom", TARGET_FILE, "/run/x.prom", 0},
      {"/a:b//c", TARGET_FILE, "/a:b//c", 0},
      {"udp://localhost:8089", TARGET_UDP, "localhost", 8089},
      {"udp://[::1]:8089", TARGET_UDP, "::1", 8089},
      {"http://influx.example.org", TARGET_HTTP, "http://influx.example.org", 8086},
      {"https://[2001:db8::1]:443", TARGET_HTTP, "https://[2001:db8::1]:443", 443},
  };
  for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
    for (int relative = 0; relative < 2; relative++) {
      struct output_target target = {.port = 0};
      struct why why = {.text = ""};
      assert_int_equal(output_target_parse(rows[i].text, relative != 0, &target, &why), 0);
      assert_int_equal(target.kind, rows[i].kind);
      assert_string_equal(target.text, rows[i].want);
      assert_int_equal(target.port, rows[i].port);
    }
  }
  struct output_target target;
  struct why why;
  assert_int_equal(output_target_parse("x.json", true, &target, &why), 0);
  assert_string_equal(target.text, "x.json");
  assert_int_equal(output_target_parse("./host:8086", true, &target, &why), 0);
  assert_int_equal(output_target_parse("host:8086", true, &target, &why), -EINVAL);
  assert_golden(why.text, "host:8086, relative");
  assert_int_equal(output_target_parse("-", true, &target, &why), -EINVAL);
  assert_golden(why.text, "-, relative");
}

static void test_bad(void **state) {
  (void)state;
  static const char *const rows[][2] = {
      {"", "''"},
      {"host:8086", "'host:8086'"},
      {"x.json", "'x.json'"},
      {"/run/", "'/run/'"},
      {"ftp://a", "'ftp://a'"},
      {"http://", "''"},
      {"http://a/write", "'http://a/write'"},
      {"http://me:secret@a/x", "[influx]"},
      {"udp://a", "'a'"},
      {"udp://a:0", "'a:0'"},
      {"https://a b", "'a b'"},
  };
  for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
    struct output_target target = {.port = 7};
    struct why why = {.text = ""};
    assert_int_equal(output_target_parse(rows[i][0], false, &target, &why), -EINVAL);
    assert_int_equal(why.reason, REASON_CONFIG);
    assert_non_null(strstr(why.text, rows[i][1]));
    assert_golden(why.text, "'%s'", rows[i][0]);
    assert_int_equal(target.port, 7);
    assert_null(strstr(why.text, "secret"));
  }
  char text[300] = "/";
  struct output_target target;
  struct why why;
  memset(text + 1, 'x', sizeof text - 2);
  assert_int_equal(output_target_parse(text, true, &target, &why), -EINVAL);
  assert_golden(why.text, "a path of 299 bytes");
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(test_good),
      cmocka_unit_test(test_bad),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}

/* Tests of log_address.c: every way to write where log lines go, and what is refused. */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "ntp_monitor/log_address.h"
#include "ntp_monitor/why.h"
#include "tests/unit/golden.h"

static void test_forms(void **state) {
  (void)state;
  static const struct {
    const char *text;
    enum address_kind kind;
    const char *host;
    uint16_t port;
  } rows[] = {
      {"/dev/log", ADDRESS_LOCAL, "/dev/log", 0},
      {"/", ADDRESS_LOCAL, "/", 0},
      {"/a b:514", ADDRESS_LOCAL, "/a b:514", 0},
      {"/journal", ADDRESS_LOCAL, "/journal", 0},
      {"localhost", ADDRESS_UDP, "localhost", 514},
      {"localhost:514", ADDRESS_UDP, "localhost", 514},
      {"log.example.org:1", ADDRESS_UDP, "log.example.org", 1},
      {"log-1_x.example.org.:65535", ADDRESS_UDP, "log-1_x.example.org.", 65535},
      {"192.0.2.1", ADDRESS_UDP, "192.0.2.1", 514},
      {"192.0.2.1:5514", ADDRESS_UDP, "192.0.2.1", 5514},
      {"192.0.2.1:00514", ADDRESS_UDP, "192.0.2.1", 514},
      {"::1", ADDRESS_UDP, "::1", 514},
      {"::", ADDRESS_UDP, "::", 514},
      {"2001:db8::1:514", ADDRESS_UDP, "2001:db8::1:514", 514},
      {"[::1]", ADDRESS_UDP, "::1", 514},
      {"[2001:db8::1]:5514", ADDRESS_UDP, "2001:db8::1", 5514},
      {"[::ffff:192.0.2.1]:1", ADDRESS_UDP, "::ffff:192.0.2.1", 1},
      {"fe80::1%eth0", ADDRESS_UDP, "fe80::1%eth0", 514},
      {"[fe80::1%eth0]", ADDRESS_UDP, "fe80::1%eth0", 514},
      {"[fe80::1%wlan0.100]:5514", ADDRESS_UDP, "fe80::1%wlan0.100", 5514},
      {"febf::1%2", ADDRESS_UDP, "febf::1%2", 514},
      {"udp://log.example.org", ADDRESS_UDP, "log.example.org", 514},
      {"udp://[::1]:5514", ADDRESS_UDP, "::1", 5514},
      {"journal", ADDRESS_JOURNAL, "", 0},
      {"stderr", ADDRESS_STDERR, "", 0},
      {"none", ADDRESS_NONE, "", 0},
      {"Journal", ADDRESS_JOURNAL, "", 0},
      {"STDERR", ADDRESS_STDERR, "", 0},
      {"NONE", ADDRESS_NONE, "", 0},
      {"none:514", ADDRESS_UDP, "none", 514},
      {"journals", ADDRESS_UDP, "journals", 514},
  };
  for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
    struct log_address address;
    struct why why = {.text = ""};
    memset(&address, 0x55, sizeof address);
    if (log_address_parse(rows[i].text, &address, &why) != 0) {
      fail_msg("'%s': %s", rows[i].text, why.text);
    }
    assert_int_equal(address.kind, rows[i].kind);
    assert_string_equal(address.text, rows[i].host);
    assert_int_equal(address.port, rows[i].port);
  }
}

/* With a sentence that quotes so much of it. */
static void refuse(const char *text, const char *quoted) {
  char want[128];
  struct log_address address;
  struct log_address before;
  struct why why = {.text = ""};
  memset(&address, 0x55, sizeof address);
  before = address;
  assert_int_equal(log_address_parse(text, &address, &why), -EINVAL);
  assert_int_equal(why.reason, REASON_CONFIG);
  (void)snprintf(want, sizeof want, "'%.80s'", quoted);
  assert_non_null(strstr(why.text, want));
  assert_golden(why.text, "'%.81s'", text);
  assert_memory_equal(&address, &before, sizeof address);
}

static void test_refused(void **state) {
  (void)state;
  /* No address; no port; colons; URLs; interfaces; brackets. */
  static const char *const rows[] = {
      "",         " ",       "a b",         " x",       "x ",       "-x",       ":514",
      "@x",       "a/b",     "x!:5",        "\xc3\xa9", "%eth0",    "x;y",      "$HOME",
      "~/log",    "x:",      "x:0",         "x:65536",  "x:70000",  "x:99999",  "x:100000",
      "x:-1",     "x:+1",    "x:1 ",        "x: 1",     "x:0x10",   "x:port",   "[::1]:",
      "[::1]:0",  "[::1]:a", "[::1]:65536", "x:1:2",    "1:2:3::x", "fe80::1%", "fe80::1%a/b",
      "http://x", "fe80::1", "[",           "[::1",     "[::1]514", "[]",       "[192.0.2.1]",
  };
  for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
    refuse(rows[i], rows[i]);
  }
  refuse("fe80::1%eth0:514", "fe80::1%eth0:514");
  refuse("fe80::1%0123456789abcdef", "fe80::1%0123456789abcdef");
  refuse("[::1%eth0]:514", "[::1%eth0]:514");
  refuse("[localhost]:514", "[localhost]:514");
  refuse("udp://tcp://x:514", "tcp://x:514");
  refuse("x\033y", "x\\x1by");
}

/* sun_path has 108 bytes with its NUL: unix(7). A host name has what fits the field. */
static void test_lengths(void **state) {
  (void)state;
  char text[300];
  struct log_address address;
  struct why why;
  memset(text, 'x', sizeof text);
  text[0] = '/';
  text[107] = '\0';
  assert_int_equal(log_address_parse(text, &address, &why), 0);
  assert_string_equal(address.text, text);
  text[107] = 'x';
  text[108] = '\0';
  refuse(text, text);
  text[0] = 'x';
  text[108] = 'x';
  text[255] = '\0';
  assert_int_equal(log_address_parse(text, &address, &why), 0);
  text[255] = 'x';
  text[256] = '\0';
  refuse(text, text);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(test_forms),
      cmocka_unit_test(test_refused),
      cmocka_unit_test(test_lengths),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}

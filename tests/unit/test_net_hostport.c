/* Tests of net_hostport.c: a server as users write it. */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "ntp_monitor/net_hostport.h"
#include "ntp_monitor/why.h"

/* The port given is the one of text that has none. What else can be written is in
 * test_log_address.c. */
static void test_server(void **state) {
  (void)state;
  static const struct {
    const char *text, *host;
    uint16_t port; /* 0: refused */
  } rows[] = {
      {"ntp.example.org", "ntp.example.org", 123},
      {"192.0.2.1:1123", "192.0.2.1", 1123},
      {"::1", "::1", 123},
      {"[::1]:1123", "::1", 1123},
      {"journal", "journal", 123},
      {"/run/x", "", 0},
      {"", "", 0},
      {"a:0", "", 0},
      {"[fe80::1%eth0]:1123", "fe80::1%eth0", 1123},
      {"udp://a:123", "", 0},
      {"pool:a", "", 0},
      {"a b", "", 0},
      {"-a", "", 0},
  };
  for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
    struct net_hostport server = {.port = 7};
    struct why why = {.text = ""};
    int error = net_hostport_parse(rows[i].text, 123, NULL, &server, &why);
    assert_int_equal(error, rows[i].port == 0 ? -EINVAL : 0);
    assert_int_equal(server.port, rows[i].port == 0 ? 7 : rows[i].port);
    assert_string_equal(server.host, rows[i].host);
    assert_int_equal(why.text[0] == '\0', error == 0);
  }
}

static void test_pool(void **state) {
  (void)state;
  static const struct {
    const char *text, *name;
    bool pool;
  } rows[] = {{"pool:a.example", "a.example", true}, {"POOL:[::1]:5", "[::1]:5", true},
              {"pool:123", "pool:123", false},       {"pool", "pool", false},
              {"pools:a", "pools:a", false},         {"pool:", "", true}};
  for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
    bool pool = !rows[i].pool;
    assert_string_equal(net_hostport_skip_pool(rows[i].text, &pool), rows[i].name);
    assert_int_equal(pool, rows[i].pool);
  }
}

int main(void) {
  const struct CMUnitTest tests[] = {cmocka_unit_test(test_server), cmocka_unit_test(test_pool)};
  return cmocka_run_group_tests(tests, NULL, NULL);
}

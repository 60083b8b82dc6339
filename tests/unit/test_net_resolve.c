/* Tests of net_resolve.c: names that need no look-up, and look-ups under a deadline. */
#include <arpa/inet.h>
#include <errno.h>
#include <net/if.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

#include "ntp_monitor/clock.h"
#include "ntp_monitor/duration.h"
#include "ntp_monitor/net.h"
#include "ntp_monitor/why.h"
#include "tests/unit/golden.h"

static struct net_address addresses[NET_ADDRESSES];
static struct why why;

static int resolve(const char *host, int64_t ms) {
  memset(addresses, 0x55, sizeof addresses);
  why.text[0] = '\0';
  return net_resolve(host, 5514, clock_monotonic_ns() + ms * DURATION_MS, addresses, &why);
}

static void assert_address(size_t i, const char *text) {
  char have[INET6_ADDRSTRLEN];
  const struct sockaddr_in *v4 = (const struct sockaddr_in *)&addresses[i].socket;
  const struct sockaddr_in6 *v6 = (const struct sockaddr_in6 *)&addresses[i].socket;
  bool is_v4 = addresses[i].socket.ss_family == AF_INET;
  const void *bytes = is_v4 ? (const void *)&v4->sin_addr : (const void *)&v6->sin6_addr;
  assert_non_null(inet_ntop(addresses[i].socket.ss_family, bytes, have, sizeof have));
  assert_string_equal(have, text);
  assert_int_equal(ntohs(is_v4 ? v4->sin_port : v6->sin6_port), 5514);
  assert_int_equal(addresses[i].length_bytes, is_v4 ? sizeof *v4 : sizeof *v6);
}

/* A deadline that is over shows that nobody is asked. */
static void test_literals(void **state) {
  (void)state;
  static const char *const texts[] = {"192.0.2.1", "127.0.0.1", "::1", "2001:db8::1",
                                      "255.255.255.255"};
  for (size_t i = 0; i < sizeof texts / sizeof *texts; i++) {
    assert_int_equal(resolve(texts[i], -1), 1);
    assert_address(0, texts[i]);
  }
}

static void test_zones(void **state) {
  (void)state;
  static const char *const good[] = {"fe80::1%lo", "fe80::1%1", "::1%lo"};
  static const char *const bad[] = {"fe80::1%no.such", "fe80::1%", "fe80::1%0",
                                    "fe80::1%99999999999"};
  for (size_t i = 0; i < sizeof good / sizeof *good; i++) {
    assert_int_equal(resolve(good[i], -1), 1);
    assert_int_equal(((const struct sockaddr_in6 *)&addresses[0].socket)->sin6_scope_id,
                     if_nametoindex("lo"));
  }
  for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
    assert_int_equal(resolve(bad[i], -1), -ENODEV);
    assert_int_equal(why.reason, REASON_NO_SOURCE);
    assert_golden(why.text, "%s", bad[i]);
  }
  assert_int_equal(net_literal("192.0.2.1%lo", 1, addresses), 0);
}

static void test_localhost(void **state) {
  (void)state;
  static const char *const names[] = {"localhost", "LocalHost"};
  for (size_t i = 0; i < 2; i++) {
    assert_int_equal(resolve(names[i], -1), 2);
    assert_address(0, "127.0.0.1");
    assert_address(1, "::1");
  }
}

/* Whatever the resolver does: an error by the deadline, and no child is left. */
static void test_invalid(void **state) {
  (void)state;
  int64_t begun_ns = clock_monotonic_ns();
  assert_true(resolve("no.such.invalid", 1000) < 0);
  assert_in_range(clock_monotonic_ns() - begun_ns, 0, 3000 * DURATION_MS);
  const char *cause = strstr(why.text, "no.such.invalid: ");
  assert_non_null(cause);
  assert_true(strlen(cause) > strlen("no.such.invalid: "));
  assert_int_equal(waitpid(-1, NULL, WNOHANG), -1);
  assert_int_equal(errno, ECHILD);
}

/* Some of these may have no route here; the first one always has. */
static void test_loopback(void **state) {
  (void)state;
  static const struct {
    const char *text;
    bool want;
  } rows[] = {{"127.0.0.1", true},  {"127.255.1.2", true}, {"::1", true},
              {"192.0.2.1", false}, {"::2", false},        {"2001:db8::1", false}};
  for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
    assert_int_equal(resolve(rows[i].text, -1), 1);
    int fd = net_connect_udp(&addresses[0]);
    assert_true(fd >= 0 || i > 0);
    if (fd >= 0) {
      assert_int_equal(net_is_loopback(fd), rows[i].want);
      (void)close(fd);
    }
  }
  int ends[2];
  assert_int_equal(socketpair(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0, ends), 0);
  assert_false(net_is_loopback(ends[0]));
  (void)close(ends[0]);
  (void)close(ends[1]);
  assert_false(net_is_loopback(-1));
}

static void test_no_connection(void **state) {
  (void)state;
  struct net_address address = {.length_bytes = sizeof(struct sockaddr_in)};
  address.socket.ss_family = AF_UNSPEC + 200;
  assert_int_equal(net_connect_udp(&address), -EAFNOSUPPORT);
  assert_int_equal(resolve("255.255.255.255", -1), 1);
  assert_true(net_connect_udp(&addresses[0]) < 0); /* no broadcast was asked for */
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(test_literals), cmocka_unit_test(test_localhost),
      cmocka_unit_test(test_zones),    cmocka_unit_test(test_invalid),
      cmocka_unit_test(test_loopback), cmocka_unit_test(test_no_connection),
  };
  (void)alarm(30);
  return cmocka_run_group_tests(tests, NULL, NULL);
}

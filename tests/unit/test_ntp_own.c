/* Tests of ntp_own.c: which addresses are ours, and how others call them. The interfaces are this
 * file's own. */
#include <arpa/inet.h>
#include <errno.h>
#include <ifaddrs.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "ntp_monitor/ntp_own.h"
#include "ntp_monitor/trace.h"

static bool refused;
static struct sockaddr_in v4 = {.sin_family = AF_INET};
static struct sockaddr_in6 v6 = {.sin6_family = AF_INET6};
static struct sockaddr packet = {.sa_family = AF_PACKET};
static struct ifaddrs interfaces[4];

int getifaddrs(struct ifaddrs **list) {
  struct sockaddr *const of[] = {NULL, (struct sockaddr *)&v4, &packet, (struct sockaddr *)&v6};
  if (refused) {
    errno = EAFNOSUPPORT;
    return -1;
  }
  for (size_t i = 0; i < 4; i++) {
    interfaces[i] =
        (struct ifaddrs){.ifa_addr = of[i], .ifa_next = i < 3 ? &interfaces[i + 1] : NULL};
  }
  *list = interfaces;
  return 0;
}

void freeifaddrs(struct ifaddrs *list) {
  assert_true(list == (refused ? NULL : interfaces));
}

static struct trace trace;

static bool has(const struct ntp_own *own, const char *text) {
  struct sockaddr_storage socket = {.ss_family = strchr(text, ':') != NULL ? AF_INET6 : AF_INET};
  void *into = socket.ss_family == AF_INET ? (void *)&((struct sockaddr_in *)&socket)->sin_addr
                                           : (void *)&((struct sockaddr_in6 *)&socket)->sin6_addr;
  assert_int_equal(inet_pton(socket.ss_family, text, into), 1);
  struct in6_addr form = ntp_own_form(&socket);
  return ntp_own_has(own, &form);
}

static void test_addresses(void **state) {
  (void)state;
  struct ntp_own own;
  trace = (struct trace){.fd = -1};
  (void)inet_pton(AF_INET, "192.0.2.7", &v4.sin_addr);
  (void)inet_pton(AF_INET6, "2001:db8::7", &v6.sin6_addr);
  assert_int_equal(ntp_own_find(&own, &trace), 0);
  static const char *const ours[] = {
      "127.0.0.1", "::1", "::ffff:127.0.0.1", "192.0.2.7", "::ffff:192.0.2.7", "2001:db8::7"};
  static const char *const others[] = {"127.0.0.2", "127.0.1.1", "192.0.2.8", "::", "2001:db8::8"};
  for (size_t i = 0; i < sizeof ours / sizeof *ours; i++) {
    assert_true(has(&own, ours[i]));
  }
  for (size_t i = 0; i < sizeof others / sizeof *others; i++) {
    assert_false(has(&own, others[i]));
  }
  assert_true(ntp_own_is_reference(&own, 0xc0000207));
  assert_true(ntp_own_is_reference(&own, 0xe1b2c29d)); /* md5sum(1) of 2001:db8::7 */
  assert_false(ntp_own_is_reference(&own, 0xc0000208));
  assert_false(ntp_own_is_reference(&own, 0x7f000001)); /* its own loopback, not ours */
  assert_false(ntp_own_is_reference(&own, 0xcf404dc8)); /* ::1 */
  ntp_own_free(&own);
  assert_int_equal(own.count, 0);
}

static void test_refused(void **state) {
  (void)state;
  struct ntp_own own;
  trace = (struct trace){.fd = -1};
  refused = true;
  assert_int_equal(ntp_own_find(&own, &trace), 0);
  refused = false;
  assert_true(has(&own, "127.0.0.1") && has(&own, "::1"));
  assert_false(has(&own, "192.0.2.7"));
  assert_non_null(strstr(trace_next(&trace, NULL), "only 127.0.0.1 and ::1 are known"));
  ntp_own_free(&own);
}

int main(void) {
  const struct CMUnitTest tests[] = {cmocka_unit_test(test_addresses),
                                     cmocka_unit_test(test_refused)};
  return cmocka_run_group_tests(tests, NULL, NULL);
}

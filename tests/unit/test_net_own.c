/* Tests of net_own.c: which addresses are ours, and how others call them. The interfaces are this
 * file's own. */
#include <arpa/inet.h>
#include <errno.h>
#include <net/if.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>

#include <cmocka.h>

#include "ntp_monitor/net_own.h"
#include "ntp_monitor/trace.h"
#include "tests/unit/golden.h"

/* Two IPv4 addresses and what the kernel tells of IPv6; or neither can be listed. */
static bool refused;
static const char v6_list[] = "00000000000000000000000000000001 01 80 10 80       lo\n"
                              "20010db8000000000000000000000007 02 40 00 80     eth0\n"
                              "20010db80000000000000000000000 02 40 00 80     short\n"
                              "20010db8000000000000000000000g08 02 40 00 80     wrong\n";

int ioctl(int fd, unsigned long request, ...) {
  static const char *const ours[] = {"127.0.0.1", "192.0.2.7"};
  va_list rest;
  va_start(rest, request);
  struct ifconf *list = va_arg(rest, struct ifconf *);
  va_end(rest);
  assert_true(fd >= 0 && request == SIOCGIFCONF);
  if (refused) {
    errno = EPERM;
    return -1;
  }
  for (size_t i = 0; list->ifc_buf != NULL && i < 2; i++) {
    struct sockaddr_in address = {.sin_family = AF_INET};
    (void)inet_pton(AF_INET, ours[i], &address.sin_addr);
    memcpy(&list->ifc_req[i].ifr_addr, &address, sizeof address);
  }
  list->ifc_len = 2 * (int)sizeof(struct ifreq);
  return 0;
}

FILE *fopen(const char *path, const char *mode) {
  static char list[sizeof v6_list];
  assert_string_equal(path, "/proc/self/net/if_inet6");
  memcpy(list, v6_list, sizeof v6_list);
  if (refused) {
    errno = EACCES;
    return NULL;
  }
  return fmemopen(list, sizeof v6_list - 1, mode);
}

static struct trace trace;

static bool has(const struct net_own *own, const char *text) {
  struct sockaddr_storage socket = {.ss_family = strchr(text, ':') != NULL ? AF_INET6 : AF_INET};
  void *into = socket.ss_family == AF_INET ? (void *)&((struct sockaddr_in *)&socket)->sin_addr
                                           : (void *)&((struct sockaddr_in6 *)&socket)->sin6_addr;
  assert_int_equal(inet_pton(socket.ss_family, text, into), 1);
  struct in6_addr form = net_own_form(&socket);
  return net_own_has(own, &form);
}

static void test_addresses(void **state) {
  (void)state;
  struct net_own own;
  trace = (struct trace){.fd = -1};
  assert_int_equal(net_own_find(&own, &trace), 0);
  static const char *const ours[] = {"127.0.0.1",        "::1",       "127.0.1.1",
                                     "::ffff:127.0.0.1", "192.0.2.7", "::ffff:192.0.2.7",
                                     "2001:db8::7"};
  static const char *const others[] = {"127.0.0.2", "127.0.1.2", "192.0.2.8", "::", "2001:db8::8"};
  for (size_t i = 0; i < sizeof ours / sizeof *ours; i++) {
    assert_true(has(&own, ours[i]));
  }
  for (size_t i = 0; i < sizeof others / sizeof *others; i++) {
    assert_false(has(&own, others[i]));
  }
  assert_true(net_own_is_reference(&own, 0xc0000207));
  assert_true(net_own_is_reference(&own, 0xe1b2c29d)); /* md5sum(1) of 2001:db8::7 */
  assert_false(net_own_is_reference(&own, 0xc0000208));
  assert_false(net_own_is_reference(&own, 0x7f000001)); /* its own loopback, not ours */
  assert_false(net_own_is_reference(&own, 0xcf404dc8)); /* ::1 */
  net_own_free(&own);
  assert_int_equal(own.count, 0);
}

static void test_refused(void **state) {
  (void)state;
  struct net_own own;
  trace = (struct trace){.fd = -1};
  refused = true;
  assert_int_equal(net_own_find(&own, &trace), 0);
  refused = false;
  assert_true(has(&own, "127.0.0.1") && has(&own, "::1"));
  assert_false(has(&own, "192.0.2.7"));
  const char *line = trace_next(&trace, NULL);
  assert_golden(strstr(line, "sntp: "), "no IPv4");
  assert_golden(strstr(trace_next(&trace, line), "sntp: "), "no IPv6");
  net_own_free(&own);
}

int main(void) {
  const struct CMUnitTest tests[] = {cmocka_unit_test(test_addresses),
                                     cmocka_unit_test(test_refused)};
  return cmocka_run_group_tests(tests, NULL, NULL);
}

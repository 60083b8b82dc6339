/* Tests of log/udp.c: addresses in turn, deadlines and refusals, over a network that is
 * this file's own. */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include <cmocka.h>

#include "log/frame.h"
#include "ntp_monitor/clock.h"
#include "ntp_monitor/config.h"
#include "ntp_monitor/duration.h"
#include "ntp_monitor/env.h"
#include "ntp_monitor/log.h"
#include "ntp_monitor/net.h"
#include "ntp_monitor/why.h"
#include "tests/unit/golden.h"

enum { NOW_S = 1000, FIRST_FD = 1000000 };

static struct {
  int count;      /* of addresses, or the resolver's error */
  int connect[4]; /* the error of each, or 0 */
  int send[4];    /* of each address, once connected */
  int refusal[4];
  bool loopback;
  char log[512]; /* what was called, a word each */
  char data[512];
} net;

static void called(const char *name, long long number) {
  size_t used = strlen(net.log);
  (void)snprintf(net.log + used, sizeof net.log - used, "%s:%lld ", name, number);
}

int64_t clock_monotonic_ns(void) {
  return NOW_S * DURATION_S;
}

int net_resolve(const char *host, uint16_t port, int64_t deadline_ns,
                struct net_address addresses[NET_ADDRESSES], struct why *why) {
  assert_string_equal(host, "log.example.org");
  assert_int_equal(port, 5514);
  called("resolve", deadline_ns / DURATION_MS);
  for (int i = 0; i < net.count; i++) {
    addresses[i].length_bytes = (socklen_t)i;
  }
  return net.count < 0 ? why_set(why, REASON_TIMEOUT, net.count, "no DNS") : net.count;
}

int net_connect_udp(const struct net_address *address) {
  int i = (int)address->length_bytes;
  called("connect", i);
  return net.connect[i] != 0 ? net.connect[i] : FIRST_FD + i;
}

int net_send(int fd, const void *data, size_t length_bytes, int64_t deadline_ns) {
  assert_int_equal(strlen(data), length_bytes);
  (void)snprintf(net.data, sizeof net.data, "%s", (const char *)data);
  assert_int_equal(deadline_ns, (NOW_S + 8) * DURATION_S);
  called("send", fd - FIRST_FD);
  return net.send[fd - FIRST_FD];
}

int net_refusal(int fd, int64_t wait_ns, int64_t deadline_ns) {
  assert_int_equal(deadline_ns, (NOW_S + 8) * DURATION_S);
  called("wait", wait_ns / DURATION_MS);
  return net.refusal[fd - FIRST_FD];
}

bool net_is_loopback(int fd) {
  assert_true(fd >= FIRST_FD);
  return net.loopback;
}

bool net_is_here(int fd) {
  return net_is_loopback(fd);
}

/* Closing must be seen, too. */
int close(int fd) {
  called("close", fd - FIRST_FD);
  return 0;
}

static struct why why;

static int64_t form;

static int say(int *fd, enum severity severity) {
  static const struct log_address address = {
      .kind = ADDRESS_UDP, .port = 5514, .text = "log.example.org"};
  const struct env env = {.deadline_ns = (NOW_S + 8) * DURATION_S};
  const struct config config = {.syslog_format = form};
  const struct frame_line line = {
      .severity = severity, .now_ns = 1795237878999999999, .host = "pi", .text = "x"};
  net.log[0] = '\0';
  why = (struct why){.text = ""};
  return transport_udp.send(fd, &address, &line, &env, &config, &why);
}

static int begin(void **state) {
  (void)state;
  memset(&net, 0, sizeof net);
  net.count = 2;
  return 0;
}

static void test_first(void **state) {
  (void)state;
  int fd = -1;
  assert_int_equal(say(&fd, SEVERITY_INFO), LOG_UNSURE);
  assert_int_equal(fd, FIRST_FD);
  /* The look-up may have half of the 8 s that are left. */
  assert_string_equal(net.log, "resolve:1004000 connect:0 send:0 wait:100 ");
  assert_int_equal(say(&fd, SEVERITY_INFO), LOG_UNSURE);
  assert_string_equal(net.log, "send:0 wait:100 ");
  assert_int_equal(say(&fd, SEVERITY_DEBUG), LOG_UNSURE); /* many of them: nobody waits */
  assert_string_equal(net.log, "send:0 ");
  net.loopback = true;
  assert_int_equal(say(&fd, SEVERITY_WARNING), 0);
  assert_string_equal(net.log, "send:0 wait:5 ");
  assert_int_equal(fd, FIRST_FD);
  assert_string_equal(why.text, "");
}

static void test_next(void **state) {
  (void)state;
  int fd = -1;
  net.refusal[0] = -ECONNREFUSED;
  assert_int_equal(say(&fd, SEVERITY_INFO), LOG_UNSURE);
  assert_int_equal(fd, FIRST_FD + 1);
  assert_string_equal(net.log, "resolve:1004000 connect:0 send:0 wait:100 close:0 connect:1 send:1 "
                               "wait:100 ");
  (void)begin(NULL);
  fd = -1;
  net.connect[0] = -ENETUNREACH;
  assert_int_equal(say(&fd, SEVERITY_INFO), LOG_UNSURE);
  assert_int_equal(fd, FIRST_FD + 1);
  assert_string_equal(net.log, "resolve:1004000 connect:0 connect:1 send:1 wait:100 ");
  (void)begin(NULL);
  fd = -1;
  net.send[0] = -EPERM;
  assert_int_equal(say(&fd, SEVERITY_INFO), LOG_UNSURE);
  assert_string_equal(net.log,
                      "resolve:1004000 connect:0 send:0 close:0 connect:1 send:1 wait:100 ");
}

static void test_none(void **state) {
  (void)state;
  int fd = -1;
  net.refusal[0] = -ECONNREFUSED;
  net.connect[1] = -ENETUNREACH;
  assert_int_equal(say(&fd, SEVERITY_INFO), -ENETUNREACH);
  assert_int_equal(fd, -1);
  assert_golden(why.text, "no way");
  net.count = -ETIMEDOUT;
  assert_int_equal(say(&fd, SEVERITY_INFO), -ETIMEDOUT);
  assert_int_equal(fd, -1);
  assert_string_equal(net.log, "resolve:1004000 ");
  assert_string_equal(why.text, "no DNS"); /* in the resolver's words */
}

/* A connection that was good, and is no more: the caller closes it. */
static void test_lost(void **state) {
  (void)state;
  int fd = FIRST_FD;
  net.refusal[0] = -ECONNREFUSED;
  assert_int_equal(say(&fd, SEVERITY_INFO), -ECONNREFUSED);
  assert_string_equal(why.text, "Connection refused");
  net.send[0] = -ENETDOWN;
  assert_int_equal(say(&fd, SEVERITY_DEBUG), -ENETDOWN);
  assert_string_equal(why.text, "Network is down");
  assert_string_equal(net.log, "send:0 ");
}

static void test_forms(void **state) {
  (void)state;
  net.loopback = true;
  int fd = FIRST_FD;
  static const char rfc5424[] = "<6>1 2026-11-21T05:11:18.999999Z pi ntp_monitor 0 - - INFO x";
  assert_int_equal(setenv("TZ", "XST-9", 1), 0);
  tzset();
  form = SYSLOG_FORMAT_RFC5424;
  assert_int_equal(say(&fd, SEVERITY_INFO), 0);
  assert_string_equal(net.data, rfc5424);
  form = SYSLOG_FORMAT_RFC3164;
  assert_int_equal(say(&fd, SEVERITY_INFO), 0);
  assert_string_equal(net.data, "<6>Nov 21 14:11:18 pi ntp_monitor[0]: INFO x");
  form = SYSLOG_FORMAT_AUTO;
  assert_int_equal(say(&fd, SEVERITY_INFO), 0);
  assert_string_equal(net.data, rfc5424);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test_setup(test_first, begin), cmocka_unit_test_setup(test_next, begin),
      cmocka_unit_test_setup(test_none, begin),  cmocka_unit_test_setup(test_lost, begin),
      cmocka_unit_test_setup(test_forms, begin),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}

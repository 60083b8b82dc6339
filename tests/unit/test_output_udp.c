/* Tests of output/udp.c: whole lines in each datagram, none lost, and a refusal is seen. */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include <cmocka.h>

#include "ntp_monitor/clock.h"
#include "ntp_monitor/duration.h"
#include "ntp_monitor/env.h"
#include "ntp_monitor/output.h"
#include "ntp_monitor/why.h"
#include "tests/unit/ask.h"
#include "tests/unit/sockets.h"

static struct why why;

static int send_to(uint16_t port, const char *text) {
  struct env env = {.deadline_ns = clock_monotonic_ns() + 10 * DURATION_S};
  struct output_target target = {.kind = TARGET_UDP, .port = port, .text = "127.0.0.1"};
  return output_udp.deliver(&target, text, strlen(text), ASK_OUTPUT(&env, NULL), &why);
}

static void test_lines(void **state) {
  (void)state;
  static char text[64 * 1024];
  static char have[64 * 1024];
  uint16_t port = 0;
  int receiver = sockets_udp(&port);
  for (int i = 0; i < 200; i++) {
    (void)sprintf(text + strlen(text), "ntp_monitor,server=%d %0*d\n", i, 20 + i, i);
  }
  assert_int_equal(send_to(port, text), 0);
  unsigned count = 0;
  for (const char *part = sockets_received(receiver); part[0] != '\0';
       part = sockets_received(receiver), count++) {
    assert_in_range(strlen(part), 1, 1400);
    assert_int_equal(part[strlen(part) - 1], '\n');
    (void)strcat(have, part);
  }
  assert_string_equal(have, text);
  assert_in_range(count, strlen(text) / 1400 + 1, strlen(text) / 1000);
  (void)close(receiver);
}

/* One line that is longer goes alone. */
static void test_long_line(void **state) {
  (void)state;
  static char text[4096];
  uint16_t port = 0;
  int receiver = sockets_udp(&port);
  (void)sprintf(text, "a\n%03000d\nb\n", 0);
  assert_int_equal(send_to(port, text), 0);
  assert_string_equal(sockets_received(receiver), "a\n");
  assert_int_equal(strlen(sockets_received(receiver)), 3001);
  assert_string_equal(sockets_received(receiver), "b\n");
  (void)close(receiver);
}

static void test_refused(void **state) {
  (void)state;
  char want[128];
  uint16_t port = sockets_closed_port();
  (void)snprintf(want, sizeof want, "udp://127.0.0.1:%u: ", port);
  assert_int_equal(send_to(port, "a\n"), -ECONNREFUSED);
  assert_memory_equal(why.text, want, strlen(want));
  assert_non_null(strstr(why.text, strerror(ECONNREFUSED)));
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(test_lines),
      cmocka_unit_test(test_long_line),
      cmocka_unit_test(test_refused),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}

/* Tests of log/journal.c and log/local.c: what they hand to which socket, and how long it
 * may take. The socket is this file's own. */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include <cmocka.h>

#include "log/frame.h"
#include "ntp_monitor/aside.h"
#include "ntp_monitor/clock.h"
#include "ntp_monitor/duration.h"
#include "ntp_monitor/env.h"
#include "ntp_monitor/log.h"
#include "ntp_monitor/net.h"
#include "ntp_monitor/why.h"

enum { NOW_S = 1000 };

static struct {
  char path[256];
  char data[FRAME_JOURNAL_BYTES + 1];
  int64_t deadline_ns;
  int error;
} sent;

int64_t clock_monotonic_ns(void) {
  return NOW_S * DURATION_S;
}

int aside_await(const char *path, int64_t deadline_ns) {
  (void)path;
  (void)deadline_ns;
  return 0;
}

int net_send_local(int *fd, const char *path, const void *data, size_t length_bytes,
                   int64_t deadline_ns) {
  *fd = 7;
  (void)strcpy(sent.path, path);
  memcpy(sent.data, data, length_bytes);
  sent.data[length_bytes] = '\0';
  sent.deadline_ns = deadline_ns;
  return sent.error;
}

static const struct log_address address = {.kind = ADDRESS_LOCAL, .text = "/run/log"};

/* Sends "a line" while the run ends at deadline_ns. */
static int say(const struct transport *transport, int64_t deadline_ns, struct why *why) {
  static const struct frame_line line = {.severity = SEVERITY_INFO,
                                         .facility = 3,
                                         .now_ns = 1795237878999999999,
                                         .pid = 1,
                                         .host = "pi",
                                         .text = "a line"};
  const struct env env = {.deadline_ns = deadline_ns};
  int fd = -1;
  int error = transport->send(&fd, &address, &line, &env, NULL, why);
  assert_int_equal(fd, 7);
  return error;
}

static void test_journal(void **state) {
  (void)state;
  struct why why = {.text = ""};
  sent.error = 0;
  assert_int_equal(say(&transport_journal, 2 * NOW_S * DURATION_S, &why), 0);
  assert_string_equal(sent.path, "/run/systemd/journal/socket");
  assert_string_equal(sent.data, "MESSAGE=INFO a line\nPRIORITY=6\nSYSLOG_FACILITY=3\n"
                                 "SYSLOG_IDENTIFIER=ntp_monitor\nSYSLOG_PID=1\n");
  assert_string_equal(why.text, "");
  sent.error = -ENOENT;
  assert_int_equal(say(&transport_journal, 2 * NOW_S * DURATION_S, &why), -ENOENT);
  assert_string_equal(why.text, "/run/systemd/journal/socket: No such file or directory");
}

static void test_local(void **state) {
  (void)state;
  struct why why = {.text = ""};
  sent.error = 0;
  assert_int_equal(setenv("TZ", "XST-9", 1), 0); /* the time is the local one */
  tzset();
  assert_int_equal(say(&transport_local, 2 * NOW_S * DURATION_S, &why), 0);
  assert_string_equal(sent.path, "/run/log");
  assert_string_equal(sent.data, "<30>Nov 21 14:11:18 ntp_monitor[1]: INFO a line");
  assert_string_equal(why.text, "");
  sent.error = -EACCES;
  assert_int_equal(say(&transport_local, 2 * NOW_S * DURATION_S, &why), -EACCES);
  assert_string_equal(why.text, "Permission denied");
}

/* A full socket may keep us 200 ms, and never past the end of the run. */
static void test_patience(void **state) {
  (void)state;
  static const struct transport *const transports[] = {&transport_journal, &transport_local};
  struct why why;
  for (size_t i = 0; i < 2; i++) {
    (void)say(transports[i], 2 * NOW_S * DURATION_S, &why);
    assert_int_equal(sent.deadline_ns, NOW_S * DURATION_S + 200 * DURATION_MS);
    (void)say(transports[i], NOW_S * DURATION_S + 1, &why);
    assert_int_equal(sent.deadline_ns, NOW_S * DURATION_S + 1);
  }
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(test_journal),
      cmocka_unit_test(test_local),
      cmocka_unit_test(test_patience),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}

/* Tests of log/journal.c: what it hands to journald's socket, which is this file's own. */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "ntp_monitor/clock.h"
#include "ntp_monitor/duration.h"
#include "ntp_monitor/env.h"
#include "ntp_monitor/frame.h"
#include "ntp_monitor/log.h"
#include "ntp_monitor/net.h"
#include "ntp_monitor/why.h"

static struct {
  char path[256];
  char data[FRAME_JOURNAL_BYTES + 1];
  int64_t deadline_ns;
  int error;
} sent;

int64_t clock_monotonic_ns(void) {
  return 1000 * DURATION_S;
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

static const struct frame_line line = {
    .severity = SEVERITY_INFO, .facility = 3, .pid = 1, .host = "pi", .text = "a line"};

static void test_sent(void **state) {
  (void)state;
  int fd = -1;
  struct why why = {.text = ""};
  struct env env = {.deadline_ns = 1010 * DURATION_S};
  assert_int_equal(transport_journal.kind, ADDRESS_JOURNAL);
  assert_int_equal(transport_journal.send(&fd, NULL, &line, &env, NULL, &why), 0);
  assert_string_equal(sent.path, "/run/systemd/journal/socket");
  assert_string_equal(sent.data, "MESSAGE=INFO a line\nPRIORITY=6\nSYSLOG_FACILITY=3\n"
                                 "SYSLOG_IDENTIFIER=ntp_monitor\nSYSLOG_PID=1\n");
  assert_int_equal(sent.deadline_ns, 1000 * DURATION_S + 200 * DURATION_MS);
  assert_string_equal(why.text, "");
  env.deadline_ns = 1000 * DURATION_S + 1; /* the run's end comes before that */
  assert_int_equal(transport_journal.send(&fd, NULL, &line, &env, NULL, &why), 0);
  assert_int_equal(sent.deadline_ns, env.deadline_ns);
}

static void test_failed(void **state) {
  (void)state;
  int fd = -1;
  struct why why;
  struct env env = {.deadline_ns = 1010 * DURATION_S};
  sent.error = -ENOENT;
  assert_int_equal(transport_journal.send(&fd, NULL, &line, &env, NULL, &why), -ENOENT);
  assert_string_equal(why.text, "/run/systemd/journal/socket: No such file or directory");
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(test_sent),
      cmocka_unit_test(test_failed),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}

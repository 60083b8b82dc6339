/* Tests of src/log: what each way of travelling hands to its receiver, and what stops it. */
#include <errno.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "log/frame.h"
#include "ntp_monitor/why.h"
#include "tests/unit/golden.h"
#include "tests/unit/log_chain.h"

/* The time is the receiver's own: "Mmm dd hh:mm:ss" becomes T. */
static const char *without_time(const char *text) {
  static char out[4096];
  const char *head = strchr(text, '>');
  assert_non_null(head);
  assert_true(strlen(head) > 16);
  (void)snprintf(out, sizeof out, "%.*sT%s", (int)(head - text + 1), text, head + 16);
  return out;
}

static void test_local(void **state) {
  (void)state;
  struct log_chain chain;
  log_chain_begin(&chain);
  int receiver = sockets_local("log", SOCK_DGRAM);
  log_chain_add_local(&chain, "log");
  chain.config.facility = 16;
  assert_int_equal(log_write(&chain.log, SEVERITY_ERROR, "a line", NULL), 0);
  assert_string_equal(without_time(sockets_received(receiver)),
                      "<131>T ntp_monitor[4242]: ERROR a line");
  /* syslog_format is for UDP: a local socket gets what glibc would send. */
  chain.config.syslog_format = SYSLOG_FORMAT_RFC5424;
  assert_int_equal(log_write(&chain.log, SEVERITY_INFO, "b", NULL), 0);
  assert_string_equal(without_time(sockets_received(receiver)), "<134>T ntp_monitor[4242]: INFO b");
  log_close(&chain.log);
  (void)close(receiver);
}

static void test_udp(void **state) {
  (void)state;
  static const struct {
    int64_t format;
    bool rfc3164;
  } rows[] = {
      {SYSLOG_FORMAT_AUTO, false}, {SYSLOG_FORMAT_RFC5424, false}, {SYSLOG_FORMAT_RFC3164, true}};
  for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
    struct log_chain chain;
    uint16_t port = 0;
    log_chain_begin(&chain);
    int receiver = sockets_udp(&port);
    log_chain_add_udp(&chain, port);
    chain.config.syslog_format = rows[i].format;
    assert_int_equal(log_write(&chain.log, SEVERITY_INFO, "a line", NULL), 0);
    const char *have = sockets_received(receiver);
    if (rows[i].rfc3164) {
      assert_string_equal(without_time(have), "<30>T pi ntp_monitor[4242]: INFO a line");
    } else {
      assert_memory_equal(have, "<30>1 20", 8);
      assert_string_equal(strchr(have, 'Z'), "Z pi.example.org ntp_monitor 4242 - - INFO a line");
    }
    assert_int_equal(log_write(&chain.log, SEVERITY_INFO, "next", NULL), 0);
    assert_non_null(strstr(sockets_received(receiver), "INFO next"));
    log_close(&chain.log);
    (void)close(receiver);
  }
}

/* A receiver that went away between two lines: the second one is refused and goes on. */
static void test_udp_gone(void **state) {
  (void)state;
  struct log_chain chain;
  uint16_t port = 0;
  log_chain_begin(&chain);
  int receiver = sockets_udp(&port);
  int local = sockets_local("log", SOCK_DGRAM);
  log_chain_add_udp(&chain, port);
  log_chain_add_local(&chain, "log");
  assert_int_equal(log_write(&chain.log, SEVERITY_INFO, "one", NULL), 0);
  (void)close(receiver);
  assert_int_equal(log_write(&chain.log, SEVERITY_INFO, "two", NULL), 0);
  assert_non_null(strstr(sockets_received(local), "INFO two"));
  log_close(&chain.log);
  (void)close(local);
}

/* If the first address of a host refuses, the next one is tried. */
static void test_udp_next_address(void **state) {
  (void)state;
  struct log_chain chain;
  struct sockaddr_in6 address = {.sin6_family = AF_INET6, .sin6_addr = IN6ADDR_LOOPBACK_INIT};
  address.sin6_port = htons(sockets_closed_port());
  int receiver = socket(AF_INET6, SOCK_DGRAM | SOCK_CLOEXEC, 0);
  if (bind(receiver, (const struct sockaddr *)&address, sizeof address) != 0) {
    (void)close(receiver);
    skip(); /* no IPv6 here */
  }
  log_chain_begin(&chain);
  log_chain_add_udp(&chain, ntohs(address.sin6_port));
  (void)strcpy(chain.log.destinations[0].text, "localhost");
  assert_int_equal(log_write(&chain.log, SEVERITY_INFO, "six", NULL), 0);
  assert_non_null(strstr(sockets_received(receiver), "INFO six"));
  log_close(&chain.log);
  (void)close(receiver);
}

static void test_stderr(void **state) {
  (void)state;
  struct log_chain chain;
  char text[3000];
  log_chain_begin(&chain);
  log_chain_add_stderr(&chain);
  assert_string_equal(log_chain_stderr(&chain, SEVERITY_WARNING, "a line"),
                      "ntp_monitor: WARNING a line\n");
  assert_int_equal(chain.error, 0);
  memset(text, 'x', sizeof text - 1);
  text[sizeof text - 1] = '\0';
  const char *shown = log_chain_stderr(&chain, SEVERITY_INFO, text);
  assert_in_range(strlen(shown), 1000, 2048);
  assert_int_equal(shown[strlen(shown) - 1], '\n');
}

/* /dev/null keeps nothing, so the line is lost; so it is on a full disk, in a pipe that
 * nobody reads and in a closed descriptor. */
static void test_stderr_lost(void **state) {
  (void)state;
  static const struct {
    const char *path;
    int error;
  } rows[] = {{"/dev/null", -ENODEV}, {"/dev/full", -ENOSPC}};
  struct log_chain chain;
  struct why why;
  struct frame_line line = {.severity = SEVERITY_INFO, .text = "x"};
  int fd = -1;
  log_chain_begin(&chain);
  for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
    int saved = log_chain_redirect(rows[i].path);
    int error = transport_stderr.send(&fd, NULL, &line, &chain.env, &chain.config, &why);
    log_chain_restore(saved);
    assert_int_equal(error, rows[i].error);
    assert_golden(why.text, "%s", rows[i].path);
  }
  int ends[2];
  assert_int_equal(pipe2(ends, O_CLOEXEC), 0);
  int saved = log_chain_redirect("stderr");
  (void)dup2(ends[1], STDERR_FILENO);
  (void)close(ends[0]);
  (void)close(ends[1]);
  int broken = transport_stderr.send(&fd, NULL, &line, &chain.env, &chain.config, &why);
  (void)close(STDERR_FILENO);
  int closed = transport_stderr.send(&fd, NULL, &line, &chain.env, &chain.config, &why);
  log_chain_restore(saved);
  assert_int_equal(broken, -EPIPE);
  assert_int_equal(closed, -EBADF);
  assert_int_equal(fd, -1);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(test_local),    cmocka_unit_test(test_udp),
      cmocka_unit_test(test_udp_gone), cmocka_unit_test(test_udp_next_address),
      cmocka_unit_test(test_stderr),   cmocka_unit_test(test_stderr_lost),
  };
  (void)alarm(30);
  (void)signal(SIGPIPE, SIG_IGN);
  return cmocka_run_group_tests(tests, temp_enter, temp_leave);
}

/* Tests of log.c: the chain, which destinations it has and which of them takes a line. */
#include <errno.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "ntp_monitor/trace.h"
#include "tests/unit/golden.h"
#include "tests/unit/log_chain.h"

static void test_destinations(void **state) {
  (void)state;
  static const struct {
    const char *address;
    size_t count;
    struct log_address destinations[LOG_DESTINATIONS_MAX];
  } rows[] = {
      {"/dev/log",
       3,
       {{ADDRESS_LOCAL, 0, "/dev/log"}, {ADDRESS_UDP, 514, "localhost"}, {ADDRESS_STDERR, 0, ""}}},
      {"/run/x",
       4,
       {{ADDRESS_LOCAL, 0, "/run/x"},
        {ADDRESS_LOCAL, 0, "/dev/log"},
        {ADDRESS_UDP, 514, "localhost"},
        {ADDRESS_STDERR, 0, ""}}},
      {"localhost",
       3,
       {{ADDRESS_UDP, 514, "localhost"}, {ADDRESS_LOCAL, 0, "/dev/log"}, {ADDRESS_STDERR, 0, ""}}},
      {"localhost:514",
       3,
       {{ADDRESS_UDP, 514, "localhost"}, {ADDRESS_LOCAL, 0, "/dev/log"}, {ADDRESS_STDERR, 0, ""}}},
      {"localhost:515",
       4,
       {{ADDRESS_UDP, 515, "localhost"},
        {ADDRESS_LOCAL, 0, "/dev/log"},
        {ADDRESS_UDP, 514, "localhost"},
        {ADDRESS_STDERR, 0, ""}}},
      {"journal",
       4,
       {{ADDRESS_JOURNAL, 0, ""},
        {ADDRESS_LOCAL, 0, "/dev/log"},
        {ADDRESS_UDP, 514, "localhost"},
        {ADDRESS_STDERR, 0, ""}}},
      {"stderr", 1, {{ADDRESS_STDERR, 0, ""}}},
      {"none", 0, {{ADDRESS_NONE, 0, ""}}},
  };
  for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
    struct log_chain chain;
    log_chain_begin(&chain);
    (void)strcpy(chain.config.syslog_address, rows[i].address);
    log_init(&chain.log, &chain.env, &chain.config);
    assert_int_equal(chain.log.destination_count, rows[i].count);
    assert_int_equal(chain.log.at, 0);
    assert_int_equal(log_is_stderr(&chain.log), rows[i].count == 1);
    for (size_t k = 0; k < rows[i].count; k++) {
      assert_int_equal(chain.log.destinations[k].kind, rows[i].destinations[k].kind);
      assert_int_equal(chain.log.destinations[k].port, rows[i].destinations[k].port);
      assert_string_equal(chain.log.destinations[k].text, rows[i].destinations[k].text);
    }
  }
}

/* Each of the first destinations is missing in turn; the next one has the line, once. */
static void test_falls_through(void **state) {
  (void)state;
  for (int missing = 0; missing < 3; missing++) {
    struct log_chain chain;
    uint16_t port = 0;
    log_chain_begin(&chain);
    int local = missing > 0 ? -1 : sockets_local("log", SOCK_DGRAM);
    int udp = missing > 1 ? -1 : sockets_udp(&port);
    (void)(missing > 0 && unlink("log"));
    log_chain_add_local(&chain, "missing");
    log_chain_add_local(&chain, "log");
    log_chain_add_udp(&chain, udp < 0 ? sockets_closed_port() : port);
    log_chain_add_stderr(&chain);
    const char *shown = log_chain_stderr(&chain, SEVERITY_INFO, "a line");
    assert_int_equal(chain.error, 0);
    assert_int_equal(chain.log.at, missing + 1);
    assert_int_equal(log_is_stderr(&chain.log), missing == 2);
    const char *have = missing == 0   ? sockets_received(local)
                       : missing == 1 ? sockets_received(udp)
                                      : shown;
    assert_non_null(strstr(have, "INFO a line"));
    assert_true(missing == 2 || shown[0] == '\0');
    assert_true(missing > 0 || sockets_received(udp)[0] == '\0');
    log_close(&chain.log);
    (void)close(local);
    (void)close(udp);
  }
}

/* The failure of each destination is in the trace. */
static void test_trace(void **state) {
  (void)state;
  struct log_chain chain;
  char want[256];
  uint16_t port = sockets_closed_port();
  log_chain_begin(&chain);
  int local = sockets_local("log", SOCK_DGRAM);
  chain.trace->off = false;
  log_chain_add_local(&chain, "missing");
  log_chain_add_udp(&chain, port);
  log_chain_add_local(&chain, "log");
  assert_int_equal(log_write(&chain.log, SEVERITY_WARNING, "x", NULL), 0);
  const char *line = trace_next(chain.trace, NULL);
  assert_golden(strstr(line, "log: "), "missing socket");
  line = trace_next(chain.trace, line);
  (void)snprintf(want, sizeof want, "port %u: Connection refused", port);
  assert_non_null(strstr(line, "127.0.0.1"));
  assert_non_null(strstr(line, want));
  line = trace_next(chain.trace, line);
  assert_golden(strstr(line, "log: "), "socket");
  assert_null(trace_next(chain.trace, line));
  log_close(&chain.log);
  (void)close(local);
}

/* The destination that took one line takes the next, and the chain does not begin anew. */
static void test_stays(void **state) {
  (void)state;
  struct log_chain chain;
  log_chain_begin(&chain);
  int second = sockets_local("second", SOCK_DGRAM);
  log_chain_add_local(&chain, "first");
  log_chain_add_local(&chain, "second");
  assert_int_equal(log_write(&chain.log, SEVERITY_INFO, "one", NULL), 0);
  int first = sockets_local("first", SOCK_DGRAM);
  assert_int_equal(log_write(&chain.log, SEVERITY_INFO, "two", NULL), 0);
  assert_non_null(strstr(sockets_received(second), "INFO one"));
  assert_non_null(strstr(sockets_received(second), "INFO two"));
  assert_string_equal(sockets_received(first), "");
  log_close(&chain.log);
  assert_int_equal(chain.log.fd, -1);
  (void)close(first);
  (void)close(second);
}

/* A receiver that reads nothing is left for the next one soon. */
static void test_full(void **state) {
  (void)state;
  struct log_chain chain;
  log_chain_begin(&chain);
  int full = sockets_local("full", SOCK_DGRAM);
  int next = sockets_local("next", SOCK_DGRAM);
  int fd = -1;
  while (net_send_local(&fd, "full", "x", 1, clock_monotonic_ns()) == 0) {
  }
  log_chain_add_local(&chain, "full");
  log_chain_add_local(&chain, "next");
  int64_t begun_ns = clock_monotonic_ns();
  assert_int_equal(log_write(&chain.log, SEVERITY_INFO, "line", NULL), 0);
  assert_in_range(clock_monotonic_ns() - begun_ns, 0, 2000 * DURATION_MS);
  assert_non_null(strstr(sockets_received(next), "INFO line"));
  /* Nor is it waited for past the deadline of the run. */
  chain.log.at = 0;
  chain.env.deadline_ns = clock_monotonic_ns();
  begun_ns = clock_monotonic_ns();
  (void)log_write(&chain.log, SEVERITY_INFO, "line", NULL);
  assert_in_range(clock_monotonic_ns() - begun_ns, 0, 1000 * DURATION_MS);
  log_close(&chain.log);
  (void)close(full);
  (void)close(next);
}

static void test_all_lost(void **state) {
  (void)state;
  struct log_chain chain;
  log_chain_begin(&chain);
  log_chain_add_local(&chain, "missing");
  log_chain_add_udp(&chain, sockets_closed_port());
  assert_int_equal(log_write(&chain.log, SEVERITY_CRITICAL, "x", NULL), -ECONNREFUSED);
  assert_int_equal(chain.log.at, 2);
  assert_true(log_write(&chain.log, SEVERITY_CRITICAL, "y", NULL) < 0);
  assert_false(log_is_stderr(&chain.log));
  log_close(&chain.log);
}

static void test_none(void **state) {
  (void)state;
  struct log_chain chain;
  log_chain_begin(&chain);
  chain.trace->off = false;
  assert_int_equal(chain.log.destination_count, 0);
  assert_int_equal(log_write(&chain.log, SEVERITY_CRITICAL, "x", NULL), 0);
  const char *line = trace_next(chain.trace, NULL);
  assert_golden(strstr(line, "log: "), "no socket");
  log_chain_add_local(&chain, "missing");
  assert_int_equal(log_write(&chain.log, SEVERITY_DEBUG, "x", NULL), 0);
  chain.config.log_level = SEVERITY_WARNING;
  assert_int_equal(log_write(&chain.log, SEVERITY_INFO, "y", NULL), 0);
  line = trace_next(chain.trace, line);
  assert_golden(strstr(line, "log: "), "below log_level");
  assert_null(trace_next(chain.trace, line));
  log_close(&chain.log);
}

/* Below log_level is no failure, even where nothing would take it. */
static void test_levels(void **state) {
  (void)state;
  static const enum severity all[] = {SEVERITY_CRITICAL, SEVERITY_ERROR, SEVERITY_WARNING,
                                      SEVERITY_INFO, SEVERITY_DEBUG};
  for (size_t level = 0; level < 6; level++) {
    struct log_chain chain;
    log_chain_begin(&chain);
    chain.config.log_level = level < 5 ? (int64_t)all[level] : SEVERITY_CRITICAL;
    chain.config.debug_mode = level == 5; /* as if log_level were DEBUG */
    for (size_t i = 0; i < 5; i++) {
      bool wanted = i <= level || all[i] == SEVERITY_ERROR; /* never hidden */
      chain.log.destination_count = 0;
      chain.log.at = 0;
      log_chain_add_local(&chain, "missing");
      assert_int_equal(log_write(&chain.log, all[i], "x", NULL), wanted ? -ENOENT : 0);
    }
  }
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(test_destinations), cmocka_unit_test(test_falls_through),
      cmocka_unit_test(test_trace),        cmocka_unit_test(test_stays),
      cmocka_unit_test(test_full),         cmocka_unit_test(test_all_lost),
      cmocka_unit_test(test_none),         cmocka_unit_test(test_levels),
  };
  (void)alarm(30);
  (void)signal(SIGPIPE, SIG_IGN);
  return cmocka_run_group_tests(tests, temp_enter, temp_leave);
}

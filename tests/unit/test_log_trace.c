/* Tests of log.c: the trace as DEBUG lines, for whom it is and for whom it is not. */
#include <errno.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "tests/unit/log_chain.h"

/* Two lines in the trace, none of them of the log's own. */
static void begin(struct log_chain *chain) {
  log_chain_begin(chain);
  chain->trace->off = false;
  trace_add(chain->trace, "first");
  trace_add(chain->trace, "second");
}

static void test_wanted(void **state) {
  (void)state;
  struct log_chain chain;
  begin(&chain);
  int receiver = sockets_local("log", SOCK_DGRAM);
  log_chain_add_local(&chain, "log");
  chain.config.debug_mode = true;
  size_t used = chain.trace->used_bytes;
  log_trace(&chain.log, chain.trace);
  assert_int_equal(chain.trace->used_bytes, used); /* a trace of the trace would not end */
  const char *have = sockets_received(receiver);
  assert_memory_equal(have, "<31>", 4);
  assert_non_null(strstr(have, "ms first"));
  assert_non_null(strstr(have, "]: DEBUG +"));
  assert_non_null(strstr(sockets_received(receiver), "ms second"));
  assert_string_equal(sockets_received(receiver), "");
  log_close(&chain.log);
  (void)close(receiver);
}

static void test_not_wanted(void **state) {
  (void)state;
  struct log_chain chain;
  begin(&chain);
  int receiver = sockets_local("log", SOCK_DGRAM);
  log_chain_add_local(&chain, "log");
  log_trace(&chain.log, chain.trace);
  assert_string_equal(sockets_received(receiver), "");
  log_close(&chain.log);
  (void)close(receiver);
}

/* It is not worth the next destination: cron mails what goes to stderr. */
static void test_not_at_any_price(void **state) {
  (void)state;
  struct log_chain chain;
  begin(&chain);
  chain.config.debug_mode = true;
  log_chain_add_local(&chain, "missing");
  log_chain_add_stderr(&chain);
  int saved = log_chain_redirect("stderr");
  log_trace(&chain.log, chain.trace);
  off_t written = lseek(STDERR_FILENO, 0, SEEK_END);
  log_chain_restore(saved);
  assert_int_equal(written, 0);
  assert_int_equal(chain.log.at, 0);
  /* Nor where the chain has come down to stderr. */
  assert_string_not_equal(log_chain_stderr(&chain, SEVERITY_INFO, "x"), "");
  assert_true(log_is_stderr(&chain.log));
  saved = log_chain_redirect("stderr");
  log_trace(&chain.log, chain.trace);
  written = lseek(STDERR_FILENO, 0, SEEK_END);
  log_chain_restore(saved);
  assert_int_equal(written, 0);
  log_close(&chain.log);
}

/* Where stderr is what was asked for it goes there, unless it stands there already. */
static void test_stderr(void **state) {
  (void)state;
  struct log_chain chain;
  for (int shown = 0; shown < 2; shown++) {
    begin(&chain);
    chain.config.debug_mode = true;
    log_chain_add_stderr(&chain);
    int saved = log_chain_redirect("stderr");
    chain.trace->fd = shown ? STDERR_FILENO : -1;
    log_trace(&chain.log, chain.trace);
    off_t written = lseek(STDERR_FILENO, 0, SEEK_END);
    log_chain_restore(saved);
    assert_int_equal(written > 0, !shown);
    log_close(&chain.log);
  }
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(test_wanted),
      cmocka_unit_test(test_not_wanted),
      cmocka_unit_test(test_not_at_any_price),
      cmocka_unit_test(test_stderr),
  };
  (void)alarm(30);
  return cmocka_run_group_tests(tests, temp_enter, temp_leave);
}

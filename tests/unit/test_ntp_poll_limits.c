/* Tests of ntp_poll.c: two addresses of one server, the deadline, and descriptors that do not
 * suffice. The servers are the test's own. */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/resource.h>
#include <sys/wait.h>

#include <cmocka.h>

#include "tests/unit/golden.h"
#include "tests/unit/ntp_plan.h"
#include "tests/unit/sockets.h"

static void test_deadline(void **state) {
  (void)state;
  ntp_peers[1].lost = ALL;
  assert_int_equal(ntp_peers_begin(2), 0);
  prepare(2, 64);
  plan.wait_ns = 5 * DURATION_S;
  run(700);
  assert_in_range(took_ns, 400 * DURATION_MS, 3000 * DURATION_MS);
  assert_in_range(servers[0].reply_count, 1, 3);
  assert_int_equal(servers[0].reason, REASON_OK);
  assert_int_equal(servers[1].reason, REASON_TIMEOUT);
  assert_golden(servers[1].remark, "one lost");
  assert_golden(strstr(trace_next(&trace, NULL), "ntp: "), "64 samples in 700 ms");
  assert_false(plan.one_fits);
  ntp_poll_free(&plan);
  prepare(2, 1);
  run(-1); /* over before it begins */
  assert_int_equal(servers[0].sent, 0);
  assert_int_equal(servers[0].reason, REASON_TIMEOUT);
  ntp_poll_free(&plan);
}

/* Peer 1 is IPv6. Each way in which one of the two fails, the other one serves. */
static void test_both_families(void **state) {
  (void)state;
  static const struct {
    int64_t lost4, lost6, kiss4;
    bool closed4;
    unsigned chosen; /* 2: either */
  } rows[] = {{.chosen = 2},
              {.lost4 = ALL, .chosen = 1},
              {.lost6 = ALL, .chosen = 0},
              {.kiss4 = ALL, .chosen = 1},
              {.closed4 = true, .chosen = 1}};
  for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
    assert_int_equal(ntp_peers_new(NULL), 0);
    ntp_peers[0].lost = rows[i].lost4;
    ntp_peers[0].kiss = rows[i].kiss4;
    ntp_peers[1].lost = rows[i].lost6;
    ntp_peers[1].family = AF_INET6;
    assert_int_equal(ntp_peers_begin(2), 0);
    prepare(1, 2);
    servers[0].address[1] = ntp_peer_address(AF_INET6, ntp_peers[1].port);
    servers[0].address_count = 2;
    if (rows[i].closed4) {
      servers[0].address[0] = ntp_peer_address(AF_INET, sockets_closed_port());
    }
    run(9000);
    if (rows[i].kiss4 != 0) { /* of the server: it is not asked again, by neither address */
      assert_int_equal(servers[0].sent, 1);
      assert_in_range(servers[0].reply_count, 0, 1);
      assert_true(ntp_peers[0].requests == 1 && ntp_peers[1].requests <= 1);
      ntp_poll_free(&plan);
      (void)ntp_peers_end(NULL);
      continue;
    }
    assert_int_equal(servers[0].reply_count, 2);
    assert_int_equal(servers[0].sent, 2);
    assert_true(rows[i].chosen == 2 || servers[0].chosen == rows[i].chosen);
    /* Both for the first sample, from then on the one. */
    assert_true(ntp_peers[servers[0].chosen].requests == 2);
    assert_true(ntp_peers[1 - servers[0].chosen].requests <= 1);
    ntp_poll_free(&plan);
    (void)ntp_peers_end(NULL);
  }
}

/* One request, and no more before the end. */
static void test_one_fits(void **state) {
  (void)state;
  assert_int_equal(ntp_peers_begin(1), 0);
  prepare(1, 2);
  plan.interval_ns = DURATION_S;
  run(900);
  assert_true(plan.one_fits);
  assert_int_equal(servers[0].reply_count, 1);
  ntp_poll_free(&plan);
  prepare(1, 1);
  plan.interval_ns = DURATION_S;
  run(900);
  assert_false(plan.one_fits); /* nor was more wanted */
  ntp_poll_free(&plan);
}

static void test_both_refused(void **state) {
  (void)state;
  prepare(1, 1);
  servers[0].address[0] = ntp_peer_address(AF_INET, sockets_closed_port());
  servers[0].address[1] = ntp_peer_address(AF_INET6, sockets_closed_port());
  servers[0].address_count = 2;
  plan.wait_ns = 5 * DURATION_S;
  run(9000);
  assert_in_range(took_ns, 0, 4000 * DURATION_MS);
  assert_int_equal(servers[0].reason, REASON_NO_SERVICE);
  ntp_poll_free(&plan);
}

static void test_nobody(void **state) {
  (void)state;
  prepare(2, 1);
  servers[0].address_count = servers[1].address_count = 0;
  servers[1].reason = REASON_NO_SOURCE;
  run(9000);
  assert_int_equal(servers[0].sent, 0);
  assert_int_equal(servers[1].reason, REASON_NO_SOURCE);
  assert_in_range(took_ns, 0, 1000 * DURATION_MS);
  ntp_poll_free(&plan);
}

/* Runs in a process of its own, for a hard limit cannot be raised again. */
static void in_child(bool (*question)(void)) {
  int status = -1;
  pid_t child = fork();
  if (child == 0) {
    _exit(question() ? 0 : 1);
  }
  assert_int_equal(waitpid(child, &status, 0), child);
  assert_int_equal(status, 0);
}

/* So many descriptors more than are open. */
static bool limit(rlim_t more, bool hard) {
  struct rlimit few;
  int spare = fcntl(0, F_DUPFD_CLOEXEC, 3);
  (void)close(spare);
  if (getrlimit(RLIMIT_NOFILE, &few) != 0) {
    return false;
  }
  few.rlim_cur = (rlim_t)spare + more;
  few.rlim_max = hard ? few.rlim_cur : few.rlim_max;
  return setrlimit(RLIMIT_NOFILE, &few) == 0;
}

/* Counts the plan's servers with two replies. */
static size_t served(void) {
  size_t count = 0;
  for (size_t i = 0; i < plan.count; i++) {
    count += servers[i].reply_count == 2;
  }
  return count;
}

/* The soft limit is raised, and afterwards as it was. */
static bool soft_limit(void) {
  struct rlimit before;
  struct rlimit after;
  bool good = limit(6, false) && getrlimit(RLIMIT_NOFILE, &before) == 0;
  prepare(100, 2);
  run(9000);
  good = good && getrlimit(RLIMIT_NOFILE, &after) == 0 && after.rlim_cur == before.rlim_cur &&
         plan.at_once == 0 && served() == 100;
  ntp_poll_free(&plan);
  return good;
}

/* Descriptors for a few only: the others wait for theirs, and all are asked. */
static bool hard_limit(void) {
  bool good = limit(6, true);
  prepare(100, 2);
  run(9000);
  char told[32];
  (void)snprintf(told, sizeof told, "ntp: only %zu ", plan.at_once);
  good = good && plan.at_once > 0 && plan.at_once <= 6 && traced(told) && served() == 100;
  ntp_poll_free(&plan);
  return good;
}

/* Not one for a server: beside epoll's there is none. */
static bool no_descriptor(void) {
  bool good = limit(1, true);
  prepare(2, 1);
  run(9000);
  good = good && servers[1].reason == REASON_NO_SOURCE &&
         strstr(servers[1].remark, "Too many open files") != NULL;
  ntp_poll_free(&plan);
  return good;
}

/* Nor one for epoll. */
static bool no_epoll(void) {
  bool good = limit(0, true);
  prepare(2, 1);
  plan.deadline_ns = INT64_MAX;
  good = good && ntp_poll(&plan) == -EMFILE;
  ntp_poll_free(&plan);
  return good;
}

/* Waiting in line until the end. */
static bool in_vain(void) {
  bool good = limit(5, true);
  prepare(20, 1);
  run(500);
  good = good && servers[0].sent == 1 && servers[19].reason == REASON_TIMEOUT &&
         servers[19].sent == 0 && servers[19].remark[0] != '\0';
  ntp_poll_free(&plan);
  return good;
}

static void test_waves(void **state) {
  (void)state;
  assert_int_equal(ntp_peers_begin(NTP_PEERS_MAX), 0);
  in_child(soft_limit);
  in_child(hard_limit);
  in_child(no_descriptor);
  in_child(no_epoll);
}

static void test_waves_in_vain(void **state) {
  (void)state;
  for (int i = 0; i < NTP_PEERS_MAX; i++) {
    ntp_peers[i].lost = ALL;
  }
  assert_int_equal(ntp_peers_begin(NTP_PEERS_MAX), 0);
  in_child(in_vain);
}

#define PEERS(test) cmocka_unit_test_setup_teardown(test, ntp_peers_new, ntp_peers_end)

int main(void) {
  const struct CMUnitTest tests[] = {
      PEERS(test_deadline),      PEERS(test_both_families), PEERS(test_both_refused),
      PEERS(test_one_fits),      PEERS(test_nobody),        PEERS(test_waves),
      PEERS(test_waves_in_vain),
  };
  (void)alarm(60);
  return cmocka_run_group_tests(tests, NULL, NULL);
}

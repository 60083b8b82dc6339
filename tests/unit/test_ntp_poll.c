/* Tests of ntp_poll.c, ntp_exchange.c and ntp_request.c: what is asked when, and what becomes of
 * answers, refusals and losses. The servers are the test's own. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>

#include <cmocka.h>

#include "tests/unit/golden.h"
#include "tests/unit/ntp_plan.h"
#include "tests/unit/sockets.h"

static void test_good(void **state) {
  (void)state;
  ntp_peers[0].offset_ns = 250 * DURATION_MS;
  ntp_peers[1].offset_ns = -3 * DURATION_S;
  ntp_peers[1].stratum = 7;
  assert_int_equal(ntp_peers_begin(2), 0);
  prepare(2, 3);
  run(9000);
  assert_in_range(took_ns, 500 * DURATION_MS, 4000 * DURATION_MS);
  for (int i = 0; i < 2; i++) {
    assert_int_equal(servers[i].reply_count, 3);
    assert_int_equal(servers[i].sent, 3);
    assert_int_equal(servers[i].reason, REASON_OK);
    assert_string_equal(servers[i].remark, "");
    assert_false(servers[i].follows_us);
    assert_int_equal(ntp_peers[i].requests, 3);
    for (int n = 0; n < 3; n++) {
      const struct ntp_reply *reply = &servers[i].replies[n];
      int64_t error_ns = reply->offset_ns - ntp_peers[i].offset_ns;
      assert_true(llabs(error_ns) <= reply->delay_ns / 2 + 1000);
      assert_int_equal(reply->stratum, i == 0 ? 1 : 7);
      assert_true(n == 0 || servers[i].received_ns[n] > servers[i].received_ns[n - 1]);
      assert_true(servers[i].received_ns[n] <= clock_monotonic_ns());
    }
    for (int n = 1; n < 3;
         n++) { /* not sooner than the interval: a request may leave late, and the next one not */
      assert_true(ntp_peers[i].at_ns[n] - ntp_peers[i].at_ns[n - 1] > 150 * DURATION_MS);
      assert_true(ntp_peers[i].cookie[n] != ntp_peers[i].cookie[n - 1]);
    }
  }
  /* A fresh port each time, which may by chance be one that was. */
  const volatile uint16_t *port = ntp_peers[0].port_of;
  assert_false(port[0] == port[1] && port[1] == port[2]);
  assert_true(traced("request 1 to 127.0.0.1"));
  assert_true(traced("stratum=7"));
  ntp_poll_free(&plan);
  assert_null(plan.replies);
}

/* Whatever the plan says. */
static void test_interval_least(void **state) {
  (void)state;
  assert_int_equal(ntp_peers_begin(1), 0);
  prepare(1, 2);
  plan.interval_ns = 1;
  run(9000);
  assert_int_equal(servers[0].reply_count, 2);
  assert_true(ntp_peers[0].at_ns[1] - ntp_peers[0].at_ns[0] > 150 * DURATION_MS);
  ntp_poll_free(&plan);
}

static void test_lost(void **state) {
  (void)state;
  ntp_peers[0].lost = 1 << 1;
  ntp_peers[1].lost = 1 << 0 | 1 << 2;
  ntp_peers[2].lost = ALL;
  assert_int_equal(ntp_peers_begin(3), 0);
  prepare(3, 3);
  run(9000);
  assert_int_equal(servers[0].reply_count, 3);
  assert_int_equal(servers[0].sent, 4);
  assert_int_equal(servers[0].reason, REASON_OK);
  assert_true(ntp_peers[0].at_ns[2] - ntp_peers[0].at_ns[1] > 150 * DURATION_MS);
  assert_int_equal(servers[1].reply_count, 1);
  assert_int_equal(servers[1].reason, REASON_TIMEOUT);
  assert_golden(servers[1].remark, "2 of 3 lost");
  assert_int_equal(servers[2].reply_count, 0);
  assert_int_equal(ntp_peers[2].requests, 2);
  assert_golden(servers[2].remark, "all lost");
  ntp_poll_free(&plan);
}

/* The repeat, too, keeps the distance that is wanted. */
static void test_lost_interval(void **state) {
  (void)state;
  ntp_peers[0].lost = 1;
  assert_int_equal(ntp_peers_begin(1), 0);
  prepare(1, 1);
  plan.interval_ns = 600 * DURATION_MS;
  plan.wait_ns = 200 * DURATION_MS;
  run(9000);
  assert_int_equal(servers[0].reply_count, 1);
  assert_true(ntp_peers[0].at_ns[1] - ntp_peers[0].at_ns[0] > 400 * DURATION_MS);
  ntp_poll_free(&plan);
}

static void test_refused(void **state) {
  (void)state;
  assert_int_equal(ntp_peers_begin(1), 0);
  prepare(3, 1);
  servers[1].address[0] = ntp_peer_address(AF_INET, sockets_closed_port());
  servers[2].address[0] = ntp_peer_address(AF_INET6, sockets_closed_port());
  plan.wait_ns = 5 * DURATION_S;
  run(9000);
  assert_in_range(took_ns, 0, 4000 * DURATION_MS); /* nobody is waited for */
  assert_int_equal(servers[0].reply_count, 1);
  for (int i = 1; i < 3; i++) {
    assert_int_equal(servers[i].reason, REASON_NO_SERVICE);
    assert_golden(servers[i].remark, "closed port");
    assert_int_equal(servers[i].sent, 1);
  }
  ntp_poll_free(&plan);
}

/* The addresses of one name, each dead in another way but the last: what each costs, and that the
 * one that serves is kept to. */
static void test_next_address(void **state) {
  (void)state;
  ntp_peers[0].lost = ALL;
  ntp_peers[1].kiss = ALL;
  ntp_peers[2].leap3 = ALL;
  assert_int_equal(ntp_peers_begin(4), 0);
  prepare(1, 2);
  servers[0].address[0] = ntp_peer_address(AF_INET, sockets_closed_port());
  for (unsigned a = 0; a < 4; a++) {
    servers[0].address[a + 1] = ntp_peer_address(AF_INET, ntp_peers[a].port);
  }
  servers[0].address_count = 5;
  run(9000);
  assert_int_equal(servers[0].reply_count, 2);
  assert_int_equal(servers[0].chosen, 4);
  assert_int_equal(servers[0].reason, REASON_OK);
  assert_int_equal(servers[0].sent, 6);
  assert_int_equal(ntp_peers[0].requests, 1);
  assert_int_equal(ntp_peers[1].requests, 1);
  assert_int_equal(ntp_peers[2].requests, 1);
  assert_int_equal(ntp_peers[3].requests, 2);
  ntp_poll_free(&plan);
  /* Where none serves, that one has no time to give counts for more than that others are silent. */
  servers[0] = (struct ntp_server){.name = "a.example", .address_count = 2};
  servers[0].address[0] = ntp_peer_address(AF_INET, ntp_peers[2].port);
  servers[0].address[1] = ntp_peer_address(AF_INET, ntp_peers[0].port);
  run(9000);
  assert_int_equal(servers[0].reply_count, 0);
  assert_int_equal(servers[0].reason, REASON_NOT_SYNCHRONISED);
  assert_int_equal(ntp_peers[0].requests, 3);
  ntp_poll_free(&plan);
}

static void test_local_clock(void **state) {
  (void)state;
  ntp_peers[0].reference = "\x7f\x7f\1\1"; /* chronyd's, of any stratum */
  ntp_peers[1].reference = ntp_peers[0].reference;
  ntp_peers[1].stratum = 10;
  ntp_peers[2].reference = "LOCL";
  ntp_peers[3].reference = "LOCL";
  ntp_peers[3].stratum = 2; /* an address */
  ntp_peers[4].reference = "\x7f\x7f\2\1";
  ntp_peers[4].stratum = 2;
  assert_int_equal(ntp_peers_begin(5), 0);
  prepare(5, 1);
  run(9000);
  for (int i = 0; i < 5; i++) {
    assert_int_equal(servers[i].local_clock, i < 3);
  }
  ntp_poll_free(&plan);
}

static void test_no_way(void **state) {
  (void)state;
  prepare(1, 1);
  servers[0].address[0].length_bytes = 3; /* connect(2): Invalid argument */
  run(9000);
  assert_int_equal(servers[0].reason, REASON_NO_SOURCE);
  assert_golden(servers[0].remark, "no way");
  assert_int_equal(servers[0].sent, 0);
  ntp_poll_free(&plan);
}

static void test_bad_replies(void **state) {
  (void)state;
  ntp_peers[0].bad = 63;
  ntp_peers[1].bad = 64;
  ntp_peers[2].long_ones = 2;
  assert_int_equal(ntp_peers_begin(3), 0);
  prepare(3, 1);
  servers[2].name = "c.example";
  run(9000);
  assert_int_equal(servers[0].reply_count, 1);
  assert_string_equal(servers[0].remark, "");
  assert_int_equal(servers[1].reply_count, 0);
  assert_int_equal(servers[1].reason, REASON_BAD_REPLY);
  assert_int_not_equal(servers[1].remark[0], '\0');
  assert_int_equal(servers[1].sent, 2);
  assert_int_equal(servers[2].reply_count, 1);
  assert_true(traced("c.example: dropped: "));
  ntp_poll_free(&plan);
}

static void test_told_off(void **state) {
  (void)state;
  ntp_peers[0].kiss = 1;
  ntp_peers[1].kiss = 1 << 1;
  ntp_peers[2].leap3 = 1;
  assert_int_equal(ntp_peers_begin(3), 0);
  prepare(3, 3);
  run(9000);
  assert_int_equal(servers[0].reason, REASON_DENIED);
  assert_non_null(strstr(servers[0].remark, "RATE"));
  assert_int_equal(ntp_peers[0].requests, 1);
  assert_int_equal(servers[1].reply_count, 1);
  assert_int_equal(servers[1].reason, REASON_DENIED);
  assert_int_equal(ntp_peers[1].requests, 2);
  assert_int_equal(servers[2].reason, REASON_NOT_SYNCHRONISED);
  assert_int_equal(ntp_peers[2].requests, 1);
  ntp_poll_free(&plan);
}

/* 127.0.0.1 is whom the answer names, and whom we ask from. */
static void test_follows_us(void **state) {
  (void)state;
  ntp_peers[0].reference = ntp_peers[1].reference = ntp_peers[2].reference = "\x7f\0\0\1";
  ntp_peers[0].stratum = 2;
  ntp_peers[1].stratum = 1; /* the name of a clock: no address */
  ntp_peers[2].stratum = 2;
  ntp_peers[2].reference = "\x7f\0\0\2";
  assert_int_equal(ntp_peers_begin(3), 0);
  prepare(3, 1);
  run(9000);
  assert_true(servers[0].follows_us);
  assert_false(servers[1].follows_us);
  assert_false(servers[2].follows_us);
  ntp_poll_free(&plan);
}

#define PEERS(test) cmocka_unit_test_setup_teardown(test, ntp_peers_new, ntp_peers_end)

int main(void) {
  const struct CMUnitTest tests[] = {
      PEERS(test_good),          PEERS(test_interval_least), PEERS(test_lost),
      PEERS(test_lost_interval), PEERS(test_refused),        PEERS(test_no_way),
      PEERS(test_next_address),  PEERS(test_local_clock),    PEERS(test_bad_replies),
      PEERS(test_told_off),      PEERS(test_follows_us),
  };
  (void)alarm(60);
  return cmocka_run_group_tests(tests, NULL, NULL);
}

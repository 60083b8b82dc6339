/* Tests of source/sntp.c: whom it asks, whom it does not ask twice, and what it says of lists that
 * are none. The servers are the test's own. */
#include <netinet/in.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "ntp_monitor/duration.h"
#include "ntp_monitor/net_own.h"

/* The servers are at 127.0.0.1 and ::1: whether that is this machine is for a test to say. */
static struct in6_addr own_address;
static size_t own_count;

static int find_own(struct net_own *own, struct trace *trace) {
  (void)trace;
  *own = (struct net_own){.address = calloc(1, sizeof own_address), .count = own_count};
  *own->address = own_address;
  return 0;
}

#define net_own_find(own, trace) find_own(own, trace)
#include "src/source/sntp/sntp.c"
#include "tests/unit/ask.h"
#include "tests/unit/golden.h"
#include "tests/unit/ntp_peer.h"
#include "tests/unit/sockets.h"

static struct trace trace;
static struct config config;
static struct env env;
static struct samples samples;
static struct why why;

static int measure(const char *argument) {
  samples_free(&samples);
  memset(&why, 0, sizeof why);
  trace = (struct trace){.fd = -1};
  env = (struct env){.trace = &trace, .start_ns = clock_monotonic_ns()};
  env.measure_deadline_ns = env.start_ns + 5 * DURATION_S;
  config.sntp_samples = 1;
  config.sntp_interval_ns = DURATION_S;
  return source_sntp.measure(ASK(&env, &config, argument), &samples, &why);
}

static char argument[SAMPLE_MAX * 16];

/* printf into the argument of measure(). */
__attribute__((format(printf, 1, 2))) static int ask_for(const char *format, ...) {
  va_list arguments;
  va_start(arguments, format);
  (void)vsnprintf(argument, sizeof argument, format, arguments);
  va_end(arguments);
  return measure(argument);
}

static void test_row(void **state) {
  (void)state;
  assert_string_equal(source_sntp.name, "sntp");
  assert_string_equal(source_sntp.argument, "HOST,...");
  assert_true(source_sntp.optional);
  assert_false(source_sntp.remote || source_sntp.keeps_clock);
}

/* Only those that somebody named. */
static void test_none(void **state) {
  (void)state;
  static const char *const empty[] = {"", ",", " , ,\t"};
  for (size_t i = 0; i < 3; i++) {
    (void)strcpy(config.sntp_servers, empty[i]);
    assert_int_equal(measure(i == 1 ? empty[i] : NULL), -EINVAL);
    assert_int_equal(why.reason, REASON_NO_SOURCE);
    assert_golden(why.text, "no servers");
  }
}

static void test_bad_lists(void **state) {
  (void)state;
  static const char *const rows[][2] = {
      {"127.0.0.1,a/b", "'a/b'"},
      {"[::1", "'[::1'"},
      {"127.0.0.1:99999", "'127.0.0.1:99999'"},
      {"\x1b[31m", "'\\x1b[31m'"},
  };
  for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
    assert_int_equal(measure(rows[i][0]), -EINVAL);
    assert_int_equal(why.reason, REASON_NO_SOURCE);
    assert_golden(why.text, "%s", rows[i][0]);
    assert_non_null(strstr(why.text, rows[i][1]));
    assert_int_equal(samples.count, 0);
  }
  char *most = calloc(1, 1000);
  assert_non_null(most);
  memset(most, 'a', 300);
  assert_int_equal(measure(most), -EINVAL);
  assert_golden(why.text, "a name of 300 characters");
  free(most);
}

static void test_too_many(void **state) {
  (void)state;
  for (size_t i = 0; i <= SAMPLE_MAX; i++) {
    (void)strcpy(argument + 2 * i, "a,");
  }
  assert_int_equal(measure(argument), -E2BIG);
  assert_golden(why.text, "4097 servers");
}

static void test_configured(void **state) {
  (void)state;
  assert_int_equal(ntp_peers_begin(2), 0);
  (void)snprintf(config.sntp_servers, sizeof config.sntp_servers, ", 127.0.0.1:%u \t,127.0.0.1:%u,",
                 ntp_peers[0].port, ntp_peers[1].port);
  assert_int_equal(measure(NULL), 0);
  assert_int_equal(samples.count, 2);
  assert_int_equal(samples.asked, 2);
  assert_int_equal(samples.truechimers, 2);
  assert_string_equal(samples.items[0].address, "127.0.0.1");
  (void)snprintf(argument, sizeof argument, "127.0.0.1:%u", ntp_peers[1].port);
  assert_string_equal(samples.items[1].server, argument);
  /* Servers on the command line replace the configured ones. */
  assert_int_equal(measure(argument), 0);
  assert_int_equal(samples.count, 1);
  assert_int_equal(ntp_peers[0].requests, 1);
  assert_int_equal(ntp_peers[1].requests, 2);
}

static void test_duplicates(void **state) {
  (void)state;
  ntp_peers[1].family = AF_INET6;
  assert_int_equal(ntp_peers_begin(2), 0);
  unsigned port = ntp_peers[0].port;
  assert_int_equal(ask_for("127.0.0.1:%u,127.0.0.1:%u,[::ffff:127.0.0.1]:%u,[::1]:%u,[0:0::1]:%u",
                           port, port, port, ntp_peers[1].port, ntp_peers[1].port),
                   0);
  assert_int_equal(ntp_peers[0].requests, 1);
  assert_int_equal(ntp_peers[1].requests, 1);
  assert_int_equal(samples.count, 5);
  assert_int_equal(samples.asked, 2);
  char want[SAMPLE_REMARK_BYTES];
  (void)snprintf(want, sizeof want, " 127.0.0.1:%u", port);
  assert_non_null(strstr(samples.items[1].remark, want));
  assert_non_null(strstr(samples.items[2].remark, want));
  (void)snprintf(want, sizeof want, " [::1]:%u", ntp_peers[1].port);
  assert_non_null(strstr(samples.items[4].remark, want));
}

/* localhost is 127.0.0.1 and ::1: where one of them is another's, the other one is left. */
static void test_half_duplicate(void **state) {
  (void)state;
  assert_int_equal(ntp_peers_begin(1), 0);
  unsigned port = ntp_peers[0].port;
  assert_int_equal(ask_for("127.0.0.1:%u,localhost:%u", port, port), 0);
  assert_int_equal(ntp_peers[0].requests, 1);
  assert_int_equal(samples.asked, 2);
  assert_string_equal(samples.items[1].address, "::1");
  assert_int_equal(samples.items[1].state, STATE_UNREACHABLE);
  assert_int_equal(ask_for("localhost:%u", port), 0);
  assert_string_equal(samples.items[0].address, "127.0.0.1");
  assert_int_equal(samples.items[0].replies, 1);
}

/* This machine is no server: neither by a number nor by one of a name's addresses. */
static void test_ourselves(void **state) {
  (void)state;
  ntp_peers[1].family = AF_INET6;
  assert_int_equal(ntp_peers_begin(2), 0);
  own_address = (struct in6_addr){.s6_addr = {[10] = 0xff, [11] = 0xff, [12] = 127, [15] = 1}};
  own_count = 1;
  unsigned port = ntp_peers[0].port;
  int error = ask_for("127.0.0.1:%u,[::ffff:127.0.0.1]:9,localhost:%u", port, ntp_peers[1].port);
  assert_int_equal(error, 0);
  assert_int_equal(samples.asked, 1);
  assert_int_equal(samples.answered, 1);
  assert_golden(samples.items[0].remark, "this machine");
  assert_golden(samples.items[1].remark, "this machine");
  assert_string_equal(samples.items[2].address, "::1");
  assert_int_equal(ask_for("127.0.0.1:%u", port), -ENOENT);
  assert_int_equal(ntp_peers[0].requests, 0);
  assert_int_equal(why.reason, REASON_NO_SOURCE);
  assert_non_null(strstr(why.text, argument));
  own_count = 0;
}

/* Of a name one address votes, of a pool each. */
static void test_pool(void **state) {
  (void)state;
  uint16_t port = 0;
  int v4 = sockets_udp(&port);
  (void)close(v4);
  assert_int_equal(ask_for("pool:localhost:%u", port), -ECONNREFUSED);
  assert_non_null(strstr(why.text, "; localhost:"));
  assert_int_equal(ask_for("localhost:%u", port), -ECONNREFUSED);
  assert_null(strstr(why.text, ";"));
  /* Four votes at most, and what is beyond them in reserve. */
  struct item items[1] = {{.text = "pool.example", .pool = true}};
  struct net_name names[1] = {{.count = 7}};
  struct ntp_server servers[POOL_MAX] = {{.name = NULL}};
  struct list list = {.count = 1, .item = items, .name = names, .server = servers};
  for (size_t a = 0; a < 7; a++) {
    names[0].addresses[a].length_bytes = 1 + (socklen_t)a;
  }
  add_servers(&trace, &list, 0);
  assert_int_equal(list.server_count, 4);
  assert_int_equal(servers[0].address_count, 2);
  assert_int_equal(servers[0].address[1].length_bytes, 5);
  assert_int_equal(servers[3].address_count, 1);
  items[0].pool = false;
  list.server_count = 0;
  memset(servers, 0, sizeof servers);
  add_servers(&trace, &list, 0);
  assert_int_equal(list.server_count, 1);
  assert_int_equal(servers[0].address_count, 7);
}

static void test_no_hosts(void **state) {
  (void)state;
  assert_int_equal(
      measure("224.0.1.1,239.255.255.255,255.255.255.255,0.0.0.0,::,ff02::101,::ffff:224.0.1.1"),
      -ENOENT);
  assert_int_equal(why.reason, REASON_NO_SOURCE);
  assert_golden(why.text, "no addresses of one host");
}

static void test_refused(void **state) {
  (void)state;
  assert_int_equal(ask_for("127.0.0.1:%u", sockets_closed_port()), -ECONNREFUSED);
  assert_int_equal(why.reason, REASON_NO_SERVICE);
}

static int tear_down(void **state) {
  samples_free(&samples);
  return ntp_peers_end(state);
}

#define PEERS(test) cmocka_unit_test_setup_teardown(test, ntp_peers_new, tear_down)

int main(void) {
  const struct CMUnitTest tests[] = {
      PEERS(test_row),
      PEERS(test_none),
      PEERS(test_bad_lists),
      PEERS(test_too_many),
      PEERS(test_configured),
      PEERS(test_duplicates),
      PEERS(test_half_duplicate),
      PEERS(test_ourselves),
      PEERS(test_pool),
      PEERS(test_no_hosts),
      PEERS(test_refused),
  };
  (void)alarm(60);
  return cmocka_run_group_tests(tests, NULL, NULL);
}

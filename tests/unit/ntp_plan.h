/* A run of the poll loop over simulated servers (ntp_peer.h), and a check of what it leaves behind.
 */
#ifndef TESTS_UNIT_NTP_PLAN_H
#define TESTS_UNIT_NTP_PLAN_H

#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "ntp_monitor/clock.h"
#include "ntp_monitor/duration.h"
#include "ntp_monitor/trace.h"
#include "source/sntp/ntp_packet.h"
#include "source/sntp/ntp_poll.h"
#include "tests/unit/ntp_peer.h"

enum { SERVERS_MAX = 300, ALL = -1 };

static struct ntp_server servers[SERVERS_MAX];
static struct trace trace;
static struct ntp_plan plan;
static int64_t took_ns;

/* Makes count servers, each with the address of the peer of the same number, if there is one. */
static inline void prepare(size_t count, unsigned samples) {
  memset(servers, 0, sizeof servers);
  trace = (struct trace){.fd = -1, .start_ns = clock_monotonic_ns()};
  plan = (struct ntp_plan){.servers = servers,
                           .count = count,
                           .samples = samples,
                           .interval_ns = 250 * DURATION_MS,
                           .wait_ns = 300 * DURATION_MS,
                           .trace = &trace};
  for (size_t i = 0; i < count; i++) {
    const struct ntp_peer *peer = &ntp_peers[i % NTP_PEERS_MAX];
    servers[i].name = "a.example";
    servers[i].address[0] = ntp_peer_address(peer->family, peer->port);
    servers[i].address_count = 1;
  }
}

static inline void run(int64_t ms) {
  int64_t begun_ns = clock_monotonic_ns();
  int spare = fcntl(0, F_DUPFD_CLOEXEC, 3);
  (void)close(spare);
  plan.deadline_ns = begun_ns + ms * DURATION_MS;
  assert_int_equal(ntp_poll(&plan), 0);
  took_ns = clock_monotonic_ns() - begun_ns;
  int after = fcntl(0, F_DUPFD_CLOEXEC, 3);
  (void)close(after);
  assert_int_equal(after, spare); /* nothing stays open */
}

static inline bool traced(const char *text) {
  for (const char *line = trace_next(&trace, NULL); line != NULL; line = trace_next(&trace, line)) {
    if (strstr(line, text) != NULL) {
      return true;
    }
  }
  return false;
}

#endif

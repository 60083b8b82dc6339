/* Replies of servers, made up by a test, and the reading made from them. */
#ifndef TESTS_UNIT_NTP_REPLIES_H
#define TESTS_UNIT_NTP_REPLIES_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "ntp_monitor/duration.h"
#include "ntp_monitor/why.h"
#include "source/sntp/ntp_packet.h"
#include "source/sntp/ntp_poll.h"
#include "source/sntp/ntp_sample.h"

#define MS DURATION_MS
#define NOW (1000 * DURATION_S)

enum { SERVERS_MAX = 20, REPLIES_MAX = 4 };

static struct ntp_server servers[SERVERS_MAX];
static struct ntp_reply replies[SERVERS_MAX][REPLIES_MAX];
static int64_t received_ns[SERVERS_MAX][REPLIES_MAX];
static char names[SERVERS_MAX][32];
static struct ntp_plan plan;
static struct samples samples;
static struct why why;

/* Makes count servers that have not answered because the port is closed. */
static inline void prepare(size_t count, unsigned wanted) {
  memset(servers, 0, sizeof servers);
  plan = (struct ntp_plan){.servers = servers, .count = count, .samples = wanted};
  for (size_t i = 0; i < count; i++) {
    (void)snprintf(names[i], sizeof names[i], "%c.example", (char)('a' + i));
    servers[i].name = names[i];
    servers[i].address_count = 1;
    servers[i].replies = replies[i];
    servers[i].received_ns = received_ns[i];
    servers[i].sent = 1;
    servers[i].reason = REASON_NO_SERVICE;
    (void)strcpy(servers[i].remark, "port unreachable");
  }
}

/* Adds a good reply, 10 s old. */
static inline struct ntp_reply *reply(size_t server, int64_t offset_ns, int64_t error_ns) {
  struct ntp_server *at = &servers[server];
  unsigned n = at->reply_count++;
  replies[server][n] = (struct ntp_reply){.offset_ns = offset_ns,
                                          .delay_ns = 6 * MS,
                                          .root_delay_ns = 4 * MS,
                                          .root_dispersion_ns = MS,
                                          .error_ns = error_ns,
                                          .precision_log2_s = -30,
                                          .stratum = 2};
  received_ns[server][n] = NOW - 10 * DURATION_S + n;
  at->sent = at->reply_count;
  at->reason = REASON_OK;
  at->remark[0] = '\0';
  return &replies[server][n];
}

static inline int read_all(void) {
  samples_free(&samples);
  memset(&why, 0, sizeof why);
  return ntp_sample_read(&plan, NOW, &samples, &why);
}

/* Returns the sample that carries the verdict. */
static inline size_t primary(void) {
  size_t found = SIZE_MAX;
  for (size_t i = 0; i < samples.count; i++) {
    if (!samples.items[i].listed) {
      assert_true(found == SIZE_MAX);
      found = i;
    }
  }
  assert_true(found < samples.count);
  return found;
}

#endif

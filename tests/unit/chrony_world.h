/*
 * A simulated chronyd behind the functions of net.h and the clock: it answers at once, and waiting
 * takes no time. Defines what the program links, so only one .c of a program includes it.
 */
#ifndef TESTS_UNIT_CHRONY_WORLD_H
#define TESTS_UNIT_CHRONY_WORLD_H

#include <errno.h>
#include <fcntl.h>
#include <stdbool.h>
#include <stdint.h>
#include <string.h>
#include <unistd.h>

#include "ntp_monitor/aside.h"
#include "ntp_monitor/chrony_talk.h"
#include "ntp_monitor/clock.h"
#include "ntp_monitor/config.h"
#include "ntp_monitor/duration.h"
#include "ntp_monitor/env.h"
#include "ntp_monitor/net.h"
#include "ntp_monitor/sample.h"
#include "ntp_monitor/source.h"
#include "ntp_monitor/trace.h"
#include "ntp_monitor/why.h"
#include "tests/unit/ask.h"
#include "tests/unit/candm_packets.h"

enum { WORLD_SOURCES = 8, WORLD_ATTEMPTS = 32 };

static struct {
  int64_t now_ns;
  struct {
    int connect_error; /* 0: it connects */
    int answer_error;  /* 0: it answers */
    bool silent;
    int fd;
    bool waiting; /* a reply is there */
    struct candm_reply reply;
  } way[CHRONY_WAYS];
  bool there, listed;
  struct packet_tracking tracking;
  struct packet_source source[WORLD_SOURCES];
  unsigned source_count;
  const char *name;
  /* The answers to this command from its turn-th on, and what is changed in them. */
  unsigned odd_command, odd_turn;
  unsigned odd_status;
  void (*spoil)(struct candm_reply *reply);
  unsigned junk; /* datagrams that come before each answer */
  unsigned deaf; /* requests that get none, at first */
  int64_t sent_ns[WORLD_ATTEMPTS];
  int sent_way[WORLD_ATTEMPTS];
  unsigned sent, asked[128];
} world;

static struct trace world_trace;
static struct config world_config;
static struct env world_env;

/* --- what the program links ------------------------------------------------------ */

int64_t clock_monotonic_ns(void) {
  return world.now_ns;
}

int64_t clock_realtime_ns(void) {
  return world.now_ns;
}

int clock_left_ms(int64_t deadline_ns) {
  int64_t left_ms = (deadline_ns - world.now_ns + DURATION_MS - 1) / DURATION_MS;
  return left_ms < 0 ? 0 : left_ms > INT32_MAX ? INT32_MAX : (int)left_ms;
}

static int world_connect(int way) {
  if (world.way[way].connect_error != 0) {
    return world.way[way].connect_error;
  }
  world.way[way].fd = open("/dev/null", O_RDWR | O_CLOEXEC);
  return world.way[way].fd;
}

int chrony_socket_open(struct chrony_socket *own, const char *path, pid_t pid) {
  assert_string_equal(path, "/run/chrony/chronyd.sock");
  assert_int_equal(pid, 4711);
  *own = (struct chrony_socket){.directory = -1, .there = world.there};
  return world_connect(CHRONY_WAY_SOCKET);
}

void chrony_socket_close(struct chrony_socket *own) {
  own->directory = -1;
}

bool chrony_socket_listed(const char *path) {
  assert_string_equal(path, "/run/chrony/chronyd.sock");
  return world.listed;
}

int aside_await(const char *path, int64_t deadline_ns) {
  assert_string_equal(path, "/run/chrony/chronyd.sock");
  assert_true(deadline_ns > 0);
  return 0;
}

int net_connect_local(const char *path, const char *own) {
  assert_string_equal(path, "/run/chrony/chronyd.sock");
  assert_null(own);
  return world_connect(CHRONY_WAY_SOCKET);
}

int net_resolve(const char *host, uint16_t port, int64_t deadline_ns,
                struct net_address addresses[NET_ADDRESSES], struct why *why) {
  (void)deadline_ns;
  (void)why;
  assert_int_equal(port, 323);
  addresses[0].length_bytes = strcmp(host, "127.0.0.1") == 0 ? 1 : 2; /* which way it is */
  return 1;
}

int net_connect_udp(const struct net_address *address) {
  return world_connect((int)address->length_bytes);
}

static int world_way(int fd) {
  int way = 0;
  while (world.way[way].fd != fd) {
    way++;
  }
  return way;
}

static struct candm_reply world_reply(unsigned command, const uint8_t *request, uint32_t sequence) {
  uint32_t index = packet_get(request, 20, 4);
  struct candm_reply reply = packet_begin(command, sequence);
  if ((command == CANDM_SOURCE_DATA || command == CANDM_SOURCESTATS) &&
      index >= world.source_count) {
    return packet_status(command, sequence, CANDM_NO_SUCH_SOURCE);
  }
  switch (command) {
  case CANDM_TRACKING:
    return packet_tracking(sequence, &world.tracking);
  case CANDM_N_SOURCES:
    packet_put(&reply, PACKET_BODY, 4, world.source_count);
    return reply;
  case CANDM_SOURCE_DATA:
    return packet_source(sequence, &world.source[index]);
  case CANDM_SOURCESTATS:
    return packet_stats(sequence, &world.source[index]);
  default:
    (void)strcpy((char *)reply.data + PACKET_BODY, world.name);
    return reply;
  }
}

int net_send(int fd, const void *data, size_t length_bytes, int64_t deadline_ns) {
  int way = world_way(fd);
  const uint8_t *request = data;
  unsigned command = packet_get(request, 4, 2);
  uint32_t sequence = packet_get(request, 8, 4);
  assert_true(deadline_ns <= world_env.measure_deadline_ns);
  if (world.sent < WORLD_ATTEMPTS) {
    world.sent_way[world.sent] = way;
    world.sent_ns[world.sent] = world.now_ns;
  }
  world.sent++;
  if (world.way[way].silent || world.deaf > 0) {
    world.deaf -= world.deaf > 0;
    return 0;
  }
  struct candm_reply reply = world_reply(command, request, sequence);
  assert_int_equal(length_bytes, packet_begin(command, 0).length_bytes);
  if (command == world.odd_command && world.asked[command] >= world.odd_turn) {
    if (world.odd_status != 0) {
      reply = packet_status(command, sequence, world.odd_status);
    }
    if (world.spoil != NULL) {
      world.spoil(&reply);
    }
  }
  world.asked[command]++;
  world.way[way].reply = reply;
  world.way[way].waiting = true;
  return 0;
}

ssize_t net_receive(int fd, void *data, size_t size_bytes, int64_t deadline_ns) {
  static unsigned junk;
  int way = world_way(fd);
  assert_true(size_bytes >= CANDM_BYTES_MAX);
  if (world.way[way].answer_error != 0) {
    return world.way[way].answer_error;
  }
  if (!world.way[way].waiting) {
    world.now_ns = deadline_ns > world.now_ns ? deadline_ns : world.now_ns;
    return -ETIMEDOUT;
  }
  if (junk < world.junk) { /* each kind in turn: an empty one, too long a one, a stranger's */
    junk++;
    memcpy(data, world.way[way].reply.data, CANDM_BYTES_MAX);
    ((uint8_t *)data)[19] ^= 1;
    return junk % 3 == 0   ? 0
           : junk % 3 == 1 ? -EMSGSIZE
                           : (ssize_t)world.way[way].reply.length_bytes;
  }
  junk = 0;
  world.way[way].waiting = false;
  memcpy(data, world.way[way].reply.data, CANDM_BYTES_MAX);
  return (ssize_t)world.way[way].reply.length_bytes;
}

/* --- a run ------------------------------------------------------------------------- */

static int world_check_source(const char *text, struct why *why) {
  (void)text;
  (void)why;
  return 0;
}

/* Resets to a healthy chronyd: one server selected, asked over the socket. */
static void world_begin(void) {
  memset(&world, 0, sizeof world);
  world.now_ns = 1000 * DURATION_S;
  world.there = true;
  world.tracking = (struct packet_tracking){0x7f000001, 3, 0, 0.25, 0.5, 0.125};
  world.source_count = 1;
  world.source[0] = (struct packet_source){.family = CANDM_INET4,
                                           .address = "\x7f\x01\x02\x03",
                                           .poll = 6,
                                           .stratum = 2,
                                           .reach = 0xff,
                                           .since_s = 5,
                                           .samples = 9,
                                           .deviation_s = 0.0625};
  world.name = "ntp.example";
  for (int i = 0; i < CHRONY_WAYS; i++) {
    world.way[i].fd = -1;
  }
  world_trace.used_bytes = 0;
  world_trace.full = false;
  world_trace.fd = -1;
  world_env = (struct env){.start_ns = world.now_ns, .pid = 4711, .trace = &world_trace};
  env_set_timeout(&world_env, 60 * DURATION_S);
  config_init(&world_config, world_check_source);
}

/* Takes the reading and checks that no descriptor stays open. */
static int world_measure(struct samples *samples, struct why *why) {
  *samples = (struct samples){.items = NULL};
  *why = (struct why){.text = ""};
  int error = source_chrony.measure(ASK(&world_env, &world_config, NULL), samples, why);
  for (int i = 0; i < CHRONY_WAYS; i++) {
    assert_true(world.way[i].fd < 0 || fcntl(world.way[i].fd, F_GETFD) < 0);
  }
  assert_true(world.now_ns <= world_env.measure_deadline_ns);
  return error;
}

#endif

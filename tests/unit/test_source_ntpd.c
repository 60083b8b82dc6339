/*
 * Tests of the source ntpd and of mode6_talk.c: each way in which asking can end. The network and
 * the clock are this file's own: an ntpd that does what no real one does, and silence that takes no
 * time.
 */
#include <errno.h>
#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "ntp_monitor/clock.h"
#include "ntp_monitor/duration.h"
#include "ntp_monitor/env.h"
#include "ntp_monitor/net.h"
#include "ntp_monitor/source.h"
#include "ntp_monitor/trace.h"
#include "ntp_monitor/why.h"
#include "source/ntpd/mode6_talk.h"
#include "tests/unit/ask.h"
#include "tests/unit/golden.h"
#include "tests/unit/mode6_packet.h"

/* --- the seams ------------------------------------------------------------------- */

enum place { NTPD, REFUSED, SILENT, NO_WAY, FILTERED };

#define PEERS 130

static struct {
  enum place v4, v6;
  bool tells_time;
  unsigned lost;                        /* so many datagrams of ours vanish */
  unsigned associations;                /* in the list */
  unsigned error;                       /* the answer to every question, or */
  unsigned peer_error;                  /* to those for one association, */
  uint16_t error_of;                    /* this one */
  const char *system, *peer, *odd_peer; /* variables; of error_of */
  int noise;                            /* datagrams that are no answer, before it; < 0: for ever */
  bool endless;                         /* pieces, each followed by another */
  bool dies;                            /* after the first answer */
  /* what happens: */
  int64_t now_ns;
  bool is_v6;
  unsigned asked, answered, time_asked;
  size_t queued, next;
  struct mode6_packet queue[128];
  size_t noise_left;
} fake;

int64_t clock_monotonic_ns(void) {
  return fake.now_ns;
}

int64_t clock_realtime_ns(void) {
  return fake.now_ns;
}

int clock_left_ms(int64_t deadline_ns) {
  return deadline_ns > fake.now_ns ? 1 : 0;
}

int net_resolve(const char *host, uint16_t port, int64_t deadline_ns,
                struct net_address addresses[NET_ADDRESSES], struct why *why) {
  (void)deadline_ns;
  (void)why;
  assert_int_equal(port, 123);
  fake.is_v6 = strcmp(host, "::1") == 0;
  assert_true(fake.is_v6 || strcmp(host, "127.0.0.1") == 0);
  memset(&addresses[0], 0, sizeof addresses[0]);
  return 1;
}

static enum place here(void) {
  return fake.is_v6 ? fake.v6 : fake.v4;
}

int net_connect_udp(const struct net_address *address) {
  (void)address;
  fake.queued = fake.next = 0;
  return here() == NO_WAY ? -EADDRNOTAVAIL : open("/dev/null", O_RDONLY | O_CLOEXEC);
}

static void push(struct mode6_packet packet) {
  assert_true(fake.queued < sizeof fake.queue / sizeof *fake.queue);
  fake.queue[fake.queued++] = packet;
}

static void push_pieces(const uint8_t *request, const void *whole, size_t length) {
  enum { PIECE = 468 };
  size_t offset = 0;
  do {
    size_t count = length - offset < PIECE ? length - offset : PIECE;
    push(
        mode6_packet_piece(request, whole, offset, count, offset + count < length || fake.endless));
    offset += count;
  } while (offset < length);
}

static void answer_list(const uint8_t *request) {
  uint8_t list[4 * PEERS];
  for (unsigned i = 0; i < fake.associations; i++) {
    mode6_packet_16(list + 4 * (fake.associations - 1 - i), 100 + i);
    mode6_packet_16(list + 4 * (fake.associations - 1 - i) + 2, i == 0 ? 0x961a : 0x941a);
  }
  push_pieces(request, list, 4UL * fake.associations);
}

static void answer_time(const uint8_t *request) {
  struct mode6_packet reply = {.bytes = 48, .data = {4 << 3 | 4}};
  assert_int_equal(request[0], 0x23);
  fake.time_asked++;
  memcpy(reply.data + 24, request + 40, 8);
  if (fake.tells_time) {
    push(reply);
  }
}

static void answer(const uint8_t *request) {
  uint16_t association = (uint16_t)(request[6] * 256 + request[7]);
  bool odd = association != 0 && association == fake.error_of;
  unsigned error = odd && fake.peer_error != 0 ? fake.peer_error : fake.error;
  for (int i = 0; i < (fake.noise < 0 ? 100 : fake.noise); i++) {
    struct mode6_packet packet = mode6_packet_piece(request, "leap=3", 0, 6, false);
    packet.data[3] = (uint8_t)(packet.data[3] + 1); /* another question's */
    packet.bytes = i == 0 ? 600 : packet.bytes;     /* longer than any */
    push(packet);
  }
  if (error != 0) {
    push(mode6_packet_error(request, error));
  } else if (request[1] == MODE6_READ_STATUS) {
    answer_list(request);
  } else {
    const char *text = association == 0       ? fake.system
                       : odd && fake.odd_peer ? fake.odd_peer
                                              : fake.peer;
    push_pieces(request, text, strlen(text));
  }
  fake.answered++;
}

int net_send(int fd, const void *data, size_t length_bytes, int64_t deadline_ns) {
  (void)deadline_ns;
  assert_true(fd >= 0 && length_bytes >= 12);
  fake.asked++;
  fake.queued = fake.next = 0;
  if (here() == FILTERED) {
    return -EPERM;
  }
  bool mode6 = (*(const uint8_t *)data & 7) == 6;
  if (!mode6) {
    answer_time(data);
  } else if (fake.lost > 0) {
    fake.lost--;
  } else if (here() == NTPD && !(fake.dies && fake.answered > 0)) {
    answer(data);
  }
  return 0;
}

ssize_t net_receive(int fd, void *data, size_t size_bytes, int64_t deadline_ns) {
  (void)fd;
  fake.now_ns += 10 * DURATION_US;
  if (here() == REFUSED || (fake.dies && fake.answered > 0 && fake.next == fake.queued)) {
    return -ECONNREFUSED;
  }
  if (fake.next == fake.queued || fake.now_ns > deadline_ns) {
    fake.now_ns = deadline_ns > fake.now_ns ? deadline_ns : fake.now_ns;
    return -ETIMEDOUT;
  }
  const struct mode6_packet *packet = &fake.queue[fake.next++];
  if (packet->bytes > size_bytes) {
    return -EMSGSIZE;
  }
  memcpy(data, packet->data, packet->bytes);
  return (ssize_t)packet->bytes;
}

/* --- one run ----------------------------------------------------------------------- */

static struct trace trace;
static struct samples samples;
static struct why why;
static int first_free; /* descriptor: none may be left open */

static int begin(void **state) {
  (void)state;
  memset(&fake, 0, sizeof fake);
  fake.now_ns = 1000 * DURATION_S;
  fake.associations = 3;
  fake.system =
      "leap=0,clock=0xeeac0018.80000000,reftime=0xeeac0000.00000000,rootdelay=2.4,rootdisp=5,"
      "offset=1.25,sys_jitter=0.5,peer=100";
  fake.peer =
      "srcadr=10.9.0.2,stratum=2,hpoll=6,reach=0xff,flash=0,offset=1.5,delay=0.4,jitter=0.02,"
      "dispersion=0.1,rootdelay=2,rootdisp=3,rec=0xeeac0010.40000000";
  trace = (struct trace){.fd = -1};
  why = (struct why){.text = ""};
  first_free = open("/dev/null", O_RDONLY | O_CLOEXEC);
  (void)close(first_free);
  return 0;
}

static int end(void **state) {
  (void)state;
  samples_free(&samples);
  int now = open("/dev/null", O_RDONLY | O_CLOEXEC);
  (void)close(now);
  return now == first_free ? 0 : -1;
}

static struct env make_env(void) {
  return (struct env){.start_ns = fake.now_ns,
                      .deadline_ns = fake.now_ns + 10 * DURATION_S,
                      .measure_deadline_ns = fake.now_ns + 9 * DURATION_S,
                      .trace = &trace};
}

static int64_t span_ns = 9 * DURATION_S; /* for measuring */

static int run(void) {
  struct env env = make_env();
  env.measure_deadline_ns = fake.now_ns + span_ns;
  int error = source_ntpd.measure(ASK(&env, NULL, NULL), &samples, &why);
  assert_true(fake.now_ns <= env.measure_deadline_ns + DURATION_MS);
  assert_int_equal(samples.count > 0, error == 0);
  return error;
}

static bool runs(int64_t most_ns) {
  struct env env = make_env();
  int64_t begun_ns = fake.now_ns;
  bool there = source_ntpd.runs(ASK(&env, NULL, NULL));
  assert_in_range(fake.now_ns - begun_ns, 0, most_ns);
  return there;
}

static void fails(int error, enum reason reason, const char *label) {
  assert_int_equal(run(), error);
  assert_int_equal(why.reason, reason);
  assert_golden(why.text, "%s", label);
}

static bool traced(const char *text) {
  for (const char *line = trace_next(&trace, NULL); line != NULL; line = trace_next(&trace, line)) {
    if (strstr(line, text) != NULL) {
      return true;
    }
  }
  return false;
}

/* --- a reading ------------------------------------------------------------------- */

static void test_reading(void **state) {
  (void)state;
  assert_int_equal(run(), 0);
  assert_int_equal(samples.count, 3);
  assert_false(samples.items[0].listed);
  assert_int_equal(samples.items[0].value[METRIC_OFFSET], 1500 * DURATION_US);
  assert_true(samples.items[1].listed && samples.items[2].listed);
  assert_int_equal(samples.items[2].state, STATE_COMBINED);
  assert_string_equal(samples.note, "");
  assert_int_equal(fake.asked, 5);
  assert_int_equal(samples.asked, 0); /* no vote of ours */
  assert_true(traced("ntpd: sent ") && traced("ntpd: received ") && traced("association=100 "));
  assert_true(traced("ntpd: association 0: leap=0,") && traced("ntpd: [127.0.0.1]:123: connected"));
  assert_true(runs(DURATION_MS));
}

/* The age counts from the server's answer, not from the system's. */
static void test_age(void **state) {
  (void)state;
  assert_int_equal(run(), 0);
  assert_int_equal(samples.items[0].value[METRIC_AGE], 8250 * DURATION_MS + 20 * DURATION_US);
}

static void test_many(void **state) {
  (void)state;
  fake.associations = PEERS;
  assert_int_equal(run(), 0);
  assert_int_equal(samples.count, 64);
  assert_int_equal(samples.items[0].state, STATE_SELECTED);
  assert_golden(samples.note, "130 servers");
  assert_int_equal(fake.asked, 66);
  begin(NULL);
  samples_free(&samples);
  fake.associations = 0;
  assert_int_equal(run(), 0);
  assert_int_equal(samples.count, 1);
  assert_golden(samples.items[0].remark, "no servers");
  assert_false(runs(DURATION_MS)); /* it sets no clock: no rival of the service that does */
}

static void test_lost_datagram(void **state) {
  (void)state;
  fake.lost = 1;
  assert_int_equal(run(), 0);
  assert_int_equal(fake.asked, 6);
  assert_true(fake.now_ns < 1002 * DURATION_S);
}

static void test_noise(void **state) {
  (void)state;
  fake.noise = 60;
  assert_int_equal(run(), 0);
  begin(NULL);
  fake.noise = -1;
  samples_free(&samples);
  fails(-EBADMSG, REASON_BAD_REPLY, "noise without end");
}

static void test_over_v6(void **state) {
  static const enum place places[] = {REFUSED, SILENT, NO_WAY};
  for (size_t i = 0; i < 3; i++) {
    begin(state);
    fake.v4 = places[i];
    assert_int_equal(run(), 0);
    samples_free(&samples);
  }
  assert_true(runs(DURATION_MS));
}

/* A server that is gone, or that tells nonsense, is passed over, but not the one that is followed.
 */
static void test_odd_peer(void **state) {
  (void)state;
  fake.error_of = 101;
  fake.peer_error = MODE6_ERROR_ASSOCIATION;
  assert_int_equal(run(), 0);
  assert_int_equal(samples.count, 2);
  assert_true(traced("ntpd: association 101: "));
  begin(NULL);
  samples_free(&samples);
  fake.error_of = 101;
  fake.odd_peer = "srcadr=10.9.0.2,stratum=99";
  assert_int_equal(run(), 0);
  assert_int_equal(samples.count, 2);
  fake.error_of = 100;
  samples_free(&samples);
  fails(-EBADMSG, REASON_BAD_REPLY, "stratum 99");
  fake.peer_error = MODE6_ERROR_ASSOCIATION;
  assert_int_equal(run(), 0);
  assert_int_equal(samples.items[0].state, STATE_SELECTED);
  assert_string_equal(samples.items[0].server, "");
}

/* --- no reading ------------------------------------------------------------------ */

static void test_not_there(void **state) {
  static const enum place places[] = {REFUSED, NO_WAY};
  for (size_t i = 0; i < 4; i++) {
    begin(state);
    fake.v4 = places[i % 2];
    fake.v6 = places[i / 2];
    fails(-ECONNREFUSED, REASON_NO_SERVICE, "not there");
    assert_int_equal(fake.time_asked, 0);
    assert_false(runs(DURATION_MS));
  }
}

static void test_silent(void **state) {
  (void)state;
  fake.v4 = fake.v6 = SILENT;
  fails(-ETIMEDOUT, REASON_TIMEOUT, "both silent");
  assert_int_equal(fake.asked, 5);
  assert_int_equal(fake.time_asked, 1);
  assert_false(runs(51 * DURATION_MS));
  fake.v6 = REFUSED;
  fails(-ETIMEDOUT, REASON_TIMEOUT, "127.0.0.1 silent");
  fake.v4 = REFUSED;
  fake.v6 = SILENT;
  fails(-ETIMEDOUT, REASON_TIMEOUT, "::1 silent");
}

/* With little time each question waits less, so that the last one is asked, too. */
static void test_little_time(void **state) {
  (void)state;
  fake.v4 = fake.v6 = SILENT;
  fake.tells_time = true;
  span_ns = 500 * DURATION_MS;
  fails(-EACCES, REASON_DENIED, "500 ms for a server that tells the time");
  fake.tells_time = false;
  fails(-ETIMEDOUT, REASON_TIMEOUT, "500 ms for silence");
  span_ns = 0;
  fails(-ETIMEDOUT, REASON_TIMEOUT, "no time for silence");
  span_ns = 9 * DURATION_S;
}

static void test_other_server(void **state) {
  (void)state;
  fake.v4 = SILENT;
  fake.v6 = REFUSED;
  fake.tells_time = true;
  fails(-EACCES, REASON_DENIED, "tells the time alone");
}

static void test_vanishes(void **state) {
  (void)state;
  fake.dies = true;
  fails(-ECONNREFUSED, REASON_NO_SERVICE, "dies");
}

static void test_filtered(void **state) {
  (void)state;
  fake.v4 = FILTERED;
  fails(-EPERM, REASON_DENIED, "filtered");
}

static void test_refusals(void **state) {
  static const struct {
    unsigned code;
    int error;
    enum reason reason;
  } rows[] = {
      {1, -EACCES, REASON_DENIED},       {7, -EACCES, REASON_DENIED},
      {5, -EBADMSG, REASON_BAD_REPLY},   {3, -EBADMSG, REASON_BAD_REPLY},
      {255, -EBADMSG, REASON_BAD_REPLY}, {4, -ENOENT, REASON_BAD_REPLY},
  };
  for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
    begin(state);
    fake.error = rows[i].code;
    char label[16];
    (void)snprintf(label, sizeof label, "error %u", rows[i].code);
    fails(rows[i].error, rows[i].reason, label);
    assert_true(runs(DURATION_MS)); /* a refusal is an answer */
  }
}

static void test_bad_replies(void **state) {
  (void)state;
  fake.endless = true; /* the last piece never comes */
  fails(-ETIMEDOUT, REASON_TIMEOUT, "endless");
  static const char *const systems[] = {"offset=1", "leap=7", ""};
  for (size_t i = 0; i < 3; i++) {
    char label[32];
    begin(NULL);
    fake.system = systems[i];
    (void)snprintf(label, sizeof label, "system: %s", systems[i]);
    fails(-EBADMSG, REASON_BAD_REPLY, label);
  }
}

static void test_row(void **state) {
  (void)state;
  assert_string_equal(source_ntpd.name, "ntpd");
  assert_null(source_ntpd.argument);
  assert_true(source_ntpd.automatic && source_ntpd.keeps_clock);
  assert_false(source_ntpd.remote);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, begin, end)

int main(void) {
  const struct CMUnitTest tests[] = {
      TEST(test_reading),       TEST(test_age),         TEST(test_many),
      TEST(test_lost_datagram), TEST(test_noise),       TEST(test_over_v6),
      TEST(test_odd_peer),      TEST(test_not_there),   TEST(test_silent),
      TEST(test_other_server),  TEST(test_little_time), TEST(test_vanishes),
      TEST(test_filtered),      TEST(test_refusals),    TEST(test_bad_replies),
      TEST(test_row),
  };
  return cmocka_run_group_tests_name("source_ntpd", tests, NULL, NULL);
}

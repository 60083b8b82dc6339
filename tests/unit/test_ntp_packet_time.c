/* Tests of ntp_packet.c: what it makes of the four times of a reply, in any century. */
#include <inttypes.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include <cmocka.h>

#include "tests/unit/golden.h"
#include "tests/unit/ntp_wire.h"

#define MS INT64_C(1000000)
#define S INT64_C(1000000000)
#define STAMP(seconds) ((uint64_t)(seconds) << 32)
/* 2036-02-07T06:28:16Z, when the seconds since 1900 begin anew. */
#define ERA_S INT64_C(2085978496)

/* --- a reply ---------------------------------------------------------------- */

static struct ntp_reply good(const uint8_t *data, const struct ntp_times *times) {
  struct ntp_reply reply = {.offset_ns = -7};
  char why[NTP_PACKET_WHY_BYTES] = "";
  if (ntp_packet_read(data, NTP_PACKET_BYTES, WIRE_COOKIE, times, &reply, why) != NTP_GOOD) {
    fail_msg("refused: %s", why);
  }
  return reply;
}

static void test_every_field(void **state) {
  (void)state;
  uint8_t data[NTP_PACKET_BYTES];
  const struct ntp_times times = wire_times();
  wire_good(data);
  struct ntp_reply reply = good(data, &times);
  assert_int_equal(reply.offset_ns, 250 * MS);
  assert_int_equal(reply.delay_ns, 20 * MS);
  assert_int_equal(reply.root_delay_ns, S / 64);
  assert_int_equal(reply.root_dispersion_ns, S / 128);
  assert_int_equal(reply.error_ns, 10 * MS + S / 128 + S / 128 + 954 + 315);
  assert_int_equal(reply.precision_log2_s, -20);
  assert_int_equal(reply.stratum, 2);
  assert_int_equal(reply.leap, LEAP_NONE);
  assert_string_equal(reply.reference, "192.0.2.1");
  data[WIRE_FLAGS] |= 2 << 6;
  assert_int_equal(good(data, &times).leap, LEAP_DELETE);
}

static void test_reference(void **state) {
  (void)state;
  static const struct {
    unsigned stratum;
    uint32_t reference;
    const char *want;
  } rows[] = {
      {1, 0x47505300, "GPS"},
      {1, 0x44434661, "DCFa"},
      {1, 0x00505053, ""},
      {1, 0, ""},
      {1, 0x1b5b324a, "\\x1b[2J"},
      {1, 0x410a4142, "A\\x0aAB"},
      {1, 0xc3a90000, "\xc3\xa9"},
      {1, 0xff0aff0a, "\\xff\\x0a\\xff..."},
      {2, 0xffffffff, "255.255.255.255"},
      {15, 0, "0.0.0.0"},
  };
  for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
    uint8_t data[NTP_PACKET_BYTES];
    const struct ntp_times times = wire_times();
    wire_good(data);
    data[WIRE_STRATUM] = (uint8_t)rows[i].stratum;
    wire_put(data, WIRE_REFERENCE, 4, rows[i].reference);
    assert_string_equal(good(data, &times).reference, rows[i].want);
  }
}

/* A server that is ahead by offset_ns, and a way of 10 ms there and back. */
static struct ntp_reply ask(int64_t sent_ns, int64_t offset_ns) {
  uint8_t data[NTP_PACKET_BYTES];
  const struct ntp_times times = {sent_ns, sent_ns + 21 * MS, 0, 21 * MS};
  wire_good(data);
  wire_put_time(data, WIRE_SET, sent_ns + offset_ns - 3 * S / 2);
  wire_put_time(data, WIRE_RECEIVE, sent_ns + offset_ns + 10 * MS);
  wire_put_time(data, WIRE_TRANSMIT, sent_ns + offset_ns + 11 * MS);
  return good(data, &times);
}

static void test_eras(void **state) {
  (void)state;
  static const struct {
    int64_t sent_ns, offset_ns;
  } rows[] = {
      {ERA_S * S - S, 0},
      {ERA_S * S - 15 * MS, 0},     /* the era ends while we wait */
      {ERA_S * S - 21 * MS / 2, 0}, /* and while the server holds it */
      {ERA_S * S - 1, 1},
      {ERA_S * S, 0},
      {ERA_S * S + S, 0},
      {ERA_S * S - S, 3 * S},        /* the server is in the new one already */
      {ERA_S * S + S, -3 * S},       /* or we are */
      {INT64_C(4000000000) * S, 17}, /* 2096 */
      {0, WIRE_SENT_NS},             /* no clock: 1970, and 56 years behind */
      {5 * S, ERA_S * S},            /* the same in 2036 */
      {WIRE_SENT_NS, -WIRE_SENT_NS + 2 * S},
      {0, INT64_C(0x7fffffff) * S + S / 2}, /* just short of 2^31 s */
      {INT64_C(0x7fffffff) * S + S / 2, INT64_C(-0x7fffffff) * S + S},
      {WIRE_SENT_NS, 1},
      {WIRE_SENT_NS, -1},
      {WIRE_SENT_NS, 250 * MS},
      {WIRE_SENT_NS, -250 * MS},
  };
  for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
    struct ntp_reply reply = ask(rows[i].sent_ns, rows[i].offset_ns);
    assert_in_range(reply.offset_ns - rows[i].offset_ns + 1, 0, 2);
    assert_int_equal(reply.delay_ns, 20 * MS);
  }
}

/* Half of the way wraps, half does not: one of both signs is told, and not the middle, 0. */
static void test_farthest(void **state) {
  (void)state;
  for (int64_t more_ns = -20 * MS; more_ns <= 20 * MS; more_ns += MS) {
    int64_t offset_ns = ask(0, (INT64_C(1) << 31) * S + more_ns).offset_ns;
    int64_t size_ns = offset_ns < 0 ? -offset_ns : offset_ns;
    assert_in_range(size_ns - ((INT64_C(1) << 31) * S - 50 * MS), 0, 100 * MS);
  }
}

/* --- delay, and a clock that is set ------------------------------------------- */

struct wait {
  int64_t wall_ns, monotonic_ns, held_ns;
  int precision;
  const char *quoted; /* in the words; NULL: good, with */
  int64_t delay_ns;
};

static void check_wait(const struct wait *wait) {
  uint8_t data[NTP_PACKET_BYTES];
  struct ntp_reply reply = {.offset_ns = -7};
  char why[NTP_PACKET_WHY_BYTES] = "";
  struct ntp_times times = {WIRE_SENT_NS, WIRE_SENT_NS + wait->wall_ns, WIRE_MONOTONIC_NS,
                            WIRE_MONOTONIC_NS + wait->monotonic_ns};
  wire_good(data);
  data[WIRE_PRECISION] = (uint8_t)wait->precision;
  wire_put_time(data, WIRE_RECEIVE, WIRE_SENT_NS + 7 * MS);
  wire_put_time(data, WIRE_TRANSMIT, WIRE_SENT_NS + 7 * MS + wait->held_ns);
  enum ntp_answer answer =
      ntp_packet_read(data, NTP_PACKET_BYTES, WIRE_COOKIE, &times, &reply, why);
  if (wait->quoted != NULL) {
    assert_golden(why, "%" PRId64 " ns, %" PRId64 " ns, held for %" PRId64 " ns, ticks of 2^%d s",
                  wait->wall_ns, wait->monotonic_ns, wait->held_ns, wait->precision);
    assert_non_null(strstr(why, wait->quoted));
    assert_int_equal(answer, NTP_DROPPED);
    assert_int_equal(reply.offset_ns, -7);
  } else {
    assert_int_equal(answer, NTP_GOOD);
    assert_int_equal(reply.delay_ns, wait->delay_ns);
    assert_int_equal(reply.offset_ns, 7 * MS - (wait->wall_ns - wait->held_ns) / 2);
  }
}

static void test_waits(void **state) {
  (void)state;
  static const char set[] = "clock";
  static const struct wait rows[] = {
      {20 * MS, 20 * MS, 0, -20, NULL, 20 * MS},
      {20 * MS, 21 * MS, 0, -20, NULL, 20 * MS},
      {20 * MS, 19 * MS, 0, -20, NULL, 20 * MS},
      {20 * MS, 21 * MS + 1, 0, -20, set, 0},
      {20 * MS, 19 * MS - 1, 0, -20, set, 0},
      {-3600 * S, 20 * MS, 0, -20, set, 0},
      {3600 * S, 20 * MS, 0, -20, set, 0},
      {20 * MS, -20 * MS, 0, -20, set, 0},
      {0, -1, 0, -20, set, 0},
      {-MS, 0, 0, -20, NULL, 0},
      {0, 0, 0, -20, NULL, 0},
      {MS, MS, 2 * MS + 954, -20, NULL, 0}, /* clocks tick: taken for no delay */
      {MS, MS, 2 * MS + 955, -20, "2.000955ms", 0},
      {MS, MS, 16 * MS, -6, NULL, 0}, /* a server that ticks every 15.6 ms */
      {MS, MS, 18 * MS, -6, "18ms", 0},
      {MS, MS, 500 * MS, -20, "500ms", 0},
      {3 * S, 3 * S, 0, -20, NULL, 3 * S},
      {3 * S + 1, 3 * S, 0, -20, "3.000000001s", 0},
      {9 * S, 9 * S, 6 * S, -20, NULL, 3 * S},
      {9 * S, 9 * S, 5 * S, -20, "4s", 0},
      {-INT64_MAX, INT64_MAX - WIRE_MONOTONIC_NS, 0, -20, set, 0},
      {INT64_MIN, 0, 0, -20, set, 0},
  };
  for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
    check_wait(&rows[i]);
  }
}

/* Clocks that no machine has overflow nothing. */
static void test_mad_clocks(void **state) {
  (void)state;
  static const int64_t mad[] = {INT64_MIN, INT64_MIN + 1, -1, 0, 1, INT64_MAX - 1, INT64_MAX};
  enum { MAD = sizeof mad / sizeof *mad };
  uint8_t data[NTP_PACKET_BYTES];
  wire_good(data);
  for (size_t i = 0; i < MAD * MAD * MAD * MAD; i++) {
    const struct ntp_times times = {mad[i % MAD], mad[i / MAD % MAD], mad[i / MAD / MAD % MAD],
                                    mad[i / MAD / MAD / MAD]};
    struct ntp_reply reply = {.offset_ns = -7};
    char why[NTP_PACKET_WHY_BYTES] = "";
    enum ntp_answer answer =
        ntp_packet_read(data, NTP_PACKET_BYTES, WIRE_COOKIE, &times, &reply, why);
    assert_true(answer == NTP_DROPPED || (answer == NTP_GOOD && reply.delay_ns < 3 * S));
  }
}

/* 2036-02-07T06:28:16Z looks like no time at all, for a quarter of a nanosecond. */
static void test_first_moment_of_an_era(void **state) {
  (void)state;
  struct ntp_times times = {ERA_S * S - MS, ERA_S * S + MS, 0, 2 * MS};
  uint8_t data[NTP_PACKET_BYTES];
  struct ntp_reply reply;
  char why[NTP_PACKET_WHY_BYTES] = "";
  wire_good(data);
  wire_put(data, WIRE_SET, 8, STAMP(UINT32_MAX));
  wire_put(data, WIRE_RECEIVE, 8, 0);
  wire_put(data, WIRE_TRANSMIT, 8, 1);
  assert_int_equal(ntp_packet_read(data, NTP_PACKET_BYTES, WIRE_COOKIE, &times, &reply, why),
                   NTP_DROPPED);
  assert_non_null(strstr(why, "receive"));
  wire_put(data, WIRE_RECEIVE, 8, 1);
  assert_int_equal(good(data, &times).offset_ns, 0);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(test_every_field),
      cmocka_unit_test(test_reference),
      cmocka_unit_test(test_eras),
      cmocka_unit_test(test_farthest),
      cmocka_unit_test(test_waits),
      cmocka_unit_test(test_mad_clocks),
      cmocka_unit_test(test_first_moment_of_an_era),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}

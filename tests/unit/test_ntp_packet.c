/* Tests of ntp_packet.c: the request, and which replies are refused, in which words. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "tests/unit/ntp_wire.h"

#define SECONDS(count) ((uint64_t)(count) << 32)
/* The good reply's transmit time. */
#define SENT UINT64_C(0xeeaba6764564323c)

/* One field of the good reply made into something else; of a patch with no bytes nothing. */
struct patch {
  size_t at, bytes;
  uint64_t value;
};

struct row {
  const char *why;
  enum ntp_answer answer;
  struct patch patches[3];
  size_t length; /* 0: as it is */
};

static enum ntp_answer read_row(const struct row *row, struct ntp_reply *reply,
                                char why[NTP_PACKET_WHY_BYTES]) {
  uint8_t data[NTP_PACKET_REPLY_BYTES_MAX + 8] = {0};
  const struct ntp_times times = wire_times();
  wire_good(data);
  for (size_t i = 0; i < sizeof row->patches / sizeof *row->patches; i++) {
    wire_put(data, row->patches[i].at, row->patches[i].bytes, row->patches[i].value);
  }
  memset(reply, 0x55, sizeof *reply);
  memset(why, '#', NTP_PACKET_WHY_BYTES);
  return ntp_packet_read(data, row->length > 0 ? row->length : NTP_PACKET_BYTES, WIRE_COOKIE,
                         &times, reply, why);
}

static void refuse(const struct row *rows, size_t count) {
  struct ntp_reply before;
  memset(&before, 0x55, sizeof before);
  for (size_t i = 0; i < count; i++) {
    struct ntp_reply reply;
    char why[NTP_PACKET_WHY_BYTES];
    enum ntp_answer answer = read_row(&rows[i], &reply, why);
    assert_string_equal(why, rows[i].why);
    assert_int_equal(answer, rows[i].answer);
    assert_memory_equal(&reply, &before, sizeof reply);
  }
}

static void test_request(void **state) {
  (void)state;
  static const uint8_t want[NTP_PACKET_BYTES] = {0x23, 0,    0,    0x20, [40] = 0x01, 0x23,
                                                 0x45, 0x67, 0x89, 0xab, 0xcd,        0xef};
  uint8_t request[NTP_PACKET_BYTES];
  memset(request, 0xff, sizeof request);
  ntp_packet_request(request, WIRE_COOKIE);
  assert_memory_equal(request, want, sizeof want);
}

static void test_not_an_answer(void **state) {
  (void)state;
#define LENGTH(text) "length is " text " bytes, not a multiple of 4 from 48 to 2048"
  static const struct row rows[] = {
      {LENGTH("1"), NTP_DROPPED, {{0}}, 1},
      {LENGTH("12"), NTP_DROPPED, {{0}}, 12},
      {LENGTH("44"), NTP_DROPPED, {{0}}, 44},
      {LENGTH("47"), NTP_DROPPED, {{0}}, 47},
      {LENGTH("49"), NTP_DROPPED, {{0}}, 49},
      {LENGTH("50"), NTP_DROPPED, {{0}}, 50},
      {LENGTH("62"), NTP_DROPPED, {{48, 4, 0x0104001c}}, 62}, /* half an extension field */
      {LENGTH("2001"), NTP_DROPPED, {{0}}, 2001},
      {LENGTH("2052"), NTP_DROPPED, {{0}}, 2052},
      {"mode is 0, not 4 (server)", NTP_DROPPED, {{0, 1, 0x20}}, 0},
      {"mode is 1, not 4 (server)", NTP_DROPPED, {{0, 1, 0x21}}, 0},
      {"mode is 2, not 4 (server)", NTP_DROPPED, {{0, 1, 0x22}}, 0},
      {"mode is 3, not 4 (server)", NTP_DROPPED, {{0, 1, 0x23}}, 0},
      {"mode is 5, not 4 (server)", NTP_DROPPED, {{0, 1, 0x25}}, 0},
      {"mode is 6, not 4 (server)", NTP_DROPPED, {{0, 1, 0x26}}, 0},
      {"mode is 7, not 4 (server)", NTP_DROPPED, {{0, 1, 0x27}}, 0},
      {"version is 0, not 1 to 4", NTP_DROPPED, {{0, 1, 0x04}}, 0},
      {"version is 5, not 1 to 4", NTP_DROPPED, {{0, 1, 0x2c}}, 0},
      {"version is 7, not 1 to 4", NTP_DROPPED, {{0, 1, 0x3c}}, 0},
      {"origin is not ours: 0000000000000000", NTP_DROPPED, {{WIRE_ORIGIN, 8, 0}}, 0},
      {"origin is not ours: 0123456789abcdee", NTP_DROPPED, {{WIRE_ORIGIN + 7, 1, 0xee}}, 0},
      {"origin is not ours: 8123456789abcdef", NTP_DROPPED, {{WIRE_ORIGIN, 1, 0x81}}, 0},
      {"origin is not ours: efcdab8967452301",
       NTP_DROPPED,
       {{WIRE_ORIGIN, 8, UINT64_C(0xefcdab8967452301)}},
       0},
      {"transmit time is zero", NTP_DROPPED, {{WIRE_TRANSMIT, 8, 0}}, 0},
      {"receive time is zero", NTP_DROPPED, {{WIRE_RECEIVE, 8, 0}}, 0},
      {"transmit time is zero", NTP_DROPPED, {{WIRE_TRANSMIT, 8, 0}, {WIRE_RECEIVE, 8, 0}}, 0},
  };
  refuse(rows, sizeof rows / sizeof *rows);
}

/* Whole packets that are no answer, whatever else they are. */
static void test_foreign_packets(void **state) {
  (void)state;
  const struct ntp_times times = wire_times();
  uint8_t packets[4][NTP_PACKET_BYTES];
  static const char *const whys[] = {"mode is 0, not 4 (server)", "mode is 7, not 4 (server)",
                                     "mode is 3, not 4 (server)",
                                     "origin is not ours: 0123456789abcdef"};
  static const uint64_t cookies[] = {WIRE_COOKIE, UINT64_MAX, WIRE_COOKIE, WIRE_COOKIE + 1};
  memset(packets[0], 0, sizeof packets[0]);
  memset(packets[1], 0xff, sizeof packets[1]);
  ntp_packet_request(packets[2], WIRE_COOKIE); /* our own, sent back */
  wire_good(packets[3]);                       /* the answer to an earlier one */
  for (size_t i = 0; i < sizeof packets / sizeof *packets; i++) {
    struct ntp_reply reply;
    char why[NTP_PACKET_WHY_BYTES];
    assert_int_equal(ntp_packet_read(packets[i], NTP_PACKET_BYTES, cookies[i], &times, &reply, why),
                     NTP_DROPPED);
    assert_string_equal(why, whys[i]);
  }
}

#define KISS(value)          \
  {WIRE_STRATUM, 1, 0}, {    \
    WIRE_REFERENCE, 4, value \
  }
#define NO_KISS(text) "stratum is 0 (unsynchronised), reference " text

static void test_kiss(void **state) {
  (void)state;
  static const struct row rows[] = {
      {"kiss code RATE: asked too often; ask at longer intervals",
       NTP_KISS_RATE,
       {KISS(0x52415445)},
       0},
      {"kiss code DENY: it refuses us; take it out of the list",
       NTP_KISS_OTHER,
       {KISS(0x44454e59)},
       0},
      {"kiss code RSTR: it refuses us; take it out of the list",
       NTP_KISS_OTHER,
       {KISS(0x52535452)},
       0},
      {"kiss code NTSN: it does not want to answer", NTP_KISS_OTHER, {KISS(0x4e54534e)}, 0},
      {"kiss code X%n\": it does not want to answer", NTP_KISS_OTHER, {KISS(0x58256e22)}, 0},
      {"kiss code rate: it does not want to answer", NTP_KISS_OTHER, {KISS(0x72617465)}, 0},
      {"kiss code INIT: it is starting", NTP_UNSYNCHRONISED, {KISS(0x494e4954)}, 0},
      {"kiss code STEP: its clock was just set", NTP_UNSYNCHRONISED, {KISS(0x53544550)}, 0},
      /* Without times, as ntpd-rs sends them. */
      {"kiss code DENY: it refuses us; take it out of the list",
       NTP_KISS_OTHER,
       {KISS(0x44454e59), {WIRE_RECEIVE, 16, 0}},
       0},
      {NO_KISS("\\x00\\x00\\x00\\x00"), NTP_UNSYNCHRONISED, {KISS(0), {WIRE_RECEIVE, 16, 0}}, 0},
      /* A server that does not know the time says so with leap 3. */
      {"kiss code RATE: asked too often; ask at longer intervals",
       NTP_KISS_RATE,
       {KISS(0x52415445), {0, 1, 0xe4}},
       0},
      {NO_KISS("\\x00\\x00\\x00\\x00"), NTP_UNSYNCHRONISED, {KISS(0)}, 0},
      {NO_KISS("GPS\\x00"), NTP_UNSYNCHRONISED, {KISS(0x47505300)}, 0},
      {NO_KISS("DE Y"), NTP_UNSYNCHRONISED, {KISS(0x44452059)}, 0},
      {NO_KISS("DEN\\x7f"), NTP_UNSYNCHRONISED, {KISS(0x44454e7f)}, 0},
      {NO_KISS("\\xd2\\xc1\\xd4\\xc5"), NTP_UNSYNCHRONISED, {KISS(0xd2c1d4c5)}, 0},
      {NO_KISS("\\x1b[2J"), NTP_UNSYNCHRONISED, {KISS(0x1b5b324a)}, 0},
  };
  refuse(rows, sizeof rows / sizeof *rows);
}

/* A kiss in a reply that is not to us is none: or anybody could make us fall silent. */
static void test_forged_kiss(void **state) {
  (void)state;
  static const struct row rows[] = {
      {"origin is not ours: 0000000000000000",
       NTP_DROPPED,
       {KISS(0x44454e59), {WIRE_ORIGIN, 8, 0}},
       0},
      {"mode is 3, not 4 (server)", NTP_DROPPED, {KISS(0x44454e59), {0, 1, 0x23}}, 0},
  };
  refuse(rows, sizeof rows / sizeof *rows);
}

#define DISTANCE(text) "root delay / 2 + root dispersion is " text ", not below 16s"

static void test_not_synchronised(void **state) {
  (void)state;
  static const struct row rows[] = {
      {"leap indicator is 3 (unsynchronised)", NTP_UNSYNCHRONISED, {{0, 1, 0xe4}}, 0},
      {"stratum is 16 (unsynchronised)", NTP_UNSYNCHRONISED, {{1, 1, 16}}, 0},
      {"stratum is 17, not 0 to 16", NTP_DROPPED, {{1, 1, 17}}, 0},
      {"stratum is 255, not 0 to 16", NTP_DROPPED, {{1, 1, 255}}, 0},
      {DISTANCE("16s"),
       NTP_UNSYNCHRONISED,
       {{WIRE_ROOT_DELAY, 4, 32 << 16}, {WIRE_ROOT_DISPERSION, 4, 0}},
       0},
      {DISTANCE("16s"),
       NTP_UNSYNCHRONISED,
       {{WIRE_ROOT_DELAY, 4, 0}, {WIRE_ROOT_DISPERSION, 4, 16 << 16}},
       0},
      {DISTANCE("16.5s"),
       NTP_UNSYNCHRONISED,
       {{WIRE_ROOT_DELAY, 4, 17 << 16}, {WIRE_ROOT_DISPERSION, 4, 8 << 16}},
       0},
      {DISTANCE("1d 3h 18min 23.999977111s"),
       NTP_UNSYNCHRONISED,
       {{WIRE_ROOT_DELAY, 4, UINT32_MAX}, {WIRE_ROOT_DISPERSION, 4, UINT32_MAX}},
       0},
      {"precision is 2^4s, not below 16s", NTP_DROPPED, {{WIRE_PRECISION, 1, 4}}, 0},
      {"precision is 2^127s, not below 16s", NTP_DROPPED, {{WIRE_PRECISION, 1, 127}}, 0},
      {"leap indicator is 3 (unsynchronised)",
       NTP_UNSYNCHRONISED,
       {{0, 1, 0xe4}, {WIRE_RECEIVE, 8, 0}, {WIRE_TRANSMIT, 8, 0}},
       0},
      {"reference time is 1.000000001s after transmit time",
       NTP_DROPPED,
       {{WIRE_SET, 8, SENT + SECONDS(1) + 4}},
       0},
      {"reference time is 1h after transmit time",
       NTP_DROPPED,
       {{WIRE_SET, 8, SENT + SECONDS(3600)}},
       0},
  };
  refuse(rows, sizeof rows / sizeof *rows);
}

static void test_order_of_times(void **state) {
  (void)state;
  static const struct row rows[] = {
      {"transmit time is 1ns before receive time", NTP_DROPPED, {{WIRE_RECEIVE, 8, SENT + 3}}, 0},
      {"transmit time is 500ms before receive time",
       NTP_DROPPED,
       {{WIRE_RECEIVE, 8, SENT + SECONDS(1) / 2}},
       0},
      {"the server held it for 1s of a round trip of 21ms",
       NTP_DROPPED,
       {{WIRE_RECEIVE, 8, SENT - SECONDS(1)}},
       0},
  };
  refuse(rows, sizeof rows / sizeof *rows);
}

/* Odd, and good all the same. */
static void test_accepted(void **state) {
  (void)state;
  static const struct row rows[] = {
      {NULL, NTP_GOOD, {{0}}, 52},                   /* a crypto-NAK */
      {NULL, NTP_GOOD, {{48, 4, 7}}, 68},            /* a MAC */
      {NULL, NTP_GOOD, {{48, 4, 0x0104001c}}, 76},   /* an extension field */
      {NULL, NTP_GOOD, {{48, 4, 0x0104ffff}}, 2000}, /* a long one */
      {NULL, NTP_GOOD, {{0}}, 2048},                 /* the longest */
      {NULL, NTP_GOOD, {{0, 1, 0x0c}}, 0},           /* version 1 */
      {NULL, NTP_GOOD, {{0, 1, 0x64}}, 0},           /* a leap second to come */
      {NULL, NTP_GOOD, {{0, 1, 0xa4}}, 0},           /* and one to go */
      {NULL, NTP_GOOD, {{WIRE_STRATUM, 1, 15}}, 0},
      {NULL, NTP_GOOD, {{WIRE_PRECISION, 1, 3}}, 0},
      {NULL, NTP_GOOD, {{WIRE_PRECISION, 1, 0x80}}, 0},
      {NULL, NTP_GOOD, {{WIRE_SET, 8, SENT}}, 0},
      {NULL, NTP_GOOD, {{WIRE_SET, 8, 0}}, 0},
      {NULL, NTP_GOOD, {{WIRE_SET, 8, SENT - SECONDS(604800)}}, 0},
      {NULL, NTP_GOOD, {{WIRE_SET, 8, SENT + SECONDS(1)}}, 0},
      {NULL, NTP_GOOD, {{WIRE_RECEIVE, 8, SENT}}, 0}, /* held for no time */
      {NULL, NTP_GOOD, {{WIRE_ROOT_DELAY, 4, (32 << 16) - 1025}}, 0},
  };
  for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
    struct ntp_reply reply;
    char why[NTP_PACKET_WHY_BYTES];
    assert_int_equal(read_row(&rows[i], &reply, why), NTP_GOOD);
  }
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(test_request),         cmocka_unit_test(test_not_an_answer),
      cmocka_unit_test(test_foreign_packets), cmocka_unit_test(test_kiss),
      cmocka_unit_test(test_forged_kiss),     cmocka_unit_test(test_not_synchronised),
      cmocka_unit_test(test_order_of_times),  cmocka_unit_test(test_accepted),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}

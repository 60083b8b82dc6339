/* Tests of ntp_packet.c: the request, and which replies are refused. */
#include <inttypes.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "tests/unit/golden.h"
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
  const char *quoted; /* in the words */
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

/* The length, and the values by their place. */
static void label_row(const struct row *row, char *label, size_t size) {
  int used = snprintf(label, size, "%zu bytes", row->length > 0 ? row->length : NTP_PACKET_BYTES);
  for (const struct patch *patch = row->patches; patch < row->patches + 3 && patch->bytes > 0;
       patch++) {
    used += snprintf(label + used, size - (size_t)used, ", %zu: %0*" PRIx64, patch->at,
                     (int)patch->bytes * 2, patch->value);
  }
}

static void refuse(const struct row *rows, size_t count) {
  struct ntp_reply before;
  memset(&before, 0x55, sizeof before);
  for (size_t i = 0; i < count; i++) {
    struct ntp_reply reply;
    char why[NTP_PACKET_WHY_BYTES];
    char label[128];
    enum ntp_answer answer = read_row(&rows[i], &reply, why);
    label_row(&rows[i], label, sizeof label);
    assert_golden(why, "%s", label);
    assert_non_null(strstr(why, rows[i].quoted));
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
  static const struct row rows[] = {
      {"1", NTP_DROPPED, {{0}}, 1},
      {"12", NTP_DROPPED, {{0}}, 12},
      {"44", NTP_DROPPED, {{0}}, 44},
      {"47", NTP_DROPPED, {{0}}, 47},
      {"49", NTP_DROPPED, {{0}}, 49},
      {"50", NTP_DROPPED, {{0}}, 50},
      {"62", NTP_DROPPED, {{48, 4, 0x0104001c}}, 62}, /* half an extension field */
      {"2001", NTP_DROPPED, {{0}}, 2001},
      {"2052", NTP_DROPPED, {{0}}, 2052},
      {"0", NTP_DROPPED, {{0, 1, 0x20}}, 0},
      {"1", NTP_DROPPED, {{0, 1, 0x21}}, 0},
      {"2", NTP_DROPPED, {{0, 1, 0x22}}, 0},
      {"3", NTP_DROPPED, {{0, 1, 0x23}}, 0},
      {"5", NTP_DROPPED, {{0, 1, 0x25}}, 0},
      {"6", NTP_DROPPED, {{0, 1, 0x26}}, 0},
      {"7", NTP_DROPPED, {{0, 1, 0x27}}, 0},
      {"0", NTP_DROPPED, {{0, 1, 0x04}}, 0},
      {"5", NTP_DROPPED, {{0, 1, 0x2c}}, 0},
      {"7", NTP_DROPPED, {{0, 1, 0x3c}}, 0},
      {"0000000000000000", NTP_DROPPED, {{WIRE_ORIGIN, 8, 0}}, 0},
      {"0123456789abcdee", NTP_DROPPED, {{WIRE_ORIGIN + 7, 1, 0xee}}, 0},
      {"8123456789abcdef", NTP_DROPPED, {{WIRE_ORIGIN, 1, 0x81}}, 0},
      {"efcdab8967452301", NTP_DROPPED, {{WIRE_ORIGIN, 8, UINT64_C(0xefcdab8967452301)}}, 0},
      {"transmit", NTP_DROPPED, {{WIRE_TRANSMIT, 8, 0}}, 0},
      {"receive", NTP_DROPPED, {{WIRE_RECEIVE, 8, 0}}, 0},
      {"transmit", NTP_DROPPED, {{WIRE_TRANSMIT, 8, 0}, {WIRE_RECEIVE, 8, 0}}, 0},
  };
  refuse(rows, sizeof rows / sizeof *rows);
}

/* Whole packets that are no answer, whatever else they are. */
static void test_foreign_packets(void **state) {
  (void)state;
  const struct ntp_times times = wire_times();
  uint8_t packets[4][NTP_PACKET_BYTES];
  static const char *const quoted[] = {"0", "7", "3", "0123456789abcdef"};
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
    assert_golden(why, "foreign packet %zu", i);
    assert_non_null(strstr(why, quoted[i]));
  }
}

#define KISS(value)          \
  {WIRE_STRATUM, 1, 0}, {    \
    WIRE_REFERENCE, 4, value \
  }

static void test_kiss(void **state) {
  (void)state;
  static const struct row rows[] = {
      {"RATE", NTP_KISS_RATE, {KISS(0x52415445)}, 0},
      {"DENY", NTP_KISS_OTHER, {KISS(0x44454e59)}, 0},
      {"RSTR", NTP_KISS_OTHER, {KISS(0x52535452)}, 0},
      {"NTSN", NTP_KISS_OTHER, {KISS(0x4e54534e)}, 0},
      {"X%n\"", NTP_KISS_OTHER, {KISS(0x58256e22)}, 0},
      {"rate", NTP_KISS_OTHER, {KISS(0x72617465)}, 0},
      {"INIT", NTP_UNSYNCHRONISED, {KISS(0x494e4954)}, 0},
      {"STEP", NTP_UNSYNCHRONISED, {KISS(0x53544550)}, 0},
      /* Without times, as ntpd-rs sends them. */
      {"DENY", NTP_KISS_OTHER, {KISS(0x44454e59), {WIRE_RECEIVE, 16, 0}}, 0},
      {"\\x00\\x00\\x00\\x00", NTP_UNSYNCHRONISED, {KISS(0), {WIRE_RECEIVE, 16, 0}}, 0},
      /* A server that does not know the time says so with leap 3. */
      {"RATE", NTP_KISS_RATE, {KISS(0x52415445), {0, 1, 0xe4}}, 0},
      {"\\x00\\x00\\x00\\x00", NTP_UNSYNCHRONISED, {KISS(0)}, 0},
      {"GPS\\x00", NTP_UNSYNCHRONISED, {KISS(0x47505300)}, 0},
      {"DE Y", NTP_UNSYNCHRONISED, {KISS(0x44452059)}, 0},
      {"DEN\\x7f", NTP_UNSYNCHRONISED, {KISS(0x44454e7f)}, 0},
      {"\\xd2\\xc1\\xd4\\xc5", NTP_UNSYNCHRONISED, {KISS(0xd2c1d4c5)}, 0},
      {"\\x1b[2J", NTP_UNSYNCHRONISED, {KISS(0x1b5b324a)}, 0},
  };
  refuse(rows, sizeof rows / sizeof *rows);
}

/* A kiss in a reply that is not to us is none: or anybody could make us fall silent. */
static void test_forged_kiss(void **state) {
  (void)state;
  static const struct row rows[] = {
      {"0000000000000000", NTP_DROPPED, {KISS(0x44454e59), {WIRE_ORIGIN, 8, 0}}, 0},
      {"3", NTP_DROPPED, {KISS(0x44454e59), {0, 1, 0x23}}, 0},
  };
  refuse(rows, sizeof rows / sizeof *rows);
}

static void test_not_synchronised(void **state) {
  (void)state;
  static const struct row rows[] = {
      {"3", NTP_UNSYNCHRONISED, {{0, 1, 0xe4}}, 0},
      {"16", NTP_UNSYNCHRONISED, {{1, 1, 16}}, 0},
      {"17", NTP_DROPPED, {{1, 1, 17}}, 0},
      {"255", NTP_DROPPED, {{1, 1, 255}}, 0},
      {"16s",
       NTP_UNSYNCHRONISED,
       {{WIRE_ROOT_DELAY, 4, 32 << 16}, {WIRE_ROOT_DISPERSION, 4, 0}},
       0},
      {"16s",
       NTP_UNSYNCHRONISED,
       {{WIRE_ROOT_DELAY, 4, 0}, {WIRE_ROOT_DISPERSION, 4, 16 << 16}},
       0},
      {"16.5s",
       NTP_UNSYNCHRONISED,
       {{WIRE_ROOT_DELAY, 4, 17 << 16}, {WIRE_ROOT_DISPERSION, 4, 8 << 16}},
       0},
      {"1d 3h 18min 23.999977111s",
       NTP_UNSYNCHRONISED,
       {{WIRE_ROOT_DELAY, 4, UINT32_MAX}, {WIRE_ROOT_DISPERSION, 4, UINT32_MAX}},
       0},
      {"2^4s", NTP_DROPPED, {{WIRE_PRECISION, 1, 4}}, 0},
      {"2^127s", NTP_DROPPED, {{WIRE_PRECISION, 1, 127}}, 0},
      {"3", NTP_UNSYNCHRONISED, {{0, 1, 0xe4}, {WIRE_RECEIVE, 8, 0}, {WIRE_TRANSMIT, 8, 0}}, 0},
      {"1.000000001s", NTP_DROPPED, {{WIRE_SET, 8, SENT + SECONDS(1) + 4}}, 0},
      {"1h", NTP_DROPPED, {{WIRE_SET, 8, SENT + SECONDS(3600)}}, 0},
  };
  refuse(rows, sizeof rows / sizeof *rows);
}

static void test_order_of_times(void **state) {
  (void)state;
  static const struct row rows[] = {
      {"1ns", NTP_DROPPED, {{WIRE_RECEIVE, 8, SENT + 3}}, 0},
      {"500ms", NTP_DROPPED, {{WIRE_RECEIVE, 8, SENT + SECONDS(1) / 2}}, 0},
      {"21ms", NTP_DROPPED, {{WIRE_RECEIVE, 8, SENT - SECONDS(1)}}, 0},
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

/* Tests of candm.c: requests byte by byte, which datagrams are answers, and what numbers they hold.
 */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "ntp_monitor/why.h"
#include "source/chrony/candm.h"
#include "tests/unit/candm_packets.h"
#include "tests/unit/golden.h"
#include "tests/unit/seed.h"

static const enum candm_command commands[] = {CANDM_N_SOURCES, CANDM_SOURCE_DATA, CANDM_TRACKING,
                                              CANDM_SOURCESTATS, CANDM_SOURCE_NAME};
enum { COMMANDS = sizeof commands / sizeof *commands };

/* --- requests --------------------------------------------------------------- */

static void test_request(void **state) {
  (void)state;
  static const uint8_t head[] = {6, 1, 0, 0, 0, 15, 0, 2, 0xde, 0xad, 0xbe, 0xef,
                                 0, 0, 0, 0, 0, 0,  0, 0, 0x01, 0x02, 0x03, 0x04};
  static const uint8_t zero[CANDM_BYTES_MAX];
  struct candm_question question = {
      .command = CANDM_SOURCE_DATA, .sequence = 0xdeadbeef, .attempt = 2, .index = 0x01020304};
  uint8_t out[CANDM_BYTES_MAX];
  memset(out, 0x55, sizeof out);
  assert_int_equal(candm_request(&question, out), 76);
  assert_memory_equal(out, head, sizeof head);
  assert_memory_equal(out + sizeof head, zero, 76 - sizeof head);
  assert_int_equal(out[76], 0x55);
}

static void test_request_name(void **state) {
  (void)state;
  static const uint8_t body[] = {0x20, 1, 0x0d, 0xb8, 0, 0, 0, 0, 0, 0,
                                 0,    0, 0,    0,    0, 1, 0, 2, 0, 0};
  struct candm_question question = {.command = CANDM_SOURCE_NAME,
                                    .address = {.family = CANDM_INET6}};
  uint8_t out[CANDM_BYTES_MAX];
  memcpy(question.address.bytes, body, sizeof question.address.bytes);
  memset(out, 0x55, sizeof out);
  assert_int_equal(candm_request(&question, out), CANDM_BYTES_MAX);
  assert_memory_equal(out + 20, body, sizeof body);
  assert_int_equal(out[40], 0);
  assert_int_equal(out[CANDM_BYTES_MAX - 1], 0);
}

/* As long as the reply, or chronyd would not answer (19, BADPKTLENGTH). */
static void test_request_lengths(void **state) {
  (void)state;
  static const char *const names[] = {"N_SOURCES", "SOURCE_DATA", "TRACKING", "SOURCESTATS",
                                      "SOURCE_NAME"};
  for (size_t i = 0; i < COMMANDS; i++) {
    uint8_t out[CANDM_BYTES_MAX];
    struct candm_question question = {.command = commands[i]};
    assert_int_equal(candm_request(&question, out), packet_begin(commands[i], 0).length_bytes);
    assert_string_equal(candm_name(commands[i]), names[i]);
  }
}

/* --- which datagrams are answers ---------------------------------------------- */

static int status_of(const struct candm_question *question, const struct candm_reply *reply,
                     const char **flaw) {
  *flaw = "";
  return candm_status(question, reply, flaw);
}

static void test_answers(void **state) {
  (void)state;
  const char *flaw = NULL;
  for (size_t i = 0; i < COMMANDS; i++) {
    struct candm_question question = {.command = commands[i], .sequence = 0x80000001};
    struct candm_reply reply = packet_begin(commands[i], 0x80000001);
    assert_int_equal(status_of(&question, &reply, &flaw), CANDM_SUCCESS);
    assert_string_equal(flaw, "");
    for (unsigned status = 1; status < 0x10000; status = status * 2 + 1) {
      reply = packet_status(commands[i], 0x80000001, status);
      assert_int_equal(status_of(&question, &reply, &flaw), status);
    }
  }
}

static void test_flaws(void **state) {
  (void)state;
  static const struct {
    size_t at;
    unsigned bytes, value;
    int longer;
  } rows[] = {
      {0, 1, 5, 0},  {0, 1, 7, 0},        {1, 1, 1, 0},        {4, 2, 34, 0},
      {16, 4, 8, 0}, {6, 2, 6, 0},        {6, 2, 1, 0},        {2, 1, 0, 1},
      {2, 1, 0, -1}, {2, 1, 0, 28 - 104}, {2, 1, 0, 27 - 104}, {2, 1, 0, -104},
  };
  struct candm_question question = {.command = CANDM_TRACKING, .sequence = 7};
  for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
    const char *flaw = NULL;
    struct candm_reply reply = packet_begin(CANDM_TRACKING, 7);
    packet_put(&reply, rows[i].at, rows[i].bytes, rows[i].value);
    reply.length_bytes = (size_t)((int)reply.length_bytes + rows[i].longer);
    assert_int_equal(status_of(&question, &reply, &flaw), -EBADMSG);
    assert_golden(flaw, "%u at %zu, %zu bytes", rows[i].value, rows[i].at, reply.length_bytes);
  }
}

/* Whether a datagram answers, said anew. */
static bool answers(const struct candm_reply *reply, unsigned command, uint32_t sequence) {
  struct candm_reply good = packet_begin(command, sequence);
  const uint8_t *data = reply->data;
  return reply->length_bytes >= 28 && packet_get(data, 0, 2) == 0x0602 &&
         packet_get(data, 4, 2) == command && packet_get(data, 16, 4) == sequence &&
         (packet_get(data, 8, 2) != 0 || (reply->length_bytes == good.length_bytes &&
                                          packet_get(data, 6, 2) == packet_get(good.data, 6, 2)));
}

/* Ten thousand replies with some bytes and perhaps the length changed. */
static void test_mutations(void **state) {
  (void)state;
  uint64_t random = seed_begin("test_mutations");
  unsigned taken = 0;
  for (int round = 0; round < 10000; round++) {
    const char *flaw = NULL;
    unsigned command = commands[seed_next(&random) % COMMANDS];
    struct candm_reply reply = packet_begin(command, (uint32_t)seed_next(&random));
    struct candm_question question = {.command = command,
                                      .sequence = packet_get(reply.data, 16, 4)};
    for (uint64_t changes = seed_next(&random) % 4; changes > 0; changes--) {
      reply.data[seed_next(&random) % 28] ^= (uint8_t)(1U << seed_next(&random) % 8);
    }
    if (seed_next(&random) % 4 == 0) {
      reply.length_bytes = seed_next(&random) % (sizeof reply.data + 1);
    }
    int status = status_of(&question, &reply, &flaw);
    assert_int_equal(status >= 0, answers(&reply, command, question.sequence));
    assert_int_equal(status < 0, flaw[0] != '\0');
    taken += status >= 0;
  }
  assert_in_range(taken, 1000, 9000);
}

/* --- numbers -------------------------------------------------------------------- */

static int64_t seconds_ns(uint32_t bits) {
  struct candm_tracking tracking;
  struct why why;
  struct candm_reply reply = packet_begin(CANDM_TRACKING, 1);
  packet_put(&reply, PACKET_BODY + 40, 4, bits);
  return candm_tracking(&reply, &tracking, &why) == 0 ? tracking.correction_ns : INT64_MAX;
}

static void test_numbers(void **state) {
  (void)state;
  static const struct {
    uint32_t bits;
    int64_t want_ns;
  } rows[] = {
      {0, 0},
      {0x00000001, 30},                               /* 2^-25 s: 29.8 ns */
      {0x01ffffff, -30},                              /* -1 * 2^-25 */
      {0x02800000, 500000000},                        /* 2^23 * 2^(1 - 25) */
      {0x04800000, 1000000000},                       /* 1 s */
      {0x05800000, -1000000000},                      /* -2^23 * 2^(2 - 25) */
      {0x05000000, -2000000000},                      /* -2^24 * 2^(2 - 25) */
      {0x04ffffff, 1999999881},                       /* (2^24 - 1) * 2^-23 */
      {0xc889705f, 1},                                /* about 1 ns: rounded */
      {0x80ffffff, 0},                                /* exponent -64 */
      {0x81000000, 0},                                /* the same, negative */
      {0x40ffffff, INT64_C(2147483520) * 1000000000}, /* just below 2^31 s */
      {0x42ffffff, INT64_MAX},                        /* beyond: refused */
      {0x7effffff, INT64_MAX},                        /* exponent 63 */
      {0x7f000000, INT64_MAX},                        /* -2^24 * 2^38 s */
  };
  for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
    assert_int_equal(seconds_ns(rows[i].bits), rows[i].want_ns);
  }
}

/* Against floating point. */
static void test_numbers_random(void **state) {
  (void)state;
  uint64_t random = seed_begin("test_numbers_random");
  for (int round = 0; round < 10000; round++) {
    uint32_t bits = (uint32_t)seed_next(&random);
    int exponent = (int)(bits >> 25);
    int32_t coefficient = (int32_t)(bits & 0x1ffffff);
    long double want = coefficient >= 1 << 24 ? coefficient - (1 << 25) : coefficient;
    exponent -= exponent >= 64 ? 128 : 0;
    for (int i = exponent - 25; i != 0; i += i < 0 ? 1 : -1) {
      want = i < 0 ? want / 2 : want * 2;
    }
    int64_t got_ns = seconds_ns(bits);
    if (want > 2147483647.0L || want < -2147483647.0L) {
      assert_int_equal(got_ns, INT64_MAX);
    } else {
      long double wrong = want * 1000000000 - (long double)got_ns;
      assert_true(wrong >= -0.501L && wrong <= 0.501L);
    }
  }
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(test_request),         cmocka_unit_test(test_request_name),
      cmocka_unit_test(test_request_lengths), cmocka_unit_test(test_answers),
      cmocka_unit_test(test_flaws),           cmocka_unit_test(test_mutations),
      cmocka_unit_test(test_numbers),         cmocka_unit_test(test_numbers_random),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}

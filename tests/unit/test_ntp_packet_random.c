/* Random test of ntp_packet.c: of 10,000 replies, sound ones and such with something changed,
 * none is taken that a check written anew does not take, and none is read as anything else. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include <cmocka.h>

#include "tests/unit/ntp_reference.h"
#include "tests/unit/ntp_wire.h"
#include "tests/unit/seed.h"

enum { ROUNDS = 10000, BYTES_MAX = NTP_PACKET_REPLY_BYTES_MAX + 8 };

struct exchange {
  uint8_t data[BYTES_MAX];
  size_t length;
  uint64_t cookie;
  struct ntp_times times;
};

/* A sound one, at any time and with any offset. */
static void make_good(uint64_t *random, struct exchange *exchange) {
  static const int64_t moments_ns[] = {0, WIRE_SENT_NS, INT64_C(2085978496) * (int64_t)WIRE_S};
  int64_t way_ns[2] = {(int64_t)(seed_next(random) % 1400000000),
                       (int64_t)(seed_next(random) % 1400000000)};
  int64_t held_ns = (int64_t)(seed_next(random) % 1000000);
  int64_t sent_ns = moments_ns[seed_next(random) % 3] + (int64_t)(seed_next(random) % WIRE_S);
  int64_t server_ns = sent_ns + seed_span(random) / (int64_t)(1 + seed_next(random) % 1000);
  int64_t took_ns = way_ns[0] + held_ns + way_ns[1];
  exchange->cookie = seed_next(random) | 1;
  exchange->length = NTP_PACKET_BYTES;
  exchange->times = (struct ntp_times){sent_ns, sent_ns + took_ns, WIRE_MONOTONIC_NS,
                                       WIRE_MONOTONIC_NS + took_ns};
  wire_good(exchange->data);
  wire_put_time(exchange->data, WIRE_SET, server_ns + way_ns[0]);
  wire_put(exchange->data, WIRE_ORIGIN, 8, exchange->cookie);
  wire_put_time(exchange->data, WIRE_RECEIVE, server_ns + way_ns[0]);
  wire_put_time(exchange->data, WIRE_TRANSMIT, server_ns + way_ns[0] + held_ns);
}

static uint64_t any_value(uint64_t *random) {
  static const uint64_t edges[] = {0, 1, 16, UINT32_MAX, UINT64_MAX, UINT64_C(1) << 63, 0x52415445};
  uint64_t form = seed_next(random) % 16;
  return form < sizeof edges / sizeof *edges ? edges[form] : seed_next(random) >> form * 4;
}

static void change(uint64_t *random, struct exchange *exchange) {
  static const struct {
    size_t at, bytes;
  } fields[] = {{WIRE_FLAGS, 1},      {WIRE_STRATUM, 1},         {WIRE_PRECISION, 1},
                {WIRE_ROOT_DELAY, 4}, {WIRE_ROOT_DISPERSION, 4}, {WIRE_REFERENCE, 4},
                {WIRE_SET, 8},        {WIRE_ORIGIN, 8},          {WIRE_RECEIVE, 8},
                {WIRE_TRANSMIT, 8}};
  enum { FIELDS = sizeof fields / sizeof *fields };
  static const uint64_t codes[] = {0, 0x52415445, 0x44454e59, 0x494e4954}; /* RATE, DENY, INIT */
  uint64_t field = seed_next(random) % FIELDS;
  uint8_t *byte = &exchange->data[seed_next(random) % NTP_PACKET_BYTES];
  switch (seed_next(random) % 8) {
  case 0:
  case 1:
    wire_put(exchange->data, fields[field].at, fields[field].bytes, any_value(random));
    break;
  case 2:
    *byte ^= (uint8_t)(1U << seed_next(random) % 8);
    break;
  case 3:
    *byte = (uint8_t)seed_next(random);
    break;
  case 4: /* what a server may say of itself */
    wire_put(exchange->data, WIRE_REFERENCE, 4, codes[seed_next(random) % 4]);
    exchange->data[WIRE_FLAGS] = (uint8_t)(seed_next(random) % 4 << 6 | 4 << 3 | 4);
    exchange->data[WIRE_STRATUM] = (uint8_t)(seed_next(random) % 18);
    exchange->data[WIRE_PRECISION] = (uint8_t)(seed_next(random) % 40 - 32);
    break;
  case 5:
    exchange->length = seed_next(random) % 2 == 0 ? seed_next(random) % 100
                                                  : 4 * (seed_next(random) % (BYTES_MAX / 4));
    break;
  case 6:
    exchange->times.received_ns += seed_span(random) >> seed_next(random) % 40;
    break;
  default:
    exchange->times.received_monotonic_ns -= seed_span(random) >> seed_next(random) % 40;
    break;
  }
}

static bool is_harmless(const char *text, size_t most) {
  size_t length = strnlen(text, most);
  for (size_t i = 0; i < length; i++) {
    if ((unsigned char)text[i] < ' ' || text[i] == 0x7f) {
      return false;
    }
  }
  return length < most;
}

static void test_random(void **state) {
  (void)state;
  uint64_t random = seed_begin("ntp_packet");
  unsigned counts[NTP_KISS_OTHER + 1] = {0};
  for (int round = 0; round < ROUNDS; round++) {
    struct exchange exchange = {.length = 0};
    struct ntp_reply reply = {.offset_ns = -7};
    char why[NTP_PACKET_WHY_BYTES];
    make_good(&random, &exchange);
    for (uint64_t changes = seed_next(&random) % 4; changes > 0; changes--) {
      change(&random, &exchange);
    }
    memset(why, '#', sizeof why);
    enum ntp_answer answer = ntp_packet_read(exchange.data, exchange.length, exchange.cookie,
                                             &exchange.times, &reply, why);
    struct reference want =
        reference_read(exchange.data, exchange.length, exchange.cookie, &exchange.times);
    counts[answer]++;
    if (answer != want.answer && !want.edge) {
      fail_msg("round %d: answer %d instead of %d: %s", round, answer, want.answer, why);
    }
    if (answer != NTP_GOOD) {
      assert_true(is_harmless(why, sizeof why));
    } else if (want.answer == NTP_GOOD) {
      assert_true(reference_agrees(&want.reply, &reply,
                                   exchange.times.received_ns - exchange.times.sent_ns));
      assert_non_null(memchr(reply.reference, '\0', sizeof reply.reference));
    }
  }
  printf("# %u good, %u dropped, %u not synchronised, %u and %u kisses\n", counts[0], counts[1],
         counts[2], counts[3], counts[4]);
  assert_true(counts[NTP_GOOD] > ROUNDS / 10 && counts[NTP_DROPPED] > ROUNDS / 10 &&
              counts[NTP_UNSYNCHRONISED] > ROUNDS / 100 && counts[NTP_KISS_RATE] > 0 &&
              counts[NTP_KISS_OTHER] > 0);
}

int main(void) {
  const struct CMUnitTest tests[] = {cmocka_unit_test(test_random)};
  return cmocka_run_group_tests(tests, NULL, NULL);
}

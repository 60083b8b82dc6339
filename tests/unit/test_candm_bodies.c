/* Tests of candm.c: what the bodies of replies hold, and which of it is refused, by which name. */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "ntp_monitor/duration.h"
#include "ntp_monitor/why.h"
#include "source/chrony/candm.h"
#include "tests/unit/candm_packets.h"
#include "tests/unit/golden.h"
#include "tests/unit/seed.h"

static const struct packet_tracking synchronised = {0x7f000001, 3, 2, 0.25, 0.5, 0.125};
static const struct packet_source server = {
    .family = CANDM_INET4,
    .address = "\x7f\x01\x02\x03",
    .poll = -4,
    .stratum = 2,
    .state = CANDM_COMBINED,
    .mode = CANDM_PEER,
    .reach = 0x81,
    .since_s = 77,
    .latest_s = -1.5,
    .samples = 9,
    .deviation_s = 0.0625,
};

static void test_tracking(void **state) {
  (void)state;
  struct candm_tracking tracking;
  struct why why;
  struct candm_reply reply = packet_tracking(1, &synchronised);
  assert_int_equal(candm_tracking(&reply, &tracking, &why), 0);
  assert_int_equal(tracking.reference_id, 0x7f000001);
  assert_int_equal(tracking.stratum, 3);
  assert_int_equal(tracking.leap, 2);
  assert_int_equal(tracking.correction_ns, 250 * DURATION_MS);
  assert_int_equal(tracking.root_delay_ns, 500 * DURATION_MS);
  assert_int_equal(tracking.root_dispersion_ns, 125 * DURATION_MS);
}

static void test_source(void **state) {
  (void)state;
  struct candm_source source;
  struct candm_stats stats;
  struct why why;
  struct candm_reply reply = packet_source(1, &server);
  assert_int_equal(candm_source(&reply, &source, &why), 0);
  assert_int_equal(source.address.family, CANDM_INET4);
  assert_memory_equal(source.address.bytes, "\x7f\x01\x02\x03\0\0\0\0\0\0\0\0\0\0\0\0", 16);
  assert_int_equal(source.poll_log2_s, -4);
  assert_int_equal(source.stratum, 2);
  assert_int_equal(source.state, CANDM_COMBINED);
  assert_int_equal(source.mode, CANDM_PEER);
  assert_int_equal(source.reach, 0x81);
  assert_int_equal(source.since_sample_s, 77);
  assert_int_equal(source.latest_offset_ns, -1500 * DURATION_MS);
  reply = packet_stats(1, &server);
  assert_int_equal(candm_stats(&reply, &stats, &why), 0);
  assert_int_equal(stats.sample_count, 9);
  assert_int_equal(stats.deviation_ns, 62500 * DURATION_US);
  assert_true(candm_is_of(&stats, &source));
  stats.address.bytes[3]++;
  assert_false(candm_is_of(&stats, &source));
  stats.address.bytes[3]--;
  stats.address.family = CANDM_ID;
  assert_false(candm_is_of(&stats, &source));
}

/* The statistics of a reference clock are told under its name alone. */
static void test_reference(void **state) {
  (void)state;
  struct packet_source clock = server;
  struct candm_source source;
  struct candm_stats stats;
  struct why why;
  clock.address = "PPS0";
  clock.mode = CANDM_REFERENCE;
  struct candm_reply reply = packet_source(1, &clock);
  assert_int_equal(candm_source(&reply, &source, &why), 0);
  clock.family = CANDM_UNSPECIFIED;
  clock.address = "";
  reply = packet_stats(1, &clock);
  assert_int_equal(candm_stats(&reply, &stats, &why), 0);
  assert_false(candm_is_of(&stats, &source));
  packet_put(&reply, PACKET_BODY, 4, 0x50505330);
  assert_int_equal(candm_stats(&reply, &stats, &why), 0);
  assert_true(candm_is_of(&stats, &source));
}

/* Bytes behind an address that its family does not have may be anything. */
static void test_address_rest(void **state) {
  (void)state;
  static const size_t bytes[] = {0, 4, 16, 4};
  for (unsigned family = CANDM_UNSPECIFIED; family <= CANDM_ID; family++) {
    struct candm_source source;
    struct why why;
    uint8_t want[16] = {0};
    struct candm_reply reply = packet_source(1, &server);
    memset(reply.data + PACKET_BODY, 0xa5, 16);
    memset(want, 0xa5, bytes[family]);
    packet_put(&reply, PACKET_BODY + 16, 2, family);
    assert_int_equal(candm_source(&reply, &source, &why), 0);
    assert_int_equal(source.address.family, family);
    assert_memory_equal(source.address.bytes, want, sizeof want);
  }
}

static void test_count_and_name(void **state) {
  (void)state;
  char name[CANDM_NAME_BYTES + 1];
  struct candm_reply reply = packet_begin(CANDM_N_SOURCES, 1);
  packet_put(&reply, PACKET_BODY, 4, 0xfffffffe);
  assert_int_equal(candm_count(&reply), 0xfffffffe);
  reply = packet_begin(CANDM_SOURCE_NAME, 1);
  assert_string_equal(candm_source_name(&reply, name), "");
  memset(reply.data + PACKET_BODY, 'x', CANDM_NAME_BYTES); /* no NUL */
  assert_int_equal(strlen(candm_source_name(&reply, name)), CANDM_NAME_BYTES);
}

/* --- what is refused ----------------------------------------------------------- */

/* One field of a good reply made into something else; quoted: the value in why, NULL where it is
 * fine. */
struct change {
  unsigned command;
  size_t at;
  unsigned bytes;
  uint32_t value;
  const char *quoted;
};

#define TOO_MUCH 0x7e800000U /* 2^61 s */
#define NEGATIVE 0x05000000U /* -2 s */

static const struct change changes[] = {
    {33, 24, 2, 16, NULL},
    {33, 24, 2, 17, "17"},
    {33, 26, 2, 3, NULL},
    {33, 26, 2, 4, "4"},
    {33, 26, 2, 0xffff, "65535"},
    {33, 40, 4, NEGATIVE, NULL},
    {33, 40, 4, TOO_MUCH, "9223372036854775807"},
    {33, 64, 4, NEGATIVE, "-2000000000"},
    {33, 64, 4, TOO_MUCH, "9223372036854775807"},
    {33, 68, 4, NEGATIVE, "-2000000000"},
    {15, 16, 2, 4, "4"},
    {15, 20, 2, 24, NULL},
    {15, 20, 2, 25, "25"},
    {15, 20, 2, 0xffe8, NULL},
    {15, 20, 2, 0xffe7, "-25"},
    {15, 22, 2, 17, "17"},
    {15, 24, 2, 5, NULL},
    {15, 24, 2, 6, "6"},
    {15, 26, 2, 3, "3"},
    {15, 30, 2, 255, NULL},
    {15, 30, 2, 256, "256"},
    {15, 40, 4, TOO_MUCH, "9223372036854775807"},
    {34, 20, 2, 4, "4"},
    {34, 36, 4, NEGATIVE, "-2000000000"},
    {34, 36, 4, TOO_MUCH, "9223372036854775807"},
    {34, 36, 4, 0x24a8c000, NULL}, /* 86400 s */
};

union body {
  struct candm_tracking tracking;
  struct candm_source source;
  struct candm_stats stats;
};

static int read_body(const struct candm_reply *reply, unsigned command, union body *body,
                     struct why *why) {
  return command == CANDM_TRACKING      ? candm_tracking(reply, &body->tracking, why)
         : command == CANDM_SOURCE_DATA ? candm_source(reply, &body->source, why)
                                        : candm_stats(reply, &body->stats, why);
}

static void test_ranges(void **state) {
  (void)state;
  for (const struct change *row = changes; row < changes + sizeof changes / sizeof *changes;
       row++) {
    union body body;
    union body before;
    struct why why = {.text = ""};
    struct candm_reply reply = packet_begin(row->command, 1);
    memset(&body, 0x55, sizeof body);
    before = body;
    packet_put(&reply, PACKET_BODY + row->at, row->bytes, row->value);
    int error = read_body(&reply, row->command, &body, &why);
    assert_int_equal(error, row->quoted == NULL ? 0 : -EBADMSG);
    assert_int_equal(why.text[0] == '\0', error == 0);
    if (error != 0) {
      assert_non_null(strstr(why.text, row->quoted));
      assert_golden(why.text, "command %u, %u bytes at %zu: %#x", row->command, row->bytes, row->at,
                    row->value);
      assert_int_equal(why.reason, REASON_BAD_REPLY);
      assert_memory_equal(&body, &before, sizeof body);
    }
  }
}

/* Ten thousand random bodies: what is taken lies in its range, and nothing overflows. */
static void test_random_bodies(void **state) {
  (void)state;
  uint64_t random = seed_begin("test_random_bodies");
  static const unsigned commands[] = {CANDM_TRACKING, CANDM_SOURCE_DATA, CANDM_SOURCESTATS};
  unsigned taken = 0;
  for (int round = 0; round < 10000; round++) {
    unsigned command = commands[seed_next(&random) % 3];
    union body body;
    struct why why;
    struct candm_reply reply = command == CANDM_TRACKING      ? packet_tracking(1, &synchronised)
                               : command == CANDM_SOURCE_DATA ? packet_source(1, &server)
                                                              : packet_stats(1, &server);
    for (uint64_t count = seed_next(&random) % 3; count > 0; count--) {
      size_t at = PACKET_BODY + seed_next(&random) % (reply.length_bytes - PACKET_BODY);
      reply.data[at] = (uint8_t)seed_next(&random);
    }
    const uint8_t *data = reply.data + PACKET_BODY;
    if (read_body(&reply, command, &body, &why) != 0) {
      continue;
    }
    taken++;
    if (command == CANDM_TRACKING) {
      assert_in_range(body.tracking.leap, 0, 3);
      assert_in_range(body.tracking.stratum, 0, 16);
      assert_int_equal(body.tracking.stratum, packet_get(data, 24, 2));
      assert_in_range(body.tracking.root_delay_ns, 0, DURATION_D);
      assert_in_range(body.tracking.root_dispersion_ns, 0, DURATION_D);
    } else if (command == CANDM_SOURCE_DATA) {
      assert_in_range(body.source.state, 0, 5);
      assert_in_range(body.source.mode, 0, 2);
      assert_in_range(body.source.reach, 0, 255);
      assert_in_range(body.source.address.family, 0, 3);
      assert_int_equal(body.source.since_sample_s, packet_get(data, 32, 4));
    } else {
      assert_in_range(body.stats.deviation_ns, 0, DURATION_D);
      assert_int_equal(body.stats.sample_count, packet_get(data, 24, 4));
    }
  }
  assert_in_range(taken, 3000, 9900);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(test_tracking),       cmocka_unit_test(test_source),
      cmocka_unit_test(test_reference),      cmocka_unit_test(test_address_rest),
      cmocka_unit_test(test_count_and_name), cmocka_unit_test(test_ranges),
      cmocka_unit_test(test_random_bodies),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}

/* Tests of ntp_sample.c: from replies to samples, and the vote. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "tests/unit/golden.h"
#include "tests/unit/ntp_replies.h"
#include "tests/unit/seed.h"

static void test_fields(void **state) {
  (void)state;
  prepare(1, 4);
  reply(0, 12450000, 9 * MS);
  reply(0, 12100000, 8 * MS)->delay_ns = 5 * MS;
  reply(0, 11900000, 9 * MS);
  reply(0, 12300000, 9 * MS)->leap = LEAP_INSERT; /* only the best one's counts */
  servers[0].sent = 5;
  assert_int_equal(read_all(), 0);
  const struct sample *sample = &samples.items[primary()];
  assert_string_equal(sample->server, "a.example");
  assert_int_equal(sample->state, STATE_SELECTED);
  assert_int_equal(sample->value[METRIC_OFFSET], 12100000);
  assert_int_equal(sample->value[METRIC_DELAY], 5 * MS);
  assert_int_equal(sample->value[METRIC_ROOT_DISTANCE], 3 * MS);
  assert_int_equal(sample->value[METRIC_STRATUM], 2);
  /* sqrt((0.35^2 + 0.2^2 + 0.2^2) / 3) ms */
  assert_in_range(sample->value[METRIC_JITTER], 259800, 259820);
  assert_int_equal(sample->jitter_kind, JITTER_RMS);
  assert_int_equal(sample->value[METRIC_AGE], 10 * DURATION_S - 3);
  /* Its own error, and 15 ppm of 10 s. */
  assert_in_range(sample->value[METRIC_ERROR_BOUND], 12100000 + 8 * MS + 149900,
                  12100000 + 8 * MS + 150100);
  assert_int_equal(sample->leap, LEAP_NONE);
  assert_true(sample_has(sample, FIELD_LEAP) && !sample_has(sample, METRIC_REACH));
  assert_int_equal(sample->replies, 4);
  assert_int_equal(sample->sent, 5);
  assert_int_equal(samples.asked, 1);
  assert_int_equal(samples.answered, 1);
  assert_int_equal(samples.truechimers, 1);
  assert_false(samples.combined);
  assert_string_equal(samples.note, "");
}

static void test_negative(void **state) {
  (void)state;
  prepare(1, 1);
  reply(0, -250 * MS, MS);
  received_ns[0][0] = NOW;
  assert_int_equal(read_all(), 0);
  assert_int_equal(samples.items[0].value[METRIC_OFFSET], -250 * MS);
  assert_int_equal(samples.items[0].value[METRIC_ERROR_BOUND], 251 * MS);
}

/* One sample has no jitter: never one where one was wanted, not yet where more were. */
static void test_jitter_kind(void **state) {
  (void)state;
  prepare(1, 1);
  reply(0, 0, MS);
  assert_int_equal(read_all(), 0);
  assert_int_equal(samples.items[0].jitter_kind, JITTER_NONE);
  assert_false(sample_has(&samples.items[0], METRIC_JITTER));
  assert_string_equal(samples.items[0].remark, "");
  plan.samples = 4;
  assert_int_equal(read_all(), 0);
  assert_int_equal(samples.items[0].jitter_kind, JITTER_RMS);
  assert_false(sample_has(&samples.items[0], METRIC_JITTER));
  assert_golden(samples.items[0].remark, "one of four replies");
  assert_string_equal(samples.note, "");
  plan.one_fits = true;
  assert_int_equal(read_all(), 0);
  assert_int_equal(samples.items[0].jitter_kind, JITTER_NONE); /* there never will be one */
  assert_golden(samples.note, "room for one reply");
  (void)strcpy(servers[0].remark, "kiss code RATE");
  servers[0].reason = REASON_DENIED;
  assert_int_equal(read_all(), 0);
  assert_int_equal(samples.items[0].jitter_kind, JITTER_NONE);
  assert_golden(samples.items[0].remark, "one of four replies, then a remark");
  assert_string_equal(samples.note, samples.items[0].remark);
  prepare(1, 4);
  reply(0, 0, MS);
  reply(0, 0, MS);
  (void)strcpy(servers[0].remark, "kiss code RATE");
  servers[0].reason = REASON_DENIED;
  assert_int_equal(read_all(), 0);
  assert_int_equal(samples.items[0].jitter_kind, JITTER_RMS);
  assert_string_equal(samples.note, "kiss code RATE");
}

/* A clock that was set between two replies: those after it are the reading. */
static void test_clock_set(void **state) {
  (void)state;
  prepare(1, 4);
  reply(0, 0, MS);
  reply(0, MS / 2, MS)->delay_ns = 1;
  reply(0, 816 * MS, MS);
  reply(0, 817 * MS, MS);
  assert_int_equal(read_all(), 0);
  assert_int_equal(samples.items[0].value[METRIC_OFFSET], 816 * MS);
  assert_int_equal(samples.items[0].value[METRIC_JITTER], MS);
  assert_int_equal(samples.items[0].replies, 4);
  assert_golden(samples.note, "set between four replies");
  assert_non_null(strstr(samples.note, "+815.5ms"));
  prepare(1, 2);
  reply(0, 0, MS);
  reply(0, -816 * MS, MS);
  assert_int_equal(read_all(), 0);
  assert_int_equal(samples.items[0].value[METRIC_OFFSET], -816 * MS);
  assert_false(sample_has(&samples.items[0], METRIC_JITTER));
  assert_golden(samples.items[0].remark, "set between two replies");
  assert_non_null(strstr(samples.items[0].remark, "-816ms"));
  assert_string_equal(samples.note, ""); /* the message has it: warming up */
}

/* Of two nobody is outvoted: the one that is further off is judged. */
static void test_two(void **state) {
  (void)state;
  for (size_t i = 0; i < 2; i++) {
    prepare(2, 1);
    reply(i, 0, MS);
    reply(1 - i, -12 * MS, 16 * MS);
    assert_int_equal(read_all(), 0);
    assert_int_equal(samples.truechimers, 2);
    assert_int_equal(primary(), 1 - i);
    assert_int_equal(samples.items[1 - i].state, STATE_SELECTED);
    assert_int_equal(samples.items[i].state, STATE_COMBINED);
  }
}

/* Three agree, one lies, one is silent, one is the same as another. */
static void test_vote(void **state) {
  (void)state;
  prepare(6, 1);
  reply(0, 5 * MS, 4 * MS);
  reply(1, 250 * MS, MS);
  reply(2, 6 * MS, 3 * MS);
  reply(3, 4 * MS, 10 * MS);
  servers[5].duplicate = true;
  servers[5].address_count = 0;
  servers[5].reason = REASON_OK;
  assert_int_equal(read_all(), 0);
  static const enum state want[] = {STATE_COMBINED, STATE_FALSETICKER, STATE_SELECTED,
                                    STATE_COMBINED, STATE_UNREACHABLE, STATE_UNREACHABLE};
  for (size_t i = 0; i < 6; i++) {
    assert_int_equal(samples.items[i].state, want[i]);
    assert_int_equal(samples.items[i].listed, i != 2);
  }
  assert_int_equal(samples.asked, 5);
  assert_int_equal(samples.answered, 4);
  assert_int_equal(samples.truechimers, 3);
  assert_true(samples.combined);
  assert_in_range(samples.combined_offset_ns, 4 * MS, 6 * MS);
  assert_true(samples.combined_bound_ns > 0);
  assert_golden(samples.note, "one lies");
  assert_string_equal(samples.items[4].remark, "port unreachable");
  assert_false(sample_has(&samples.items[5], FIELD_SENT));
}

static void test_no_majority(void **state) {
  (void)state;
  prepare(2, 1);
  reply(0, 0, 2 * MS);
  reply(1, -1234567891, MS);
  assert_int_equal(read_all(), 0);
  assert_int_equal(samples.truechimers, 0);
  assert_int_equal(samples.answered, 2);
  for (size_t i = 0; i < 2; i++) { /* each is judged */
    assert_false(samples.items[i].listed);
    assert_int_equal(samples.items[i].state, STATE_FALSETICKER);
  }
  assert_false(samples.combined);
  assert_golden(samples.note, "no majority");
}

static void test_note_is_bounded(void **state) {
  (void)state;
  prepare(19, 1);
  for (size_t i = 0; i < 10; i++) {
    reply(i, 0, MS);
  }
  for (size_t i = 10; i < 19; i++) {
    reply(i, (int64_t)i * 100 * DURATION_S, MS);
  }
  plan.at_once = 7;
  assert_int_equal(read_all(), 0);
  assert_golden(samples.note, "nine lie, asked seven at once");
}

/* A large root distance makes a wide interval, and a limit judges it: it is a reading. */
static void test_distance(void **state) {
  (void)state;
  prepare(1, 1);
  reply(0, 0, 12 * DURATION_S)->root_dispersion_ns = 11 * DURATION_S;
  assert_int_equal(read_all(), 0);
  assert_int_equal(samples.items[0].state, STATE_SELECTED);
  assert_int_equal(samples.items[0].value[METRIC_ROOT_DISTANCE], 11 * DURATION_S + 2 * MS);
}

/* Two servers 2 ms apart with next to no distance of their own: MINDISP lets them agree. */
static void test_least_distance(void **state) {
  (void)state;
  prepare(2, 1);
  for (size_t i = 0; i < 2; i++) {
    struct ntp_reply *at = reply(i, (int64_t)i * 2 * MS, 1000);
    at->delay_ns = at->root_delay_ns = at->root_dispersion_ns = 0;
    received_ns[i][0] = NOW;
  }
  assert_int_equal(read_all(), 0);
  assert_int_equal(samples.truechimers, 2);
  replies[1][0].offset_ns = 11 * MS;
  assert_int_equal(read_all(), 0);
  assert_int_equal(samples.truechimers, 0);
}

/* Whatever servers say: one carries, or each without a majority, votes add up, and nothing is 0
 * that is not known. */
static void test_random(void **state) {
  (void)state;
  uint64_t random = seed_begin("readings");
  for (int round = 0; round < 10000; round++) {
    prepare(1 + seed_next(&random) % 8, 1 + (unsigned)(seed_next(&random) % REPLIES_MAX));
    for (size_t i = 0; i < plan.count; i++) {
      unsigned count = (unsigned)(seed_next(&random) % (plan.samples + 1));
      for (unsigned n = 0; n < count; n++) {
        int64_t offset_ns = seed_span(&random) >> seed_next(&random) % 20;
        reply(i, seed_next(&random) % 2 == 0 ? offset_ns : -offset_ns,
              1 + (int64_t)(seed_next(&random) % (3 * DURATION_S / 2)));
      }
      servers[i].follows_us = count > 0 && seed_next(&random) % 8 == 0;
    }
    int error = read_all();
    unsigned states[STATE_COUNT] = {0};
    for (size_t i = 0; i < samples.count; i++) {
      const struct sample *sample = &samples.items[i];
      states[sample->state]++;
      assert_int_equal(sample_has(sample, METRIC_OFFSET), servers[i].reply_count > 0);
      assert_true(!sample_has(sample, METRIC_JITTER) || servers[i].reply_count > 1);
      assert_true(sample->state != STATE_UNREACHABLE || servers[i].reply_count == 0);
    }
    assert_true(states[STATE_SELECTED] <= 1);
    assert_int_equal(error == 0,
                     states[STATE_UNREACHABLE] + states[STATE_UNUSABLE] < samples.count);
    if (error == 0) {
      size_t judged = 0;
      for (size_t i = 0; i < samples.count; i++) {
        judged += !samples.items[i].listed;
      }
      assert_int_equal(judged, samples.truechimers > 0 ? 1 : samples.answered);
      assert_int_equal(samples.answered,
                       samples.count - states[STATE_UNREACHABLE] - states[STATE_UNUSABLE]);
      assert_int_equal(samples.truechimers, states[STATE_SELECTED] + states[STATE_COMBINED]);
      assert_true(samples.truechimers == 0 || 2 * samples.truechimers > samples.answered);
    }
  }
}

static int tear_down(void **state) {
  (void)state;
  samples_free(&samples);
  return 0;
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(test_fields),      cmocka_unit_test(test_negative),
      cmocka_unit_test(test_jitter_kind), cmocka_unit_test(test_vote),
      cmocka_unit_test(test_no_majority), cmocka_unit_test(test_note_is_bounded),
      cmocka_unit_test(test_distance),    cmocka_unit_test(test_least_distance),
      cmocka_unit_test(test_clock_set),   cmocka_unit_test(test_two),
      cmocka_unit_test(test_random),
  };
  return cmocka_run_group_tests(tests, NULL, tear_down);
}

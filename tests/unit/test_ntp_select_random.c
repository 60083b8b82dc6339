/* Random tests of ntp_select.c: what must hold of any vote, and how long a large one takes. */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include <cmocka.h>

#include "source/sntp/ntp_packet.h"
#include "source/sntp/ntp_select.h"
#include "tests/unit/seed.h"

static bool no_memory;

static void *try_calloc(size_t count, size_t size) {
  return no_memory ? NULL : calloc(count, size);
}

#define calloc(count, size) try_calloc(count, size)
#include "src/source/sntp/ntp_select.c"

#define MS INT64_C(1000000)
#define S INT64_C(1000000000)
enum { ROUNDS = 2000, MANY = 1000 };

static struct ntp_consensus vote(struct ntp_vote *votes, size_t count) {
  struct ntp_consensus consensus;
  assert_int_equal(ntp_select_vote(votes, count, &consensus), 0);
  return consensus;
}

static int64_t between(uint64_t *random, int64_t low, int64_t high) {
  return low + (int64_t)(seed_next(random) % (uint64_t)(high - low + 1));
}

/* Small numbers, so that edges often meet. */
static size_t any_votes(uint64_t *random, struct ntp_vote votes[MANY]) {
  size_t count = 1 + seed_next(random) % 12;
  int64_t most = INT64_C(3) << seed_next(random) % 40;
  for (size_t i = 0; i < count; i++) {
    votes[i] = (struct ntp_vote){between(random, -most, most), between(random, 1, most), false};
  }
  return count;
}

static void test_order_is_no_matter(void **state) {
  (void)state;
  uint64_t random = seed_begin("order");
  for (int round = 0; round < ROUNDS; round++) {
    struct ntp_vote votes[MANY];
    struct ntp_vote mixed[MANY];
    size_t from[MANY];
    size_t count = any_votes(&random, votes);
    struct ntp_consensus before = vote(votes, count);
    for (size_t i = 0; i < count; i++) { /* Fisher and Yates */
      size_t k = seed_next(&random) % (i + 1);
      from[i] = from[k];
      from[k] = i;
    }
    for (size_t i = 0; i < count; i++) {
      mixed[i] = votes[from[i]];
      mixed[i].truechimer = !mixed[i].truechimer;
    }
    struct ntp_consensus after = vote(mixed, count);
    for (size_t i = 0; i < count; i++) {
      assert_int_equal(mixed[i].truechimer, votes[from[i]].truechimer);
    }
    assert_int_equal(after.truechimers, before.truechimers);
    assert_int_equal(mixed[after.best].distance_ns, votes[before.best].distance_ns);
    if (before.truechimers > 0) {
      assert_int_equal(after.low_ns, before.low_ns);
      assert_int_equal(after.high_ns, before.high_ns);
    }
  }
}

static void test_shift_is_no_matter(void **state) {
  (void)state;
  uint64_t random = seed_begin("shift");
  for (int round = 0; round < ROUNDS; round++) {
    struct ntp_vote votes[MANY];
    struct ntp_vote shifted[MANY];
    size_t count = any_votes(&random, votes);
    int64_t shift_ns = (seed_next(&random) % 2 == 0 ? 1 : -1) * (seed_span(&random) >> 1);
    struct ntp_consensus before = vote(votes, count);
    for (size_t i = 0; i < count; i++) {
      shifted[i] = votes[i];
      shifted[i].offset_ns += shift_ns;
    }
    struct ntp_consensus after = vote(shifted, count);
    assert_int_equal(after.best, before.best);
    for (size_t i = 0; i < count; i++) {
      assert_int_equal(shifted[i].truechimer, votes[i].truechimer);
    }
    if (before.truechimers > 0) {
      assert_int_equal(after.low_ns, before.low_ns + shift_ns);
      assert_int_equal(after.high_ns, before.high_ns + shift_ns);
      assert_int_equal(after.combined_offset_ns, before.combined_offset_ns + shift_ns);
    }
  }
}

/* Truechimers are more than half, overlap, and what they say together lies among them. */
static void test_majority(void **state) {
  (void)state;
  uint64_t random = seed_begin("majority");
  for (int round = 0; round < ROUNDS; round++) {
    struct ntp_vote votes[MANY];
    size_t count = any_votes(&random, votes);
    struct ntp_consensus consensus = vote(votes, count);
    int64_t least_ns = INT64_MAX;
    int64_t most_ns = INT64_MIN;
    for (size_t i = 0; i < count; i++) {
      bool inside = votes[i].offset_ns - votes[i].distance_ns < consensus.high_ns &&
                    votes[i].offset_ns + votes[i].distance_ns > consensus.low_ns;
      assert_true(!votes[i].truechimer || (consensus.truechimers > 0 && inside));
      if (votes[i].truechimer) {
        least_ns = votes[i].offset_ns < least_ns ? votes[i].offset_ns : least_ns;
        most_ns = votes[i].offset_ns > most_ns ? votes[i].offset_ns : most_ns;
        assert_true(votes[consensus.best].distance_ns <= votes[i].distance_ns);
      }
    }
    if (consensus.truechimers > 0) {
      assert_true(2 * consensus.truechimers > count && votes[consensus.best].truechimer);
      assert_true(consensus.combined_offset_ns >= least_ns &&
                  consensus.combined_offset_ns <= most_ns);
      assert_true(consensus.combined_offset_ns >= consensus.low_ns &&
                  consensus.combined_offset_ns <= consensus.high_ns);
    }
  }
}

/* Servers that know the time and say how well, and fewer liars that are sure of another one. */
static void test_liars_never_win(void **state) {
  (void)state;
  uint64_t random = seed_begin("liars");
  for (int round = 0; round < ROUNDS; round++) {
    struct ntp_vote votes[MANY];
    size_t honest = 3 + seed_next(&random) % 8;
    size_t liars = 1 + seed_next(&random) % ((honest - 1) / 2);
    int64_t now_ns = between(&random, -S, S);
    for (size_t i = 0; i < honest + liars; i++) {
      int64_t distance_ns = between(&random, 10 * MS, 20 * MS);
      int64_t wrong_ns =
          i < honest ? between(&random, -5 * MS, 5 * MS)
                     : between(&random, 41 * MS, 10 * S) * (seed_next(&random) % 2 == 0 ? 1 : -1);
      votes[i] = (struct ntp_vote){now_ns + wrong_ns, i < honest ? distance_ns : MS, true};
    }
    struct ntp_consensus consensus = vote(votes, honest + liars);
    assert_int_equal(consensus.truechimers, honest);
    assert_true(consensus.best < honest);
    for (size_t i = 0; i < honest + liars; i++) {
      assert_int_equal(votes[i].truechimer, i < honest);
    }
    assert_in_range(consensus.combined_offset_ns - now_ns + 5 * MS, 0, 10 * MS);
  }
}

/* The combined offset against RFC 5905's formula in floating point. */
static void test_combined(void **state) {
  (void)state;
  uint64_t random = seed_begin("combined");
  for (int round = 0; round < ROUNDS; round++) {
    struct ntp_vote votes[MANY];
    size_t count = 2 + seed_next(&random) % 20;
    long double sum = 0;
    long double weights = 0;
    for (size_t i = 0; i < count; i++) {
      votes[i] = (struct ntp_vote){between(&random, -MS, MS), between(&random, 2 * MS, S), false};
      sum += (long double)votes[i].offset_ns / (long double)votes[i].distance_ns;
      weights += 1 / (long double)votes[i].distance_ns;
    }
    struct ntp_consensus consensus = vote(votes, count);
    assert_int_equal(consensus.truechimers, count);
    long double wrong = (long double)consensus.combined_offset_ns - sum / weights;
    assert_true(wrong > -2 && wrong < 2);
  }
}

/* The root of the mean square, which is the jitter of two replies and more. */
static void test_jitter(void **state) {
  (void)state;
  uint64_t random = seed_begin("jitter");
  for (int round = 0; round < ROUNDS; round++) {
    struct ntp_reply replies[64];
    size_t count = 2 + seed_next(&random) % 63;
    int64_t base_ns = (int64_t)(seed_next(&random) >> 3);
    unsigned shift = 8 + (unsigned)(seed_next(&random) % 56);
    for (size_t i = 0; i < count; i++) {
      replies[i] = (struct ntp_reply){.offset_ns = base_ns + (int64_t)(seed_next(&random) >> shift),
                                      .delay_ns = (int64_t)(seed_next(&random) % 100),
                                      .precision_log2_s = -40};
    }
    const struct ntp_reply *best = &replies[ntp_select_best(replies, count)];
    long double sum = 0;
    for (size_t i = 0; i < count; i++) {
      long double difference = (long double)(best->offset_ns - replies[i].offset_ns);
      sum += difference * difference;
      assert_true(best->delay_ns <= replies[i].delay_ns);
    }
    int64_t jitter_ns = ntp_select_jitter_ns(replies, count);
    long double got = (long double)jitter_ns;
    sum /= (long double)(count - 1);
    assert_true(jitter_ns == 1 ? sum < 4 : got * got <= sum * 1.000001L);
    assert_true((got + 1) * (got + 1) >= sum * 0.999999L);
  }
}

static double milliseconds(struct ntp_vote *votes) {
  struct timespec begun;
  struct timespec ended;
  (void)clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &begun);
  (void)vote(votes, MANY);
  (void)clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &ended);
  return (double)(ended.tv_sec - begun.tv_sec) * 1e3 +
         (double)(ended.tv_nsec - begun.tv_nsec) / 1e6;
}

/* The worst is that nobody agrees. The bound is for a build with sanitizers, and a busy machine. */
static void test_many(void **state) {
  (void)state;
  uint64_t random = seed_begin("many");
  struct ntp_vote votes[MANY];
  for (size_t i = 0; i < MANY; i++) {
    votes[i] = (struct ntp_vote){between(&random, -S, S), 2 * S, false};
  }
  double agreed_ms = milliseconds(votes);
  for (size_t i = 0; i < MANY; i++) {
    votes[i].distance_ns = 1;
  }
  double disagreed_ms = milliseconds(votes);
  printf("# %d votes: %.3f ms where all agree, %.3f ms where none do\n", MANY, agreed_ms,
         disagreed_ms);
  assert_true(agreed_ms < 500 && disagreed_ms < 500);
}

static void test_no_memory(void **state) {
  (void)state;
  struct ntp_vote votes[2] = {{0, 10, true}, {1, 10, false}};
  struct ntp_consensus consensus = {.truechimers = 77};
  no_memory = true;
  assert_int_equal(ntp_select_vote(votes, 2, &consensus), -ENOMEM);
  no_memory = false;
  assert_int_equal(consensus.truechimers, 77);
  assert_true(votes[0].truechimer && !votes[1].truechimer);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(test_order_is_no_matter),
      cmocka_unit_test(test_shift_is_no_matter),
      cmocka_unit_test(test_majority),
      cmocka_unit_test(test_liars_never_win),
      cmocka_unit_test(test_combined),
      cmocka_unit_test(test_jitter),
      cmocka_unit_test(test_many),
      cmocka_unit_test(test_no_memory),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}

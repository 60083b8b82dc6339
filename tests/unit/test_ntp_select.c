/* Tests of ntp_select.c: the best reply, its jitter, and who agrees with whom. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "source/sntp/ntp_packet.h"
#include "source/sntp/ntp_select.h"

#define US INT64_C(1000)
#define MS INT64_C(1000000)
#define S INT64_C(1000000000)
#define COUNT(array) (sizeof(array) / sizeof *(array))

/* --- one server ----------------------------------------------------------------- */

static void test_best(void **state) {
  (void)state;
  static const struct ntp_reply rows[] = {
      {.delay_ns = 7}, {.delay_ns = 5}, {.delay_ns = 5}, {.delay_ns = INT64_MAX}, {.delay_ns = 0}};
  assert_int_equal(ntp_select_best(rows, 1), 0);
  assert_int_equal(ntp_select_best(rows, 2), 1);
  assert_int_equal(ntp_select_best(rows, 4), 1); /* the first of two alike */
  assert_int_equal(ntp_select_best(rows, 5), 4);
}

static void test_jitter(void **state) {
  (void)state;
  static const struct {
    size_t count;
    int precision;
    int64_t offset_ns[4]; /* the first has the least delay */
    int64_t jitter_ns;
  } rows[] = {
      {1, -20, {5}, -1},
      {0, -20, {0}, -1},
      /* sqrt((0.35^2 + 0.20^2 + 0.20^2) / 3) ms */
      {4, -20, {12100 * US, 12450 * US, 11900 * US, 12300 * US}, 259807},
      {2, -20, {-MS, MS}, 2 * MS},
      {2, -20, {MS, -MS}, 2 * MS},
      {2, -20, {7 * MS, 7 * MS}, 954}, /* never below the server's precision */
      {2, -20, {0, 953}, 954},
      {2, -20, {0, 955}, 955},
      {2, -40, {0, 0}, 1},
      {2, 3, {0, 0}, 8 * S},
      {3, -40, {0, 3, 4}, 3},                            /* sqrt(12.5), cut */
      {2, -40, {0, 3037000500}, 3037000500},             /* its square needs 64 bits */
      {2, -40, {0, 9007199254740993}, 9007199254740993}, /* is no double */
      {2, -40, {0, INT64_C(1) << 57}, INT64_C(1) << 57}, /* the most that is told, 4.5 years */
      {2, -40, {INT64_MIN, INT64_MAX}, INT64_C(1) << 57},
  };
  for (size_t i = 0; i < COUNT(rows); i++) {
    struct ntp_reply replies[4] = {{.delay_ns = 0}};
    for (size_t k = 0; k < rows[i].count; k++) {
      replies[k] = (struct ntp_reply){.offset_ns = rows[i].offset_ns[k],
                                      .delay_ns = (int64_t)k,
                                      .precision_log2_s = k == 0 ? rows[i].precision : 10};
    }
    assert_int_equal(ntp_select_jitter_ns(replies, rows[i].count), rows[i].jitter_ns);
  }
}

/* One step of a clock between two replies; what is behind it counts. */
static void test_after_break(void **state) {
  (void)state;
  static const struct {
    size_t count;
    int64_t offset_ns[5]; /* each 10 MS wrong at most */
    size_t first;
  } rows[] = {
      {0, {0}, 0},
      {1, {5 * MS}, 0},
      {4, {0, 20 * MS, 0, -20 * MS}, 0}, /* their intervals touch */
      {4, {0, 816 * MS, 816 * MS, 817 * MS}, 1},
      {4, {0, MS, 816 * MS, 817 * MS}, 2},
      {4, {0, MS, MS, -816 * MS}, 3},
      {4, {0, 816 * MS, 0, MS}, 0}, /* one reply that is wrong */
      {4, {0, 816 * MS, 0, 816 * MS}, 0},
      {2, {INT64_MIN, INT64_MAX}, 1},
      {2, {0, 20 * MS + 1}, 1},
  };
  for (size_t i = 0; i < COUNT(rows); i++) {
    struct ntp_reply replies[5] = {{.delay_ns = 0}};
    for (size_t k = 0; k < rows[i].count; k++) {
      replies[k] = (struct ntp_reply){.offset_ns = rows[i].offset_ns[k], .error_ns = 10 * MS};
    }
    assert_int_equal(ntp_select_after_break(replies, rows[i].count), rows[i].first);
  }
}

/* --- the vote -------------------------------------------------------------------- */

enum { VOTES_MAX = 8 };

struct row {
  size_t count;
  struct ntp_vote votes[VOTES_MAX];
  const char *truechimers; /* a letter for each: T or F */
  size_t best;
  int64_t low_ns, high_ns, combined_ns;
};

static void check_row(const struct row *row) {
  struct ntp_vote votes[VOTES_MAX];
  struct ntp_consensus consensus;
  size_t truechimers = 0;
  memcpy(votes, row->votes, sizeof votes);
  assert_int_equal(ntp_select_vote(votes, row->count, &consensus), 0);
  for (size_t i = 0; i < row->count; i++) {
    assert_int_equal(votes[i].truechimer ? 'T' : 'F', row->truechimers[i]);
    assert_int_equal(votes[i].offset_ns, row->votes[i].offset_ns);
    assert_int_equal(votes[i].distance_ns, row->votes[i].distance_ns);
    truechimers += votes[i].truechimer;
  }
  assert_int_equal(consensus.truechimers, truechimers);
  assert_int_equal(consensus.best, row->best);
  if (truechimers > 0) {
    assert_int_equal(consensus.low_ns, row->low_ns);
    assert_int_equal(consensus.high_ns, row->high_ns);
    assert_int_equal(consensus.combined_offset_ns, row->combined_ns);
  }
}

#define VOTE(offset, distance) \
  { (offset), (distance), false }

static void test_votes(void **state) {
  (void)state;
  static const struct row rows[] = {
      /* (3/10 + 5/6 + 4/3) / (1/10 + 1/6 + 1/3) ms; the last one's middle lies outside */
      {5,
       {VOTE(3 * MS, 10 * MS), VOTE(5 * MS, 6 * MS), VOTE(4 * MS, 3 * MS), VOTE(250 * MS, 20 * MS),
        VOTE(12 * MS, 4 * MS)},
       "TTTFF",
       2,
       1 * MS,
       11 * MS,
       4111111},
      /* nobody to say otherwise */
      {1, {VOTE(7, 3)}, "T", 0, 4, 10, 7},
      {1, {VOTE(INT64_MAX, INT64_MAX)}, "T", 0, 0, INT64_MAX, INT64_MAX},
      {1, {VOTE(7, 0)}, "T", 0, 6, 8, 7},
      /* two */
      {2, {VOTE(0, 10), VOTE(2, 10)}, "TT", 0, -8, 10, 1},
      {2, {VOTE(0, 10), VOTE(100, 9)}, "FF", 1, 0, 0, 0},
      {2, {VOTE(0, 10), VOTE(11, 10)}, "TT", 0, 1, 10, 5}, /* their middles lie outside */
      {2, {VOTE(0, 3 * MS), VOTE(12 * MS, 16 * MS)}, "TT", 0, -3 * MS, 3 * MS, 1894736},
      {2, {VOTE(0, 5), VOTE(100, 96)}, "TT", 0, 4, 5, 4},
      {3, {VOTE(0, 5), VOTE(0, 5), VOTE(9, 5)}, "TTT", 0, 4, 5, 4}, /* their mean is 3 */
      {2, {VOTE(0, 10), VOTE(10, 10)}, "TT", 0, 0, 10, 5}, /* a middle on an end is inside */
      {2, {VOTE(0, 10), VOTE(20, 10)}, "FF", 0, 0, 0, 0},  /* they touch: no interval */
      /* three outvote a liar, however sure it is */
      {3, {VOTE(0, 10), VOTE(2, 12), VOTE(S, 1)}, "TTF", 0, -10, 10, 0},
      {3, {VOTE(-S, 1), VOTE(0, 10), VOTE(2, 12)}, "FTT", 1, -10, 10, 0},
      {3, {VOTE(0, 10), VOTE(100, 10), VOTE(200, 9)}, "FFF", 2, 0, 0, 0},
      /* whom the middle one agrees with, each, and who exclude each other: which is right? */
      {3, {VOTE(20, 20), VOTE(50, 20), VOTE(80, 20)}, "FFF", 0, 0, 0, 0},
      {3, {VOTE(50, 50), VOTE(10, 10), VOTE(90, 10)}, "TTT", 1, 0, 100, 50},
      /* two against two is no majority */
      {4, {VOTE(0, 10), VOTE(0, 10), VOTE(100, 10), VOTE(100, 9)}, "FFFF", 3, 0, 0, 0},
      {4, {VOTE(0, 10), VOTE(0, 10), VOTE(100, 10), VOTE(1, 10)}, "TTFT", 0, -9, 10, 0},
      /* all alike */
      {3, {VOTE(5, 7), VOTE(5, 7), VOTE(5, 7)}, "TTT", 0, -2, 12, 5},
      {3, {VOTE(5, 0), VOTE(5, 0), VOTE(5, 0)}, "TTT", 0, 4, 6, 5},
      {3, {VOTE(5, -9), VOTE(5, 1), VOTE(5, 1)}, "TTT", 0, 4, 6, 5},
      /* as far as numbers go */
      {3,
       {VOTE(INT64_MAX, INT64_MAX), VOTE(INT64_MIN, INT64_MAX), VOTE(0, INT64_MAX)},
       "TFT",
       0,
       -INT64_MAX,
       INT64_MAX,
       INT64_C(4611686018427387904)},
      {3,
       {VOTE(INT64_MAX, 1), VOTE(INT64_MAX, 1), VOTE(INT64_MIN, 1)},
       "TTF",
       0,
       INT64_MAX - 1,
       INT64_MAX,
       INT64_MAX},
      {2,
       {VOTE(S, INT64_MAX), VOTE(2 * S, INT64_MAX)},
       "TT",
       0,
       2 * S - INT64_MAX,
       INT64_MAX,
       3 * S / 2},
      /* a weight of next to nothing */
      {2, {VOTE(0, 2 * S), VOTE(S, INT64_MAX)}, "TT", 0, -2 * S, 2 * S, 0},
  };
  for (size_t i = 0; i < COUNT(rows); i++) {
    check_row(&rows[i]);
  }
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(test_best),
      cmocka_unit_test(test_jitter),
      cmocka_unit_test(test_after_break),
      cmocka_unit_test(test_votes),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}

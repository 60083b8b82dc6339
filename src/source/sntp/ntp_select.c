/*
 * Selects among the replies of one server and votes among several servers: RFC 5905 sections 10 and
 * 11.2.1.
 *
 * The vote finds the largest set of servers whose intervals share a part. It must include more than
 * half, because fewer can be wrong together. RFC 5905 also demands their middles in that part,
 * which brands two honest servers behind paths of unequal length as liars; chronyd and ntpsec omit
 * that. Here the middles count only if several sets are equally large, to decide whether they are
 * one. All arithmetic is in integers: an offset can be 56 years and the difference of two a
 * nanosecond.
 */
#include "source/sntp/ntp_select.h"

#include <errno.h>
#include <stdlib.h>

#include "ntp_monitor/duration.h"
#include "ntp_monitor/ntp_time.h"
#include "ntp_monitor/wide.h"
#include "source/sntp/ntp_packet.h"

/* 4.5 years, which leaves room for the sum of any number of squares. */
#define DIFFERENCE_MAX_NS (UINT64_C(1) << 57)
enum { WEIGHT_BITS = 40 };

size_t ntp_select_best(const struct ntp_reply *replies, size_t count) {
  size_t best = 0;
  for (size_t i = 1; i < count; i++) {
    if (replies[i].delay_ns < replies[best].delay_ns) {
      best = i;
    }
  }
  return best;
}

/* Returns high - low, which may exceed an int64_t. */
static uint64_t span(int64_t low, int64_t high) {
  return (uint64_t)high - (uint64_t)low;
}

/* Returns the distance of two offsets, which may exceed an int64_t. */
static uint64_t find_distance(int64_t a, int64_t b) {
  return a < b ? span(a, b) : span(b, a);
}

/* Returns whether both cannot be true of one clock, because their intervals share no part. */
static bool exclude(const struct ntp_reply *a, const struct ntp_reply *b) {
  uint64_t apart = find_distance(a->offset_ns, b->offset_ns);
  return apart > (uint64_t)a->error_ns + (uint64_t)b->error_ns;
}

size_t ntp_select_after_break(const struct ntp_reply *replies, size_t count) {
  size_t first = 0;
  for (size_t i = 1; i < count; i++) {
    if (!exclude(&replies[i - 1], &replies[i])) {
      continue;
    }
    if (first > 0) {
      return 0;
    }
    first = i;
  }
  return first;
}

int64_t ntp_select_jitter_ns(const struct ntp_reply *replies, size_t count) {
  if (count < 2) {
    return -1;
  }
  const struct ntp_reply *best = &replies[ntp_select_best(replies, count)];
  struct wide sum = {0};
  for (size_t i = 0; i < count; i++) {
    uint64_t difference = find_distance(replies[i].offset_ns, best->offset_ns);
    if (difference > DIFFERENCE_MAX_NS) {
      difference = DIFFERENCE_MAX_NS;
    }
    wide_add_product(&sum, difference, difference);
  }
  int64_t jitter_ns = (int64_t)wide_root(wide_divide(sum, count - 1));
  int64_t least_ns = ntp_time_power_ns(best->precision_log2_s);
  return duration_greater(jitter_ns, least_ns);
}

/* --- the intersection ---------------------------------------------------------- */

enum kind { LOW = -1, MIDDLE, HIGH };

struct point {
  int64_t edge_ns;
  enum kind kind;
};

/* No server is that good; and an interval has a length. */
static int64_t distance_of(const struct ntp_vote *vote) {
  return duration_greater(vote->distance_ns, 1);
}

static void put_points(struct point points[3], const struct ntp_vote *vote) {
  int64_t low_ns = 0;
  int64_t high_ns = 0;
  if (__builtin_sub_overflow(vote->offset_ns, distance_of(vote), &low_ns)) {
    low_ns = INT64_MIN;
  }
  if (__builtin_add_overflow(vote->offset_ns, distance_of(vote), &high_ns)) {
    high_ns = INT64_MAX;
  }
  points[0] = (struct point){low_ns, LOW};
  points[1] = (struct point){vote->offset_ns, MIDDLE};
  points[2] = (struct point){high_ns, HIGH};
}

/* The part that all but the outvoted share; if in pieces, from the first to the last. */
struct part {
  int64_t low_ns, high_ns;
  bool in_pieces;
};

/* Returns whether the vote overlaps the part, or has its middle in it if that is in pieces. */
static bool shares(const struct ntp_vote *vote, const struct part *part) {
  struct point points[3];
  put_points(points, vote);
  if (part->in_pieces) {
    return vote->offset_ns >= part->low_ns && vote->offset_ns <= part->high_ns;
  }
  return points[0].edge_ns < part->high_ns && points[2].edge_ns > part->low_ns;
}

/* Intervals are closed, so of equal edges the low ones come first. */
static int ntp_select_compare(const void *a, const void *b) {
  const struct point *left = a;
  const struct point *right = b;
  if (left->edge_ns != right->edge_ns) {
    return left->edge_ns < right->edge_ns ? -1 : 1;
  }
  return left->kind - right->kind;
}

/* Finds, from one side, the edge at which wanted intervals are open; NULL for none. Adds the
 * middles passed to *outside. */
static const struct point *find_edge(const struct point *points, size_t count, enum kind opens,
                                     size_t wanted, size_t *outside) {
  size_t open = 0;
  for (size_t i = 0; i < count; i++) {
    const struct point *point = &points[opens == LOW ? i : count - 1 - i];
    open += point->kind == opens;
    if (open >= wanted) {
      return point;
    }
    open -= point->kind == -opens;
    *outside += point->kind == MIDDLE;
  }
  return NULL;
}

/* Counts the pieces of the part that wanted intervals share. */
static size_t count_pieces(const struct point *points, size_t count, size_t wanted) {
  size_t open = 0;
  size_t pieces = 0;
  for (size_t i = 0; i < count; i++) {
    open += points[i].kind == LOW;
    pieces += points[i].kind == LOW && open == wanted;
    open -= points[i].kind == HIGH;
  }
  return pieces;
}

/* Returns whether all but `liars` of the servers agree, and on which part. */
static bool agree(const struct point *points, size_t servers, size_t liars, struct part *part) {
  size_t outside = 0;
  size_t wanted = servers - liars;
  const struct point *low = find_edge(points, 3 * servers, LOW, wanted, &outside);
  const struct point *high = find_edge(points, 3 * servers, HIGH, wanted, &outside);
  if (low == NULL || high == NULL || low->edge_ns >= high->edge_ns) {
    return false;
  }
  *part = (struct part){.low_ns = low->edge_ns,
                        .high_ns = high->edge_ns,
                        .in_pieces = count_pieces(points, 3 * servers, wanted) > 1};
  return !part->in_pieces || outside <= liars;
}

static int intersect(const struct ntp_vote *votes, size_t count, struct part *part, bool *found) {
  struct point *points = calloc(count, 3 * sizeof *points);
  if (points == NULL) {
    return -ENOMEM;
  }
  for (size_t i = 0; i < count; i++) {
    put_points(points + 3 * i, &votes[i]);
  }
  qsort(points, 3 * count, sizeof *points, ntp_select_compare);
  *found = false;
  for (size_t liars = 0; !*found && 2 * liars < count; liars++) {
    *found = agree(points, count, liars, part);
  }
  free(points);
  return 0;
}

/* --- the vote -------------------------------------------------------------------- */

/* Returns a vote's weight. The best has the least distance and so the greatest: 2^WEIGHT_BITS. */
static uint64_t weight_of(const struct ntp_vote *vote, const struct ntp_vote *best) {
  struct wide scaled = {0};
  wide_add_product(&scaled, (uint64_t)distance_of(best), UINT64_C(1) << WEIGHT_BITS);
  return wide_divide(scaled, (uint64_t)distance_of(vote)).low;
}

/* Returns the least offset of a truechimer; relative to it none is negative. */
static int64_t least_offset(const struct ntp_vote *votes, size_t count) {
  int64_t least_ns = INT64_MAX;
  for (size_t i = 0; i < count; i++) {
    if (votes[i].truechimer && votes[i].offset_ns < least_ns) {
      least_ns = votes[i].offset_ns;
    }
  }
  return least_ns;
}

/* Returns the weighted mean of the truechimers, rounded towards the best and kept within their
 * common part. */
static int64_t combine(const struct ntp_vote *votes, size_t count,
                       const struct ntp_consensus *consensus) {
  const struct ntp_vote *best = &votes[consensus->best];
  int64_t base_ns = least_offset(votes, count);
  uint64_t weights = 0;
  struct wide sum = {0};
  for (size_t i = 0; i < count; i++) {
    if (votes[i].truechimer) {
      uint64_t weight = weight_of(&votes[i], best);
      wide_add_product(&sum, weight, span(base_ns, votes[i].offset_ns));
      weights += weight;
    }
  }
  uint64_t above_ns = wide_divide(sum, weights).low;
  if (above_ns < span(base_ns, best->offset_ns)) {
    wide_add_product(&sum, weights - 1, 1); /* up */
    above_ns = wide_divide(sum, weights).low;
  }
  int64_t mean_ns = (int64_t)((uint64_t)base_ns + above_ns);
  if (mean_ns < consensus->low_ns) {
    return consensus->low_ns;
  }
  if (mean_ns > consensus->high_ns) {
    return consensus->high_ns;
  }
  return mean_ns;
}

/* Returns whether a is a better vote than b: a truechimer, or else the nearer. */
static bool is_better(const struct ntp_vote *a, const struct ntp_vote *b) {
  if (a->truechimer != b->truechimer) {
    return a->truechimer;
  }
  return a->distance_ns < b->distance_ns;
}

int ntp_select_vote(struct ntp_vote *votes, size_t count, struct ntp_consensus *consensus) {
  struct ntp_consensus made = {.truechimers = 0};
  struct part part = {.in_pieces = false};
  bool found = false;
  int error = intersect(votes, count, &part, &found);
  if (error != 0) {
    return error;
  }
  made.low_ns = part.low_ns;
  made.high_ns = part.high_ns;
  for (size_t i = 0; i < count; i++) {
    struct ntp_vote *vote = &votes[i];
    vote->truechimer = found && shares(vote, &part);
    made.truechimers += vote->truechimer;
    if (is_better(vote, &votes[made.best])) {
      made.best = i;
    }
  }
  if (found) {
    made.combined_offset_ns = combine(votes, count, &made);
  }
  *consensus = made;
  return 0;
}

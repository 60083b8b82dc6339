/*
 * Fuzz target: which of some servers agree, which of some replies is the best, and their jitter.
 *
 * What is expected is written anew from the definition and not from the algorithm: all edges are
 * tried, and for each the intervals are counted that hold it.
 */
#include <stdlib.h>
#include <string.h>

#include "source/sntp/ntp_packet.h"
#include "source/sntp/ntp_select.h"
#include "tests/fuzz/fuzz.h"

enum { MOST = 24 };

/* --- the vote --------------------------------------------------------------------- */

static int64_t end(const struct ntp_vote *vote, int sign) {
  fuzz_wide distance = vote->distance_ns > 0 ? vote->distance_ns : 1;
  fuzz_wide edge = vote->offset_ns + sign * distance;
  return edge < INT64_MIN ? INT64_MIN : edge > INT64_MAX ? INT64_MAX : (int64_t)edge;
}

static size_t holders(const struct ntp_vote *votes, size_t count, int64_t edge_ns) {
  size_t holding = 0;
  for (size_t i = 0; i < count; i++) {
    holding += end(&votes[i], -1) <= edge_ns && end(&votes[i], 1) >= edge_ns;
  }
  return holding;
}

/* Whether the part from low_ns to high_ns is held by wanted everywhere: where one ends, enough go
 * on. */
static bool is_whole(const struct ntp_vote *votes, size_t count, size_t wanted, int64_t low_ns,
                     int64_t high_ns) {
  for (size_t i = 0; i < count; i++) {
    int64_t edge = end(&votes[i], 1);
    size_t going_on = 0;
    for (size_t k = 0; k < count; k++) {
      going_on += end(&votes[k], -1) <= edge && end(&votes[k], 1) > edge;
    }
    if (edge >= low_ns && edge < high_ns && going_on < wanted) {
      return false;
    }
  }
  return true;
}

/* The part that all but liars have in common, if it is one, or holds the middles of as many. */
static bool agree(const struct ntp_vote *votes, size_t count, size_t liars, int64_t *low_ns,
                  int64_t *high_ns, bool *whole) {
  size_t outside = 0;
  *low_ns = INT64_MAX;
  *high_ns = INT64_MIN;
  for (size_t i = 0; i < count; i++) {
    int64_t low = end(&votes[i], -1);
    int64_t high = end(&votes[i], 1);
    if (low < *low_ns && holders(votes, count, low) >= count - liars) {
      *low_ns = low;
    }
    if (high > *high_ns && holders(votes, count, high) >= count - liars) {
      *high_ns = high;
    }
  }
  for (size_t i = 0; i < count; i++) {
    outside += votes[i].offset_ns < *low_ns || votes[i].offset_ns > *high_ns;
  }
  *whole = is_whole(votes, count, count - liars, *low_ns, *high_ns);
  return *low_ns < *high_ns && (outside <= liars || *whole);
}

static void check_combined(const struct ntp_vote *votes, size_t count,
                           const struct ntp_consensus *consensus) {
  const struct ntp_vote *best = &votes[consensus->best];
  long double sum = 0;
  long double weights = 0;
  long double spread = 0;
  for (size_t i = 0; i < count; i++) {
    if (votes[i].truechimer) {
      long double distance = (long double)(votes[i].distance_ns > 0 ? votes[i].distance_ns : 1);
      long double apart = (long double)((fuzz_wide)votes[i].offset_ns - best->offset_ns);
      sum += apart / distance;
      weights += 1 / distance;
      spread += apart < 0 ? -apart : apart;
    }
  }
  long double mean = sum / weights;
  long double low = (long double)((fuzz_wide)consensus->low_ns - best->offset_ns);
  long double high = (long double)((fuzz_wide)consensus->high_ns - best->offset_ns);
  mean = mean < low ? low : mean;
  mean = mean > high ? high : mean;
  long double wrong =
      (long double)((fuzz_wide)consensus->combined_offset_ns - best->offset_ns) - mean;
  long double most = 2 + spread * 0x1p-34L;
  MUST(wrong >= -most && wrong <= most);
}

static void check_vote(const struct ntp_vote *before, size_t count) {
  struct ntp_vote *votes = malloc(count * sizeof *votes);
  struct ntp_consensus consensus;
  int64_t low_ns = 0;
  int64_t high_ns = 0;
  size_t truechimers = 0;
  bool found = false;
  bool whole = false;
  MUST(votes != NULL);
  memcpy(votes, before, count * sizeof *votes);
  MUST(ntp_select_vote(votes, count, &consensus) == 0 && consensus.best < count);
  for (size_t liars = 0; liars * 2 < count && !found; liars++) {
    found = agree(before, count, liars, &low_ns, &high_ns, &whole);
  }
  for (size_t i = 0; i < count; i++) {
    bool overlaps = end(&before[i], -1) < high_ns && end(&before[i], 1) > low_ns;
    bool middle = votes[i].offset_ns >= low_ns && votes[i].offset_ns <= high_ns;
    bool inside = found && (whole ? overlaps : middle);
    MUST(votes[i].truechimer == inside);
    MUST(votes[i].offset_ns == before[i].offset_ns);
    MUST(votes[i].distance_ns == before[i].distance_ns);
    MUST((found && !inside) || votes[i].distance_ns >= votes[consensus.best].distance_ns);
    truechimers += inside;
  }
  MUST(consensus.truechimers == truechimers && found == (truechimers > 0));
  if (found) {
    MUST(2 * truechimers > count && votes[consensus.best].truechimer);
    MUST(consensus.low_ns == low_ns && consensus.high_ns == high_ns);
    check_combined(votes, count, &consensus);
  }
  free(votes);
}

/* --- the replies of one server ---------------------------------------------------- */

static void check_replies(const struct ntp_vote *votes, size_t count) {
  struct ntp_reply *replies = calloc(count, sizeof *replies);
  long double sum = 0;
  MUST(replies != NULL);
  for (size_t i = 0; i < count; i++) {
    /* As far apart as two clocks can seem: 136 years. */
    replies[i].offset_ns = votes[i].offset_ns >> 1;
    replies[i].delay_ns = votes[i].distance_ns;
    replies[i].precision_log2_s = -(int)(votes[i].distance_ns & 127) + 3;
  }
  size_t best = ntp_select_best(replies, count);
  MUST(best < count);
  for (size_t i = 0; i < count; i++) {
    MUST(replies[best].delay_ns <= replies[i].delay_ns - (i < best));
    long double apart = (long double)(replies[best].offset_ns - replies[i].offset_ns);
    apart = apart < -0x1p57L || apart > 0x1p57L ? 0x1p57L : apart;
    sum += apart * apart;
  }
  long double jitter = (long double)ntp_select_jitter_ns(replies, count);
  long double least = 1e9L;
  for (int i = 0; i > replies[best].precision_log2_s; i--) {
    least /= 2;
  }
  for (int i = 0; i < replies[best].precision_log2_s; i++) {
    least *= 2;
  }
  if (count < 2) {
    MUST(jitter == -1);
  } else {
    sum /= (long double)(count - 1);
    MUST(jitter >= least && jitter >= 1);
    MUST((jitter + 1) * (jitter + 1) >= sum * (1 - 1e-9L));
    MUST(jitter <= least + 1 || jitter * jitter <= sum * (1 + 1e-9L));
  }
  free(replies);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
  struct bytes bytes = {data, size};
  struct ntp_vote votes[MOST];
  size_t count = 0;
  while (bytes.left > 0 && count < MOST) {
    votes[count].offset_ns = (int64_t)fuzz_number(&bytes);
    votes[count].distance_ns = (int64_t)(fuzz_number(&bytes) >> 1);
    votes[count].truechimer = count % 2 == 0;
    count++;
  }
  if (count > 0) {
    check_vote(votes, count);
    check_replies(votes, count);
  }
  return 0;
}

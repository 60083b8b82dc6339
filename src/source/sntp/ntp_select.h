/* From several replies to one reading, and from several servers to a vote: RFC 5905 sections 10
 * and 11.2.1. Pure. */
#ifndef NTP_MONITOR_NTP_SELECT_H
#define NTP_MONITOR_NTP_SELECT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct ntp_reply;

/* The index of the first reply that counts, of replies in the order of their coming: 0; or, where
 * there is one break in them, two neighbours that exclude each other, the one behind it: a clock
 * was set there. More breaks than one are no step but a server that jumps, which the jitter tells.
 */
size_t ntp_select_after_break(const struct ntp_reply *replies, size_t count);

/* The index of the reply with the least delay; count >= 1. */
size_t ntp_select_best(const struct ntp_reply *replies, size_t count);

/* sqrt(sum over the others (best - other)^2 / (count - 1)) of the offsets, never under the server's
 * precision; -1 where count < 2: one reply has no jitter. */
int64_t ntp_select_jitter_ns(const struct ntp_reply *replies, size_t count);

/* One server's vote: its interval is offset_ns - distance_ns .. offset_ns + distance_ns. */
struct ntp_vote {
  int64_t offset_ns, distance_ns; /* distance_ns > 0: the root distance lambda of section 11.1 */
  bool truechimer;                /* out */
};

struct ntp_consensus {
  size_t truechimers; /* 0: no majority */
  size_t best; /* index of the truechimer with the least distance; of all, where there is none */
  int64_t low_ns, high_ns; /* the intersection, where there is one */
  int64_t
      combined_offset_ns; /* of the truechimers, weighted by 1 / distance; in the intersection */
};

/* The intersection algorithm over count >= 1 votes: marks each, and says what they agree on. 0 or
 * -ENOMEM. One vote is a truechimer: there is nobody to say otherwise. */
int ntp_select_vote(struct ntp_vote *votes, size_t count, struct ntp_consensus *consensus);

#endif

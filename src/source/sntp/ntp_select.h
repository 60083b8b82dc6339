/* Figures from several replies, and the vote of several servers: RFC 5905 sections 10 and 11.2.1.
 * Pure. */
#ifndef NTP_MONITOR_NTP_SELECT_H
#define NTP_MONITOR_NTP_SELECT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct ntp_reply;

/* Returns the index of the first reply that counts; replies are in order of arrival. It is 0, or
 * the reply after a single break: two neighbours that exclude each other, because a clock was set
 * between them. Several breaks mean a server that jumps, which the jitter shows. */
size_t ntp_select_after_break(const struct ntp_reply *replies, size_t count);

/* Returns the index of the reply with the least delay; count >= 1. */
size_t ntp_select_best(const struct ntp_reply *replies, size_t count);

/* Returns the jitter of the offsets, sqrt(sum of (best - other)^2 / (count - 1)), at least the
 * server's precision; -1 if count < 2, since one reply has no jitter. */
int64_t ntp_select_jitter_ns(const struct ntp_reply *replies, size_t count);

/* One server's vote: its interval is offset_ns - distance_ns .. offset_ns + distance_ns. */
struct ntp_vote {
  int64_t offset_ns, distance_ns; /* distance_ns > 0: the root distance lambda of section 11.1 */
  bool truechimer;                /* out */
};

struct ntp_consensus {
  size_t truechimers; /* 0: no majority */
  size_t best; /* index of the truechimer with the least distance; of any server if there is none */
  int64_t low_ns, high_ns; /* the intersection, if any */
  int64_t
      combined_offset_ns; /* of the truechimers, weighted by 1 / distance; in the intersection */
};

/* Runs the intersection algorithm over count >= 1 votes, marks each, and sets what they agree on.
 * A single vote is a truechimer. Returns 0 or -ENOMEM. */
int ntp_select_vote(struct ntp_vote *votes, size_t count, struct ntp_consensus *consensus);

#endif

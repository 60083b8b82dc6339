/* From what servers answered to one reading: a sample of each, and the vote over them. Pure. */
#ifndef NTP_MONITOR_NTP_SAMPLE_H
#define NTP_MONITOR_NTP_SAMPLE_H

#include <stdint.h>

struct ntp_plan;
struct samples;
struct why;

/*
 * Adds a sample for each server of a plan that ntp_poll() has filled; now_ns: CLOCK_MONOTONIC. The
 * best of a majority carries the verdict, of two the one further off; without a majority each is
 * judged. Where nobody has a vote, one that has no time to give carries it, as not synchronised. 0;
 * or, where there is none of these, a negative errno with why filled, which gives each server's
 * reason.
 */
int ntp_sample_read(const struct ntp_plan *plan, int64_t now_ns, struct samples *samples,
                    struct why *why);

#endif

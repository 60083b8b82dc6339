/* From what servers answered to one reading: a sample of each, and the vote over them. Pure. */
#ifndef NTP_MONITOR_NTP_READING_H
#define NTP_MONITOR_NTP_READING_H

#include <stdint.h>

struct ntp_plan;
struct samples;
struct why;

/* Who differs by more than this cannot tell the time: MAXDIST of RFC 5905 appendix A.1.1. */
#define NTP_READING_DISTANCE_MOST_NS INT64_C(1000000000)

/*
 * Adds a sample for each server of a plan that ntp_poll() has filled; now_ns: CLOCK_MONOTONIC. The
 * best of those that agree carries the verdict; where nobody gave a usable reply, the one that came
 * nearest does, as not synchronised. 0; or, where none answered at all, a negative errno with why
 * filled, which gives each server's reason.
 */
int ntp_reading(const struct ntp_plan *plan, int64_t now_ns, struct samples *samples,
                struct why *why);

#endif

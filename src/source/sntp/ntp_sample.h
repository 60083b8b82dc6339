/* Makes one reading of all servers' answers: a sample of each, and the vote over them. Pure. */
#ifndef NTP_MONITOR_NTP_SAMPLE_H
#define NTP_MONITOR_NTP_SAMPLE_H

#include <stdint.h>

struct ntp_plan;
struct samples;
struct why;

/*
 * Adds a sample for each server of a plan that ntp_poll() has filled; now_ns: CLOCK_MONOTONIC. The
 * best of a majority carries the verdict, of two servers the one further off; without a majority
 * each is judged. If nobody has a vote, a server that is not synchronised carries it, as such. 0,
 * or a negative errno with why, giving each server's reason, if there is no such server either.
 */
int ntp_sample_read(const struct ntp_plan *plan, int64_t now_ns, struct samples *samples,
                    struct why *why);

#endif

/* Computes the figures of one NTP server from its replies in a run. Pure. */
#ifndef NTP_MONITOR_NTP_FIGURES_H
#define NTP_MONITOR_NTP_FIGURES_H

#include <stdint.h>

struct ntp_plan;
struct ntp_server;
struct sample;

/* Fills sample from a server with at least one reply; now_ns: CLOCK_MONOTONIC. Returns the distance
 * of its vote in ns: the lambda of RFC 5905 section 11.1. */
int64_t ntp_figures_fill(const struct ntp_plan *plan, const struct ntp_server *server,
                         int64_t now_ns, struct sample *sample);

#endif

/* Translates chronyd's sources into samples. Pure. */
#ifndef NTP_MONITOR_CHRONY_SAMPLE_H
#define NTP_MONITOR_CHRONY_SAMPLE_H

#include "ntp_monitor/sample.h"

struct candm_source;
struct candm_stats;
struct candm_tracking;

/*
 * Fills sample, a listed one, from one of chronyd's sources. stats: those of the same source, or
 * NULL. name: as configured, "" if unknown; foreign text. correction_ns: from tracking, because
 * chronyd reports a source's offset from its own estimate of the time, not from the clock.
 */
void chrony_sample_source(const struct candm_source *source, const struct candm_stats *stats,
                          const char *name, int64_t correction_ns, struct sample *sample);

/*
 * Removes a pool's slots without a server. Of the sources without an address one per name stays, or
 * none if a source of that name has an address. If chronyd reports no names, all slots count as
 * one pool's.
 */
void chrony_sample_drop_spare(struct samples *samples);

/*
 * Makes the selected sample the primary, with tracking's figures of the clock. If none is selected,
 * adds a primary that is not synchronised and says why. The primary becomes the first sample. 0, or
 * the negative errno of samples_add().
 */
int chrony_sample_carry(struct samples *samples, const struct candm_tracking *tracking,
                        struct why *why);

#endif

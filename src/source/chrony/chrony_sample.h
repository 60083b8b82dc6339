/* What chronyd tells of its sources, in our vocabulary. Pure. */
#ifndef NTP_MONITOR_CHRONY_SAMPLE_H
#define NTP_MONITOR_CHRONY_SAMPLE_H

#include "ntp_monitor/sample.h"

struct candm_source;
struct candm_stats;
struct candm_tracking;

/*
 * One of chronyd's sources, as a bystander. stats: of the same source, or NULL where not told.
 * name: as configured, "" where not known; foreign text. correction_ns: that of tracking, for
 * chronyd tells a source's offset against its own estimate of the time, not against the clock.
 */
void chrony_sample_source(const struct candm_source *source, const struct candm_stats *stats,
                          const char *name, int64_t correction_ns, struct sample *sample);

/*
 * Removes the slots of a pool that have no server: of the sources without an address at most one of
 * each name stays, and none where another source has that name. A chronyd that does not tell names
 * cannot say which pool a slot belongs to; then one is kept only if no source has an address.
 */
void chrony_sample_drop_spare(struct samples *samples);

/*
 * Makes the selected one of the samples the carrier, with what tracking has of the clock; where
 * there is none, adds a carrier that is not synchronised and says why. It becomes the first. 0, or
 * the negative errno of samples_add.
 */
int chrony_sample_carry(struct samples *samples, const struct candm_tracking *tracking,
                        struct why *why);

#endif

/* Takes readings from the configured sources. */
#ifndef NTP_MONITOR_MEASURE_H
#define NTP_MONITOR_MEASURE_H

#include "ntp_monitor/reading.h"

struct ask;
struct config;
struct env;
struct source;

/* Takes one reading from each configured source (auto: from the first that serves). Returns the
 * number of readings; each holds samples or why there are none. The caller frees the samples. */
size_t measure(const struct env *env, const struct config *config,
               struct reading readings[READING_MAX]);

/* Takes and traces a reading from one source: 0, or a negative errno with reading->why. */
int measure_take(const struct ask *ask, const struct source *source, struct reading *reading);

#endif

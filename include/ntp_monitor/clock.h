/* The two clocks, alone in a file so that a test can put its own in their place. */
#ifndef NTP_MONITOR_CLOCK_H
#define NTP_MONITOR_CLOCK_H

#include <stdint.h>

/* CLOCK_MONOTONIC in ns, never stepped; used for deadlines. */
int64_t clock_monotonic_ns(void);

/* CLOCK_REALTIME in ns since 1970: the clock that is being checked. */
int64_t clock_realtime_ns(void);

/* Returns the milliseconds until a CLOCK_MONOTONIC deadline as poll(2) takes them: rounded up, at
 * least 0, at most INT_MAX. */
int clock_left_ms(int64_t deadline_ns);

#endif

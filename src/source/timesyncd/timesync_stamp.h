/* The time stamps of `timedatectl show-timesync`. */
#ifndef NTP_MONITOR_TIMESYNC_STAMP_H
#define NTP_MONITOR_TIMESYNC_STAMP_H

#include <stddef.h>

struct timesync;

/* Reads value, "Sat 2026-11-21 05:11:18 UTC", into raw's T4, zone, early_us and late_us; clears
 * TIMESYNC_DESTINATION in raw->present if value says there is none. 0 or -EINVAL. Uses TZ and
 * /etc/localtime for the local zone. */
int timesync_stamp_read(const char *value, struct timesync *raw);

/* Reads value into raw's calendar_s[which]; which is TIMESYNC_T1 to TIMESYNC_T4. 0 or -EINVAL. */
int timesync_stamp_calendar(const char *value, size_t which, struct timesync *raw);

#endif

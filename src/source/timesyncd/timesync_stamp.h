/* The time stamps of `timedatectl show-timesync`. */
#ifndef NTP_MONITOR_TIMESYNC_STAMP_H
#define NTP_MONITOR_TIMESYNC_STAMP_H

#include <stddef.h>

struct timesync;

/* Reads value, "Sat 2026-11-21 05:11:18 UTC", into raw's T4, zone, early_us and late_us; takes the
 * bit out of raw->present where it says that there is none. 0 or -EINVAL. Reads TZ and
 * /etc/localtime for our own zone. */
int timesync_stamp_read(const char *value, struct timesync *raw);

/* Reads value into raw's calendar_s[which], which is TIMESYNC_T1 to T4. 0 or -EINVAL. */
int timesync_stamp_calendar(const char *value, size_t which, struct timesync *raw);

#endif

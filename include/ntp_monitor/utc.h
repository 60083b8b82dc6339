/* Printing a point in time in the form of RFC 3339. */
#ifndef NTP_MONITOR_UTC_H
#define NTP_MONITOR_UTC_H

#include <stdint.h>

enum { UTC_TEXT_BYTES = 64 };

/* Prints "2026-11-21T05:11:18.010060Z" from ns since 1970. Unlike gmtime_r(3), reads no time zone
 * file. out has UTC_TEXT_BYTES. Returns out. */
const char *utc_print(char *out, int64_t realtime_ns);

#endif

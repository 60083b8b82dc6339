/* A point in time as RFC 3339 writes it. */
#ifndef NTP_MONITOR_UTC_H
#define NTP_MONITOR_UTC_H

#include <stdint.h>

enum { UTC_TEXT_BYTES = 64 };

/* "2026-11-21T05:11:18.010060Z" from ns since 1970; out has UTC_TEXT_BYTES. Reads no
 * time zone file, as gmtime_r(3) would. Returns out. */
const char *utc_print(char *out, int64_t realtime_ns);

#endif

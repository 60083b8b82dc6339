/* Conversions of NTP's time formats to ns: RFC 5905 section 6. Pure. */
#ifndef NTP_MONITOR_NTP_TIME_H
#define NTP_MONITOR_NTP_TIME_H

#include <stdint.h>

/* Returns the 64-bit timestamp (32.32 s since 1900, modulo 2^32 s) of a CLOCK_REALTIME. */
uint64_t ntp_time_stamp(int64_t unix_ns);

/* Returns to - from, to the nearest ns; right if they are less than 2^31 s (68 years) apart. */
int64_t ntp_time_span_ns(uint64_t from, uint64_t to);

/* Converts the 32-bit short format, 16.16 s, unsigned. */
int64_t ntp_time_short_ns(uint32_t value);

/* Returns 2^log2_s s, rounded up and so never 0. log2_s is at most 33. */
int64_t ntp_time_power_ns(int log2_s);

#endif

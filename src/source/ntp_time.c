/*
 * The time formats of NTP as ns, RFC 5905 section 6.
 *
 * Seconds since 1900 begin anew every 2^32 s, first on 2036-02-07 at 06:28:16 UTC, and nothing in a
 * packet tells which round it is. So stamps are subtracted before they are converted: that is right
 * for clocks less than 68 years apart, also for one that starts in 1970.
 */
#include "ntp_monitor/ntp_time.h"

#include "ntp_monitor/duration.h"

static const int64_t EPOCH_S = 2208988800; /* 1900 to 1970, figure 4 */

uint64_t ntp_time_stamp(int64_t unix_ns) {
  int64_t rest_ns = unix_ns % DURATION_S;
  int64_t seconds = unix_ns / DURATION_S - (rest_ns < 0);
  rest_ns += rest_ns < 0 ? DURATION_S : 0;
  uint64_t fraction = (((uint64_t)rest_ns << 32) + DURATION_S / 2) / DURATION_S;
  return ((uint64_t)(seconds + EPOCH_S) << 32) + fraction;
}

int64_t ntp_time_span_ns(uint64_t from, uint64_t to) {
  int64_t span = (int64_t)(to - from);
  int64_t half = INT64_C(1) << 31;
  return (span >> 32) * DURATION_S + (((span & UINT32_MAX) * DURATION_S + half) >> 32);
}

int64_t ntp_time_short_ns(uint32_t value) {
  return (int64_t)value * DURATION_S >> 16;
}

int64_t ntp_time_power_ns(int log2_s) {
  if (log2_s >= 0) {
    return DURATION_S << log2_s;
  }
  return log2_s < -30 ? 1 : ((DURATION_S - 1) >> -log2_s) + 1;
}

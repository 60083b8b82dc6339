/*
 * Converts NTP's time formats to ns: RFC 5905 section 6.
 *
 * Seconds since 1900 wrap every 2^32 s, first on 2036-02-07 at 06:28:16 UTC, and a packet does not
 * carry the era. So stamps are subtracted before they are converted, which is right for clocks less
 * than 68 years apart, even one that starts in 1970.
 */
#include "ntp_monitor/ntp_time.h"

#include "ntp_monitor/duration.h"

static const int64_t EPOCH_S = 2208988800; /* 1900 to 1970, figure 4 */

uint64_t ntp_time_stamp(int64_t unix_ns) {
  int64_t seconds = unix_ns / DURATION_S;
  int64_t rest_ns = unix_ns % DURATION_S;
  if (rest_ns < 0) {
    seconds--;
    rest_ns += DURATION_S;
  }
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
  if (log2_s < -30) {
    return 1;
  }
  return ((DURATION_S - 1) >> -log2_s) + 1;
}

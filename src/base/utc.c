/* A point in time as RFC 3339 writes it. */
#include "ntp_monitor/utc.h"

#include <inttypes.h>
#include <stdio.h>

const char *utc_print(char *out, int64_t realtime_ns) {
  int64_t us = realtime_ns / 1000 - (realtime_ns % 1000 < 0);
  int64_t second = us / 1000000 - (us % 1000000 < 0);
  int64_t fraction_us = us - second * 1000000;
  int64_t day = second / 86400 - (second % 86400 < 0);
  int64_t rest = second - day * 86400;
  /* Days in 400-year eras that begin on 1 March, so that the leap day comes last. */
  int64_t shifted = day + 719468;
  int64_t era = (shifted >= 0 ? shifted : shifted - 146096) / 146097;
  int64_t in_era = shifted - era * 146097;
  int64_t year = (in_era - in_era / 1460 + in_era / 36524 - in_era / 146096) / 365;
  int64_t in_year = in_era - (365 * year + year / 4 - year / 100);
  int64_t month = (5 * in_year + 2) / 153;
  int64_t of_month = in_year - (153 * month + 2) / 5 + 1;
  month += month < 10 ? 3 : -9;
  year += era * 400 + (month <= 2);
  (void)snprintf(out, UTC_TEXT_BYTES,
                 "%04" PRId64 "-%02" PRId64 "-%02" PRId64 "T%02" PRId64 ":%02" PRId64 ":%02" PRId64
                 ".%06" PRId64 "Z",
                 year, month, of_month, rest / 3600, rest / 60 % 60, rest % 60, fraction_us);
  return out;
}

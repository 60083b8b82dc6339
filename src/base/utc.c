/* Printing a point in time in the form of RFC 3339. */
#include "ntp_monitor/utc.h"

#include <inttypes.h>
#include <stdio.h>

/* Divides, rounding towards minus infinity. */
static int64_t divide_down(int64_t dividend, int64_t divisor) {
  return dividend / divisor - (dividend % divisor < 0);
}

const char *utc_print(char *out, int64_t realtime_ns) {
  int64_t us = divide_down(realtime_ns, 1000);
  int64_t second = divide_down(us, 1000000);
  int64_t fraction_us = us - second * 1000000;
  int64_t day = divide_down(second, 86400);
  int64_t rest = second - day * 86400;
  /* Eras of 400 years begin on 1 March, so that the leap day comes last. */
  int64_t shifted = day + 719468; /* since 1 March of year 0 */
  int64_t era = divide_down(shifted, 146097);
  int64_t in_era = shifted - era * 146097;
  int64_t year = (in_era - in_era / 1460 + in_era / 36524 - in_era / 146096) / 365;
  int64_t in_year = in_era - (365 * year + year / 4 - year / 100);
  int64_t month = (5 * in_year + 2) / 153; /* since March; 153 days every five months */
  int64_t of_month = in_year - (153 * month + 2) / 5 + 1;
  month += month < 10 ? 3 : -9;
  year += era * 400 + (month <= 2);
  (void)snprintf(out, UTC_TEXT_BYTES,
                 "%04" PRId64 "-%02" PRId64 "-%02" PRId64 "T%02" PRId64 ":%02" PRId64 ":%02" PRId64
                 ".%06" PRId64 "Z",
                 year, month, of_month, rest / 3600, rest / 60 % 60, rest % 60, fraction_us);
  return out;
}

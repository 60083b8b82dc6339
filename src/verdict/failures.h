/* Why sources gave no reading, as the line tells it. Pure. */
#ifndef NTP_MONITOR_FAILURES_H
#define NTP_MONITOR_FAILURES_H

#include "ntp_monitor/report.h"

/* Of a line that says only that. */
enum { FAILURES_LENGTH_MAX = 250 };

/* Adds to report->message, which is begun, why each reading without samples has none. */
void failures_add(struct report *report, const struct reading *readings, size_t reading_count);

#endif

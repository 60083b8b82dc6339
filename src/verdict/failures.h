/* Why sources gave no reading, as the message states it. Pure. */
#ifndef NTP_MONITOR_FAILURES_H
#define NTP_MONITOR_FAILURES_H

#include "ntp_monitor/report.h"

/* Length of a message that states nothing else. */
enum { FAILURES_LENGTH_MAX = 250 };

/* Appends to report->message, which has been begun, why each reading without samples has none. */
void failures_add(struct report *report, const struct reading *readings, size_t reading_count);

#endif

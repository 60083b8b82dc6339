/* Notes of a report beside its verdict: the daemon compared with servers. Pure. */
#ifndef NTP_MONITOR_COMPARISON_H
#define NTP_MONITOR_COMPARISON_H

#include "ntp_monitor/report.h"

/*
 * Sets report->note and report->disproved from readings and report->config. The note has what the
 * sources say beside their figures. If a time service and servers asked directly were both read, it
 * also says which case applies: the clock is off (both find it so), the path is asymmetric (they
 * differ by no more than the delays explain: half of each, RFC 5905 section 8), or a server lies,
 * which disproves the time service's reading.
 */
void comparison_write(struct report *report, const struct reading *readings, size_t reading_count);

#endif

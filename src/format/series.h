/*
 * The servers of a report under unique names, for stores of time series: of two lines with the same
 * name they lose one, or refuse the whole report.
 */
#ifndef NTP_MONITOR_SERIES_H
#define NTP_MONITOR_SERIES_H

#include "ntp_monitor/sample.h"

struct finding;
struct report;

enum { SERIES_SERVER_BYTES = SAMPLE_SERVER_BYTES + SAMPLE_ADDRESS_BYTES + 32 };

/*
 * No two series of a report have the same source and the same server. server is the name, else the
 * address, else "". Servers that share a name, as those of a pool do, are called "NAME (ADDRESS)";
 * if they share that as well, the second ends in " #2", and so on.
 */
struct series {
  const struct finding *finding;
  char server[SERIES_SERVER_BYTES];
};

/* Makes one series for each finding, in the order of the findings. The caller frees the array.
 * Returns NULL without memory. */
struct series *series_make(const struct report *report);

#endif

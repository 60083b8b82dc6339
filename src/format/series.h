/*
 * The servers of a report under names that tell them apart, for stores of time series: of two
 * lines of the same name one is lost there, and who reads them may refuse all.
 */
#ifndef NTP_MONITOR_SERIES_H
#define NTP_MONITOR_SERIES_H

#include "ntp_monitor/sample.h"

struct finding;
struct report;

enum { SERIES_SERVER_BYTES = SAMPLE_SERVER_BYTES + SAMPLE_ADDRESS_BYTES + 32 };

/*
 * No two of a report have the same source and the same server, whatever their names are.
 * server: its name, else its address, else "". Where a name stands for several (a pool):
 * "NAME (ADDRESS)"; and where that does, too, the second has " #2" behind it, and so on.
 */
struct series {
  const struct finding *finding;
  char server[SERIES_SERVER_BYTES];
};

/* One for each finding, in their order: on the heap, the caller's; NULL: no memory. */
struct series *series_make(const struct report *report);

#endif

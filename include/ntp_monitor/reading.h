/* A reading: the result of asking one source. */
#ifndef NTP_MONITOR_READING_H
#define NTP_MONITOR_READING_H

#include "ntp_monitor/sample.h"
#include "ntp_monitor/why.h"

enum { READING_MAX = 16 /* of one run */ };

/* Samples, or why there are none. */
struct reading {
  const char *source;
  struct samples samples;
  struct why why;     /* if samples.count is 0 */
  const char *keeper; /* source whose daemon sets this clock */
  const char *rival;  /* source whose daemon sets it as well, or NULL */
  struct why sick;    /* of a daemon that auto met before this source; REASON_OK: none */
};

#endif

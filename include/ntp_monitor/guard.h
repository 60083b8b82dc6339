/* How the process stands to the world around it: descriptors, signals, its own end. */
#ifndef NTP_MONITOR_GUARD_H
#define NTP_MONITOR_GUARD_H

#include <stdint.h>

/* First act: descriptors 0 to 2 exist, so that no file or socket becomes one of them;
 * signals are as a fresh process has them, whatever the caller left; SIGTERM ends the run with a
 * line on stderr and status 3. */
void guard_begin(void);

/* (Re)arms the last-resort timer: should a library call ignore the deadline
 * (CLOCK_MONOTONIC), the process ends with a line on stderr and status 3. */
void guard_deadline(int64_t deadline_ns);

#endif

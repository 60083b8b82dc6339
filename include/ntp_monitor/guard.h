/* The process's surroundings: descriptors, signals, and its end. */
#ifndef NTP_MONITOR_GUARD_H
#define NTP_MONITOR_GUARD_H

#include <stdint.h>

/* Call first. Opens descriptors 0 to 2 if closed, so that no file or socket becomes one of them;
 * unblocks all signals, whatever the caller left; ignores SIGPIPE and SIGXFSZ; makes SIGTERM end
 * the run with a line on stderr and status 3. */
void guard_begin(void);

/* Arms the last-resort timer, or moves it: if a library call ignores the deadline
 * (CLOCK_MONOTONIC), the process ends with a line on stderr and status 3. */
void guard_deadline(int64_t deadline_ns);

#endif

/* Recognises time services that have no source here. */
#ifndef NTP_MONITOR_KEEPER_H
#define NTP_MONITOR_KEEPER_H

#include <stdbool.h>

enum { KEEPER_TEXT_BYTES = 64 };

/* Looks for one that runs on this machine. Returns true with its name in out: "OpenNTPD". It takes
 * a few dozen system calls, so call it only when no source serves. */
bool keeper_find(char out[KEEPER_TEXT_BYTES]);

/* Returns whether systemd booted this machine, so that a system bus is expected. */
bool keeper_expects_bus(void);

#endif

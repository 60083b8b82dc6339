/* Time services that have no source here, as far as can be told in passing. */
#ifndef NTP_MONITOR_KEEPER_H
#define NTP_MONITOR_KEEPER_H

#include <stdbool.h>

enum { KEEPER_TEXT_BYTES = 64 };

/* Whether one of them runs on this machine; then out says which: "OpenNTPD". It takes a few dozen
 * system calls, so it is for runs that have nothing else to tell. */
bool keeper_find(char out[KEEPER_TEXT_BYTES]);

/* Whether this machine was booted by systemd, and so should have a system bus. */
bool keeper_expects_bus(void);

#endif

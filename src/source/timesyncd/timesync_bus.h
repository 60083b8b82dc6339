/* Reads systemd-timesyncd's D-Bus reply into fields. */
#ifndef NTP_MONITOR_TIMESYNC_BUS_H
#define NTP_MONITOR_TIMESYNC_BUS_H

#include <systemd/sd-bus.h>

struct timesync;
struct why;

/* Reads the reply to GetAll of org.freedesktop.timesync1.Manager, a{sv}, into raw: 0, or -EBADMSG
 * with why (bad-reply). The values are not checked. */
int timesync_bus_read(sd_bus_message *message, struct timesync *raw, struct why *why);

#endif

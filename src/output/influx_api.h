/* What InfluxDB's two HTTP APIs want of a request, and how they say no. Pure. */
#ifndef NTP_MONITOR_INFLUX_H
#define NTP_MONITOR_INFLUX_H

#include <stddef.h>

#include "ntp_monitor/config_influx.h"

struct config;

enum { INFLUX_URL_BYTES = 2048, INFLUX_REASON_BYTES = 256 };

/* The URL to post lines to at base (scheme://host:port): 0, or -ENAMETOOLONG. */
int influx_url(const struct config *config, enum influx_api api, const char *base,
               char url[INFLUX_URL_BYTES]);

/* The server's own words out of the body of its answer, cut to size and not yet escaped: its JSON's
 * message or error, or a plain text's first line; "" where there are none. */
void influx_reason(const char *body, char reason[INFLUX_REASON_BYTES]);

#endif

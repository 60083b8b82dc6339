/* The requests that InfluxDB's two HTTP APIs expect, and their error answers. Pure. */
#ifndef NTP_MONITOR_INFLUX_H
#define NTP_MONITOR_INFLUX_H

#include <stddef.h>

#include "ntp_monitor/config_influx.h"

struct config;

enum { INFLUX_URL_BYTES = 2048, INFLUX_REASON_BYTES = 256 };

/* Writes to url the address to post lines to; base is scheme://host:port. Returns 0 or
 * -ENAMETOOLONG. */
int influx_url(const struct config *config, enum influx_api api, const char *base,
               char url[INFLUX_URL_BYTES]);

/* Extracts the server's own words from the body of its answer: the message or error of JSON, or the
 * first line of plain text; "" if there are none. They are cut to size and not yet escaped. */
void influx_reason(const char *body, char reason[INFLUX_REASON_BYTES]);

/* Names the keys to check after this HTTP status (RFC 9110 section 15.5), as advice for why_set(),
 * or returns "". */
const char *influx_advice(enum influx_api api, long status);

#endif

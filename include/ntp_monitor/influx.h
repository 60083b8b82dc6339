/* What InfluxDB's two HTTP APIs want of a request, and how they say no. Pure. */
#ifndef NTP_MONITOR_INFLUX_H
#define NTP_MONITOR_INFLUX_H

#include <stddef.h>

struct config;
struct why;

/* InfluxDB 1 (POST /write) and 2 (POST /api/v2/write): docs.influxdata.com, "InfluxDB API". */
enum influx_api { INFLUX_1, INFLUX_2 };

enum { INFLUX_URL_BYTES = 2048, INFLUX_REASON_BYTES = 256 };

/*
 * Which of them the keys of [influx] are for: 0 with *api; or -EINVAL with why saying which key is
 * missing or too much, *key (static) then being the one that is set and shows it, or NULL where
 * none is.
 */
int influx_find_api(const struct config *config, enum influx_api *api, const char **key,
                    struct why *why);

/* The URL to post lines to at base (scheme://host:port): 0, or -ENAMETOOLONG. */
int influx_url(const struct config *config, enum influx_api api, const char *base,
               char url[INFLUX_URL_BYTES]);

/* The server's own words out of the body of its answer, cut to size and not yet escaped: its JSON's
 * message or error, or a plain text's first line; "" where there are none. */
void influx_reason(const char *body, char reason[INFLUX_REASON_BYTES]);

#endif

/* Finds which of InfluxDB's two HTTP APIs the keys of [influx] are for. Pure. */
#ifndef NTP_MONITOR_CONFIG_INFLUX_H
#define NTP_MONITOR_CONFIG_INFLUX_H

struct config;
struct why;

/* InfluxDB 1 (POST /write) and 2 (POST /api/v2/write): docs.influxdata.com, "InfluxDB API". */
enum influx_api { INFLUX_1, INFLUX_2 };

/*
 * Decides which of them the keys of [influx] are for. Returns 0 with *api, or -EINVAL with why
 * saying which key is missing or too many. *key (static) is the key that is set and shows it, or
 * NULL if none is.
 */
int config_find_influx(const struct config *config, enum influx_api *api, const char **key,
                       struct why *why);

#endif

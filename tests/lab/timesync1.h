/*
 * timesync1: the properties of org.freedesktop.timesync1.Manager with the values a test wants.
 */
#ifndef NTP_MONITOR_LAB_TIMESYNC1_H
#define NTP_MONITOR_LAB_TIMESYNC1_H

#include <stdint.h>
#include <systemd/sd-bus.h>

#include "settings.h"

struct timesync1 {
  int64_t leap, version, mode, stratum, precision, root_delay_us, root_dispersion_us;
  int64_t t1, t2, t3, t4, spike, packets, jitter_us;
  int64_t poll_us, poll_min_us, poll_max_us, root_distance_max_us, frequency, family;
  int64_t age, offset, delay, late; /* ns */
  struct settings_bytes reference, name, address, error_name, error_message;
};

typedef int timesync1_append(sd_bus_message *to, const struct timesync1 *values);

void timesync1_init(struct timesync1 *values);

/* One NAME=VALUE; returns as settings_apply does. */
int timesync1_set(struct timesync1 *values, const char *item);

void timesync1_print(FILE *out);

/* Appends the fields of NTPMessage, without the struct around them. */
int timesync1_append_fields(sd_bus_message *to, const struct timesync1 *values);

/* Appends the dictionary of all properties; that of one name through `instead`, or not at all if
   that is NULL. A NULL name replaces none. */
int timesync1_append_all(sd_bus_message *to, const struct timesync1 *values, const char *name,
                         timesync1_append *instead);

/* Appends one property as a variant, or returns -ENOENT. */
int timesync1_append_one(sd_bus_message *to, const struct timesync1 *values, const char *name);

#endif

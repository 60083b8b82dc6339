/*
 * timesync1: the properties of org.freedesktop.timesync1.Manager with the values a test wants.
 *
 * Without t1..t4 the four time stamps follow from age, offset and delay, at the moment of the
 * answer.
 */
#include "timesync1.h"

#include <errno.h>
#include <stdbool.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>

#define ROW(field_, kind_, doc_) \
  { #field_, doc_, kind_, offsetof(struct timesync1, field_) }
static const struct settings_key keys[] = {
    ROW(leap, SETTINGS_COUNT, "0"),
    ROW(version, SETTINGS_COUNT, "4"),
    ROW(mode, SETTINGS_COUNT, "4"),
    ROW(stratum, SETTINGS_COUNT, "2"),
    ROW(precision, SETTINGS_COUNT, "-20"),
    ROW(root_delay_us, SETTINGS_COUNT, "0"),
    ROW(root_dispersion_us, SETTINGS_COUNT, "0"),
    ROW(reference, SETTINGS_BYTES, "LAB and a NUL; any length"),
    ROW(t1, SETTINGS_MOMENT, "origin time"),
    ROW(t2, SETTINGS_MOMENT, "receive time"),
    ROW(t3, SETTINGS_MOMENT, "transmit time"),
    ROW(t4, SETTINGS_MOMENT, "destination time"),
    ROW(age, SETTINGS_TIME, "10s: now - t4"),
    ROW(offset, SETTINGS_TIME, "0.5ms: server ahead is positive"),
    ROW(delay, SETTINGS_TIME, "1ms"),
    ROW(spike, SETTINGS_COUNT, "0"),
    ROW(packets, SETTINGS_COUNT, "10"),
    ROW(jitter_us, SETTINGS_COUNT, "1207"),
    ROW(poll_us, SETTINGS_COUNT, "32000000"),
    ROW(poll_min_us, SETTINGS_COUNT, "32000000"),
    ROW(poll_max_us, SETTINGS_COUNT, "2048000000"),
    ROW(root_distance_max_us, SETTINGS_COUNT, "5000000"),
    ROW(frequency, SETTINGS_COUNT, "0"),
    ROW(name, SETTINGS_BYTES, "ntp.example.org"),
    ROW(family, SETTINGS_COUNT, "2 (AF_INET); 10 is AF_INET6"),
    ROW(address, SETTINGS_BYTES, "0xc0000201 (192.0.2.1)"),
    ROW(error_name, SETTINGS_BYTES, "for the mode error"),
    ROW(error_message, SETTINGS_BYTES, "for the mode error"),
    ROW(late, SETTINGS_TIME, "0: answer so much later"),
};
static const size_t KEY_COUNT = sizeof keys / sizeof keys[0];

static const struct timesync1 DEFAULTS = {
    .version = 4,
    .mode = 4,
    .stratum = 2,
    .precision = -20,
    .packets = 10,
    .jitter_us = 1207,
    .t1 = INT64_MIN,
    .t2 = INT64_MIN,
    .t3 = INT64_MIN,
    .t4 = INT64_MIN,
    .poll_us = 32000000,
    .poll_min_us = 32000000,
    .poll_max_us = 2048000000,
    .root_distance_max_us = 5000000,
    .family = AF_INET,
    .age = 10000000000,
    .offset = 500000,
    .delay = 1000000,
    .reference = {"LAB", 4},
    .name = {"ntp.example.org", 15},
    .address = {"\xc0\0\2\1", 4},
    .error_name = {"org.example.Broken", 18},
    .error_message = {"it broke", 8},
};

void timesync1_init(struct timesync1 *values) {
  *values = DEFAULTS;
}

int timesync1_set(struct timesync1 *values, const char *item) {
  return settings_apply(keys, KEY_COUNT, item, values);
}

void timesync1_print(FILE *out) {
  settings_print(keys, KEY_COUNT, out);
}

static void derive_times(const struct timesync1 *values, int64_t us[4]) {
  struct timespec now;
  int64_t t4 = 0;

  (void)clock_gettime(CLOCK_REALTIME, &now);
  t4 = now.tv_sec * INT64_C(1000000) + now.tv_nsec / 1000 - values->age / 1000;
  us[0] = values->t1 != INT64_MIN ? values->t1 : t4 - values->delay / 1000;
  us[1] = values->t2 != INT64_MIN ? values->t2 : t4 + (values->offset - values->delay / 2) / 1000;
  us[2] = values->t3 != INT64_MIN ? values->t3 : t4 + (values->offset - values->delay / 2) / 1000;
  us[3] = values->t4 != INT64_MIN ? values->t4 : t4;
}

int timesync1_append_fields(sd_bus_message *to, const struct timesync1 *values) {
  int64_t us[4];
  int r = 0;

  derive_times(values, us);
  r = sd_bus_message_append(to, "uuuuitt", (uint32_t)values->leap, (uint32_t)values->version,
                            (uint32_t)values->mode, (uint32_t)values->stratum,
                            (int32_t)values->precision, (uint64_t)values->root_delay_us,
                            (uint64_t)values->root_dispersion_us);
  if (r >= 0) {
    r = sd_bus_message_append_array(to, 'y', values->reference.data, values->reference.length);
  }
  if (r >= 0) {
    r = sd_bus_message_append(to, "ttttbtt", (uint64_t)us[0], (uint64_t)us[1], (uint64_t)us[2],
                              (uint64_t)us[3], (int)values->spike, (uint64_t)values->packets,
                              (uint64_t)values->jitter_us);
  }
  return r;
}

static int append_message(sd_bus_message *to, const struct timesync1 *values) {
  int r = 0;

  if ((r = sd_bus_message_open_container(to, 'v', "(uuuuittayttttbtt)")) < 0 ||
      (r = sd_bus_message_open_container(to, 'r', "uuuuittayttttbtt")) < 0 ||
      (r = timesync1_append_fields(to, values)) < 0 ||
      (r = sd_bus_message_close_container(to)) < 0) {
    return r;
  }
  return sd_bus_message_close_container(to);
}

static int append_name(sd_bus_message *to, const struct timesync1 *values) {
  return sd_bus_message_append(to, "v", "s", (const char *)values->name.data);
}

static int append_address(sd_bus_message *to, const struct timesync1 *values) {
  int r = 0;

  if ((r = sd_bus_message_open_container(to, 'v', "(iay)")) < 0 ||
      (r = sd_bus_message_open_container(to, 'r', "iay")) < 0 ||
      (r = sd_bus_message_append(to, "i", (int32_t)values->family)) < 0 ||
      (r = sd_bus_message_append_array(to, 'y', values->address.data, values->address.length)) <
          0 ||
      (r = sd_bus_message_close_container(to)) < 0) {
    return r;
  }
  return sd_bus_message_close_container(to);
}

static int append_servers(sd_bus_message *to, const struct timesync1 *values) {
  return sd_bus_message_append(to, "v", "as", 1, (const char *)values->name.data);
}

static int append_none(sd_bus_message *to, const struct timesync1 *values) {
  (void)values;
  return sd_bus_message_append(to, "v", "as", 0);
}

static int append_root_distance_max(sd_bus_message *to, const struct timesync1 *values) {
  return sd_bus_message_append(to, "v", "t", (uint64_t)values->root_distance_max_us);
}

static int append_poll_min(sd_bus_message *to, const struct timesync1 *values) {
  return sd_bus_message_append(to, "v", "t", (uint64_t)values->poll_min_us);
}

static int append_poll_max(sd_bus_message *to, const struct timesync1 *values) {
  return sd_bus_message_append(to, "v", "t", (uint64_t)values->poll_max_us);
}

static int append_poll(sd_bus_message *to, const struct timesync1 *values) {
  return sd_bus_message_append(to, "v", "t", (uint64_t)values->poll_us);
}

static int append_frequency(sd_bus_message *to, const struct timesync1 *values) {
  return sd_bus_message_append(to, "v", "x", (int64_t)values->frequency);
}

static const struct property {
  const char *name;
  timesync1_append *append;
} properties[] = {
    /* in the order of the real one */
    {"LinkNTPServers", append_none},
    {"SystemNTPServers", append_servers},
    {"RuntimeNTPServers", append_none},
    {"FallbackNTPServers", append_none},
    {"ServerName", append_name},
    {"ServerAddress", append_address},
    {"RootDistanceMaxUSec", append_root_distance_max},
    {"PollIntervalMinUSec", append_poll_min},
    {"PollIntervalMaxUSec", append_poll_max},
    {"PollIntervalUSec", append_poll},
    {"NTPMessage", append_message},
    {"Frequency", append_frequency},
};
static const size_t PROPERTY_COUNT = sizeof properties / sizeof properties[0];

int timesync1_append_one(sd_bus_message *to, const struct timesync1 *values, const char *name) {
  for (size_t i = 0; i < PROPERTY_COUNT; i++) {
    if (strcmp(properties[i].name, name) == 0) {
      return properties[i].append(to, values);
    }
  }
  return -ENOENT;
}

int timesync1_append_all(sd_bus_message *to, const struct timesync1 *values, const char *name,
                         timesync1_append *instead) {
  int r = sd_bus_message_open_container(to, 'a', "{sv}");

  for (size_t i = 0; r >= 0 && i < PROPERTY_COUNT; i++) {
    const struct property *property = &properties[i];
    bool replaced = name && strcmp(name, property->name) == 0;
    timesync1_append *append = replaced ? instead : property->append;
    if (append == NULL) {
      continue;
    }
    if ((r = sd_bus_message_open_container(to, 'e', "sv")) >= 0 &&
        (r = sd_bus_message_append(to, "s", property->name)) >= 0 &&
        (r = append(to, values)) >= 0) {
      r = sd_bus_message_close_container(to);
    }
  }
  return r < 0 ? r : sd_bus_message_close_container(to);
}

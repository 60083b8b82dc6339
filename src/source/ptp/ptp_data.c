/*
 * The data sets of ptp4l, one row each.
 *
 * All numbers are big-endian. The fields that are read, by their first byte:
 *
 *   +--------------------------+-------+------------------------------------------------+
 *   |                          | bytes |                                                |
 *   +--------------------------+-------+------------------------------------------------+
 *   | DEFAULT_DATA_SET         |  20   |  2 numberPorts (2)        18 domainNumber (1)  |
 *   | CURRENT_DATA_SET         |  18   |  0 stepsRemoved (2)        2 offsetFromMaster  |
 *   |                          |       | 10 meanPathDelay                               |
 *   | PARENT_DATA_SET          |  32   |  0 parentPortIdentity     19 clockClass (1)    |
 *   |                          |       | 20 clockAccuracy (1)                           |
 *   | TIME_PROPERTIES_DATA_SET |   4   |  0 currentUtcOffset (2)    2 flags (1):        |
 *   |                          |       |    1 leap61, 2 leap59, 16 timeTraceable        |
 *   | PORT_DATA_SET            |  26   |  0 portIdentity           10 portState (1)     |
 *   |                          |       | 12 peerMeanPathDelay      22 logSyncInterval   |
 *   |                          |       | 23 delayMechanism (1)        (1, signed)       |
 *   | TIME_STATUS_NP           |  50   |  0 master_offset (8, ns)   8 ingress_time      |
 *   |                          |       | 38 gmPresent (4)             (8, ns)           |
 *   |                          |       |                           42 gmIdentity (8)    |
 *   +--------------------------+-------+------------------------------------------------+
 *
 * A port's identity is its clock's (8 bytes) and a number (2). Intervals have 8 bytes and count
 * 2^-16 ns (IEEE 1588-2008 clause 5.3.2) except those marked ns.
 */
#include "source/ptp/ptp_data.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "ntp_monitor/bytes.h"
#include "ntp_monitor/duration.h"
#include "ntp_monitor/wide.h"

#define DAY_NS INT64_C(86400000000000)

/* Reads an interval in 2^-16 ns, rounded to the nearest ns, halves away from 0. */
static int64_t get_interval_ns(const uint8_t *at) {
  enum { UNITS = 1 << 16 };
  int64_t units = (int64_t)bytes_get64(at);
  int64_t rest = units % UNITS;
  return units / UNITS + (rest >= UNITS / 2) - (rest <= -UNITS / 2);
}

static struct ptp_identity get_identity(const uint8_t *at) {
  struct ptp_identity identity = {.port = bytes_get16(at + PTP_IDENTITY_BYTES)};
  memcpy(identity.clock, at, PTP_IDENTITY_BYTES);
  return identity;
}

/* Decodes IEEE 1588-2019 table 5, rounded up to ns: from 1 ps at 0x17 to 10 s at 0x30; -1 for any
 * other code. */
static int64_t get_accuracy_ns(unsigned code) {
  static const int64_t most_ns[] = {
      1,       1,       1,        1,        1,         1,         1,          3,           10,
      25,      100,     250,      1000,     2500,      10000,     25000,      100000,      250000,
      1000000, 2500000, 10000000, 25000000, 100000000, 250000000, 1000000000, 10000000000,
  };
  enum { FIRST = 0x17, COUNT = sizeof most_ns / sizeof *most_ns };
  if (code < FIRST || code >= FIRST + COUNT) {
    return -1;
  }
  return most_ns[code - FIRST];
}

static const char *read_defaults(const uint8_t *bytes, struct ptp_data *data) {
  data->defaults.ports = bytes_get16(bytes + 2);
  data->defaults.domain = bytes[18];
  if (data->defaults.ports == 0) {
    return "numberPorts is 0";
  }
  return NULL;
}

static const char *read_current(const uint8_t *bytes, struct ptp_data *data) {
  data->current.steps_removed = bytes_get16(bytes);
  data->current.offset_ns = get_interval_ns(bytes + 2);
  data->current.delay_ns = get_interval_ns(bytes + 10);
  return NULL;
}

static const char *read_parent(const uint8_t *bytes, struct ptp_data *data) {
  data->parent.parent = get_identity(bytes);
  data->parent.clock_class = bytes[19];
  data->parent.accuracy_ns = get_accuracy_ns(bytes[20]);
  return NULL;
}

static const char *read_time_properties(const uint8_t *bytes, struct ptp_data *data) {
  data->time_properties.utc_offset_s = (int16_t)bytes_get16(bytes);
  data->time_properties.leap61 = (bytes[2] & 1) != 0;
  data->time_properties.leap59 = (bytes[2] & 2) != 0;
  data->time_properties.traceable = (bytes[2] & 16) != 0;
  return NULL;
}

static const char *read_port(const uint8_t *bytes, struct ptp_data *data) {
  data->port.identity = get_identity(bytes);
  data->port.state = bytes[10];
  data->port.delay_ns = get_interval_ns(bytes + 12);
  data->port.sync_log2_s = bytes_signed(bytes[22], 8);
  data->port.delay_mechanism = bytes[23];
  if (data->port.state == 0 || data->port.state >= PTP_PORT_STATES) {
    return "unknown portState";
  }
  return NULL;
}

static const char *read_time_status(const uint8_t *bytes, struct ptp_data *data) {
  static const uint8_t no[4] = {0};
  static const uint8_t yes[4] = {0, 0, 0, 1};
  data->time_status.offset_ns = (int64_t)bytes_get64(bytes);
  data->time_status.ingress_ns = (int64_t)bytes_get64(bytes + 8);
  data->time_status.present = memcmp(bytes + 38, yes, sizeof yes) == 0;
  memcpy(data->time_status.grandmaster, bytes + 42, PTP_IDENTITY_BYTES);
  if (data->time_status.offset_ns == INT64_MIN) {
    return "master_offset is -2^63";
  }
  if (!data->time_status.present && memcmp(bytes + 38, no, sizeof no) != 0) {
    return "gmPresent is not 0 or 1";
  }
  return NULL;
}

static const struct row {
  enum ptp_id id;
  size_t bytes;
  const char *name;
  const char *(*read)(const uint8_t *bytes, struct ptp_data *data);
} rows[] = {
    {PTP_DEFAULT_DATA_SET, 20, "DEFAULT_DATA_SET", read_defaults},
    {PTP_CURRENT_DATA_SET, 18, "CURRENT_DATA_SET", read_current},
    {PTP_PARENT_DATA_SET, 32, "PARENT_DATA_SET", read_parent},
    {PTP_TIME_PROPERTIES_DATA_SET, 4, "TIME_PROPERTIES_DATA_SET", read_time_properties},
    {PTP_PORT_DATA_SET, 26, "PORT_DATA_SET", read_port},
    {PTP_TIME_STATUS_NP, 50, "TIME_STATUS_NP", read_time_status}, /* the last */
};

static const struct row *ptp_data_find(enum ptp_id id) {
  const struct row *row = rows;
  while (row->id != id && row->id != PTP_TIME_STATUS_NP) {
    row++;
  }
  return row;
}

const char *ptp_data_name(enum ptp_id id) {
  return ptp_data_find(id)->name;
}

size_t ptp_data_bytes(enum ptp_id id) {
  return ptp_data_find(id)->bytes;
}

const char *ptp_data_read(enum ptp_id id, const uint8_t *bytes, struct ptp_data *data) {
  *data = (struct ptp_data){.id = id};
  return ptp_data_find(id)->read(bytes, data);
}

/* --- for people -------------------------------------------------------------- */

const char *ptp_data_identity(char out[PTP_IDENTITY_TEXT_BYTES],
                              const uint8_t identity[PTP_IDENTITY_BYTES]) {
  const uint8_t *id = identity;
  (void)snprintf(out, PTP_IDENTITY_TEXT_BYTES, "%02x%02x%02x.%02x%02x.%02x%02x%02x", id[0], id[1],
                 id[2], id[3], id[4], id[5], id[6], id[7]);
  return out;
}

const char *ptp_data_state(unsigned state) {
  static const char *const names[PTP_PORT_STATES] = {
      "?",      "INITIALIZING", "FAULTY",       "DISABLED", "LISTENING",    "PRE_MASTER",
      "MASTER", "PASSIVE",      "UNCALIBRATED", "SLAVE",    "GRAND_MASTER",
  };
  return names[state < PTP_PORT_STATES ? state : 0];
}

const char *ptp_data_print(char *out, size_t size_bytes, const struct ptp_data *data) {
  char id[PTP_IDENTITY_TEXT_BYTES] = "";
  int used = snprintf(out, size_bytes, "%s ", ptp_data_name(data->id));
  out += used;
  size_bytes -= (size_t)used;
  switch (data->id) {
  case PTP_DEFAULT_DATA_SET:
    (void)snprintf(out, size_bytes, "numberPorts=%u domainNumber=%u", data->defaults.ports,
                   data->defaults.domain);
    break;
  case PTP_CURRENT_DATA_SET:
    (void)snprintf(out, size_bytes,
                   "stepsRemoved=%u offsetFromMaster=%" PRId64 " meanPathDelay=%" PRId64 " (ns)",
                   data->current.steps_removed, data->current.offset_ns, data->current.delay_ns);
    break;
  case PTP_PARENT_DATA_SET:
    (void)snprintf(out, size_bytes,
                   "parentPortIdentity=%s-%u gm.ClockClass=%u gm.ClockAccuracy=%" PRId64
                   " (ns; -1: not told)",
                   ptp_data_identity(id, data->parent.parent.clock), data->parent.parent.port,
                   data->parent.clock_class, data->parent.accuracy_ns);
    break;
  case PTP_TIME_PROPERTIES_DATA_SET:
    (void)snprintf(out, size_bytes, "currentUtcOffset=%d leap61=%d leap59=%d timeTraceable=%d",
                   data->time_properties.utc_offset_s, data->time_properties.leap61,
                   data->time_properties.leap59, data->time_properties.traceable);
    break;
  case PTP_PORT_DATA_SET:
    (void)snprintf(out, size_bytes,
                   "portState=%s delayMechanism=%u peerMeanPathDelay=%" PRId64
                   " (ns) logSyncInterval=%d",
                   ptp_data_state(data->port.state), data->port.delay_mechanism,
                   data->port.delay_ns, data->port.sync_log2_s);
    break;
  case PTP_TIME_STATUS_NP:
    (void)snprintf(out, size_bytes,
                   "master_offset=%" PRId64 " ingress_time=%" PRId64
                   " (ns) gmPresent=%d gmIdentity=%s",
                   data->time_status.offset_ns, data->time_status.ingress_ns,
                   data->time_status.present, ptp_data_identity(id, data->time_status.grandmaster));
    break;
  }
  return out - used;
}

int64_t ptp_data_jitter_ns(const int64_t *offsets_ns, size_t count) {
  struct wide sum = {0};
  for (size_t i = 1; i < count; i++) {
    int64_t difference_ns = 0;
    if (__builtin_sub_overflow(offsets_ns[i], offsets_ns[i - 1], &difference_ns) ||
        difference_ns > DAY_NS || difference_ns < -DAY_NS) {
      return -1;
    }
    uint64_t twice_ns = 2 * (uint64_t)duration_abs(difference_ns);
    wide_add_product(&sum, twice_ns, twice_ns);
  }
  if (count < 2) {
    return -1;
  }
  /* The root of doubled differences, halved and rounded up, is rounded to the nearest. */
  return (int64_t)((wide_root(wide_divide(sum, count - 1)) + 1) / 2);
}

/*
 * The table of configuration keys, one row each.
 *
 * The reader, --print-config and the help use this table; the example file and the manual are
 * tested against it.
 */
#include <assert.h>
#include <stddef.h>
#include <string.h>
#include <strings.h>
#include <syslog.h>

#include "ntp_monitor/config.h"
#include "ntp_monitor/duration.h"

static const struct config_word bools[] = {{"true", 1}, {"false", 0}, {"yes", 1},
                                           {"no", 0},   {"on", 1},    {"off", 0},
                                           {"1", 1},    {"0", 0},     {NULL, 0}};

/* WARN and FATAL are words of Python's logging, so files of the older Python script may use them.
 */
static const struct config_word levels[] = {
    {"DEBUG", SEVERITY_DEBUG},       {"INFO", SEVERITY_INFO},
    {"WARNING", SEVERITY_WARNING},   {"ERROR", SEVERITY_ERROR},
    {"CRITICAL", SEVERITY_CRITICAL}, {"WARN", SEVERITY_WARNING},
    {"FATAL", SEVERITY_CRITICAL},    {NULL, 0}};

static const struct config_word facilities[] = {{"daemon", LOG_FAC(LOG_DAEMON)},
                                                {"user", LOG_FAC(LOG_USER)},
                                                {"cron", LOG_FAC(LOG_CRON)},
                                                {"syslog", LOG_FAC(LOG_SYSLOG)},
                                                {"auth", LOG_FAC(LOG_AUTH)},
                                                {"authpriv", LOG_FAC(LOG_AUTHPRIV)},
                                                {"local0", LOG_FAC(LOG_LOCAL0)},
                                                {"local1", LOG_FAC(LOG_LOCAL1)},
                                                {"local2", LOG_FAC(LOG_LOCAL2)},
                                                {"local3", LOG_FAC(LOG_LOCAL3)},
                                                {"local4", LOG_FAC(LOG_LOCAL4)},
                                                {"local5", LOG_FAC(LOG_LOCAL5)},
                                                {"local6", LOG_FAC(LOG_LOCAL6)},
                                                {"local7", LOG_FAC(LOG_LOCAL7)},
                                                {NULL, 0}};

static const struct config_word formats[] = {{"auto", SYSLOG_FORMAT_AUTO},
                                             {"rfc3164", SYSLOG_FORMAT_RFC3164},
                                             {"rfc5424", SYSLOG_FORMAT_RFC5424},
                                             {NULL, 0}};

/* A key's type and its field. A field of another C type does not compile. */
#define OFFSET_IF_INT64(field) \
  _Generic(&((struct config *)NULL)->field, int64_t * : offsetof(struct config, field))
#define OFFSET_IF_BOOL(field) \
  _Generic(&((struct config *)NULL)->field, bool * : offsetof(struct config, field))
#define OFFSET_IF_TEXT(field)                                          \
  _Generic(&((struct config *)NULL)->field, char(*)[CONFIG_TEXT_BYTES] \
           : offsetof(struct config, field))
#define TIME(field) .type = CONFIG_TIME, .offset = OFFSET_IF_INT64(field)
#define COUNT(field) .type = CONFIG_COUNT, .offset = OFFSET_IF_INT64(field)
#define WORD(field) .type = CONFIG_WORD, .offset = OFFSET_IF_INT64(field)
#define BOOL(field) .type = CONFIG_BOOL, .offset = OFFSET_IF_BOOL(field)
#define TEXT(kind, field) .type = (kind), .offset = OFFSET_IF_TEXT(field)

#define TIME_RANGE .min = 1, .max = 1000000 * DURATION_S
#define RANGE(least, greatest) .min = (least), .max = (greatest)

/* The two keys of a metric, with their defaults. type: TIME or COUNT. */
#define LIMITS(word, metric, type, range, warning_at, critical_at, what)                    \
  {.name = word "_threshold",                                                               \
   .section = "monitoring",                                                                 \
   type(limit[metric].warning),                                                             \
   range,                                                                                   \
   .initial = (warning_at),                                                                 \
   .none = "off",                                                                           \
   .doc = what " is a WARNING"},                                                            \
  {                                                                                         \
    .name = word "_critical", .section = "monitoring", type(limit[metric].critical), range, \
    .initial = (critical_at), .none = "off", .doc = what " is CRITICAL"                     \
  }

const struct config_key config_keys[] = {
    LIMITS("jitter", METRIC_JITTER, TIME, TIME_RANGE, "2s", "off", "jitter above this"),
    LIMITS("offset", METRIC_OFFSET, TIME, TIME_RANGE, "1s", "1min",
           "offset above this in either direction"),
    LIMITS("delay", METRIC_DELAY, TIME, TIME_RANGE, "off", "off", "delay above this"),
    LIMITS("root_distance", METRIC_ROOT_DISTANCE, TIME, TIME_RANGE, "5s", "off",
           "root distance above this"),
    LIMITS("error_bound", METRIC_ERROR_BOUND, TIME, TIME_RANGE, "off", "off",
           "error bound above this"),
    LIMITS("stratum", METRIC_STRATUM, COUNT, RANGE(0, 15), "9", "off", "stratum above this"),
    LIMITS("reach", METRIC_REACH, COUNT, RANGE(1, 8), "off", "off", "reach below this"),
    LIMITS("clock_class", METRIC_CLOCK_CLASS, COUNT, RANGE(0, 254), "off", "off",
           "PTP clock class above this"),
    {.name = "stale_after",
     .section = "monitoring",
     TIME(stale_after_ns),
     TIME_RANGE,
     .initial = "auto",
     .none = "auto",
     .doc = "age above this is a WARNING; auto: 3 polls; timesyncd: 1 poll + 13min"},
    {.name = "min_replies",
     .section = "monitoring",
     COUNT(min_replies),
     .initial = "2",
     RANGE(1, 1000),
     .doc = "fewer replies mean that timesyncd is warming up"},
    {.name = "source",
     .section = "monitoring",
     TEXT(CONFIG_SOURCES, source_text),
     .initial = "auto",
     .doc = "sources of readings, separated by spaces"},
    {.name = "timeout",
     .section = "monitoring",
     TIME(timeout_ns),
     .initial = "10s",
     RANGE(DURATION_MS, 1000000 * DURATION_S),
     .doc = "deadline of the whole run"},
    {.name = "debug_mode",
     .section = "monitoring",
     BOOL(debug_mode),
     .initial = "false",
     .words = bools,
     .doc = "log a trace of the run as DEBUG"},
    {.name = "log_level",
     .section = "monitoring",
     WORD(log_level),
     .initial = "INFO",
     .words = levels,
     .doc = "lines below this level are not logged"},
    {.name = "syslog_address",
     .section = "logging",
     TEXT(CONFIG_ADDRESS, syslog_address),
     .initial = "/dev/log",
     .doc = "destination of log lines (ADDRESS above)"},
    {.name = "syslog_facility",
     .section = "logging",
     WORD(facility),
     .initial = "daemon",
     .words = facilities,
     .doc = "facility of log lines"},
    {.name = "syslog_format",
     .section = "logging",
     WORD(syslog_format),
     .initial = "auto",
     .words = formats,
     .doc = "format of lines sent over UDP; auto: rfc5424"},
    {.name = "prometheus",
     .section = "output",
     TEXT(CONFIG_FILE, output_prometheus),
     .initial = "",
     .doc = "file for node_exporter's textfile collector, written by each run"},
    {.name = "json",
     .section = "output",
     TEXT(CONFIG_FILE, output_json),
     .initial = "",
     .doc = "file with the last report"},
    {.name = "influx",
     .section = "output",
     TEXT(CONFIG_TARGET, output_influx),
     .initial = "",
     .doc = "file, udp://host:port, http://host[:port] or https://host[:port]"},
    {.name = "database",
     .section = "influx",
     TEXT(CONFIG_NAME, influx_database),
     .initial = "",
     .doc = "InfluxDB 1: name of the database"},
    {.name = "username",
     .section = "influx",
     TEXT(CONFIG_NAME, influx_username),
     .initial = "",
     .doc = "InfluxDB 1: name of the user"},
    {.name = "password_file",
     .section = "influx",
     TEXT(CONFIG_SECRET, influx_password_file),
     .initial = "",
     .doc = "InfluxDB 1: file with the password, mode 600"},
    {.name = "org",
     .section = "influx",
     TEXT(CONFIG_NAME, influx_org),
     .initial = "",
     .doc = "InfluxDB 2: name or ID of the organisation"},
    {.name = "bucket",
     .section = "influx",
     TEXT(CONFIG_NAME, influx_bucket),
     .initial = "",
     .doc = "InfluxDB 2: name of the bucket"},
    {.name = "token_file",
     .section = "influx",
     TEXT(CONFIG_SECRET, influx_token_file),
     .initial = "",
     .doc = "InfluxDB 2: file with the token, mode 600"},
    {.name = "ca_file",
     .section = "influx",
     TEXT(CONFIG_FILE, influx_ca_file),
     .initial = "",
     .doc = "PEM certificates trusted for https://; default: those of the system"},
    {.name = "servers",
     .section = "sntp",
     TEXT(CONFIG_SERVERS, sntp_servers),
     .initial = "",
     .doc = "NTP servers to query: host[:port], separated by spaces"},
    {.name = "samples",
     .section = "sntp",
     COUNT(sntp_samples),
     RANGE(1, 64),
     .initial = "4",
     .doc = "number of requests to each server"},
    {.name = "interval",
     .section = "sntp",
     TIME(sntp_interval_ns),
     .initial = "2s",
     RANGE(250 * DURATION_MS, DURATION_MIN),
     .doc = "time between these requests"},
    {.name = "min_truechimers",
     .section = "sntp",
     COUNT(min_truechimers),
     RANGE(1, 1000),
     .initial = "auto",
     .none = "auto",
     .doc = "fewer servers in agreement are a WARNING; auto: more than half"},
    {.name = "socket",
     .section = "chrony",
     TEXT(CONFIG_PATH, chrony_socket),
     .initial = "/run/chrony/chronyd.sock",
     .doc = "chronyd's command socket, for users who may use it"},
    {.name = "port",
     .section = "chrony",
     COUNT(chrony_port),
     RANGE(1, 65535),
     .initial = "323",
     .doc = "chronyd's UDP command port on this machine, for all other users"},
    {.name = "sockets",
     .section = "ptp",
     TEXT(CONFIG_PATHS, ptp_sockets),
     .initial = "/run/ptp4lro /run/ptp/ptp4lro /run/ptp4l /run/ptp/ptp4l",
     .doc = "ptp4l's management sockets, tried in this order"},
    {.name = "domain",
     .section = "ptp",
     COUNT(ptp_domain),
     RANGE(0, 255),
     .initial = "0",
     .doc = "ptp4l's domainNumber"},
    {.name = "transport_specific",
     .section = "ptp",
     COUNT(ptp_transport_specific),
     RANGE(0, 15),
     .initial = "0",
     .doc = "ptp4l's transportSpecific; 1 for gPTP"},
    {.name = "ptp_samples",
     .section = "ptp",
     COUNT(ptp_samples),
     RANGE(1, 100),
     .initial = "8",
     .doc = "number of offsets for the jitter; 1: no jitter"},
    {.name = "ptp_interval",
     .section = "ptp",
     TIME(ptp_interval_ns),
     .initial = "100ms",
     RANGE(10 * DURATION_MS, DURATION_MIN),
     .doc = "time between these offsets"},
};

const size_t config_key_count = sizeof config_keys / sizeof *config_keys;

static_assert(sizeof config_keys / sizeof *config_keys <= CONFIG_KEYS_MAX,
              "an origin for every key");

const struct config_key *config_key_at(size_t offset) {
  const struct config_key *key = config_keys;
  while (key->offset != offset) {
    key++;
  }
  return key;
}

const struct config_key *config_limit_key(enum metric metric, bool critical) {
  size_t field = offsetof(struct limit, warning);
  if (critical) {
    field = offsetof(struct limit, critical);
  }
  return config_key_at(offsetof(struct config, limit) + metric * sizeof(struct limit) + field);
}

const struct config_key *config_find(const char *section, const char *name) {
  for (size_t i = 0; i < config_key_count; i++) {
    if (strcmp(config_keys[i].section, section) == 0 &&
        strcasecmp(config_keys[i].name, name) == 0) {
      return &config_keys[i];
    }
  }
  return NULL;
}

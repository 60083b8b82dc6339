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

#define MONITORING(field) .section = "monitoring", .offset = offsetof(struct config, field)
#define LOGGING(field) .section = "logging", .offset = offsetof(struct config, field)
#define SNTP(field) .section = "sntp", .offset = offsetof(struct config, field)
#define OUTPUT(field) .section = "output", .offset = offsetof(struct config, field)
#define INFLUX(field) .section = "influx", .offset = offsetof(struct config, influx_##field)
#define PTP(field) .section = "ptp", .offset = offsetof(struct config, field)
#define TIME_RANGE .type = CONFIG_TIME, .min = 1, .max = 1000000 * DURATION_S

#define COUNT_RANGE(least, greatest) .type = CONFIG_COUNT, .min = (least), .max = (greatest)
/* The two keys of a metric, with their defaults. */
#define LIMITS(word, metric, range, warning_at, critical_at, what)                                 \
  {.name = word "_threshold",                                                                      \
   MONITORING(limit[metric].warning),                                                              \
   range,                                                                                          \
   .initial = (warning_at),                                                                        \
   .none = "off",                                                                                  \
   .doc = what " is a WARNING"},                                                                   \
  {                                                                                                \
    .name = word "_critical", MONITORING(limit[metric].critical), range, .initial = (critical_at), \
    .none = "off", .doc = what " is CRITICAL"                                                      \
  }

const struct config_key config_keys[] = {
    LIMITS("jitter", METRIC_JITTER, TIME_RANGE, "2s", "off", "jitter above this"),
    LIMITS("offset", METRIC_OFFSET, TIME_RANGE, "1s", "1min",
           "offset above this in either direction"),
    LIMITS("delay", METRIC_DELAY, TIME_RANGE, "off", "off", "delay above this"),
    LIMITS("root_distance", METRIC_ROOT_DISTANCE, TIME_RANGE, "5s", "off",
           "root distance above this"),
    LIMITS("error_bound", METRIC_ERROR_BOUND, TIME_RANGE, "off", "off", "error bound above this"),
    LIMITS("stratum", METRIC_STRATUM, COUNT_RANGE(0, 15), "9", "off", "stratum above this"),
    LIMITS("reach", METRIC_REACH, COUNT_RANGE(1, 8), "off", "off", "reach below this"),
    LIMITS("clock_class", METRIC_CLOCK_CLASS, COUNT_RANGE(0, 254), "off", "off",
           "PTP clock class above this"),
    {.name = "stale_after",
     MONITORING(stale_after_ns),
     TIME_RANGE,
     .initial = "auto",
     .none = "auto",
     .doc = "age above this is a WARNING; auto: 3 polls; timesyncd: 1 poll + 13min"},
    {.name = "min_replies",
     MONITORING(min_replies),
     .type = CONFIG_COUNT,
     .initial = "2",
     .min = 1,
     .max = 1000,
     .doc = "fewer replies mean that timesyncd is warming up"},
    {.name = "source",
     MONITORING(source_text),
     .type = CONFIG_SOURCES,
     .initial = "auto",
     .doc = "sources of readings, separated by spaces"},
    {.name = "timeout",
     MONITORING(timeout_ns),
     .type = CONFIG_TIME,
     .initial = "10s",
     .min = DURATION_MS,
     .max = 1000000 * DURATION_S,
     .doc = "deadline of the whole run"},
    {.name = "debug_mode",
     MONITORING(debug_mode),
     .type = CONFIG_BOOL,
     .initial = "false",
     .words = bools,
     .doc = "log a trace of the run as DEBUG"},
    {.name = "log_level",
     MONITORING(log_level),
     .type = CONFIG_WORD,
     .initial = "INFO",
     .words = levels,
     .doc = "lines below this level are not logged"},
    {.name = "syslog_address",
     LOGGING(syslog_address),
     .type = CONFIG_ADDRESS,
     .initial = "/dev/log",
     .doc = "destination of log lines (ADDRESS above)"},
    {.name = "syslog_facility",
     LOGGING(facility),
     .type = CONFIG_WORD,
     .initial = "daemon",
     .words = facilities,
     .doc = "facility of log lines"},
    {.name = "syslog_format",
     LOGGING(syslog_format),
     .type = CONFIG_WORD,
     .initial = "auto",
     .words = formats,
     .doc = "format of lines sent over UDP; auto: rfc5424"},
    {.name = "prometheus",
     OUTPUT(output_prometheus),
     .type = CONFIG_FILE,
     .initial = "",
     .doc = "file for node_exporter's textfile collector, written by each run"},
    {.name = "json",
     OUTPUT(output_json),
     .type = CONFIG_FILE,
     .initial = "",
     .doc = "file with the last report"},
    {.name = "influx",
     OUTPUT(output_influx),
     .type = CONFIG_TARGET,
     .initial = "",
     .doc = "file, udp://host:port, http://host[:port] or https://host[:port]"},
    {.name = "database",
     INFLUX(database),
     .type = CONFIG_NAME,
     .initial = "",
     .doc = "InfluxDB 1: name of the database"},
    {.name = "username",
     INFLUX(username),
     .type = CONFIG_NAME,
     .initial = "",
     .doc = "InfluxDB 1: name of the user"},
    {.name = "password_file",
     INFLUX(password_file),
     .type = CONFIG_SECRET,
     .initial = "",
     .doc = "InfluxDB 1: file with the password, mode 600"},
    {.name = "org",
     INFLUX(org),
     .type = CONFIG_NAME,
     .initial = "",
     .doc = "InfluxDB 2: name or ID of the organisation"},
    {.name = "bucket",
     INFLUX(bucket),
     .type = CONFIG_NAME,
     .initial = "",
     .doc = "InfluxDB 2: name of the bucket"},
    {.name = "token_file",
     INFLUX(token_file),
     .type = CONFIG_SECRET,
     .initial = "",
     .doc = "InfluxDB 2: file with the token, mode 600"},
    {.name = "ca_file",
     INFLUX(ca_file),
     .type = CONFIG_FILE,
     .initial = "",
     .doc = "PEM certificates trusted for https://; default: those of the system"},
    {.name = "servers",
     SNTP(sntp_servers),
     .type = CONFIG_SERVERS,
     .initial = "",
     .doc = "NTP servers to query: host[:port], separated by spaces"},
    {.name = "samples",
     SNTP(sntp_samples),
     COUNT_RANGE(1, 64),
     .initial = "4",
     .doc = "number of requests to each server"},
    {.name = "interval",
     SNTP(sntp_interval_ns),
     .type = CONFIG_TIME,
     .initial = "2s",
     .min = 250 * DURATION_MS,
     .max = DURATION_MIN,
     .doc = "time between these requests"},
    {.name = "min_truechimers",
     SNTP(min_truechimers),
     COUNT_RANGE(1, 1000),
     .initial = "auto",
     .none = "auto",
     .doc = "fewer servers in agreement are a WARNING; auto: more than half"},
    {.name = "socket",
     .section = "chrony",
     .offset = offsetof(struct config, chrony_socket),
     .type = CONFIG_PATHS,
     .initial = "/run/chrony/chronyd.sock",
     .doc = "chronyd's command socket, for users who may use it"},
    {.name = "port",
     .section = "chrony",
     .offset = offsetof(struct config, chrony_port),
     COUNT_RANGE(1, 65535),
     .initial = "323",
     .doc = "chronyd's UDP command port on this machine, for all other users"},
    {.name = "sockets",
     PTP(ptp_sockets),
     .type = CONFIG_PATHS,
     .initial = "/run/ptp4lro /run/ptp/ptp4lro /run/ptp4l /run/ptp/ptp4l",
     .doc = "ptp4l's management sockets, tried in this order"},
    {.name = "domain",
     PTP(ptp_domain),
     COUNT_RANGE(0, 255),
     .initial = "0",
     .doc = "ptp4l's domainNumber"},
    {.name = "transport_specific",
     PTP(ptp_transport_specific),
     COUNT_RANGE(0, 15),
     .initial = "0",
     .doc = "ptp4l's transportSpecific; 1 for gPTP"},
    {.name = "ptp_samples",
     PTP(ptp_samples),
     COUNT_RANGE(1, 100),
     .initial = "8",
     .doc = "number of offsets for the jitter; 1: no jitter"},
    {.name = "ptp_interval",
     PTP(ptp_interval_ns),
     .type = CONFIG_TIME,
     .initial = "100ms",
     .min = 10 * DURATION_MS,
     .max = DURATION_MIN,
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

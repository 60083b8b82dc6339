/*
 * The configuration keys: one row each.
 *
 * The reader, --print-config, the help, the example file and the manual all speak
 * of the same keys; this table is where they are true.
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

/* WARN and FATAL: Python's logging knows both, so files of the Python script may. */
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
#define TIME_RANGE .type = CONFIG_TIME, .min = 1, .max = 1000000 * DURATION_S

const struct config_key config_keys[] = {
    {.name = "jitter_threshold",
     MONITORING(limit[METRIC_JITTER].warning_ns),
     TIME_RANGE,
     .initial = "2s",
     .doc = "jitter above this is a WARNING"},
    {.name = "jitter_critical",
     MONITORING(limit[METRIC_JITTER].critical_ns),
     TIME_RANGE,
     .initial = "off",
     .none = "off",
     .doc = "jitter above this is CRITICAL"},
    {.name = "offset_threshold",
     MONITORING(limit[METRIC_OFFSET].warning_ns),
     TIME_RANGE,
     .initial = "off",
     .none = "off",
     .doc = "an offset above this, either way, is a WARNING"},
    {.name = "offset_critical",
     MONITORING(limit[METRIC_OFFSET].critical_ns),
     TIME_RANGE,
     .initial = "off",
     .none = "off",
     .doc = "an offset above this, either way, is CRITICAL"},
    {.name = "root_distance_threshold",
     MONITORING(limit[METRIC_ROOT_DISTANCE].warning_ns),
     TIME_RANGE,
     .initial = "off",
     .none = "off",
     .doc = "root distance above this is a WARNING"},
    {.name = "root_distance_critical",
     MONITORING(limit[METRIC_ROOT_DISTANCE].critical_ns),
     TIME_RANGE,
     .initial = "off",
     .none = "off",
     .doc = "root distance above this is CRITICAL"},
    {.name = "stale_after",
     MONITORING(stale_after_ns),
     TIME_RANGE,
     .initial = "auto",
     .none = "auto",
     .doc = "older than this is a WARNING; auto: 3 poll intervals, at least 60 s"},
    {.name = "min_replies",
     MONITORING(min_replies),
     .type = CONFIG_COUNT,
     .initial = "2",
     .min = 1,
     .max = 1000,
     .doc = "with fewer replies the daemon is warming up"},
    {.name = "source",
     MONITORING(source_text),
     .type = CONFIG_SOURCES,
     .initial = "auto",
     .doc = "where readings come from: names between blanks"},
    {.name = "timeout",
     MONITORING(timeout_ns),
     .type = CONFIG_TIME,
     .initial = "10s",
     .min = DURATION_MS,
     .max = 1000000 * DURATION_S,
     .doc = "the whole run ends within this"},
    {.name = "debug_mode",
     MONITORING(debug_mode),
     .type = CONFIG_BOOL,
     .initial = "false",
     .words = bools,
     .doc = "log what happened, step by step, as DEBUG"},
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
     .doc = "where log lines go (ADDRESS above)"},
    {.name = "syslog_facility",
     LOGGING(facility),
     .type = CONFIG_WORD,
     .initial = "daemon",
     .words = facilities,
     .doc = "the facility of log lines"},
    {.name = "syslog_format",
     LOGGING(syslog_format),
     .type = CONFIG_WORD,
     .initial = "auto",
     .words = formats,
     .doc = "the form of lines over UDP; auto: rfc5424"},
};

const size_t config_key_count = sizeof config_keys / sizeof *config_keys;

static_assert(sizeof config_keys / sizeof *config_keys <= CONFIG_KEYS_MAX,
              "an origin for every key");

const struct config_key *config_find(const char *section, const char *name) {
  for (size_t i = 0; i < config_key_count; i++) {
    if (strcmp(config_keys[i].section, section) == 0 &&
        strcasecmp(config_keys[i].name, name) == 0) {
      return &config_keys[i];
    }
  }
  return NULL;
}

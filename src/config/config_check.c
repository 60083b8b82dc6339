/* Checks what no configuration key can know alone. */
#include <stddef.h>
#include <stdio.h>
#include <string.h>

#include "ntp_monitor/config.h"
#include "ntp_monitor/config_influx.h"
#include "ntp_monitor/duration.h"
#include "ntp_monitor/text.h"
#include "ntp_monitor/why.h"

enum { TEXT_BYTES = 1024 };

/* True if the critical limit comes before the warning limit. */
static bool limits_cross(enum metric metric, const struct limit *limit) {
  if (limit->critical == CONFIG_NONE || limit->warning == CONFIG_NONE) {
    return false;
  }
  if (metric_table[metric].below) {
    return limit->critical > limit->warning;
  }
  return limit->critical < limit->warning;
}

static bool is_default(const struct config *config, const struct config_key *key) {
  return config->origin[key - config_keys].path == config_default.path;
}

static bool is_set(const struct config *config, const struct config_key *key, int64_t limit) {
  return limit != CONFIG_NONE && !is_default(config, key);
}

bool config_limit_is_set(const struct config *config, enum metric metric) {
  const struct limit *limit = &config->limit[metric];
  bool limited = metric_table[metric].reason != REASON_OK; /* else there are no such keys */
  return limited && (is_set(config, config_limit_key(metric, false), limit->warning) ||
                     is_set(config, config_limit_key(metric, true), limit->critical));
}

bool config_limits_cross(const struct config *config, enum metric metric) {
  return metric_table[metric].reason != REASON_OK && limits_cross(metric, &config->limit[metric]) &&
         !is_default(config, config_limit_key(metric, false)) &&
         !is_default(config, config_limit_key(metric, true));
}

void config_settle(struct config *config) {
  for (enum metric m = METRIC_JITTER; m < METRIC_COUNT; m++) {
    struct limit *limit = &config->limit[m];
    bool limited = metric_table[m].reason != REASON_OK;
    bool warns = limited && !is_default(config, config_limit_key(m, false));
    bool alarms = limited && !is_default(config, config_limit_key(m, true));
    if (warns && !alarms && (limit->warning == CONFIG_NONE || limits_cross(m, limit))) {
      limit->critical = CONFIG_NONE;
    } else if (alarms && !warns && limits_cross(m, limit)) {
      limit->warning = CONFIG_NONE;
    }
  }
}

/* Warns if the run will be over before all samples are taken. */
static void check_samples(const struct config *config, struct config_listener *notes) {
  int64_t wanted_ns = (config->sntp_samples - 1) * config->sntp_interval_ns;
  char span[2][DURATION_TEXT_BYTES];
  char text[TEXT_BYTES];
  if (wanted_ns >= config->timeout_ns) {
    (void)snprintf(text, sizeof text,
                   "samples and interval of [sntp] need %s, but the timeout is %s: fewer samples "
                   "will be taken",
                   duration_print(span[0], wanted_ns), duration_print(span[1], config->timeout_ns));
    notes->say(notes->user, false, text);
  }
}

/* Reports a problem. All of text is escaped, since a path may hold any byte. */
static void config_check_say(struct config_listener *notes, const char *text) {
  char safe[TEXT_BYTES];
  text_escape(safe, sizeof safe, text, strlen(text));
  notes->problem_count++;
  notes->say(notes->user, true, safe);
}

/* Checks section [influx] if it is used or any of its keys is set. */
static void check_influx(const struct config *config, struct config_listener *notes) {
  enum influx_api unused;
  const char *name = NULL;
  struct why why;
  bool used = strncmp(config->output_influx, "http", 4) == 0;
  if (config_find_influx(config, &unused, &name, &why) == 0 || (name == NULL && !used)) {
    return;
  }
  const struct config_key *key = CONFIG_KEY(output_influx);
  if (name != NULL) {
    key = config_find("influx", name);
  }
  char from[CONFIG_TEXT_BYTES];
  char text[TEXT_BYTES];
  config_print_origin(&config->origin[key - config_keys], from, sizeof from);
  (void)snprintf(text, sizeof text, "%s: %s: %.512s", from, key->name, why.text);
  config_check_say(notes, text);
}

void config_check(const struct config *config, struct config_listener *notes) {
  check_influx(config, notes);
  const struct config_key *samples = CONFIG_KEY(sntp_samples);
  const struct config_key *interval = CONFIG_KEY(sntp_interval_ns);
  if (config->origin[samples - config_keys].line > 0 ||
      config->origin[interval - config_keys].line > 0) {
    check_samples(config, notes);
  }
  for (enum metric m = METRIC_JITTER; m < METRIC_COUNT; m++) {
    const struct limit *limit = &config->limit[m];
    const char *side = metric_table[m].below ? "above" : "below";
    if (!config_limits_cross(config, m)) {
      continue;
    }
    const struct config_key *warning = config_limit_key(m, false);
    const struct config_key *critical = config_limit_key(m, true);
    char from[2][CONFIG_TEXT_BYTES];
    char value[2][METRIC_TEXT_BYTES];
    char text[TEXT_BYTES];
    config_print_origin(&config->origin[critical - config_keys], from[0], sizeof from[0]);
    config_print_origin(&config->origin[warning - config_keys], from[1], sizeof from[1]);
    (void)snprintf(text, sizeof text, "%s: %s: %s is %s %s, which is %s (%s)", from[0],
                   critical->name, metric_print(value[0], m, limit->critical), side, warning->name,
                   metric_print(value[1], m, limit->warning), from[1]);
    config_check_say(notes, text);
  }
}

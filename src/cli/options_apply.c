/* Applies the settings of the command line over those of the files. */
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "ntp_monitor/config.h"
#include "ntp_monitor/duration.h"
#include "ntp_monitor/options.h"
#include "ntp_monitor/source.h"
#include "ntp_monitor/text.h"
#include "ntp_monitor/why.h"

/* Sets the two limits of metric from WARN[,CRIT]. An empty one keeps what it was. */
static int apply_levels(struct config *config, enum metric metric, const char *levels,
                        struct why *why) {
  for (size_t i = 0; i < 2; i++) {
    char level[CONFIG_TEXT_BYTES];
    size_t bytes = i == 0 ? strcspn(levels, ",") : strlen(levels);
    (void)snprintf(level, sizeof level, "%.*s", (int)bytes, levels);
    const struct config_key *key = config_limit_key(metric, i == 1);
    if (bytes > 0 && config_set(config, key, level, &config_command_line, why) != 0) {
      return -EINVAL;
    }
    levels += bytes + (levels[bytes] == ',');
  }
  return 0;
}

/* Sets the limits of a metric from METRIC=WARN[,CRIT]. */
static int apply_limit(struct config *config, const char *text, struct why *why) {
  const char *value = strchrnul(text, '=');
  size_t name_bytes = (size_t)(value - text);
  char known[256] = "";
  for (enum metric m = METRIC_JITTER; m < METRIC_COUNT; m++) {
    const char *word = metric_table[m].word;
    if (metric_table[m].reason == REASON_OK) {
      continue;
    }
    if (strspn(value, "=,") < strlen(value) && strlen(word) == name_bytes &&
        strncmp(word, text, name_bytes) == 0) {
      return apply_levels(config, m, value + 1, why);
    }
    text_list(known, sizeof known, ", ", "%s", word);
  }
  return why_set(why, REASON_CONFIG, -EINVAL,
                 "'%.80s' must be METRIC=WARN, METRIC=WARN,CRIT or METRIC=,CRIT" WHY_ADVICE
                 "METRIC is one of: %s",
                 text, known);
}

static bool is_from_command_line(const struct config *config, const struct config_key *key) {
  return config->origin[key - config_keys].path == config_command_line.path;
}

/* Refuses limits that contradict each other if the command line has set one of them. config_check()
 * reports the others. */
static int check_limits(const struct config *config, struct why *why) {
  for (enum metric m = METRIC_JITTER; m < METRIC_COUNT; m++) {
    const struct limit *limit = &config->limit[m];
    const char *side = metric_table[m].below ? "above" : "below";
    if (!config_limits_cross(config, m)) {
      continue;
    }
    const struct config_key *warning = config_limit_key(m, false);
    const struct config_key *critical = config_limit_key(m, true);
    if (!is_from_command_line(config, warning) && !is_from_command_line(config, critical)) {
      continue;
    }
    char from[2][CONFIG_TEXT_BYTES];
    char value[2][METRIC_TEXT_BYTES];
    config_print_origin(&config->origin[critical - config_keys], from[0], sizeof from[0]);
    config_print_origin(&config->origin[warning - config_keys], from[1], sizeof from[1]);
    return why_set(why, REASON_CONFIG, -EINVAL, "%s %s (%s) is %s %s %s (%s)", critical->name,
                   metric_print(value[0], m, limit->critical), from[0], side, warning->name,
                   metric_print(value[1], m, limit->warning), from[1]);
  }
  return 0;
}

/* Applies one setting. A key that is none of the configuration's is --limit. */
static int apply_setting(struct config *config, const char *name, const char *text,
                         struct why *why) {
  const struct config_key *key = config_find("monitoring", name);
  if (key == NULL) {
    key = config_find("logging", name);
  }
  if (key == NULL) {
    return apply_limit(config, text, why);
  }
  if (key == CONFIG_KEY(source_text)) {
    return config_add_source(config, text, why);
  }
  return config_set(config, key, text, &config_command_line, why);
}

/* Refuses sources that --inetd, --host or --machine rule out. */
static int check_sources(const struct options *options, const struct config *config,
                         struct why *why) {
  for (size_t i = 0; i < config->source_count && options->mode == MODE_INETD; i++) {
    if (strcmp(config->source[i], "text:-") == 0) {
      return why_set(why, REASON_CONFIG, -EINVAL,
                     "source text:- reads stdin, which --inetd needs for its request");
    }
  }
  if (options->host == NULL && options->machine == NULL) {
    return 0;
  }
  for (size_t i = 0; i < config->source_count; i++) {
    const char *argument = NULL;
    struct why unused;
    const struct source *source = source_find(config->source[i], &argument, &unused);
    if (source != NULL && !source->remote) {
      return why_set(why, REASON_CONFIG, -EINVAL, "source %s cannot be asked with --%s",
                     config->source[i], options->host != NULL ? "host" : "machine");
    }
  }
  return 0;
}

int options_apply(const struct options *options, struct config *config, struct why *why) {
  for (size_t i = 0; i < options->setting_count; i++) {
    struct why inner;
    if (apply_setting(config, options->settings[i].key, options->settings[i].text, &inner) != 0) {
      return why_set(why, REASON_CONFIG, -EINVAL, "--%s: %s", options->settings[i].option,
                     inner.text);
    }
  }
  if (check_limits(config, why) != 0) {
    return -EINVAL;
  }
  config->host = options->host;
  config->machine = options->machine;
  return check_sources(options, config, why);
}

int64_t options_timeout_ns(const struct options *options) {
  int64_t timeout_ns = 0;
  for (size_t i = 0; i < options->setting_count; i++) {
    struct why unused;
    if (strcmp(options->settings[i].key, "timeout") == 0) {
      (void)duration_parse(options->settings[i].text, &timeout_ns, &unused);
    }
  }
  const struct config_key *key = CONFIG_KEY(timeout_ns);
  if (timeout_ns < key->min || timeout_ns > key->max) {
    return 0;
  }
  return timeout_ns;
}

/* What the command line sets, over what the files do. */
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "ntp_monitor/config.h"
#include "ntp_monitor/duration.h"
#include "ntp_monitor/options.h"
#include "ntp_monitor/source.h"
#include "ntp_monitor/text.h"
#include "ntp_monitor/why.h"

/* WARN[,CRIT], either of which may be empty, into the two keys of metric. */
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

/* METRIC=WARN[,CRIT] into the two keys of the metric. */
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
    size_t used = strlen(known);
    text_append(known, sizeof known, "%s%s", used > 0 ? ", " : "", word);
  }
  return why_set(why, REASON_CONFIG, -EINVAL,
                 "'%.80s' should be METRIC=WARN, METRIC=WARN,CRIT or METRIC=,CRIT" WHY_ADVICE
                 "METRIC is one of: %s",
                 text, known);
}

/* Limits that contradict each other, where the command line has set one of them; of a file's
 * config_check() tells. */
static int check_limits(const struct config *config, struct why *why) {
  for (enum metric m = METRIC_JITTER; m < METRIC_COUNT; m++) {
    const struct limit *limit = &config->limit[m];
    bool below = metric_table[m].below;
    if (!config_limits_cross(config, m)) {
      continue;
    }
    const struct config_key *keys[2];
    char from[2][CONFIG_TEXT_BYTES];
    char value[2][METRIC_TEXT_BYTES];
    for (size_t i = 0; i < 2; i++) {
      keys[i] = config_limit_key(m, i == 0);
      config_print_origin(&config->origin[keys[i] - config_keys], from[i], sizeof from[i]);
      metric_print(value[i], m, i == 0 ? limit->critical : limit->warning);
    }
    if (config->origin[keys[0] - config_keys].path == config_command_line.path ||
        config->origin[keys[1] - config_keys].path == config_command_line.path) {
      return why_set(why, REASON_CONFIG, -EINVAL, "%s %s (%s) is %s %s %s (%s)", keys[0]->name,
                     value[0], from[0], below ? "above" : "below", keys[1]->name, value[1],
                     from[1]);
    }
  }
  return 0;
}

int options_apply(const struct options *options, struct config *config, struct why *why) {
  const struct config_key *sources = CONFIG_KEY(source_text);
  for (size_t i = 0; i < options->setting_count; i++) {
    const struct config_key *key = config_find("monitoring", options->settings[i].key);
    key = key != NULL ? key : config_find("logging", options->settings[i].key);
    const char *text = options->settings[i].text;
    struct why inner;
    int error = key == NULL      ? apply_limit(config, text, &inner)
                : key == sources ? config_add_source(config, text, &inner)
                                 : config_set(config, key, text, &config_command_line, &inner);
    if (error != 0) {
      return why_set(why, REASON_CONFIG, -EINVAL, "--%s: %s", options->settings[i].option,
                     inner.text);
    }
  }
  if (check_limits(config, why) != 0) {
    return -EINVAL;
  }
  for (size_t i = 0; i < config->source_count && options->mode == MODE_INETD; i++) {
    if (strcmp(config->source[i], "text:-") == 0) {
      return why_set(why, REASON_CONFIG, -EINVAL,
                     "source text:- reads what --inetd has its request on");
    }
  }
  config->host = options->host;
  config->machine = options->machine;
  for (size_t i = 0; i < config->source_count && (config->host || config->machine); i++) {
    const char *argument = NULL;
    struct why unused;
    const struct source *source = source_find(config->source[i], &argument, &unused);
    if (source != NULL && !source->remote) {
      return why_set(why, REASON_CONFIG, -EINVAL, "source %s cannot be asked with --%s",
                     config->source[i], config->host != NULL ? "host" : "machine");
    }
  }
  return 0;
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
  return timeout_ns >= key->min && timeout_ns <= key->max ? timeout_ns : 0;
}

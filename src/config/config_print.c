/* The settings, as --print-config prints them and as the trace has them. */
#include "ntp_monitor/config_print.h"

#include <string.h>
#include <unistd.h>

#include "ntp_monitor/config.h"
#include "ntp_monitor/env.h"
#include "ntp_monitor/text.h"
#include "ntp_monitor/trace.h"

enum { SAFE_BYTES = 4 * CONFIG_TEXT_BYTES };

/* Where key's value comes from; escaped, for a path holds any byte. */
static const char *origin(const struct config *config, const struct config_key *key, char *out) {
  char from[CONFIG_TEXT_BYTES];
  config_print_origin(&config->origin[key - config_keys], from, sizeof from);
  text_escape(out, SAFE_BYTES, from, strlen(from));
  return out;
}

static const char *value_of(const struct config *config, const struct config_key *key, char *out) {
  char value[CONFIG_TEXT_BYTES];
  config_print_value(config, key, value, sizeof value);
  text_escape(out, SAFE_BYTES, value, strlen(value));
  return out;
}

/* As a file has it, where %% stands for %. */
static void double_percent(const char *value, char out[2 * SAFE_BYTES]) {
  for (; *value != '\0'; value++) {
    *out++ = *value;
    if (*value == '%') {
      *out++ = '%';
    }
  }
  *out = '\0';
}

void config_print_all(FILE *out, const struct config *config) {
  const char *section = "";
  for (size_t i = 0; i < config_key_count; i++) {
    const struct config_key *key = &config_keys[i];
    char value[SAFE_BYTES];
    char written[2 * SAFE_BYTES];
    char from[SAFE_BYTES];
    if (strcmp(section, key->section) != 0) {
      (void)fprintf(out, "%s[%s]\n", i > 0 ? "\n" : "", key->section);
      section = key->section;
    }
    double_percent(value_of(config, key, value), written);
    (void)fprintf(out, "%-23s = %-20s ; %s\n", key->name, written, origin(config, key, from));
  }
}

/* Some fifty defaults would bury what this machine's own configuration says. */
void config_print_trace(struct trace *trace, const struct config *config) {
  for (size_t i = 0; i < config_key_count && !trace->off; i++) {
    char value[SAFE_BYTES];
    char from[SAFE_BYTES];
    if (config->origin[i].path == config_default.path) {
      continue;
    }
    trace_add(trace, "setting: %s = %s (%s)", config_keys[i].name,
              value_of(config, &config_keys[i], value), origin(config, &config_keys[i], from));
  }
  trace_add(trace, "setting: all others are defaults, see --print-config");
}

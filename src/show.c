/* What --print-config prints, and the settings in the trace. */
#include "ntp_monitor/show.h"

#include <string.h>

#include "ntp_monitor/config.h"
#include "ntp_monitor/trace.h"

static const char *origin(const struct config *config, const struct config_key *key, char *out) {
  config_print_origin(&config->origin[key - config_keys], out, CONFIG_TEXT_BYTES);
  return out;
}

void show_config(FILE *out, const struct config *config) {
  const char *section = "";
  for (size_t i = 0; i < config_key_count; i++) {
    const struct config_key *key = &config_keys[i];
    char value[CONFIG_TEXT_BYTES];
    char from[CONFIG_TEXT_BYTES];
    if (strcmp(section, key->section) != 0) {
      (void)fprintf(out, "%s[%s]\n", i > 0 ? "\n" : "", key->section);
      section = key->section;
    }
    config_print(config, key, value, sizeof value);
    (void)fprintf(out, "%-23s = %-20s ; %s\n", key->name, value, origin(config, key, from));
  }
}

void show_trace(struct trace *trace, const struct config *config) {
  for (size_t i = 0; i < config_key_count && !trace->off; i++) {
    char value[CONFIG_TEXT_BYTES];
    char from[CONFIG_TEXT_BYTES];
    config_print(config, &config_keys[i], value, sizeof value);
    trace_add(trace, "setting: %s = %s (%s)", config_keys[i].name, value,
              origin(config, &config_keys[i], from));
  }
}

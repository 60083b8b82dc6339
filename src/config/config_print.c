/* Prints settings: one by one, as --print-config does, and in the trace. */
#include "ntp_monitor/config_print.h"

#include <inttypes.h>
#include <string.h>
#include <unistd.h>

#include "ntp_monitor/config.h"
#include "ntp_monitor/duration.h"
#include "ntp_monitor/env.h"
#include "ntp_monitor/text.h"
#include "ntp_monitor/trace.h"

enum { SAFE_BYTES = 4 * CONFIG_TEXT_BYTES };

#define SETTING_FORMAT "%-23s = %-20s ; %s"

static const void *field_in(const struct config *config, const struct config_key *key) {
  return (const char *)config + key->offset;
}

static const char *find_word(const struct config_word *words, int64_t value) {
  while (words->value != value) {
    words++;
  }
  return words->name;
}

static void print_sources(const struct config *config, char *out, size_t size_bytes) {
  out[0] = '\0';
  for (size_t i = 0; i < config->source_count; i++) {
    text_list(out, size_bytes, " ", "%s", config->source[i]);
  }
}

void config_print_value(const struct config *config, const struct config_key *key, char *out,
                        size_t size_bytes) {
  const void *field = field_in(config, key);
  const int64_t *number = field;
  char span[DURATION_TEXT_BYTES];
  if (key->type == CONFIG_SOURCES) {
    print_sources(config, out, size_bytes);
  } else if (key->type >= CONFIG_ADDRESS && key->type < CONFIG_SOURCES) { /* a text */
    (void)snprintf(out, size_bytes, "%s", (const char *)field);
  } else if (key->type == CONFIG_BOOL) {
    (void)snprintf(out, size_bytes, "%s", find_word(key->words, *(const bool *)field));
  } else if (key->type == CONFIG_WORD) {
    (void)snprintf(out, size_bytes, "%s", find_word(key->words, *number));
  } else if (key->none != NULL && *number == CONFIG_NONE) {
    (void)snprintf(out, size_bytes, "%s", key->none);
  } else if (key->type == CONFIG_COUNT) {
    (void)snprintf(out, size_bytes, "%" PRId64, *number);
  } else {
    (void)snprintf(out, size_bytes, "%s", duration_print(span, *number));
  }
}

void config_print_origin(const struct origin *origin, char *out, size_t size_bytes) {
  (void)snprintf(out, size_bytes, origin->line > 0 ? "%s:%u" : "%s", origin->path, origin->line);
}

/* Prints where the value of key comes from, escaped, since a path may hold any byte. Returns out.
 */
static const char *print_origin(const struct config *config, const struct config_key *key,
                                char *out) {
  char from[CONFIG_TEXT_BYTES];
  config_print_origin(&config->origin[key - config_keys], from, sizeof from);
  text_escape(out, SAFE_BYTES, from, strlen(from));
  return out;
}

/* Prints the value of key, escaped. Returns out. */
static const char *print_value(const struct config *config, const struct config_key *key,
                               char *out) {
  char value[CONFIG_TEXT_BYTES];
  config_print_value(config, key, value, sizeof value);
  text_escape(out, SAFE_BYTES, value, strlen(value));
  return out;
}

/* Writes value as a configuration file has it, where %% stands for %. */
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
      (void)fprintf(out, i > 0 ? "\n[%s]\n" : "[%s]\n", key->section);
      section = key->section;
    }
    double_percent(print_value(config, key, value), written);
    print_origin(config, key, from);
    /* A line that a file may not have could not be read back. */
    if (snprintf(NULL, 0, SETTING_FORMAT, key->name, written, from) > CONFIG_LINE_BYTES_MAX) {
      (void)fprintf(out, "; %s\n%s=%s\n", from, key->name, written);
    } else {
      (void)fprintf(out, SETTING_FORMAT "\n", key->name, written, from);
    }
  }
}

/* Leaves the defaults out: some fifty of them would bury what this machine's own files say. */
void config_print_trace(struct trace *trace, const struct config *config) {
  for (size_t i = 0; i < config_key_count && !trace->off; i++) {
    char value[SAFE_BYTES];
    char from[SAFE_BYTES];
    if (config->origin[i].path == config_default.path) {
      continue;
    }
    trace_add(trace, "setting: %s = %s (%s)", config_keys[i].name,
              print_value(config, &config_keys[i], value),
              print_origin(config, &config_keys[i], from));
  }
  trace_add(trace, "setting: all others have their defaults, see --print-config");
}

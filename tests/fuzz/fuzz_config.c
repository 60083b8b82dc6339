/* Checks of settings, wherever they were read from. */
#include <string.h>

#include "ntp_monitor/config.h"
#include "ntp_monitor/log_address.h"
#include "ntp_monitor/net_hostport.h"
#include "ntp_monitor/output_target.h"
#include "ntp_monitor/source.h"
#include "ntp_monitor/why.h"
#include "tests/fuzz/fuzz.h"

static bool is_word(const struct config_key *key, int64_t value) {
  for (const struct config_word *word = key->words; word->name != NULL; word++) {
    if (word->value == value) {
      return true;
    }
  }
  return false;
}

static void check_sources(const struct config *config) {
  struct why why;
  MUST(config->source_count >= 1 && config->source_count <= CONFIG_SOURCES_MAX);
  for (size_t i = 0; i < config->source_count; i++) {
    MUST(source_check(config->source[i], &why) == 0);
  }
}

/* Of absolute paths, at least one, or of servers. */
static void check_list(const struct config_key *key, const char *list) {
  char copy[CONFIG_TEXT_BYTES];
  struct net_hostport server;
  struct why why;
  bool paths = key->type != CONFIG_SERVERS;
  size_t count = 0;
  MUST(strlen(list) < sizeof copy);
  (void)strcpy(copy, list);
  for (char *part = strtok(copy, paths ? " \t" : " \t,"); part != NULL;
       part = strtok(NULL, paths ? " \t" : " \t,")) {
    MUST(paths ? part[0] == '/' && strlen(part) <= 107
               : net_hostport_parse(part, 123, NULL, &server, &why) == 0 && server.port > 0);
    count++;
  }
  MUST(!paths || count > 0);
  MUST(key->type != CONFIG_PATH || count == 1);
}

/* One line, and of a secret no more than where it is. */
static void check_text(const struct config_key *key, const char *text) {
  static void *slot;
  struct output_target target;
  struct why why;
  MUST(strlen(text) < CONFIG_TEXT_BYTES);
  if (key->type == CONFIG_FILE || key->type == CONFIG_TARGET) {
    MUST(text[0] == '\0' || (output_target_parse(text, false, &target, &why) == 0 &&
                             (key->type == CONFIG_TARGET || target.kind == TARGET_FILE)));
    return;
  }
  for (const char *at = text; *at != '\0'; at++) {
    MUST((unsigned char)*at >= ' ' && *at != 0x7f);
  }
  MUST(key->type == CONFIG_NAME || text[0] == '/' ||
       fuzz_matches(&slot, "[A-Za-z0-9._-]{0,64}", text));
}

static void check_value(const struct config *config, const struct config_key *key) {
  const void *field = (const char *)config + key->offset;
  int64_t value = 0;
  struct why why;
  struct log_address address;
  switch (key->type) {
  case CONFIG_TIME:
  case CONFIG_COUNT:
    memcpy(&value, field, sizeof value);
    MUST((key->none != NULL && value == CONFIG_NONE) || (value >= key->min && value <= key->max));
    break;
  case CONFIG_WORD:
    memcpy(&value, field, sizeof value);
    MUST(is_word(key, value));
    break;
  case CONFIG_BOOL:
    MUST(*(const unsigned char *)field <= 1);
    break;
  case CONFIG_ADDRESS:
    MUST(log_address_parse(field, &address, &why) == 0);
    break;
  case CONFIG_PATH:
  case CONFIG_PATHS:
  case CONFIG_SERVERS:
    check_list(key, field);
    break;
  case CONFIG_FILE:
  case CONFIG_TARGET:
  case CONFIG_NAME:
  case CONFIG_SECRET:
    check_text(key, field);
    break;
  case CONFIG_SOURCES:
    check_sources(config);
    break;
  }
}

void fuzz_config(const struct config *config, const char *path, unsigned line_count) {
  for (size_t i = 0; i < config_key_count; i++) {
    const struct origin *origin = &config->origin[i];
    check_value(config, &config_keys[i]);
    if (path != NULL && origin->path == path) {
      MUST(origin->line >= 1 && origin->line <= line_count);
    } else {
      MUST(origin->line == 0);
      MUST(origin->path == config_command_line.path || strcmp(origin->path, "default") == 0);
    }
  }
}

void fuzz_settings(struct config *config, unsigned which) {
  static const char *const settings[][2] = {
      {"jitter_threshold", "1ms"},
      {"jitter_critical", "5s"},
      {"offset_threshold", "10ms"},
      {"offset_critical", "1s"},
      {"stale_after", "5min"},
      {"min_replies", "1"},
      {"root_distance_threshold", "50ms"},
      {"delay_threshold", "20ms"},
      {"error_bound_critical", "1s"},
      {"stratum_threshold", "2"},
      {"reach_threshold", "8"},
      {"clock_class_threshold", "6"},
  };
  config_init(config, source_check);
  for (size_t i = 0; i < sizeof settings / sizeof *settings; i++) {
    struct why why;
    const struct config_key *key = config_find("monitoring", settings[i][0]);
    if ((which & 1U << i) != 0) {
      MUST(config_set(config, key, settings[i][1], &config_command_line, &why) == 0);
    }
  }
}

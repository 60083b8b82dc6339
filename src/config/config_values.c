/* Reads the values of the configuration keys from text. */
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>

#include "ntp_monitor/config.h"
#include "ntp_monitor/duration.h"
#include "ntp_monitor/log_address.h"
#include "ntp_monitor/net_hostport.h"
#include "ntp_monitor/output_target.h"
#include "ntp_monitor/text.h"
#include "ntp_monitor/why.h"

const struct origin config_command_line = {.path = "command line"};

const struct origin config_default = {.path = "default"};

static void *field_of(struct config *config, const struct config_key *key) {
  return (char *)config + key->offset;
}

static bool config_values_is_none(const struct config_key *key, const char *text) {
  return key->none != NULL && strcasecmp(text, key->none) == 0;
}

static int set_word(const struct config_word *words, const char *text, int64_t *value,
                    struct why *why) {
  char known[CONFIG_TEXT_BYTES] = "";
  for (size_t i = 0; words[i].name != NULL; i++) {
    if (strcasecmp(words[i].name, text) == 0) {
      *value = words[i].value;
      return 0;
    }
    text_list(known, sizeof known, " ", "%s", words[i].name);
  }
  return why_set(why, REASON_CONFIG, -EINVAL, "'%.80s' is not one of: %s", text, known);
}

static int set_count(const struct config_key *key, const char *text, int64_t *value,
                     struct why *why) {
  if (config_values_is_none(key, text)) {
    *value = CONFIG_NONE;
    return 0;
  }
  size_t digits = strspn(text, "0123456789");
  if (digits == 0 || digits > 9 || text[digits] != '\0') {
    return why_set(why, REASON_CONFIG, -EINVAL, "'%.80s' is not a whole number", text);
  }
  *value = 0;
  for (size_t i = 0; i < digits; i++) {
    *value = *value * 10 + (text[i] - '0');
  }
  return 0;
}

static int set_time(const struct config_key *key, const char *text, int64_t *value,
                    struct why *why) {
  if (config_values_is_none(key, text)) {
    *value = CONFIG_NONE;
    return 0;
  }
  return duration_parse(text, value, why);
}

/* Sets *field to a number, if it lies in the key's range. */
static int set_number(const struct config_key *key, const char *text, int64_t *field,
                      struct why *why) {
  int64_t value = 0;
  bool time = key->type == CONFIG_TIME;
  int error = 0;
  if (time) {
    error = set_time(key, text, &value, why);
  } else {
    error = set_count(key, text, &value, why);
  }
  if (error != 0) {
    return error;
  }
  bool ranged = !(key->none != NULL && value == CONFIG_NONE);
  if (ranged && (value < key->min || value > key->max)) {
    char least[DURATION_TEXT_BYTES];
    char most[DURATION_TEXT_BYTES];
    if (time) {
      duration_print(least, key->min);
      duration_print(most, key->max);
    } else {
      (void)snprintf(least, sizeof least, "%" PRId64, key->min);
      (void)snprintf(most, sizeof most, "%" PRId64, key->max);
    }
    return why_set(why, REASON_CONFIG, -ERANGE, "'%.80s' is not between %s and %s", text, least,
                   most);
  }
  *field = value;
  return 0;
}

/* Sets field to text, which may be longer than the host or the path in it. */
static int keep_text(char *field, const char *text, struct why *why) {
  if (strlen(text) >= CONFIG_TEXT_BYTES) {
    return why_set(why, REASON_CONFIG, -EINVAL, "is longer than %d bytes", CONFIG_TEXT_BYTES - 1);
  }
  (void)strcpy(field, text);
  return 0;
}

static int set_sources(struct config *config, const char *text, struct why *why) {
  char list[CONFIG_TEXT_BYTES];
  const char *names[CONFIG_SOURCES_MAX];
  size_t count = 0;
  if (keep_text(list, text, why) != 0) {
    return -EINVAL;
  }
  char *rest = NULL;
  for (char *name = strtok_r(list, " \t", &rest); name != NULL;
       name = strtok_r(NULL, " \t", &rest)) {
    if (count == CONFIG_SOURCES_MAX) {
      return why_set(why, REASON_CONFIG, -EINVAL, "lists more than %d sources", CONFIG_SOURCES_MAX);
    }
    if (config->check_source(name, why) != 0) {
      return -EINVAL;
    }
    names[count++] = config->source_text + (name - list);
  }
  if (count == 0) {
    return why_set(why, REASON_CONFIG, -EINVAL, "lists no source");
  }
  memcpy(config->source_text, list, sizeof list);
  memcpy(config->source, names, sizeof names);
  config->source_count = count;
  return 0;
}

static int set_address(char *field, const char *text, struct why *why) {
  struct log_address address;
  if (log_address_parse(text, &address, why) != 0) {
    return -EINVAL;
  }
  return keep_text(field, text, why);
}

static int check_path(const char *text, struct why *why) {
  struct log_address unused;
  if (text[0] != '/') {
    return why_set(why, REASON_CONFIG, -EINVAL, "'%.80s' is not an absolute path", text);
  }
  return log_address_parse(text, &unused, why);
}

static int check_server(const char *text, struct why *why) {
  struct net_hostport unused;
  bool pool = false;
  return net_hostport_parse(net_hostport_skip_pool(text, &pool), 1, NULL, &unused, why);
}

/* Sets field to a path, or a list of paths or servers, which is kept as it was written. */
static int set_list(const struct config_key *key, char *field, const char *text, struct why *why) {
  char list[CONFIG_TEXT_BYTES];
  bool paths = key->type != CONFIG_SERVERS;
  size_t count = 0;
  if (keep_text(list, text, why) != 0) {
    return -EINVAL;
  }
  char *rest = NULL;
  const char *separators = paths ? " \t" : " \t,";
  for (char *part = strtok_r(list, separators, &rest); part != NULL;
       part = strtok_r(NULL, separators, &rest)) {
    int error = paths ? check_path(part, why) : check_server(part, why);
    if (error != 0) {
      return error;
    }
    count++;
  }
  if (key->type == CONFIG_PATH && count > 1) {
    return why_set(why, REASON_CONFIG, -EINVAL, "'%.80s' is more than one path", text);
  }
  if (paths && count == 0) {
    return why_set(why, REASON_CONFIG, -EINVAL, "lists no path");
  }
  return keep_text(field, text, why);
}

static int set_target(const struct config_key *key, char *field, const char *text,
                      struct why *why) {
  struct output_target target = {.kind = TARGET_FILE};
  if (text[0] != '\0' && output_target_parse(text, false, &target, why) != 0) {
    return -EINVAL;
  }
  if (target.kind != TARGET_FILE && key->type != CONFIG_TARGET) {
    return why_set(why, REASON_CONFIG, -EINVAL, "'%.80s' is not a file", text);
  }
  return keep_text(field, text, why);
}

/* True if text fits a field and holds no control character, so that it can go into a request. */
static bool is_plain(const char *text) {
  bool plain = strlen(text) < CONFIG_TEXT_BYTES;
  for (const char *at = text; *at != '\0'; at++) {
    plain = plain && (unsigned char)*at >= ' ' && *at != 0x7f;
  }
  return plain;
}

static int set_name(char *field, const char *text, struct why *why) {
  if (!is_plain(text)) {
    return why_set(why, REASON_CONFIG, -EINVAL, "is too long or contains a control character");
  }
  return keep_text(field, text, why);
}

/* Sets field to the place of a secret. A wrong one is not quoted: it may be the secret itself. */
static int set_secret(char *field, const char *text, struct why *why) {
  static const char letters[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789._-";
  enum { NAME_BYTES_MAX = 64 };
  size_t length = strlen(text);
  bool name = length <= NAME_BYTES_MAX && strspn(text, letters) == length;
  if (!is_plain(text) || !(text[0] == '/' || name)) {
    return why_set(why, REASON_CONFIG, -EINVAL,
                   "is neither an absolute path nor the name of a systemd credential" WHY_ADVICE
                   "the file contains the secret itself");
  }
  return keep_text(field, text, why);
}

static int set_bool(const struct config_key *key, const char *text, bool *field, struct why *why) {
  int64_t value = 0;
  int error = set_word(key->words, text, &value, why);
  if (error == 0) {
    *field = value != 0;
  }
  return error;
}

static int set_field(struct config *config, const struct config_key *key, const char *text,
                     struct why *why) {
  void *field = field_of(config, key);
  switch (key->type) {
  case CONFIG_TIME:
  case CONFIG_COUNT:
    return set_number(key, text, field, why);
  case CONFIG_BOOL:
    return set_bool(key, text, field, why);
  case CONFIG_WORD:
    return set_word(key->words, text, field, why);
  case CONFIG_ADDRESS:
    return set_address(field, text, why);
  case CONFIG_PATH:
  case CONFIG_PATHS:
  case CONFIG_SERVERS:
    return set_list(key, field, text, why);
  case CONFIG_FILE:
  case CONFIG_TARGET:
    return set_target(key, field, text, why);
  case CONFIG_NAME:
    return set_name(field, text, why);
  case CONFIG_SECRET:
    return set_secret(field, text, why);
  case CONFIG_SOURCES:
    break;
  }
  return set_sources(config, text, why);
}

int config_set(struct config *config, const struct config_key *key, const char *text,
               const struct origin *origin, struct why *why) {
  int error = set_field(config, key, text, why);
  if (error == 0) {
    config->origin[key - config_keys] = *origin;
  }
  return error;
}

int config_add_source(struct config *config, const char *text, struct why *why) {
  if (config->check_source(text, why) != 0) {
    return -EINVAL;
  }
  const struct config_key *key = CONFIG_KEY(source_text);
  struct origin *origin = &config->origin[key - config_keys];
  if (origin->path != config_command_line.path) {
    *origin = config_command_line;
    config->source_count = 0;
  }
  if (config->source_count == CONFIG_SOURCES_MAX) {
    return why_set(why, REASON_CONFIG, -E2BIG, "more than %d sources", CONFIG_SOURCES_MAX);
  }
  config->source[config->source_count++] = text;
  return 0;
}

void config_init(struct config *config, config_check_source *check_source) {
  *config = (struct config){.check_source = check_source};
  for (size_t m = 0; m < METRIC_COUNT; m++) {
    config->limit[m] = (struct limit){CONFIG_NONE, CONFIG_NONE};
  }
  for (size_t i = 0; i < config_key_count; i++) {
    struct why why;
    (void)config_set(config, &config_keys[i], config_keys[i].initial, &config_default, &why);
  }
}

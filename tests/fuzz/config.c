/* Fuzz target: a configuration file, and what --check-config and --print-config make of it. */
#include "ntp_monitor/config.h"

#include <stdlib.h>
#include <string.h>

#include "ntp_monitor/config_print.h"
#include "ntp_monitor/env.h"
#include "ntp_monitor/source.h"
#include "tests/fuzz/fuzz.h"

/* inih's bound, as the README of the reader has it: longer lines are refused. */

struct said {
  unsigned problem_count, warning_count;
  const char *path;
};

static void say(void *user, bool problem, const char *text) {
  struct said *said = user;
  said->problem_count += problem;
  said->warning_count += !problem;
  MUST(fuzz_is_safe(text));
  MUST(strncmp(text, said->path, strlen(said->path)) == 0 ||
       (problem ? strncmp(text, "default: ", 9) == 0 : strncmp(text, "samples ", 8) == 0));
}

struct values {
  char text[CONFIG_KEYS_MAX][CONFIG_TEXT_BYTES];
};

static void take_values(const struct config *config, struct values *values) {
  memset(values, 0, sizeof *values);
  for (size_t i = 0; i < config_key_count; i++) {
    config_print_value(config, &config_keys[i], values->text[i], sizeof values->text[i]);
  }
}

/* Reads data over config. */
static struct said read_over(struct config *config, const void *data, size_t size,
                             struct values *values) {
  struct said said = {.path = fuzz_file(data, size)};
  struct config_listener notes = {.say = say, .user = &said};
  struct env *env = fuzz_env();
  unsigned line_count = 1;
  for (size_t i = 0; i < size; i++) {
    line_count += ((const char *)data)[i] == '\n';
  }
  config_read(config, said.path, true, env, &notes);
  MUST(notes.problem_count == said.problem_count);
  fuzz_config(config, said.path, line_count);
  fuzz_trace(env->trace);
  take_values(config, values);
  return said;
}

static struct said read_new(struct config *config, const void *data, size_t size,
                            struct values *values) {
  config_init(config, source_check);
  return read_over(config, data, size, values);
}

static bool is_set(const struct config *config, const char *section, const char *name) {
  return config->origin[config_find(section, name) - config_keys].line > 0;
}

/* Pairs of limits that are set, and the wrong way round: of reach the lower one is the worse. */
static unsigned count_crossed(const struct config *config) {
  unsigned count = 0;
  for (size_t i = 0; i < config_key_count; i++) {
    char name[80];
    int length = (int)strlen(config_keys[i].name) - (int)strlen("_critical");
    if (length <= 0 || strcmp(config_keys[i].name + length, "_critical") != 0) {
      continue;
    }
    (void)snprintf(name, sizeof name, "%.*s_threshold", length, config_keys[i].name);
    int64_t critical = 0;
    int64_t warning = 0;
    const struct config_key *key = config_find("monitoring", name);
    memcpy(&critical, (const char *)config + config_keys[i].offset, sizeof critical);
    memcpy(&warning, (const char *)config + key->offset, sizeof warning);
    bool crossed = strncmp(name, "reach_", 6) == 0 ? critical > warning : critical < warning;
    count += crossed && critical != CONFIG_NONE && warning != CONFIG_NONE &&
             config->origin[i].line > 0 && is_set(config, "monitoring", name);
  }
  return count;
}

/* Returns whether InfluxDB's API can be wanted, so that its keys can be wrong. */
static bool wants_influx(const struct config *config) {
  bool wants = strncmp(config->output_influx, "http", 4) == 0;
  for (size_t i = 0; i < config_key_count; i++) {
    wants = wants || (strcmp(config_keys[i].section, "influx") == 0 && config->origin[i].line > 0);
  }
  return wants;
}

static void check_limits(const struct config *config, const char *path) {
  struct said said = {.path = path};
  struct config_listener notes = {.say = say, .user = &said};
  unsigned crossed = count_crossed(config);
  bool samples = is_set(config, "sntp", "samples") || is_set(config, "sntp", "interval");
  config_check(config, &notes);
  MUST(said.problem_count == notes.problem_count);
  MUST(said.problem_count == crossed ||
       (said.problem_count == crossed + 1 && wants_influx(config)));
  MUST(said.warning_count ==
       (samples && (config->sntp_samples - 1) * config->sntp_interval_ns >= config->timeout_ns));
}

/* The line ends of another system change nothing. */
static void check_crlf(const uint8_t *data, size_t size, const struct said *said,
                       const struct values *values) {
  static struct config config;
  static struct values again;
  if (memchr(data, '\r', size) != NULL || memchr(data, '\0', size) != NULL) {
    return;
  }
  char *text = malloc(2 * size + 1);
  size_t used = 0;
  MUST(text != NULL);
  for (size_t i = 0; i < size; i++) {
    if (data[i] == '\n') {
      text[used++] = '\r';
    }
    text[used++] = (char)data[i];
  }
  struct said other = read_new(&config, text, used, &again);
  MUST(other.problem_count == said->problem_count && other.warning_count == said->warning_count);
  MUST(memcmp(&again, values, sizeof again) == 0);
  free(text);
}

static bool fits(const char *text) {
  for (const char *line = text; *line != '\0'; line += strcspn(line, "\n") + 1) {
    if (strcspn(line, "\n") > CONFIG_LINE_BYTES_MAX) {
      return false;
    }
  }
  return true;
}

/* The printed settings are harmless lines, and a configuration file with the same values. */
static void check_printed(const struct config *config, const struct values *values) {
  static struct config again;
  static struct values others;
  FILE *stream = fuzz_stream();
  config_print_all(stream, config);
  char *text = fuzz_printed(stream);
  MUST(fuzz_is_safe_lines(text));
  bool plain = fits(text);
  for (size_t i = 0; i < config_key_count; i++) {
    plain = plain && fuzz_is_safe(values->text[i]); /* else it stands there escaped */
  }
  if (plain) {
    struct said said = read_new(&again, text, strlen(text), &others);
    MUST(said.problem_count == 0 && said.warning_count == 0);
    MUST(memcmp(&others, values, sizeof others) == 0);
  }
  free(text);
}

/* A file over itself changes nothing. */
static void check_twice(struct config *config, const uint8_t *data, size_t size,
                        const struct said *said, const struct values *values) {
  static struct values again;
  struct said twice = read_over(config, data, size, &again);
  MUST(twice.problem_count == said->problem_count && twice.warning_count == said->warning_count);
  MUST(memcmp(&again, values, sizeof again) == 0);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
  static struct config config;
  static struct values values;
  struct said said = read_new(&config, data, size, &values);
  check_limits(&config, said.path);
  /* One more reading of it each time, for speed. */
  if (size % 3 == 0) {
    check_crlf(data, size, &said, &values);
  } else if (size % 3 == 1) {
    check_printed(&config, &values);
  } else {
    check_twice(&config, data, size, &said, &values);
  }
  return 0;
}

/* Fuzz target: a configuration file, and what --check-config and --print-config make of it. */
#include "ntp_monitor/config.h"

#include <stdlib.h>
#include <string.h>

#include "ntp_monitor/env.h"
#include "ntp_monitor/show.h"
#include "ntp_monitor/source.h"
#include "tests/fuzz/fuzz.h"

/* inih's bound, as the README of the reader has it: longer lines are refused. */
enum { LINE_BYTES_MAX = 197 };

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
       strstr(text, " is below ") != NULL); /* of config_check, which may begin with "default" */
}

struct values {
  char text[CONFIG_KEYS_MAX][CONFIG_TEXT_BYTES];
};

static void take_values(const struct config *config, struct values *values) {
  memset(values, 0, sizeof *values);
  for (size_t i = 0; i < config_key_count; i++) {
    config_print(config, &config_keys[i], values->text[i], sizeof values->text[i]);
  }
}

/* Reads data over config. */
static struct said read_over(struct config *config, const void *data, size_t size,
                             struct values *values) {
  struct said said = {.path = fuzz_file(data, size)};
  struct config_notes notes = {.say = say, .user = &said};
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

static void check_limits(const struct config *config, const char *path) {
  struct said said = {.path = path};
  struct config_notes notes = {.say = say, .user = &said};
  unsigned wrong = 0;
  for (size_t m = 0; m < METRIC_COUNT; m++) {
    const struct limit *limit = &config->limit[m];
    wrong += limit->critical >= 0 && limit->warning > limit->critical;
  }
  config_check(config, &notes);
  MUST(said.problem_count == wrong && notes.problem_count == wrong && said.warning_count == 0);
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
    if (strcspn(line, "\n") > LINE_BYTES_MAX) {
      return false;
    }
  }
  return true;
}

/* What is printed is lines that show no harm, and a configuration file of the same values. */
static void check_printed(const struct config *config, const struct values *values) {
  static struct config again;
  static struct values others;
  FILE *stream = fuzz_stream();
  show_config(stream, config);
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

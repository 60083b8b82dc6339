/* Fuzz target: a command line, one argument a line. */
#include "ntp_monitor/options.h"

#include <errno.h>
#include <getopt.h>
#include <stdlib.h>
#include <string.h>

#include "ntp_monitor/config.h"
#include "ntp_monitor/config_print.h"
#include "ntp_monitor/duration.h"
#include "ntp_monitor/env.h"
#include "ntp_monitor/source.h"
#include "ntp_monitor/why.h"
#include "tests/fuzz/fuzz.h"

enum { ARGUMENTS_MAX = 100 };

/* ssh and machined get it as it is: no option, no control, and of a container no user or path. */
static void check_machine(const char *name, const char *forbidden) {
  if (name != NULL) {
    MUST(name[0] != '\0' && name[0] != '-' && strlen(name) < 256 &&
         strpbrk(name, forbidden) == NULL);
    for (const char *at = name; *at != '\0'; at++) {
      MUST((unsigned char)*at > ' ' && *at != 0x7f);
    }
  }
}

/* The last setting of each key holds, and is what a file's would be. */
static void check_settings(const struct options *options, const struct config *config) {
  static struct config alone;
  size_t sources = 0;
  for (size_t i = 0; i < options->setting_count; i++) {
    const char *name = options->settings[i].key;
    const char *text = options->settings[i].text;
    const struct config_key *key = config_find("monitoring", name);
    key = key != NULL ? key : config_find("logging", name);
    MUST(key != NULL && text != NULL);
    MUST(config->origin[key - config_keys].path == config_command_line.path);
    if (key->type == CONFIG_SOURCES) {
      MUST(sources < config->source_count && config->source[sources++] == text);
      continue;
    }
    bool last = true;
    for (size_t k = i + 1; k < options->setting_count; k++) {
      last = last && strcmp(options->settings[k].key, name) != 0;
    }
    char want[CONFIG_TEXT_BYTES];
    char have[CONFIG_TEXT_BYTES];
    struct why why;
    config_init(&alone, source_check);
    MUST(config_set(&alone, key, text, &config_command_line, &why) == 0);
    config_print_value(&alone, key, want, sizeof want);
    config_print_value(config, key, have, sizeof have);
    MUST(!last || strcmp(want, have) == 0);
    MUST(!last || strcmp(name, "timeout") != 0 ||
         options_timeout_ns(options) == config->timeout_ns);
  }
  MUST(sources == 0 || sources == config->source_count);
}

static void apply(const struct options *options) {
  static struct config config;
  struct why why;
  config_init(&config, source_check);
  int error = options_apply(options, &config, &why);
  fuzz_config(&config, NULL, 0);
  FILE *stream = fuzz_stream();
  config_print_all(stream, &config);
  char *text = fuzz_printed(stream);
  MUST(fuzz_is_safe_lines(text));
  free(text);
  if (error != 0) {
    MUST(error == -EINVAL);
    fuzz_why(&why, REASON_CONFIG);
    return;
  }
  check_settings(options, &config);
  const char *unused = NULL;
  for (size_t i = 0; i < config.source_count && (config.host || config.machine); i++) {
    const struct source *source = source_find(config.source[i], &unused, &why);
    MUST(source == NULL || source->remote);
  }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
  struct bytes bytes = {data, size};
  char *arguments[ARGUMENTS_MAX + 2] = {strdup("ntp_monitor")};
  char *owned[ARGUMENTS_MAX + 1] = {arguments[0]}; /* getopt_long puts them in another order */
  int count = 1;
  while (bytes.left > 0 && count <= ARGUMENTS_MAX) {
    const uint8_t *end = memchr(bytes.at, '\n', bytes.left);
    owned[count] = fuzz_text(&bytes, end != NULL ? (size_t)(end - bytes.at) : bytes.left);
    arguments[count] = owned[count];
    count++;
    (void)fuzz_byte(&bytes);
  }
  struct options options;
  struct why why;
  optind = 0; /* getopt_long forgets the last time */
  int error = options_parse(count, arguments, &options, &why);
  if (error == 0) {
    MUST(options.setting_count <= OPTIONS_MAX && options.mode <= MODE_VERSION);
    MUST(!(options.quiet && options.format != NULL));
    MUST(options.host == NULL || options.machine == NULL);
    check_machine(options.host, "");
    check_machine(options.machine, "@:/");
    int64_t timeout_ns = options_timeout_ns(&options);
    MUST(timeout_ns == 0 || (timeout_ns >= DURATION_MS && timeout_ns <= 1000000 * DURATION_S));
    apply(&options);
  } else {
    MUST(error == -EINVAL);
    fuzz_why(&why, REASON_CONFIG);
  }
  for (int i = 0; i < count; i++) {
    free(owned[i]);
  }
  return 0;
}

/* The table of sources, and how one is named. */
#include "ntp_monitor/source.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "ntp_monitor/text.h"
#include "ntp_monitor/why.h"
#include "source/automatic.h"

const struct source *const source_table[] = {
    &source_timesyncd, &source_chrony, &source_ntpd, &source_ptp, &source_sntp, &source_text, NULL};

const char *source_usage(char out[SOURCE_USAGE_BYTES], const struct source *source) {
  if (source->argument == NULL || source->argument[0] == '\0') {
    (void)snprintf(out, SOURCE_USAGE_BYTES, "%s", source->name);
  } else {
    (void)snprintf(out, SOURCE_USAGE_BYTES, source->optional ? "%s[:%s]" : "%s:%s", source->name,
                   source->argument);
  }
  return out;
}

static bool is_argument_valid(const struct source *source, const char *argument) {
  if (argument == NULL) {
    return source->argument == NULL || source->optional;
  }
  return source->argument != NULL && argument[0] != '\0';
}

const struct source *source_find(const char *text, const char **argument, struct why *why) {
  size_t length = strcspn(text, ":");
  char usage[SOURCE_USAGE_BYTES];
  char known[256] = "auto";
  *argument = NULL;
  if (text[length] == ':') {
    *argument = text + length + 1;
  }
  for (size_t i = 0; source_table[i] != NULL; i++) {
    const struct source *source = source_table[i];
    text_append(known, sizeof known, ", %s", source_usage(usage, source));
    if (strlen(source->name) != length || strncmp(source->name, text, length) != 0) {
      continue;
    }
    if (is_argument_valid(source, *argument)) {
      return source;
    }
    (void)why_set(why, REASON_CONFIG, -EINVAL, "'%.80s' must be %s", text, usage);
    return NULL;
  }
  (void)why_set(why, REASON_CONFIG, -EINVAL, "'%.80s' is not a source" WHY_ADVICE "sources are: %s",
                text, known);
  return NULL;
}

int source_check(const char *text, struct why *why) {
  const char *argument = NULL;
  bool known = strcmp(text, automatic_name) == 0 || source_find(text, &argument, why) != NULL;
  return known ? 0 : -EINVAL;
}

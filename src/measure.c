/* From the configured source names to readings: the table of sources, and who asks. */
#include "ntp_monitor/measure.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "ntp_monitor/clock.h"
#include "ntp_monitor/config.h"
#include "ntp_monitor/duration.h"
#include "ntp_monitor/env.h"
#include "ntp_monitor/source.h"
#include "ntp_monitor/text.h"
#include "ntp_monitor/trace.h"

const struct source *const source_table[] = {&source_timesyncd, &source_text, NULL};

static const char automatic[] = "auto";

const struct source *source_find(const char *text, const char **argument, struct why *why) {
  size_t length = strcspn(text, ":");
  *argument = text[length] == ':' ? text + length + 1 : NULL;
  for (size_t i = 0; source_table[i] != NULL; i++) {
    const struct source *source = source_table[i];
    if (strlen(source->name) != length || strncmp(source->name, text, length) != 0) {
      continue;
    }
    bool wants = source->argument != NULL;
    bool has = *argument != NULL && **argument != '\0';
    if (wants == has && (has || *argument == NULL)) {
      return source;
    }
    (void)why_set(why, REASON_CONFIG, -EINVAL, "'%.80s' should be %s%s%s", text, source->name,
                  wants ? ":" : "", wants ? source->argument : "");
    return NULL;
  }
  char known[256] = "auto";
  for (size_t i = 0; source_table[i] != NULL; i++) {
    const struct source *source = source_table[i];
    size_t used = strlen(known);
    (void)snprintf(known + used, sizeof known - used, ", %s%s%s", source->name,
                   source->argument != NULL ? ":" : "",
                   source->argument != NULL ? source->argument : "");
  }
  (void)why_set(why, REASON_CONFIG, -EINVAL, "'%.80s' is no source; there are: %s", text, known);
  return NULL;
}

int source_check(const char *text, struct why *why) {
  const char *argument = NULL;
  bool known = strcmp(text, automatic) == 0 || source_find(text, &argument, why) != NULL;
  return known ? 0 : -EINVAL;
}

/* One source into one reading: 0 or a negative errno. */
static int take(const struct env *env, const struct config *config, const struct source *source,
                const char *argument, struct reading *reading) {
  *reading = (struct reading){.source = source->name};
  int64_t begun_ns = clock_monotonic_ns();
  trace_add(env->trace, "source %s: asking", source->name);
  int error = source->measure(env, config, argument, &reading->samples, &reading->why);
  char span[DURATION_TEXT_BYTES];
  int64_t took_ns = clock_monotonic_ns() - begun_ns;
  duration_print(span, took_ns - took_ns % DURATION_US);
  if (error == 0) {
    trace_add(env->trace, "source %s: serves, %zu server%s, took %s", source->name,
              reading->samples.count, reading->samples.count == 1 ? "" : "s", span);
  } else {
    samples_free(&reading->samples);
    trace_add(env->trace, "source %s: does not serve (%s), took %s: %s", source->name,
              reason_name(reading->why.reason), span, reading->why.text);
  }
  return error;
}

/* The first source that serves; or all that was tried, in one reason. */
static void take_first(const struct env *env, const struct config *config,
                       struct reading *reading) {
  char tried[2 * WHY_TEXT_BYTES] = "";
  unsigned count = 0;
  enum reason reason = REASON_NO_SOURCE;
  for (size_t i = 0; source_table[i] != NULL; i++) {
    if (!source_table[i]->automatic) {
      continue;
    }
    if (take(env, config, source_table[i], NULL, reading) == 0) {
      return;
    }
    reason = count == 0 ? reading->why.reason : REASON_NO_SOURCE;
    size_t used = strlen(tried);
    (void)snprintf(tried + used, sizeof tried - used, "%s%s: %s", count > 0 ? "; " : "",
                   source_table[i]->name, reading->why.text);
    count++;
  }
  reading->source = automatic;
  (void)why_set(&reading->why, reason, 0, "tried %s", tried);
}

size_t measure(const struct env *env, const struct config *config,
               struct reading readings[REPORT_READINGS_MAX]) {
  size_t count = 0;
  for (; count < config->source_count && count < REPORT_READINGS_MAX; count++) {
    const char *argument = NULL;
    struct reading *reading = &readings[count];
    if (strcmp(config->source[count], automatic) == 0) {
      take_first(env, config, reading);
      continue;
    }
    *reading = (struct reading){.source = config->source[count]};
    const struct source *source = source_find(config->source[count], &argument, &reading->why);
    if (source != NULL) {
      (void)take(env, config, source, argument, reading);
    }
  }
  return count;
}

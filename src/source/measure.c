/* From the configured source names to readings: the table of sources, and who asks. */
#include "ntp_monitor/measure.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "ntp_monitor/ask.h"
#include "ntp_monitor/clock.h"
#include "ntp_monitor/config.h"
#include "ntp_monitor/duration.h"
#include "ntp_monitor/env.h"
#include "ntp_monitor/source.h"
#include "ntp_monitor/text.h"
#include "ntp_monitor/trace.h"
#include "source/automatic.h"

const struct source *const source_table[] = {
    &source_timesyncd, &source_chrony, &source_ntpd, &source_ptp, &source_sntp, &source_text, NULL};

const char *source_usage(char out[SOURCE_USAGE_BYTES], const struct source *source) {
  const char *argument = source->argument != NULL ? source->argument : "";
  (void)snprintf(out, SOURCE_USAGE_BYTES,
                 source->optional      ? "%s[:%s]"
                 : argument[0] != '\0' ? "%s:%s"
                                       : "%s%s",
                 source->name, argument);
  return out;
}

const struct source *source_find(const char *text, const char **argument, struct why *why) {
  size_t length = strcspn(text, ":");
  char usage[SOURCE_USAGE_BYTES];
  char known[256] = "auto";
  *argument = text[length] == ':' ? text + length + 1 : NULL;
  for (size_t i = 0; source_table[i] != NULL; i++) {
    const struct source *source = source_table[i];
    text_append(known, sizeof known, ", %s", source_usage(usage, source));
    if (strlen(source->name) != length || strncmp(source->name, text, length) != 0) {
      continue;
    }
    bool fits = *argument == NULL ? source->argument == NULL || source->optional
                                  : source->argument != NULL && **argument != '\0';
    if (!fits) {
      (void)why_set(why, REASON_CONFIG, -EINVAL, "'%.80s' should be %s", text, usage);
    }
    return fits ? source : NULL;
  }
  (void)why_set(why, REASON_CONFIG, -EINVAL, "'%.80s' is no source" WHY_ADVICE "there are: %s",
                text, known);
  return NULL;
}

int source_check(const char *text, struct why *why) {
  const char *argument = NULL;
  bool known = strcmp(text, automatic_name) == 0 || source_find(text, &argument, why) != NULL;
  return known ? 0 : -EINVAL;
}

int measure_take(const struct ask *ask, const struct source *source, struct reading *reading) {
  struct trace *trace = ask->env->trace;
  *reading = (struct reading){.source = source->name};
  int64_t begun_ns = clock_monotonic_ns();
  trace_add(trace, "source %s: asking", source->name);
  int error = source->measure(ask, &reading->samples, &reading->why);
  char span[DURATION_TEXT_BYTES];
  int64_t took_ns = clock_monotonic_ns() - begun_ns;
  duration_print(span, took_ns - took_ns % DURATION_US);
  if (error == 0) {
    trace_add(trace, "source %s: serves, %zu server%s, took %s", source->name,
              reading->samples.count, reading->samples.count == 1 ? "" : "s", span);
  } else {
    samples_free(&reading->samples);
    trace_add(trace, "source %s: does not serve (%s), took %s: %s", source->name,
              reason_name(reading->why.reason), span, reading->why.text);
  }
  return error;
}

/* Whether source stands among the first count that are named. */
static bool asked_before(const struct config *config, size_t count, const struct source *source) {
  for (size_t i = 0; i < count; i++) {
    const char *unused = NULL;
    struct why why;
    if (source_find(config->source[i], &unused, &why) == source) {
      return true;
    }
  }
  return false;
}

/* What hangs must leave some time for the others that are named: a second for each. */
static int64_t deadline_before(int64_t deadline_ns, size_t others) {
  int64_t left_ns = deadline_ns - clock_monotonic_ns();
  int64_t wanted_ns = (int64_t)others * DURATION_S;
  return deadline_ns - (wanted_ns < left_ns / 2 ? wanted_ns : left_ns / 2);
}

size_t measure(const struct env *env, const struct config *config,
               struct reading readings[REPORT_READINGS_MAX]) {
  size_t count = 0;
  for (; count < config->source_count && count < REPORT_READINGS_MAX; count++) {
    struct ask ask = {.env = env, .config = config, .deadline_ns = env->measure_deadline_ns};
    struct reading *reading = &readings[count];
    if (strcmp(config->source[count], automatic_name) == 0) {
      automatic_take(&ask, reading);
      continue;
    }
    *reading = (struct reading){.source = config->source[count]};
    const struct source *source = source_find(config->source[count], &ask.argument, &reading->why);
    if (source != NULL && source->optional && asked_before(config, count, source)) {
      (void)why_set(&reading->why, REASON_CONFIG, -EINVAL,
                    "'%.80s': write all servers into one %s:%s, so that they vote",
                    config->source[count], source->name, source->argument);
    } else if (source != NULL) {
      ask.deadline_ns = deadline_before(ask.deadline_ns, config->source_count - count - 1);
      (void)measure_take(&ask, source, reading);
    }
  }
  return count;
}

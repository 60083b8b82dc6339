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

const struct source *const source_table[] = {
    &source_timesyncd, &source_chrony, &source_ntpd, &source_ptp, &source_sntp, &source_text, NULL};

static const char automatic[] = "auto";

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
    size_t used = strlen(known);
    (void)snprintf(known + used, sizeof known - used, ", %s", source_usage(usage, source));
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

/* Whether auto may take it: with -H and -M only what can be asked there. */
static bool is_candidate(const struct source *source, const struct config *config) {
  return source->automatic && (source->remote || (config->host == NULL && config->machine == NULL));
}

/* Another time service that sets this machine's clock, of those that would be asked later. */
static const char *find_rival(const struct env *env, const struct config *config, size_t taken) {
  if (!source_table[taken]->keeps_clock) {
    return NULL;
  }
  for (size_t i = taken + 1; source_table[i] != NULL; i++) {
    const struct source *source = source_table[i];
    if (is_candidate(source, config) && source->runs != NULL && source->runs(env, config)) {
      trace_add(env->trace, "source %s: its daemon runs, too", source->name);
      return source->name;
    }
  }
  return NULL;
}

/* A daemon of this machine that is there answers within milliseconds. */
#define PATIENCE_NS (2 * DURATION_S)

/* What hangs must leave time for those after it: half of what is left, but for the last. */
static int64_t deadline_of(const struct env *env, const struct config *config, size_t candidate) {
  for (size_t i = candidate + 1; source_table[i] != NULL; i++) {
    if (is_candidate(source_table[i], config)) {
      int64_t now_ns = clock_monotonic_ns();
      int64_t half_ns = (env->measure_deadline_ns - now_ns) / 2;
      bool local = source_table[candidate]->runs != NULL;
      return now_ns + (local && half_ns > PATIENCE_NS ? PATIENCE_NS : half_ns);
    }
  }
  return env->measure_deadline_ns;
}

#define ADVICE "; start the one that should keep this clock, or ask servers: -s sntp:HOST,HOST,HOST"

/* Of several reasons the first counts that tells of a fault; then that there is no bus; and only
 * then that a service does not run, which is as it should be of all but one. */
static unsigned weight(enum reason reason) {
  return reason == REASON_NO_SERVICE || reason == REASON_NO_SOURCE ? 0
         : reason == REASON_NO_BUS                                 ? 1
                                                                   : 2;
}

/* The clock is measured, but who keeps it? */
static void add_alone(struct samples *samples) {
  size_t used = strlen(samples->note);
  (void)snprintf(samples->note + used, sizeof samples->note - used,
                 "%stimesyncd, chronyd and ntpd do not serve", used > 0 ? "; " : "");
}

/* The first source that serves; or all that was tried, in one reason. */
static void take_first(const struct env *env, const struct config *config,
                       struct reading *reading) {
  char tried[2 * WHY_TEXT_BYTES] = "";
  unsigned count = 0;
  enum reason reason = REASON_NO_SERVICE;
  for (size_t i = 0; source_table[i] != NULL; i++) {
    const struct source *source = source_table[i];
    if (!is_candidate(source, config)) {
      continue;
    }
    struct env hasty = *env;
    hasty.measure_deadline_ns = deadline_of(env, config, i);
    if (take(&hasty, config, source, NULL, reading) == 0) {
      reading->rival = find_rival(env, config, i);
      if (!source->keeps_clock) {
        add_alone(&reading->samples);
      }
      return;
    }
    if (weight(reading->why.reason) > weight(reason)) {
      reason = reading->why.reason;
    }
    /* Of what is not there a word is enough: the trace has all, and what to do comes at the end. */
    const char *more = strstr(reading->why.text, "; ");
    bool brief = weight(reading->why.reason) == 0 && more != NULL;
    count++;
    size_t used = strlen(tried);
    (void)snprintf(tried + used, sizeof tried - used, "%s%s: %.*s", used > 0 ? "; " : "",
                   source->name, brief ? (int)(more - reading->why.text) : WHY_TEXT_BYTES,
                   reading->why.text);
  }
  if (count == 1) { /* then its own words, in full */
    char only[WHY_TEXT_BYTES];
    (void)strcpy(only, reading->why.text);
    (void)why_set(&reading->why, reason, 0, "tried %s: %s", reading->source, only);
  } else {
    (void)why_set(&reading->why, reason, 0, "tried %s%s", tried, weight(reason) < 2 ? ADVICE : "");
  }
  reading->source = automatic;
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
static int64_t deadline_before(const struct env *env, size_t others) {
  int64_t left_ns = env->measure_deadline_ns - clock_monotonic_ns();
  int64_t wanted_ns = (int64_t)others * DURATION_S;
  return env->measure_deadline_ns - (wanted_ns < left_ns / 2 ? wanted_ns : left_ns / 2);
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
    if (source != NULL && source->optional && asked_before(config, count, source)) {
      (void)why_set(&reading->why, REASON_CONFIG, -EINVAL,
                    "'%.80s': write all servers into one %s:%s, so that they vote",
                    config->source[count], source->name, source->argument);
    } else if (source != NULL) {
      struct env hasty = *env;
      hasty.measure_deadline_ns = deadline_before(env, config->source_count - count - 1);
      (void)take(&hasty, config, source, argument, reading);
    }
  }
  return count;
}

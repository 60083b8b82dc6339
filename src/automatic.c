/*
 * The source auto: of those that keep or can measure this clock the first that serves.
 */
#include "ntp_monitor/automatic.h"

#include <stdio.h>
#include <string.h>

#include "ntp_monitor/clock.h"
#include "ntp_monitor/config.h"
#include "ntp_monitor/duration.h"
#include "ntp_monitor/env.h"
#include "ntp_monitor/measure.h"
#include "ntp_monitor/source.h"
#include "ntp_monitor/trace.h"

const char automatic_name[] = "auto";

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

enum { NAMES_BYTES = 128 };

static void add_name(char names[NAMES_BYTES], const char *name) {
  size_t used = strlen(names);
  (void)snprintf(names + used, NAMES_BYTES - used, "%s%s", used > 0 ? ", " : "", name);
}

/* That others do not run is as it should be: not a word of it in the line. */
static void trace_absent(struct trace *trace, const char *names) {
  if (names[0] != '\0') {
    trace_add(trace, "auto: %s: not running", names);
  }
}

/* The first source that serves; or all that was tried, in one reason. */
void automatic_take(const struct env *env, const struct config *config, struct reading *reading) {
  char tried[2 * WHY_TEXT_BYTES] = "";
  char absent[NAMES_BYTES] = "";
  unsigned count = 0;
  enum reason reason = REASON_NO_SERVICE;
  for (size_t i = 0; source_table[i] != NULL; i++) {
    const struct source *source = source_table[i];
    if (!is_candidate(source, config)) {
      continue;
    }
    struct env hasty = *env;
    hasty.measure_deadline_ns = deadline_of(env, config, i);
    if (measure_take(&hasty, config, source, NULL, reading) == 0) {
      reading->rival = find_rival(env, config, i);
      trace_absent(env->trace, absent);
      return;
    }
    if (reading->why.reason == REASON_NO_SERVICE) {
      add_name(absent, source->name);
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
  reading->source = automatic_name;
}

/* Takes readings from the configured sources. */
#include "ntp_monitor/measure.h"

#include <errno.h>
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

int measure_take(const struct ask *ask, const struct source *source, struct reading *reading) {
  struct trace *trace = ask->env->trace;
  *reading = (struct reading){.source = source->name};
  struct ask begun = *ask;
  begun.begun_ns = clock_monotonic_ns();
  trace_add(trace, "source %s: asking", source->name);
  int error = source->measure(&begun, &reading->samples, &reading->why);
  char span[DURATION_TEXT_BYTES];
  int64_t took_ns = clock_monotonic_ns() - begun.begun_ns;
  duration_print(span, took_ns - took_ns % DURATION_US);
  if (error == 0) {
    trace_add(trace, "source %s: answered, %zu server%s, took %s", source->name,
              reading->samples.count, text_plural(reading->samples.count), span);
  } else {
    samples_free(&reading->samples);
    trace_add(trace, "source %s: no reading (%s), took %s: %s", source->name,
              reason_name(reading->why.reason), span, reading->why.text);
  }
  return error;
}

/* Returns whether source is among the first count configured. */
static bool is_asked_before(const struct config *config, size_t count,
                            const struct source *source) {
  for (size_t i = 0; i < count; i++) {
    const char *unused = NULL;
    struct why why;
    if (source_find(config->source[i], &unused, &why) == source) {
      return true;
    }
  }
  return false;
}

/* Reserves a second for each of the other sources, at most half of the time left, in case one
 * hangs. */
static int64_t get_deadline(int64_t deadline_ns, size_t others) {
  int64_t left_ns = deadline_ns - clock_monotonic_ns();
  int64_t reserved_ns = (int64_t)others * DURATION_S;
  if (reserved_ns > left_ns / 2) {
    reserved_ns = left_ns / 2;
  }
  return deadline_ns - reserved_ns;
}

size_t measure(const struct env *env, const struct config *config,
               struct reading readings[READING_MAX]) {
  size_t count = 0;
  for (; count < config->source_count && count < READING_MAX; count++) {
    struct ask ask = {.env = env, .config = config};
    struct reading *reading = &readings[count];
    ask.deadline_ns = get_deadline(env->measure_deadline_ns, config->source_count - count - 1);
    if (strcmp(config->source[count], automatic_name) == 0) {
      automatic_take(&ask, reading);
      continue;
    }
    *reading = (struct reading){.source = config->source[count]};
    const struct source *source = source_find(config->source[count], &ask.argument, &reading->why);
    if (source != NULL && source->optional && is_asked_before(config, count, source)) {
      (void)why_set(&reading->why, REASON_CONFIG, -EINVAL,
                    "'%.80s': list all servers in one %s:%s, so that they vote",
                    config->source[count], source->name, source->argument);
    } else if (source != NULL) {
      (void)measure_take(&ask, source, reading);
    }
  }
  return count;
}

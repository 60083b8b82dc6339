/*
 * The source auto: the first source that gives a reading.
 *
 * Sources that do not run are normal. A daemon that hangs or answers nonsense is not: it causes a
 * WARNING even if another source serves. Two daemons that set the same clock work against each
 * other, whatever their order.
 */
#include "source/automatic.h"

#include <stdio.h>
#include <string.h>

#include "ntp_monitor/ask.h"
#include "ntp_monitor/clock.h"
#include "ntp_monitor/config.h"
#include "ntp_monitor/duration.h"
#include "ntp_monitor/env.h"
#include "ntp_monitor/measure.h"
#include "ntp_monitor/source.h"
#include "ntp_monitor/text.h"
#include "ntp_monitor/trace.h"
#include "source/keeper.h"

const char automatic_name[] = "auto";

enum {
  ATTEMPTS_MAX = 8,
  NAMES_BYTES = 160,
  /* Limits of a sentence, so that a whole line has at most 250 characters. */
  FAILURE_LENGTH_MAX = 212,
  SICK_LENGTH_MAX = 120,
  LEAST_LENGTH = 40 /* the least that is kept of a cause */
};

/* The sources tried, by index of source_table. */
struct attempts {
  bool tried[ATTEMPTS_MAX];
  struct why why[ATTEMPTS_MAX];
};

/* Returns whether auto may ask source; with -H and -M only one that can ask another machine. */
static bool is_candidate(const struct source *source, const struct config *config) {
  return source->automatic && (source->remote || (config->host == NULL && config->machine == NULL));
}

/* --- how long each may take ------------------------------------------------------ */

/* A healthy daemon of this machine answers within milliseconds. */
#define PATIENCE_NS (2 * DURATION_S)

/* Gives each candidate except the last half of the time left, so that one that hangs leaves time
 * for the others. */
static int64_t get_deadline(const struct ask *ask, size_t candidate) {
  for (size_t i = candidate + 1; source_table[i] != NULL; i++) {
    if (is_candidate(source_table[i], ask->config)) {
      int64_t now_ns = clock_monotonic_ns();
      int64_t half_ns = (ask->deadline_ns - now_ns) / 2;
      bool local = source_table[candidate]->runs != NULL && !source_table[candidate]->remote;
      if (local && half_ns > PATIENCE_NS) {
        return now_ns + PATIENCE_NS;
      }
      return now_ns + half_ns;
    }
  }
  return ask->deadline_ns;
}

/* --- failures ---------------------------------------------------------------------- */

/* The weight of a failure. */
enum weight {
  WEIGHT_NONE,   /* no servers are configured */
  WEIGHT_ABSENT, /* not running, which is normal for all daemons but one */
  WEIGHT_NO_BUS, /* no bus on a machine that should have one */
  WEIGHT_CLOSED, /* running, but not open to us */
  WEIGHT_NAMED,  /* configured servers failed */
  WEIGHT_SICK    /* a daemon hangs or answers nonsense */
};

static enum weight weigh(const struct attempts *attempts, size_t i, const struct config *config) {
  if (source_table[i]->argument != NULL) {
    return config->sntp_servers[0] != '\0' ? WEIGHT_NAMED : WEIGHT_NONE;
  }
  switch (attempts->why[i].reason) {
  case REASON_TIMEOUT:
  case REASON_BAD_REPLY:
    return WEIGHT_SICK;
  case REASON_NO_SERVICE:
  case REASON_NO_SOURCE:
    return WEIGHT_ABSENT;
  case REASON_NO_BUS:
    return keeper_expects_bus() ? WEIGHT_NO_BUS : WEIGHT_ABSENT;
  default:
    return WEIGHT_CLOSED;
  }
}

/* Returns the first of the heaviest failures, or ATTEMPTS_MAX if nothing was tried. */
static size_t find_heaviest(const struct attempts *attempts, const struct config *config) {
  size_t best = ATTEMPTS_MAX;
  for (size_t i = 0; i < ATTEMPTS_MAX && source_table[i] != NULL; i++) {
    if (attempts->tried[i] &&
        (best == ATTEMPTS_MAX || weigh(attempts, i, config) > weigh(attempts, best, config))) {
      best = i;
    }
  }
  return best;
}

/* A word for each reason; any other reason uses the last. */
static const struct {
  enum reason reason;
  const char *word;
} briefs[] = {
    {REASON_NO_SERVICE, "not running"},   {REASON_NO_BUS, "no system bus"},
    {REASON_DENIED, "access denied"},     {REASON_TIMEOUT, "no answer"},
    {REASON_BAD_REPLY, "invalid answer"}, {REASON_NO_SOURCE, "no reading"},
};
enum { BRIEFS = sizeof briefs / sizeof *briefs };

static size_t find_brief(const struct source *source, enum reason reason) {
  size_t row = 0;
  if (source->argument != NULL && reason == REASON_NO_SERVICE) { /* a server's port is closed */
    reason = REASON_TIMEOUT;
  }
  while (row < BRIEFS - 1 && briefs[row].reason != reason) {
    row++;
  }
  return row;
}

/* Appends "; chrony, ntpd: not running; ptp: no answer" for all failures except one that weigh at
 * least `least`. */
static void add_brief(char out[NAMES_BYTES], const struct attempts *attempts, size_t except,
                      enum weight least, const struct config *config) {
  for (size_t row = 0; row < BRIEFS; row++) {
    const char *before = "; ";
    for (size_t i = 0; i < ATTEMPTS_MAX && source_table[i] != NULL; i++) {
      if (attempts->tried[i] && i != except &&
          find_brief(source_table[i], attempts->why[i].reason) == row &&
          weigh(attempts, i, config) >= least) {
        text_append(out, NAMES_BYTES, "%s%s", before, source_table[i]->name);
        before = ", ";
      }
    }
    if (before[0] == ',') {
      text_append(out, NAMES_BYTES, ": %s", briefs[row].word);
    }
  }
}

/* Prints "chrony: chronyd is there but ...", cut to length; whole: with the advice. */
static void print_cause(char *out, size_t size_bytes, const struct attempts *attempts, size_t which,
                        bool whole, size_t length) {
  const struct why *why = &attempts->why[which];
  int shown = whole ? WHY_TEXT_BYTES : (int)why->cause_bytes;
  (void)snprintf(out, size_bytes, "%s: %.*s", source_table[which]->name, shown, why->text);
  text_truncate(out, length > LEAST_LENGTH ? length : LEAST_LENGTH);
}

#define START_ONE \
  "; start the one that should keep this clock, or ask servers: -s sntp:HOST,HOST,HOST"

/* Explains all failures in one sentence: the cause of the heaviest, a word for each other, and the
 * advice. */
static void automatic_explain(const struct attempts *attempts, const struct config *config,
                              struct reading *reading) {
  char cause[WHY_TEXT_BYTES + NAMES_BYTES];
  char rest[NAMES_BYTES] = "";
  char advice[NAMES_BYTES] = "";
  char other[KEEPER_TEXT_BYTES];
  size_t first = find_heaviest(attempts, config);
  enum weight weight = weigh(attempts, first, config);
  add_brief(rest, attempts, first, WEIGHT_ABSENT, config);
  if (weight <= WEIGHT_CLOSED && keeper_find(other)) {
    (void)snprintf(
        advice, sizeof advice,
        "; %s may keep this clock but is no source here: ask servers, -s sntp:HOST,HOST,HOST",
        other);
  } else if (weight <= WEIGHT_ABSENT) {
    (void)snprintf(advice, sizeof advice, START_ONE);
  }
  size_t used = strlen(rest) + strlen(advice);
  size_t left = used < FAILURE_LENGTH_MAX ? FAILURE_LENGTH_MAX - used : 0;
  print_cause(cause, sizeof cause, attempts, first, advice[0] == '\0', left);
  enum reason reason = weight <= WEIGHT_ABSENT ? REASON_NO_SERVICE : attempts->why[first].reason;
  (void)why_set(&reading->why, reason, 0, "%s%s%s", cause, rest, advice);
}

/* Names the sick daemons beside the source that serves. */
static void tell_sick(const struct attempts *attempts, const struct config *config,
                      struct reading *reading) {
  char cause[WHY_TEXT_BYTES + NAMES_BYTES];
  char rest[NAMES_BYTES] = "";
  size_t first = find_heaviest(attempts, config);
  if (first < ATTEMPTS_MAX && weigh(attempts, first, config) == WEIGHT_SICK) {
    print_cause(cause, sizeof cause, attempts, first, false, SICK_LENGTH_MAX);
    add_brief(rest, attempts, first, WEIGHT_SICK, config);
    (void)why_set(&reading->sick, attempts->why[first].reason, 0, "%s%s", cause, rest);
  }
}

/* Traces the absent daemons, which are normal and stay out of the report. */
static void trace_absent(struct trace *trace, const struct attempts *attempts) {
  char names[NAMES_BYTES] = "";
  for (size_t i = 0; i < ATTEMPTS_MAX && source_table[i] != NULL; i++) {
    if (attempts->tried[i] && attempts->why[i].reason == REASON_NO_SERVICE) {
      text_list(names, NAMES_BYTES, ", ", "%s", source_table[i]->name);
    }
  }
  if (names[0] != '\0') {
    trace_add(trace, "auto: %s: not running", names);
  }
}

/* --- other daemons that set this clock ----------------------------------------------- */

/* The time for a glance at another source, and the oldest sample that counts there. */
#define GLANCE_NS (100 * DURATION_MS)
#define FRESH_NS (10 * DURATION_S)

/* chronyd and ntpd may follow the clock that ptp4l sets (PHC, SHM); that is no conflict. */
static bool is_conflict(const struct source *a, const struct source *b) {
  return !(a->feeds && !b->servers_only) && !(b->feeds && !a->servers_only);
}

/* Returns whether a daemon sets this machine's clock, by its sample. With hardware time stamps
 * ptp4l sets the network card's clock instead. */
static bool is_setting(const struct sample *sample) {
  bool fresh = sample_has(sample, METRIC_AGE) && sample->value[METRIC_AGE] < FRESH_NS;
  return sample->state == STATE_SELECTED && sample->clock == CLOCK_SYSTEM && fresh;
}

static bool glance_at(const struct ask *ask, const struct source *source) {
  struct ask glance = {.env = ask->env, .config = ask->config, .glance = true};
  struct samples samples = {.count = 0};
  struct why why;
  glance.deadline_ns = env_deadline_within(ask->env, GLANCE_NS);
  bool sets = source->measure(&glance, &samples, &why) == 0 && is_setting(&samples.items[0]);
  samples_free(&samples); /* a failed measurement may leave some */
  return sets;
}

static bool sets_clock(const struct ask *ask, const struct source *source) {
  if (source->runs != NULL) {
    return source->runs(ask);
  }
  return source->feeds && glance_at(ask, source);
}

/* Finds two daemons that set this machine's clock: the one taken and another, or any two. */
static void find_rival(const struct ask *ask, const struct attempts *attempts, size_t taken,
                       struct reading *reading) {
  const struct source *keeper = source_table[taken]->keeps_clock ? source_table[taken] : NULL;
  for (size_t i = 0; source_table[i] != NULL && reading->rival == NULL; i++) {
    const struct source *source = source_table[i];
    bool absent = attempts->tried[i] && attempts->why[i].reason == REASON_NO_SERVICE;
    bool known = i == taken && (keeper == source || keeper == NULL);
    if (absent || known || !is_candidate(source, ask->config) ||
        (keeper != NULL && !is_conflict(keeper, source)) || !sets_clock(ask, source)) {
      continue;
    }
    trace_add(ask->env->trace, "source %s: its daemon is running%s", source->name,
              keeper != NULL ? " as well" : "");
    if (keeper != NULL) {
      reading->rival = source->name;
    } else {
      keeper = source;
    }
    reading->keeper = keeper->name;
  }
}

/* --- the source ---------------------------------------------------------------------- */

void automatic_take(const struct ask *ask, struct reading *reading) {
  const struct config *config = ask->config;
  struct attempts attempts = {.tried = {false}};
  unsigned count = 0;
  for (size_t i = 0; i < ATTEMPTS_MAX && source_table[i] != NULL; i++) {
    if (!is_candidate(source_table[i], config)) {
      continue;
    }
    struct ask one = *ask;
    one.deadline_ns = get_deadline(ask, i);
    if (measure_take(&one, source_table[i], reading) == 0) {
      find_rival(ask, &attempts, i, reading);
      tell_sick(&attempts, config, reading);
      trace_absent(ask->env->trace, &attempts);
      return;
    }
    attempts.tried[i] = true;
    attempts.why[i] = reading->why;
    count++;
  }
  if (count > 1) { /* a single source explains itself in full */
    automatic_explain(&attempts, config, reading);
  }
  reading->source = automatic_name;
}

/*
 * The source auto: of those that keep or can measure this clock the first that serves.
 *
 * That others do not run is normal. One that is there and hangs or answers nonsense is not: it is a
 * WARNING even where another serves. Two that set the same clock work against each other, wherever
 * they stand in the order.
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
  /* Of a sentence, so that a whole line has at most 250 characters. */
  FAILURE_LENGTH_MAX = 212,
  SICK_LENGTH_MAX = 120,
  LEAST_LENGTH = 40 /* what is left of a cause at least */
};

/* What auto has tried, by the index of source_table. */
struct attempts {
  bool tried[ATTEMPTS_MAX];
  struct why why[ATTEMPTS_MAX];
};

/* Whether auto may take it: with -H and -M only what can be asked there. */
static bool is_candidate(const struct source *source, const struct config *config) {
  return source->automatic && (source->remote || (config->host == NULL && config->machine == NULL));
}

/* --- how long each may take ------------------------------------------------------ */

/* A daemon of this machine that is there answers within milliseconds. */
#define PATIENCE_NS (2 * DURATION_S)

/* What hangs must leave time for those after it: half of what is left, but for the last. */
static int64_t deadline_of(const struct ask *ask, size_t candidate) {
  for (size_t i = candidate + 1; source_table[i] != NULL; i++) {
    if (is_candidate(source_table[i], ask->config)) {
      int64_t now_ns = clock_monotonic_ns();
      int64_t half_ns = (ask->deadline_ns - now_ns) / 2;
      bool local = source_table[candidate]->runs != NULL && !source_table[candidate]->remote;
      return now_ns + (local && half_ns > PATIENCE_NS ? PATIENCE_NS : half_ns);
    }
  }
  return ask->deadline_ns;
}

/* --- what did not serve ----------------------------------------------------------- */

/* How much a failure counts. */
enum weight {
  WEIGHT_NONE,   /* servers, of which none is named */
  WEIGHT_ABSENT, /* as it is of all but one */
  WEIGHT_NO_BUS, /* on a machine that should have one */
  WEIGHT_CLOSED, /* there, and not for us */
  WEIGHT_NAMED,  /* servers that somebody named */
  WEIGHT_SICK    /* a daemon that hangs or talks nonsense */
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

/* The first of those that count most, or ATTEMPTS_MAX where nothing was tried. */
static size_t heaviest(const struct attempts *attempts, const struct config *config) {
  size_t best = ATTEMPTS_MAX;
  for (size_t i = 0; i < ATTEMPTS_MAX && source_table[i] != NULL; i++) {
    if (attempts->tried[i] &&
        (best == ATTEMPTS_MAX || weigh(attempts, i, config) > weigh(attempts, best, config))) {
      best = i;
    }
  }
  return best;
}

/* A word for each reason; other reasons have the last one. */
static const struct {
  enum reason reason;
  const char *word;
} briefs[] = {
    {REASON_NO_SERVICE, "not running"},  {REASON_NO_BUS, "no system bus"},
    {REASON_DENIED, "may not be asked"}, {REASON_TIMEOUT, "no answer"},
    {REASON_BAD_REPLY, "bad answer"},    {REASON_NO_SOURCE, "no reading"},
};
enum { BRIEFS = sizeof briefs / sizeof *briefs };

static size_t brief_of(const struct source *source, enum reason reason) {
  bool silent = source->argument != NULL && reason == REASON_NO_SERVICE; /* a port is closed */
  size_t row = 0;
  reason = silent ? REASON_TIMEOUT : reason;
  while (row < BRIEFS - 1 && briefs[row].reason != reason) {
    row++;
  }
  return row;
}

/* "; chrony, ntpd: not running; ptp: no answer": a word for all that weigh so much, but for one. */
static void add_brief(char out[NAMES_BYTES], const struct attempts *attempts, size_t except,
                      enum weight least, const struct config *config) {
  for (size_t row = 0; row < BRIEFS; row++) {
    const char *before = "; ";
    for (size_t i = 0; i < ATTEMPTS_MAX && source_table[i] != NULL; i++) {
      if (attempts->tried[i] && i != except &&
          brief_of(source_table[i], attempts->why[i].reason) == row &&
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

/* "chrony: chronyd is there but ...", cut to length; whole: with what to do about it. */
static void print_cause(char *out, size_t size_bytes, const struct attempts *attempts, size_t which,
                        bool whole, size_t length) {
  const struct why *why = &attempts->why[which];
  int shown = whole ? WHY_TEXT_BYTES : (int)why->cause_bytes;
  (void)snprintf(out, size_bytes, "%s: %.*s", source_table[which]->name, shown, why->text);
  text_truncate(out, length > LEAST_LENGTH ? length : LEAST_LENGTH);
}

#define START_ONE \
  "; start the one that should keep this clock, or ask servers: -s sntp:HOST,HOST,HOST"

/* One sentence for all of them: the one that counts with its cause, a word for each other, and what
 * to do. */
static void automatic_explain(const struct attempts *attempts, const struct config *config,
                              struct reading *reading) {
  char cause[WHY_TEXT_BYTES + NAMES_BYTES];
  char rest[NAMES_BYTES] = "";
  char advice[NAMES_BYTES] = "";
  char other[KEEPER_TEXT_BYTES];
  size_t first = heaviest(attempts, config);
  enum weight weight = weigh(attempts, first, config);
  add_brief(rest, attempts, first, WEIGHT_ABSENT, config);
  if (weight <= WEIGHT_CLOSED && keeper_find(other)) {
    (void)snprintf(
        advice, sizeof advice,
        "; %s may keep this clock and has no source here: ask servers, -s sntp:HOST,HOST,HOST",
        other);
  } else if (weight <= WEIGHT_ABSENT) {
    (void)snprintf(advice, sizeof advice, START_ONE);
  }
  size_t used = strlen(rest) + strlen(advice);
  print_cause(cause, sizeof cause, attempts, first, advice[0] == '\0',
              FAILURE_LENGTH_MAX - (used < FAILURE_LENGTH_MAX ? used : FAILURE_LENGTH_MAX));
  enum reason reason = attempts->why[first].reason;
  bool absent = weight <= WEIGHT_ABSENT;
  (void)why_set(&reading->why, absent ? REASON_NO_SERVICE : reason, 0, "%s%s%s", cause, rest,
                advice);
}

/* Who is sick, beside one that serves. */
static void tell_sick(const struct attempts *attempts, const struct config *config,
                      struct reading *reading) {
  char cause[WHY_TEXT_BYTES + NAMES_BYTES];
  char rest[NAMES_BYTES] = "";
  size_t first = heaviest(attempts, config);
  if (first < ATTEMPTS_MAX && weigh(attempts, first, config) == WEIGHT_SICK) {
    print_cause(cause, sizeof cause, attempts, first, false, SICK_LENGTH_MAX);
    add_brief(rest, attempts, first, WEIGHT_SICK, config);
    (void)why_set(&reading->sick, attempts->why[first].reason, 0, "%s%s", cause, rest);
  }
}

/* That these do not run is as it should be: not a word of it in the line. */
static void trace_absent(struct trace *trace, const struct attempts *attempts) {
  char names[NAMES_BYTES] = "";
  for (size_t i = 0; i < ATTEMPTS_MAX && source_table[i] != NULL; i++) {
    if (attempts->tried[i] && attempts->why[i].reason == REASON_NO_SERVICE) {
      size_t used = strlen(names);
      text_append(names, NAMES_BYTES, "%s%s", used > 0 ? ", " : "", source_table[i]->name);
    }
  }
  if (names[0] != '\0') {
    trace_add(trace, "auto: %s: not running", names);
  }
}

/* --- who else sets this clock ------------------------------------------------------- */

/* For a look at one that is not the reading, and how old what it tells of this clock may be. */
#define GLANCE_NS (100 * DURATION_MS)
#define FRESH_NS (10 * DURATION_S)

/* chronyd and ntpd may follow the clock that ptp4l sets (PHC, SHM). */
static bool fight(const struct source *a, const struct source *b) {
  return !(a->feeds && !b->servers_only) && !(b->feeds && !a->servers_only);
}

/* True if the sample's daemon sets this machine's clock. With hardware timestamps ptp4l sets the
 * network card's instead. */
static bool is_setting(const struct sample *sample) {
  bool fresh = sample_has(sample, METRIC_AGE) && sample->value[METRIC_AGE] < FRESH_NS;
  return sample->state == STATE_SELECTED && !sample->foreign_clock && fresh;
}

static bool follows(const struct ask *ask, const struct source *source) {
  struct ask glance = {.env = ask->env, .config = ask->config, .glance = true};
  struct samples samples = {.count = 0};
  struct why why;
  glance.deadline_ns = env_deadline_within(ask->env, GLANCE_NS);
  bool sets = source->measure(&glance, &samples, &why) == 0 && is_setting(&samples.items[0]);
  samples_free(&samples); /* a source may add some before it fails */
  return sets;
}

static bool sets_clock(const struct ask *ask, const struct source *source) {
  return source->runs != NULL ? source->runs(ask) : source->feeds && follows(ask, source);
}

/* Two that set this machine's clock: the one that was taken and another, or any two. */
static void find_rival(const struct ask *ask, const struct attempts *attempts, size_t taken,
                       struct reading *reading) {
  const struct source *keeper = source_table[taken]->keeps_clock ? source_table[taken] : NULL;
  for (size_t i = 0; source_table[i] != NULL && reading->rival == NULL; i++) {
    const struct source *source = source_table[i];
    bool absent = attempts->tried[i] && attempts->why[i].reason == REASON_NO_SERVICE;
    bool known = i == taken && (keeper == source || keeper == NULL);
    if (absent || known || !is_candidate(source, ask->config) ||
        (keeper != NULL && !fight(keeper, source)) || !sets_clock(ask, source)) {
      continue;
    }
    trace_add(ask->env->trace, "source %s: its daemon runs%s", source->name,
              keeper != NULL ? ", too" : "");
    reading->rival = keeper != NULL ? source->name : NULL;
    reading->keeper = keeper != NULL ? keeper->name : source->name;
    keeper = keeper != NULL ? keeper : source;
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
    one.deadline_ns = deadline_of(ask, i);
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
  if (count > 1) { /* else its own words, in full */
    automatic_explain(&attempts, config, reading);
  }
  reading->source = automatic_name;
}

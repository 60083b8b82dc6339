/*
 * What a report says beside its verdict.
 *
 * A time service knows its own server only. Beside servers that were asked directly its offset
 * tells where the fault is: both off by the same is the clock, a small difference is the path,
 * a large one is its server.
 */
#include "ntp_monitor/comparison.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "ntp_monitor/config.h"
#include "ntp_monitor/duration.h"
#include "ntp_monitor/judge.h"
#include "ntp_monitor/text.h"

/* Differences below this are not worth a word. */
#define NOISE_LEAST_NS DURATION_MS

/* What a crystal drifts before a daemon has found out, in millionths: a small computer's. */
enum { DRIFT_PPM = 50 };

/* One side of the comparison; all in ns. */
struct side {
  const char *source;
  int64_t told_ns, offset_ns; /* server ahead is positive; as found, and a year at most */
  int64_t jitter_ns;          /* 0 where unknown */
  int64_t asymmetry_ns;       /* what an asymmetric path can make of it */
  int64_t drift_ns;           /* how far the clock may have drifted since */
  bool past; /* the daemon has put the clock right by that offset since, or is doing so */
  unsigned servers;
};

__attribute__((format(printf, 2, 3))) static void add(struct report *report, const char *format,
                                                      ...) {
  va_list arguments;
  va_start(arguments, format);
  text_append(report->note, sizeof report->note, "%s", report->note[0] != '\0' ? "; " : "");
  text_vappend(report->note, sizeof report->note, format, arguments);
  va_end(arguments);
}

static const struct sample *carrier_of(const struct samples *samples) {
  for (size_t i = 0; i < samples->count; i++) {
    if (!samples->items[i].bystander) {
      return &samples->items[i];
    }
  }
  return NULL;
}

/* Whether the reading has what the comparison wants. */
/* A year says as much as ten, and sums of it do not overflow. */
static int64_t clamp(int64_t offset_ns) {
  const int64_t most_ns = 366 * DURATION_D;
  if (offset_ns > most_ns) {
    return most_ns;
  }
  return offset_ns < -most_ns ? -most_ns : offset_ns;
}

static bool take_side(const struct reading *reading, struct side *side) {
  const struct samples *samples = &reading->samples;
  const struct sample *sample = carrier_of(samples);
  if (sample == NULL || !sample_has(sample, METRIC_OFFSET) || sample->foreign_clock ||
      (sample_has(sample, FIELD_LEAP) && sample->leap == LEAP_UNSYNCHRONISED)) {
    return false;
  }
  int64_t offset_ns =
      samples->combined ? samples->combined_offset_ns : sample->value[METRIC_OFFSET];
  *side = (struct side){
      .source = reading->source,
      .told_ns = offset_ns,
      .offset_ns = clamp(offset_ns),
      .servers = samples->truechimers,
      .jitter_ns = sample_has(sample, METRIC_JITTER) ? sample->value[METRIC_JITTER] : 0,
  };
  /* One that was not there in the replies before makes a jitter of its own size. */
  side->past = sample->offset_is_past && side->jitter_ns >= duration_abs(offset_ns) / 4;
  if (sample_has(sample, METRIC_DELAY)) {
    side->asymmetry_ns = sample->value[METRIC_DELAY] / 2;
  } else if (sample_has(sample, METRIC_ERROR_BOUND)) {
    side->asymmetry_ns = sample->value[METRIC_ERROR_BOUND] - duration_abs(offset_ns);
  }
  if (sample_has(sample, METRIC_AGE)) {
    side->drift_ns = duration_abs(sample->value[METRIC_AGE] / 1000000 * DRIFT_PPM);
  }
  /* Beyond that nothing here means anything. */
  return duration_abs(side->jitter_ns) < DURATION_D &&
         duration_abs(side->asymmetry_ns) < DURATION_D && duration_abs(side->drift_ns) < DURATION_D;
}

/* "+250ms" */
static const char *print_offset(char out[DURATION_TEXT_BYTES + 1], int64_t offset_ns) {
  out[0] = '+';
  duration_print_short(out + (offset_ns > 0), offset_ns);
  return out;
}

/* Fewer than this that agree can be wrong together. */
enum { JURY = 3 };

/* Whether the servers find a good part of what the daemon finds: a jitter that is larger than the
 * offset, as after one bad reply, makes the two neither agree nor differ. */
static bool confirm(const struct side *servers, const struct side *daemon) {
  return (servers->offset_ns > 0) == (daemon->offset_ns > 0) &&
         duration_abs(servers->offset_ns) >= duration_abs(daemon->offset_ns) / 2;
}

/* How far what the servers find lies from what the daemon makes of the clock. Where that put the
 * clock right by its offset, or slews it, all from there to 0 fits. */
static int64_t apart(const struct side *daemon, const struct side *servers) {
  int64_t from_ns = daemon->offset_ns;
  int64_t to_ns = daemon->past ? 0 : daemon->offset_ns;
  int64_t least_ns = from_ns < to_ns ? from_ns : to_ns;
  int64_t most_ns = from_ns < to_ns ? to_ns : from_ns;
  if (servers->offset_ns < least_ns) {
    return least_ns - servers->offset_ns;
  }
  return servers->offset_ns > most_ns ? servers->offset_ns - most_ns : 0;
}

/* Whether the daemon's offset is beyond its limit. */
static bool is_off(const struct report *report, const struct side *daemon) {
  const struct limit *limit = &report->config->limit[METRIC_OFFSET];
  int64_t offset_ns = duration_abs(daemon->offset_ns);
  return (limit->warning != CONFIG_NONE && offset_ns > limit->warning) ||
         (limit->critical != CONFIG_NONE && offset_ns > limit->critical);
}

/* The daemon's offset is beyond its limit, and the servers do not contradict. */
static void add_off(struct report *report, const struct side *daemon, const struct side *servers,
                    const char *its, const char *theirs) {
  if (confirm(servers, daemon)) {
    add(report, "the clock is off: %s (%s) and the servers asked directly (%s) agree on that",
        daemon->source, its, theirs);
  } else if (daemon->past) {
    add(report,
        "%s found %s at the last reply and has put the clock right since: the servers asked "
        "directly find %s",
        daemon->source, its, theirs);
  } else {
    add(report,
        "%s finds %s, the servers asked directly %s: too much jitter to tell which is right",
        daemon->source, its, theirs);
  }
}

/* Whether a server must be wrong. */
static bool comparison_compare(struct report *report, const struct side *daemon,
                               const struct side *servers) {
  char theirs[DURATION_TEXT_BYTES + 1];
  char its[DURATION_TEXT_BYTES + 1];
  char span[DURATION_TEXT_BYTES];
  int64_t noise_ns = 3 * (daemon->jitter_ns + servers->jitter_ns) + daemon->drift_ns;
  noise_ns = noise_ns > NOISE_LEAST_NS ? noise_ns : NOISE_LEAST_NS;
  int64_t apart_ns = apart(daemon, servers);
  int64_t asymmetry_ns = daemon->asymmetry_ns + servers->asymmetry_ns;
  print_offset(theirs, servers->told_ns);
  print_offset(its, daemon->told_ns);
  if (apart_ns <= noise_ns && is_off(report, daemon)) {
    add_off(report, daemon, servers, its, theirs);
    return false;
  }
  if (apart_ns <= noise_ns) {
    add(report, "%s and the servers asked directly agree (%s)", daemon->source, theirs);
    return false;
  }
  if (apart_ns <= noise_ns + asymmetry_ns) {
    add(report,
        "the path is asymmetric: %s finds %s, the servers asked directly %s, and the delays "
        "explain up to %s of that",
        daemon->source, its, theirs, duration_print_short(span, asymmetry_ns));
    return false;
  }
  if (servers->servers < JURY) {
    add(report, "a server lies: %s finds %s, %u asked directly %s; ask %d or more to know which",
        daemon->source, its, servers->servers, theirs, JURY);
  } else {
    add(report, "the server lies: that of %s is %s off, %u asked directly find %s", daemon->source,
        its, servers->servers, theirs);
  }
  return true;
}

/* True if the verdict itself says how many answered, since they are too few. */
static bool is_told(const struct samples *samples, const struct config *config) {
  return samples->truechimers == samples->answered &&
         (int64_t)samples->truechimers < judge_truechimers(samples, config);
}

void comparison_write(struct report *report, const struct reading *readings, size_t reading_count) {
  struct side daemon = {.source = NULL};
  struct side servers = {.source = NULL};
  const struct reading *asked_daemon = NULL;
  report->note[0] = '\0';
  report->disproved = NULL;
  for (size_t i = 0; i < reading_count; i++) {
    const struct samples *samples = &readings[i].samples;
    if (samples->answered < samples->asked && !is_told(samples, report->config)) {
      add(report, "%u of %u servers gave a usable answer", samples->answered, samples->asked);
    }
    if (samples->note[0] != '\0') {
      add(report, "%s", samples->note);
    }
    bool asked = samples->asked > 0;
    struct side *side = asked ? &servers : &daemon;
    struct side found;
    bool wanted = side->source == NULL && (!asked || samples->truechimers > 0);
    if (wanted && take_side(&readings[i], &found)) {
      *side = found;
      asked_daemon = asked ? asked_daemon : &readings[i];
    }
  }
  if (daemon.source != NULL && servers.source != NULL &&
      comparison_compare(report, &daemon, &servers)) {
    report->disproved = asked_daemon;
  }
}

/*
 * Notes of a report beside its verdict.
 *
 * A time service knows only its own server. Compared with servers asked directly, its offset
 * locates the fault: if both find the same offset it is the clock, if they differ a little it is
 * the path, if they differ much it is the service's server.
 */
#include "ntp_monitor/comparison.h"

#include <stdio.h>
#include <string.h>

#include "ntp_monitor/config.h"
#include "ntp_monitor/duration.h"
#include "ntp_monitor/judge.h"
#include "ntp_monitor/text.h"

/* Smaller differences are not worth mentioning. */
#define NOISE_LEAST_NS DURATION_MS

/* Drift of a small computer's crystal before a daemon has measured it, in millionths. */
enum { DRIFT_PPM = 50 };

/* One side of the comparison; all in ns. */
struct side {
  const char *source;
  int64_t told_ns, offset_ns; /* positive: server ahead; as found, and limited to a year */
  int64_t jitter_ns;          /* 0 where unknown */
  int64_t asymmetry_ns;       /* the error that an asymmetric path can cause */
  int64_t drift_ns;           /* how far the clock may have drifted since */
  bool past; /* the daemon has corrected the clock by this offset, or is doing so */
  unsigned servers;
};

static const struct sample *find_primary(const struct samples *samples) {
  for (size_t i = 0; i < samples->count; i++) {
    if (!samples->items[i].listed) {
      return &samples->items[i];
    }
  }
  return NULL;
}

/* Limits an offset to a year, so that sums do not overflow; ten years would mean no more. */
static int64_t clamp_offset(int64_t offset_ns) {
  const int64_t most_ns = 366 * DURATION_D;
  return duration_lesser(duration_greater(offset_ns, -most_ns), most_ns);
}

/* Fills *side from reading; false where the reading lacks what the comparison needs. */
static bool take_side(const struct reading *reading, struct side *side) {
  const struct samples *samples = &reading->samples;
  const struct sample *sample = find_primary(samples);
  if (sample == NULL || !sample_has(sample, METRIC_OFFSET) || sample->clock != CLOCK_SYSTEM ||
      (sample_has(sample, FIELD_LEAP) && sample->leap == LEAP_UNSYNCHRONISED)) {
    return false;
  }
  int64_t offset_ns = sample->value[METRIC_OFFSET];
  if (samples->combined) {
    offset_ns = samples->combined_offset_ns;
  }
  *side = (struct side){
      .source = reading->source,
      .told_ns = offset_ns,
      .offset_ns = clamp_offset(offset_ns),
      .servers = samples->truechimers,
  };
  if (sample_has(sample, METRIC_JITTER)) {
    side->jitter_ns = sample->value[METRIC_JITTER];
  }
  /* An offset absent from the earlier replies causes a jitter of its own size. */
  side->past = sample->offset_is_past && side->jitter_ns >= duration_abs(offset_ns) / 4;
  if (sample_has(sample, METRIC_DELAY)) {
    side->asymmetry_ns = sample->value[METRIC_DELAY] / 2;
  } else if (sample_has(sample, METRIC_ERROR_BOUND)) {
    side->asymmetry_ns = sample->value[METRIC_ERROR_BOUND] - duration_abs(offset_ns);
  }
  if (sample_has(sample, METRIC_AGE)) {
    side->drift_ns = duration_abs(sample->value[METRIC_AGE] / 1000000 * DRIFT_PPM);
  }
  /* Larger figures are meaningless. */
  return duration_abs(side->jitter_ns) < DURATION_D &&
         duration_abs(side->asymmetry_ns) < DURATION_D && duration_abs(side->drift_ns) < DURATION_D;
}

/* The fewest servers whose agreement proves another one wrong. */
enum { JURY = 3 };

/* Checks that the servers find at least half of the daemon's offset. With a jitter larger than the
 * offset, as after one bad reply, the two neither agree nor differ. */
static bool confirms(const struct side *servers, const struct side *daemon) {
  return (servers->offset_ns > 0) == (daemon->offset_ns > 0) &&
         duration_abs(servers->offset_ns) >= duration_abs(daemon->offset_ns) / 2;
}

/* Returns the distance between what the servers and the daemon find. If the daemon has stepped the
 * clock by its offset, or is slewing it, everything between that offset and 0 fits. */
static int64_t get_distance(const struct side *daemon, const struct side *servers) {
  int64_t from_ns = daemon->offset_ns;
  int64_t to_ns = from_ns;
  if (daemon->past) {
    to_ns = 0;
  }
  int64_t least_ns = duration_lesser(from_ns, to_ns);
  int64_t most_ns = duration_greater(from_ns, to_ns);
  if (servers->offset_ns < least_ns) {
    return least_ns - servers->offset_ns;
  }
  return duration_greater(servers->offset_ns - most_ns, 0);
}

/* Checks whether the daemon's offset is beyond its limit. */
static bool is_off(const struct report *report, const struct side *daemon) {
  const struct limit *limit = &report->config->limit[METRIC_OFFSET];
  int64_t offset_ns = duration_abs(daemon->offset_ns);
  return (limit->warning != CONFIG_NONE && offset_ns > limit->warning) ||
         (limit->critical != CONFIG_NONE && offset_ns > limit->critical);
}

/* Describes a daemon's offset beyond its limit that the servers do not contradict. */
static void add_off(struct report *report, const struct side *daemon, const struct side *servers,
                    const char *its, const char *theirs) {
  if (confirms(servers, daemon)) {
    text_list(report->note, sizeof report->note, "; ",
              "the clock is off: %s (%s) and the servers asked directly (%s) agree on that",
              daemon->source, its, theirs);
  } else if (daemon->past) {
    text_list(report->note, sizeof report->note, "; ",
              "%s reported %s at the last reply and has corrected the clock since: the servers "
              "asked directly report %s",
              daemon->source, its, theirs);
  } else {
    text_list(
        report->note, sizeof report->note, "; ",
        "%s reports %s, the servers asked directly %s: too much jitter to tell which is right",
        daemon->source, its, theirs);
  }
}

/* Describes how the two sides relate. Returns true if the daemon's server must be wrong. */
static bool comparison_compare(struct report *report, const struct side *daemon,
                               const struct side *servers) {
  char theirs[METRIC_TEXT_BYTES];
  char its[METRIC_TEXT_BYTES];
  char span[DURATION_TEXT_BYTES];
  int64_t noise_ns = 3 * (daemon->jitter_ns + servers->jitter_ns) + daemon->drift_ns;
  noise_ns = duration_greater(noise_ns, NOISE_LEAST_NS);
  int64_t distance_ns = get_distance(daemon, servers);
  int64_t asymmetry_ns = daemon->asymmetry_ns + servers->asymmetry_ns;
  metric_print_short(theirs, METRIC_OFFSET, servers->told_ns);
  metric_print_short(its, METRIC_OFFSET, daemon->told_ns);
  if (distance_ns <= noise_ns && is_off(report, daemon)) {
    add_off(report, daemon, servers, its, theirs);
    return false;
  }
  if (distance_ns <= noise_ns) {
    text_list(report->note, sizeof report->note, "; ",
              "%s and the servers asked directly agree (%s)", daemon->source, theirs);
    return false;
  }
  if (distance_ns <= noise_ns + asymmetry_ns) {
    text_list(report->note, sizeof report->note, "; ",
              "the path is asymmetric: %s reports %s, the servers asked directly %s; the delays "
              "explain up to %s of the difference",
              daemon->source, its, theirs, duration_print_short(span, asymmetry_ns));
    return false;
  }
  if (servers->servers < JURY) {
    text_list(report->note, sizeof report->note, "; ",
              "a server lies: %s reports %s, %u asked directly %s; ask %d or more to tell which",
              daemon->source, its, servers->servers, theirs, JURY);
  } else {
    text_list(report->note, sizeof report->note, "; ",
              "the server lies: that of %s reports %s, %u asked directly %s", daemon->source, its,
              servers->servers, theirs);
  }
  return true;
}

/* Recognises a verdict that itself states how many answered, because they are too few. */
static bool verdict_has_count(const struct samples *samples, const struct config *config) {
  return samples->truechimers == samples->answered &&
         (int64_t)samples->truechimers < judge_truechimers(samples, config);
}

void comparison_write(struct report *report, const struct reading *readings, size_t reading_count) {
  struct side daemon = {.source = NULL};
  struct side servers = {.source = NULL};
  const struct reading *daemon_reading = NULL;
  report->note[0] = '\0';
  report->disproved = NULL;
  for (size_t i = 0; i < reading_count; i++) {
    const struct samples *samples = &readings[i].samples;
    if (samples->answered < samples->asked && !verdict_has_count(samples, report->config)) {
      text_list(report->note, sizeof report->note, "; ", "%u of %u servers gave a usable answer",
                samples->answered, samples->asked);
    }
    if (samples->note[0] != '\0') {
      text_list(report->note, sizeof report->note, "; ", "%s", samples->note);
    }
    bool asked = samples->asked > 0;
    struct side *side = asked ? &servers : &daemon;
    struct side found;
    bool wanted = side->source == NULL && (!asked || samples->truechimers > 0);
    if (wanted && take_side(&readings[i], &found)) {
      *side = found;
      if (!asked) {
        daemon_reading = &readings[i];
      }
    }
  }
  if (daemon.source != NULL && servers.source != NULL &&
      comparison_compare(report, &daemon, &servers)) {
    report->disproved = daemon_reading;
  }
}

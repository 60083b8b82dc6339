/*
 * The verdict over readings.
 *
 * If several reasons apply, the worst verdict decides, and among equal ones the reason that makes
 * the other figures meaningless.
 */
#include "ntp_monitor/judge.h"

#include <errno.h>
#include <stdlib.h>

#include "ntp_monitor/config.h"
#include "ntp_monitor/duration.h"

/* Returns the place of reason among those of equal verdicts, where the lowest decides; the reasons
 * of failures come last. */
static unsigned find_place(enum reason reason) {
  static const enum reason order[] = {
      REASON_NOT_SYNCHRONISED, REASON_TWO_DAEMONS, REASON_FALSETICKER,   REASON_STALE,
      REASON_OFFSET,           REASON_ERROR_BOUND, REASON_ROOT_DISTANCE, REASON_STRATUM,
      REASON_CLOCK_CLASS,      REASON_REACH,       REASON_JITTER,        REASON_DELAY};
  unsigned place = 0;
  while (place < sizeof order / sizeof *order && order[place] != reason) {
    place++;
  }
  return place;
}

static bool precedes(enum verdict verdict, enum reason reason, enum verdict other_verdict,
                     enum reason other_reason) {
  if (verdict == other_verdict) {
    return find_place(reason) < find_place(other_reason);
  }
  return verdict_rank(verdict) > verdict_rank(other_verdict);
}

/* Adds a reason to the finding, which it decides if it precedes the one so far. */
static void add_reason(struct finding *finding, enum verdict verdict, enum reason reason,
                       enum metric metric, int64_t limit) {
  finding->reasons |= 1U << reason;
  if (precedes(verdict, reason, finding->verdict, finding->reason)) {
    finding->verdict = verdict;
    finding->reason = reason;
    finding->metric = metric;
    finding->limit = limit;
  }
}

static bool is_beyond(enum metric metric, int64_t value, int64_t limit) {
  if (limit == CONFIG_NONE) {
    return false;
  }
  if (metric_table[metric].below) {
    return value < limit;
  }
  return value > limit;
}

static void judge_limit(struct finding *finding, const struct config *config, enum metric metric) {
  const struct limit *limit = &config->limit[metric];
  enum reason reason = metric_table[metric].reason;
  if (!sample_has(finding->sample, metric)) {
    return;
  }
  finding->judged |= 1U << metric;
  int64_t value = duration_abs(finding->sample->value[metric]);
  if (is_beyond(metric, value, limit->critical)) {
    add_reason(finding, VERDICT_CRITICAL, reason, metric, limit->critical);
  }
  if (is_beyond(metric, value, limit->warning)) {
    add_reason(finding, VERDICT_WARNING, reason, metric, limit->warning);
  }
}

int64_t judge_truechimers(const struct samples *samples, const struct config *config) {
  if (config->min_truechimers != CONFIG_NONE) {
    return config->min_truechimers;
  }
  return (int64_t)samples->asked / 2 + 1;
}

/* Adds what concerns the whole reading: the vote, a contradiction by servers asked directly, a
 * second daemon, a sick one. */
static void judge_reading(struct finding *finding, const struct config *config, bool disproved) {
  const struct samples *samples = &finding->reading->samples;
  int64_t least = judge_truechimers(samples, config);
  if (samples->asked > 0 && (int64_t)samples->truechimers < least) {
    add_reason(finding, VERDICT_WARNING, REASON_FALSETICKER, METRIC_COUNT, least);
  } else if (disproved) {
    add_reason(finding, VERDICT_WARNING, REASON_FALSETICKER, METRIC_COUNT, CONFIG_NONE);
  }
  if (finding->reading->rival != NULL) {
    add_reason(finding, VERDICT_WARNING, REASON_TWO_DAEMONS, METRIC_COUNT, CONFIG_NONE);
  }
  if (finding->reading->sick.reason != REASON_OK) {
    add_reason(finding, VERDICT_WARNING, finding->reading->sick.reason, METRIC_COUNT, CONFIG_NONE);
  }
}

/* Recognises a figure that does not yet, or not now, show what its limit is for. */
static bool is_early(const struct sample *sample, enum metric metric, bool warming) {
  bool outlier = sample_has(sample, FIELD_SPIKE) && sample->spike;
  switch (metric) {
  case METRIC_JITTER:
    return warming;
  case METRIC_REACH:
    return sample->starting;
  case METRIC_OFFSET:
  case METRIC_ERROR_BOUND: /* which has the offset in it */
    return judge_is_first(sample) || outlier;
  default:
    return false;
  }
}

static void judge_limits(struct finding *finding, const struct config *config, bool warming) {
  for (enum metric m = METRIC_JITTER; m < METRIC_COUNT; m++) {
    if (metric_table[m].reason != REASON_OK && !is_early(finding->sample, m, warming)) {
      judge_limit(finding, config, m);
    }
  }
}

/* Judges a service that is not synchronised. never: it has had no reply, so nothing is known;
 * otherwise its offset may be known all the same, and may be critical. */
static void judge_unsynchronised(struct finding *finding, const struct config *config, bool never) {
  add_reason(finding, VERDICT_WARNING, REASON_NOT_SYNCHRONISED, METRIC_COUNT, CONFIG_NONE);
  judge_reading(finding, config, false);
  if (!never && !is_early(finding->sample, METRIC_OFFSET, false)) {
    judge_limit(finding, config, METRIC_OFFSET);
  }
}

struct finding judge_sample(const struct sample *sample, const struct reading *reading,
                            const struct config *config, bool disproved) {
  struct finding finding = {.sample = sample,
                            .reading = reading,
                            .source = reading->source,
                            .verdict = VERDICT_OK,
                            .reason = REASON_OK};
  judge_age(&finding, config);
  if (sample->listed) {
    return finding;
  }
  bool counted = sample_has(sample, FIELD_REPLIES);
  bool never = counted && sample->replies == 0;
  if (never || (sample_has(sample, FIELD_LEAP) && sample->leap == LEAP_UNSYNCHRONISED)) {
    judge_unsynchronised(&finding, config, never);
    return finding;
  }
  bool few =
      counted && !sample_has(sample, FIELD_SENT) && sample->replies < (uint64_t)config->min_replies;
  bool warming = few || (sample->jitter_kind != JITTER_NONE && !sample_has(sample, METRIC_JITTER));
  judge_reading(&finding, config, disproved);
  if (finding.stale) {
    add_reason(&finding, VERDICT_WARNING, REASON_STALE, METRIC_AGE, judge_stale_ns(sample, config));
  }
  judge_limits(&finding, config, warming);
  if (warming) {
    finding.reasons |= 1U << REASON_WARMING_UP;
    if (finding.verdict == VERDICT_OK) {
      finding.reason = REASON_WARMING_UP;
    }
  }
  return finding;
}

/* Adds a verdict to those of the report; finding is NULL where a source gave no reading. */
static void add_verdict(struct report *report, bool first, enum verdict verdict, enum reason reason,
                        const struct finding *finding) {
  if (finding != NULL) {
    report->reasons |= finding->reasons;
  } else {
    report->reasons |= 1U << reason;
  }
  if (first || precedes(verdict, reason, report->verdict, report->reason)) {
    report->verdict = verdict;
    report->reason = reason;
    report->worst = finding;
  }
}

static bool has_explicit_limit(const struct config *config, enum metric metric) {
  if (metric == METRIC_AGE) {
    return config->stale_after_ns != CONFIG_NONE;
  }
  return config_limit_is_set(config, metric);
}

/* Recognises a metric with an explicit limit that no judged server has. A server that is warming
 * up, or a service that is not synchronised, may have it later. */
static bool is_unjudged(const struct report *report, enum metric metric) {
  unsigned judged = 0;
  for (size_t i = 0; i < report->finding_count; i++) {
    const struct finding *finding = &report->findings[i];
    bool waits =
        (finding->reasons & (1U << REASON_WARMING_UP | 1U << REASON_NOT_SYNCHRONISED)) != 0;
    if (!finding->sample->listed && (sample_has(finding->sample, metric) || waits)) {
      return false;
    }
    judged += !finding->sample->listed;
  }
  return judged > 0 && has_explicit_limit(report->config, metric);
}

static void find_unjudged(struct report *report) {
  report->unjudged = 0;
  for (enum metric m = METRIC_JITTER; m < METRIC_COUNT; m++) {
    bool limited = m == METRIC_AGE || metric_table[m].reason != REASON_OK;
    if (limited && is_unjudged(report, m)) {
      report->unjudged |= 1U << m;
    }
  }
}

/* Turns an OK into UNKNOWN if a limit was not judged or the configuration has problems. */
static void judge_config(struct report *report, unsigned config_problems) {
  find_unjudged(report);
  if (config_problems == 0 && report->unjudged == 0) {
    return;
  }
  report->reasons |= 1U << REASON_CONFIG;
  if (report->verdict == VERDICT_OK) {
    report->verdict = VERDICT_UNKNOWN;
    report->reason = REASON_CONFIG;
  }
}

int judge_report(struct report *report, const struct reading *readings, size_t reading_count,
                 unsigned config_problems) {
  size_t total = 0;
  for (size_t i = 0; i < reading_count; i++) {
    total += readings[i].samples.count;
  }
  report->findings = calloc(total + 1, sizeof *report->findings); /* + 1: never calloc(0) */
  if (report->findings == NULL) {
    return -ENOMEM;
  }
  report->finding_count = 0;
  bool first = true;
  for (size_t i = 0; i < reading_count; i++) {
    for (size_t k = 0; k < readings[i].samples.count; k++) {
      struct finding *finding = &report->findings[report->finding_count++];
      *finding = judge_sample(&readings[i].samples.items[k], &readings[i], report->config,
                              report->disproved == &readings[i]);
      if (!finding->sample->listed) {
        add_verdict(report, first, finding->verdict, finding->reason, finding);
        first = false;
      }
    }
    if (readings[i].samples.count == 0) {
      add_verdict(report, first, VERDICT_UNKNOWN, readings[i].why.reason, NULL);
      first = false;
    }
  }
  if (first) {
    add_verdict(report, first, VERDICT_UNKNOWN, REASON_NO_SOURCE, NULL);
  }
  judge_config(report, config_problems);
  return 0;
}

enum severity judge_severity(const struct report *report) {
  if (report->reason == REASON_CONFIG) {
    return SEVERITY_ERROR;
  }
  switch (report->verdict) {
  case VERDICT_OK:
    return SEVERITY_INFO;
  case VERDICT_CRITICAL:
    return SEVERITY_CRITICAL;
  default:
    return SEVERITY_WARNING;
  }
}

void judge_free(struct report *report) {
  free(report->findings);
  report->findings = NULL;
  report->finding_count = 0;
}

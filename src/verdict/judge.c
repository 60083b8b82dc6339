/*
 * The verdict over readings: the table of the design, in its order.
 *
 * Where several things apply, the worst verdict decides, and of equal ones the first
 * here: what makes the other figures meaningless comes before them.
 */
#include "ntp_monitor/judge.h"

#include <errno.h>
#include <stdlib.h>

#include "ntp_monitor/config.h"
#include "ntp_monitor/duration.h"

static bool worse(enum verdict a, enum verdict b) {
  return verdict_rank(a) > verdict_rank(b);
}

/* Of equal verdicts the reason that stands higher decides; those of a failure come last. */
static unsigned standing(enum reason reason) {
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
  if (verdict == other_verdict && verdict != VERDICT_OK) {
    return standing(reason) < standing(other_reason);
  }
  return worse(verdict, other_verdict);
}

static void consider(struct finding *finding, enum verdict verdict, enum reason reason,
                     enum metric metric, int64_t limit) {
  finding->reasons |= 1U << reason;
  if (precedes(verdict, reason, finding->verdict, finding->reason)) {
    finding->verdict = verdict;
    finding->reason = reason;
    finding->metric = metric;
    finding->limit = limit;
  }
}

static bool beyond(enum metric metric, int64_t value, int64_t limit) {
  return limit != CONFIG_NONE && (metric_table[metric].below ? value < limit : value > limit);
}

static void judge_limit(struct finding *finding, const struct config *config, enum metric metric) {
  const struct limit *limit = &config->limit[metric];
  enum reason reason = metric_table[metric].reason;
  if (!sample_has(finding->sample, metric)) {
    return;
  }
  finding->judged |= 1U << metric;
  int64_t value = finding->sample->value[metric];
  value = duration_abs(value);
  if (beyond(metric, value, limit->critical)) {
    consider(finding, VERDICT_CRITICAL, reason, metric, limit->critical);
  }
  if (beyond(metric, value, limit->warning)) {
    consider(finding, VERDICT_WARNING, reason, metric, limit->warning);
  }
}

int64_t judge_truechimers(const struct samples *samples, const struct config *config) {
  return config->min_truechimers != CONFIG_NONE ? config->min_truechimers
                                                : (int64_t)samples->asked / 2 + 1;
}

/* What is not of the one server: its vote, what servers asked directly make of it, and who else
 * keeps this clock. */
static void judge_reading(struct finding *finding, const struct config *config, bool disproved) {
  const struct samples *samples = &finding->reading->samples;
  int64_t least = judge_truechimers(samples, config);
  if (samples->asked > 0 && (int64_t)samples->truechimers < least) {
    consider(finding, VERDICT_WARNING, REASON_FALSETICKER, METRIC_COUNT, least);
  } else if (disproved) {
    consider(finding, VERDICT_WARNING, REASON_FALSETICKER, METRIC_COUNT, CONFIG_NONE);
  }
  if (finding->reading->rival != NULL) {
    consider(finding, VERDICT_WARNING, REASON_TWO_DAEMONS, METRIC_COUNT, CONFIG_NONE);
  }
  if (finding->reading->sick.reason != REASON_OK) {
    consider(finding, VERDICT_WARNING, finding->reading->sick.reason, METRIC_COUNT, CONFIG_NONE);
  }
}

/* Whether the figure does not say yet, or not now, what it is limited for. */
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

/* Without a reply nothing is known; where the service says that it is not synchronised, how far
 * the clock is off may be known all the same, and may be critical. */
static void judge_unsynchronised(struct finding *finding, const struct config *config, bool never) {
  consider(finding, VERDICT_WARNING, REASON_NOT_SYNCHRONISED, METRIC_COUNT, CONFIG_NONE);
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
  if (sample->bystander) {
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
    consider(&finding, VERDICT_WARNING, REASON_STALE, METRIC_AGE, judge_stale_ns(sample, config));
  }
  judge_limits(&finding, config, warming);
  if (warming) {
    consider(&finding, VERDICT_OK, REASON_WARMING_UP, METRIC_COUNT, CONFIG_NONE);
  }
  if (finding.verdict == VERDICT_OK && warming) {
    finding.reason = REASON_WARMING_UP;
  }
  return finding;
}

/* A verdict into the whole: finding is NULL where a source gave none. */
static void decide(struct report *report, bool first, enum verdict verdict, enum reason reason,
                   const struct finding *finding) {
  report->reasons |= finding != NULL ? finding->reasons : 1U << reason;
  if (first || precedes(verdict, reason, report->verdict, report->reason)) {
    report->verdict = verdict;
    report->reason = reason;
    report->worst = finding;
  }
}

/* True if somebody set a limit of metric and no server has the figure. One that is warming up, or a
 * service that follows none yet, may have it later. */
static bool is_unjudged(const struct report *report, enum metric metric) {
  unsigned judges = 0;
  for (size_t i = 0; i < report->finding_count; i++) {
    const struct finding *finding = &report->findings[i];
    bool waits =
        (finding->reasons & (1U << REASON_WARMING_UP | 1U << REASON_NOT_SYNCHRONISED)) != 0;
    if (!finding->sample->bystander && (sample_has(finding->sample, metric) || waits)) {
      return false;
    }
    judges += !finding->sample->bystander;
  }
  bool set = metric == METRIC_AGE ? report->config->stale_after_ns != CONFIG_NONE
                                  : config_limit_is_set(report->config, metric);
  return judges > 0 && set;
}

static void find_unjudged(struct report *report) {
  report->unjudged = 0;
  for (enum metric m = METRIC_JITTER; m < METRIC_COUNT; m++) {
    bool limited = m == METRIC_AGE || metric_table[m].reason != REASON_OK;
    report->unjudged |= limited && is_unjudged(report, m) ? 1U << m : 0;
  }
}

/* What of the configuration makes an OK doubtful. */
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
  report->findings = calloc(total + 1, sizeof *report->findings); /* + 1: never of nothing */
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
      if (!finding->sample->bystander) {
        decide(report, first, finding->verdict, finding->reason, finding);
        first = false;
      }
    }
    if (readings[i].samples.count == 0) {
      decide(report, first, VERDICT_UNKNOWN, readings[i].why.reason, NULL);
      first = false;
    }
  }
  if (first) {
    decide(report, first, VERDICT_UNKNOWN, REASON_NO_SOURCE, NULL);
  }
  judge_config(report, config_problems);
  return 0;
}

enum severity judge_severity(const struct report *report) {
  if (report->reason == REASON_CONFIG) {
    return SEVERITY_ERROR;
  }
  return report->verdict == VERDICT_OK         ? SEVERITY_INFO
         : report->verdict == VERDICT_CRITICAL ? SEVERITY_CRITICAL
                                               : SEVERITY_WARNING;
}

void judge_free(struct report *report) {
  free(report->findings);
  report->findings = NULL;
  report->finding_count = 0;
}

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

/* systemd-timesyncd's longest poll interval (timesyncd.conf(5)), for a reading that
 * does not tell its own. */
#define POLL_INTERVAL_LONGEST_NS (2048 * DURATION_S)

static const struct {
  const char *name, *word;
  unsigned rank; /* CRITICAL > WARNING > UNKNOWN > OK */
} verdicts[] = {
    [VERDICT_OK] = {"OK", "ok", 0},
    [VERDICT_WARNING] = {"WARNING", "warning", 2},
    [VERDICT_CRITICAL] = {"CRITICAL", "critical", 3},
    [VERDICT_UNKNOWN] = {"UNKNOWN", "unknown", 1},
};

const char *verdict_name(enum verdict verdict) {
  return verdicts[verdict].name;
}

const char *verdict_word(enum verdict verdict) {
  return verdicts[verdict].word;
}

static bool worse(enum verdict a, enum verdict b) {
  return verdicts[a].rank > verdicts[b].rank;
}

static void consider(struct finding *finding, enum verdict verdict, enum reason reason,
                     enum metric metric, int64_t limit) {
  if (worse(verdict, finding->verdict)) {
    finding->verdict = verdict;
    finding->reason = reason;
    finding->metric = metric;
    finding->limit = limit;
  }
}

int64_t judge_stale_ns(const struct sample *sample, const struct config *config) {
  if (config->stale_after_ns != CONFIG_NONE) {
    return config->stale_after_ns;
  }
  int64_t poll_ns =
      sample_has(sample, FIELD_POLL_INTERVAL) ? sample->poll_interval_ns : POLL_INTERVAL_LONGEST_NS;
  return 3 * poll_ns > 60 * DURATION_S ? 3 * poll_ns : 60 * DURATION_S;
}

void judge_age_range(const struct sample *sample, const struct config *config, int64_t *least_us,
                     int64_t *most_us) {
  int64_t age_us = sample->value[METRIC_AGE] / DURATION_US;
  int64_t limit_us = judge_stale_ns(sample, config) / DURATION_US;
  int64_t early_us = sample->foreign_clock ? 60000000 : 1000000;
  /* Since timesyncd's reply the clock may have been put forward or back by the offset that the
   * reply found, which is not the reply's age: where the age as it is does not fit, it
   * has to fit by that much shifted. */
  bool before = sample_has(sample, METRIC_OFFSET) && sample->jitter_kind == JITTER_RMS8;
  int64_t shift_us = before ? sample->value[METRIC_OFFSET] / DURATION_US : 0;
  bool shifted = shift_us > 0 ? age_us > limit_us : age_us < -early_us;
  *least_us = shifted ? shift_us - early_us : -early_us - (shift_us > 0 ? shift_us : 0);
  *most_us = shifted ? shift_us + limit_us : limit_us;
  /* What is printed of them is in ns. */
  *least_us = *least_us > INT64_MIN / 1000 ? *least_us : INT64_MIN / 1000;
  *most_us = *most_us < INT64_MAX / 1000 ? *most_us : INT64_MAX / 1000;
}

bool judge_is_stale(const struct sample *sample, const struct config *config) {
  int64_t least_us = 0;
  int64_t most_us = 0;
  if (!sample_has(sample, METRIC_AGE)) {
    return false;
  }
  judge_age_range(sample, config, &least_us, &most_us);
  int64_t age_us = sample->value[METRIC_AGE] / DURATION_US;
  return age_us < least_us || age_us > most_us;
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
  int64_t value = finding->sample->value[metric];
  value = value < 0 ? -value : value;
  if (beyond(metric, value, limit->critical)) {
    consider(finding, VERDICT_CRITICAL, reason, metric, limit->critical);
  }
  if (beyond(metric, value, limit->warning)) {
    consider(finding, VERDICT_WARNING, reason, metric, limit->warning);
  }
}

int64_t judge_truechimers(const struct samples *samples, const struct config *config) {
  return config->min_truechimers != CONFIG_NONE ? config->min_truechimers
                                                : (int64_t)samples->answered / 2 + 1;
}

/* What is not of the one server: its vote, and who else keeps this clock. */
static void judge_reading(struct finding *finding, const struct config *config) {
  const struct samples *samples = &finding->reading->samples;
  int64_t least = judge_truechimers(samples, config);
  if (samples->asked > 0 && (int64_t)samples->truechimers < least) {
    consider(finding, VERDICT_WARNING, REASON_FALSETICKER, METRIC_COUNT, least);
  }
  if (finding->reading->rival != NULL) {
    consider(finding, VERDICT_WARNING, REASON_TWO_DAEMONS, METRIC_COUNT, CONFIG_NONE);
  }
}

static void judge_limits(struct finding *finding, const struct config *config, bool warming) {
  for (enum metric m = METRIC_JITTER; m < METRIC_COUNT; m++) {
    bool early =
        (m == METRIC_JITTER && warming) || (m == METRIC_REACH && finding->sample->starting);
    bool judged = metric_table[m].reason != REASON_OK && !early;
    if (judged) {
      judge_limit(finding, config, m);
    }
  }
}

struct finding judge_sample(const struct sample *sample, const struct reading *reading,
                            const struct config *config) {
  struct finding finding = {.sample = sample,
                            .reading = reading,
                            .source = reading->source,
                            .verdict = VERDICT_OK,
                            .reason = REASON_OK};
  if (sample->bystander) {
    return finding;
  }
  bool counted = sample_has(sample, FIELD_REPLIES);
  bool never = counted && sample->replies == 0;
  bool unsynchronised = sample_has(sample, FIELD_LEAP) && sample->leap == LEAP_UNSYNCHRONISED;
  if (never || unsynchronised) {
    consider(&finding, VERDICT_WARNING, REASON_NOT_SYNCHRONISED, METRIC_COUNT, CONFIG_NONE);
    judge_limit(&finding, config, METRIC_OFFSET); /* a step to come may be a CRITICAL one */
    return finding;
  }
  bool few =
      counted && !sample_has(sample, FIELD_SENT) && sample->replies < (uint64_t)config->min_replies;
  bool warming = few || (sample->jitter_kind != JITTER_NONE && !sample_has(sample, METRIC_JITTER));
  judge_reading(&finding, config);
  if (judge_is_stale(sample, config)) {
    consider(&finding, VERDICT_WARNING, REASON_STALE, METRIC_AGE, judge_stale_ns(sample, config));
  }
  /* Where no servers agree, whose offset is right nobody knows. */
  if (finding.reason != REASON_FALSETICKER || reading->samples.truechimers > 0) {
    judge_limits(&finding, config, warming);
  }
  if (finding.verdict == VERDICT_OK && warming) {
    finding.reason = REASON_WARMING_UP;
  }
  return finding;
}

/* A verdict into the whole: finding is NULL where a source gave none. */
static void decide(struct report *report, bool first, enum verdict verdict, enum reason reason,
                   const struct finding *finding) {
  if (first || worse(verdict, report->verdict)) {
    report->verdict = verdict;
    report->reason = reason;
    report->worst = finding;
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
      *finding = judge_sample(&readings[i].samples.items[k], &readings[i], report->config);
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
  if (report->verdict == VERDICT_OK && config_problems > 0) {
    report->verdict = VERDICT_UNKNOWN;
    report->reason = REASON_CONFIG;
  }
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

enum verdict judge_shown(const struct report *report) {
  return report->exit_status == VERDICT_UNKNOWN ? VERDICT_UNKNOWN : report->verdict;
}

void judge_free(struct report *report) {
  free(report->findings);
  report->findings = NULL;
  report->finding_count = 0;
}

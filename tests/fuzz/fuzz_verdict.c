/* Checks of a verdict: the README's table of reasons, implemented a second time. */
#include <arpa/inet.h>
#include <string.h>

#include "ntp_monitor/config.h"
#include "ntp_monitor/duration.h"
#include "ntp_monitor/judge.h"
#include "tests/fuzz/fuzz.h"
#include "tests/fuzz/fuzz_report.h"

void fuzz_sample(const struct sample *sample) {
  unsigned char unused[16];
  MUST(strlen(sample->server) < sizeof sample->server && fuzz_is_safe(sample->server));
  MUST(sample->address[0] == '\0' || inet_pton(AF_INET, sample->address, unused) == 1 ||
       inet_pton(AF_INET6, sample->address, unused) == 1);
  MUST(sample->present < 1U << (FIELD_SPIKE + 1));
  const int64_t *value = sample->value;
  MUST(value[METRIC_JITTER] >= 0);
  MUST(value[METRIC_DELAY] >= 0);
  MUST(value[METRIC_ROOT_DISTANCE] >= 0 && value[METRIC_ROOT_DISTANCE] <= 3 * DURATION_D / 2);
  MUST(value[METRIC_STRATUM] >= 0 && value[METRIC_STRATUM] <= 16);
  MUST(value[METRIC_REACH] >= 0 && value[METRIC_REACH] <= 8);
  MUST(value[METRIC_CLOCK_CLASS] >= 0 && value[METRIC_CLOCK_CLASS] <= 255);
  MUST(value[METRIC_ERROR_BOUND] >= 0);
  MUST(sample->poll_interval_ns >= 0 && sample->poll_interval_ns <= INT64_MAX / 4);
  MUST((unsigned)sample->leap <= LEAP_UNSYNCHRONISED);
  bool replied = !sample_has(sample, FIELD_REPLIES) || sample->replies > 0;
  MUST(replied || (sample->present & ~(1U << FIELD_REPLIES | 1U << FIELD_POLL_INTERVAL)) == 0);
}

static fuzz_wide size_of(fuzz_wide value) {
  return value < 0 ? -value : value;
}

/* timesyncd's first reply after a start. */
static bool is_first(const struct sample *sample) {
  return sample->offset_is_past && sample_has(sample, FIELD_REPLIES) && sample->replies == 1;
}

static int64_t stale_ns(const struct sample *sample, const struct config *config) {
  int64_t poll_ns =
      sample_has(sample, FIELD_POLL_INTERVAL) ? sample->poll_interval_ns : 2048 * DURATION_S;
  if (config->stale_after_ns != CONFIG_NONE) {
    return config->stale_after_ns;
  }
  if (sample->offset_is_past) {
    return (poll_ns < 7 * DURATION_D ? poll_ns : 7 * DURATION_D) + 13 * DURATION_MIN;
  }
  fuzz_wide limit_ns = 3 * (fuzz_wide)poll_ns;
  limit_ns = limit_ns > DURATION_MIN ? limit_ns : DURATION_MIN;
  return (int64_t)(limit_ns < DURATION_D ? limit_ns : DURATION_D);
}

/* Returns whether the last reply is too old: -1 no, 1 yes, 0 if it depends on how the clock was
 * corrected since. */
static int staleness(const struct sample *sample, const struct config *config) {
  fuzz_wide age_us = sample->value[METRIC_AGE] / 1000;
  fuzz_wide offset_us = is_first(sample) ? size_of(sample->value[METRIC_OFFSET] / 1000) : 0;
  int64_t early_us = sample->clock != CLOCK_SYSTEM ? 60000000 : 1000000;
  int64_t limit_us = stale_ns(sample, config) / 1000;
  MUST(judge_stale_ns(sample, config) == stale_ns(sample, config));
  if (!sample_has(sample, METRIC_AGE) || (age_us >= -early_us && age_us <= limit_us)) {
    return -1;
  }
  bool beyond = age_us > limit_us + offset_us || age_us < -early_us - offset_us;
  return offset_us == 0 ? (beyond ? 1 : -1) : beyond;
}

static unsigned rank(enum verdict verdict) {
  static const unsigned ranks[] = {
      [VERDICT_OK] = 0, [VERDICT_UNKNOWN] = 1, [VERDICT_WARNING] = 2, [VERDICT_CRITICAL] = 3};
  return ranks[verdict];
}

/* Judges the sample by one limit alone. */
static enum verdict by_limit(const struct sample *sample, const struct config *config,
                             enum metric metric) {
  const struct limit *limit = &config->limit[metric];
  fuzz_wide size = size_of(sample->value[metric]);
  int sign = metric == METRIC_REACH ? -1 : 1; /* that one alerts from below */
  return !sample_has(sample, metric) || metric == METRIC_AGE                      ? VERDICT_OK
         : limit->critical != CONFIG_NONE && sign * size > sign * limit->critical ? VERDICT_CRITICAL
         : limit->warning != CONFIG_NONE && sign * size > sign * limit->warning   ? VERDICT_WARNING
                                                                                  : VERDICT_OK;
}

/* What is held to be true of a sample: a verdict and its reason. */
struct rule {
  enum verdict verdict;
  enum reason reason;
};

/* The worst, and of equal ones the first. */
static void check_rules(const struct finding *finding, const struct rule *rules, size_t count,
                        enum reason well) {
  struct rule found = {VERDICT_OK, well};
  for (size_t i = 0; i < count; i++) {
    bool tells = (finding->reasons & 1U << rules[i].reason) != 0;
    MUST(tells == (rules[i].verdict != VERDICT_OK));
    if (rank(rules[i].verdict) > rank(found.verdict)) {
      found = rules[i];
    }
  }
  MUST(finding->verdict == found.verdict && finding->reason == found.reason);
}

static void check_finding(const struct finding *finding, const struct config *config) {
  const struct sample *sample = finding->sample;
  if (sample->listed) {
    MUST(finding->verdict == VERDICT_OK && finding->reason == REASON_OK);
    return;
  }
  bool never = sample_has(sample, FIELD_REPLIES) && sample->replies == 0;
  bool outlier = sample_has(sample, FIELD_SPIKE) && sample->spike;
  bool early = is_first(sample) || outlier;
  enum verdict offset = early ? VERDICT_OK : by_limit(sample, config, METRIC_OFFSET);
  if (never || (sample_has(sample, FIELD_LEAP) && sample->leap == LEAP_UNSYNCHRONISED)) {
    const struct rule rules[] = {{VERDICT_WARNING, REASON_NOT_SYNCHRONISED},
                                 {never ? VERDICT_OK : offset, REASON_OFFSET}};
    check_rules(finding, rules, sizeof rules / sizeof *rules, REASON_OK);
    return;
  }
  bool warming =
      !sample_has(sample, METRIC_JITTER) ||
      (sample_has(sample, FIELD_REPLIES) && sample->replies < (uint64_t)config->min_replies);
  int stale = staleness(sample, config);
  stale = stale == 0 ? (finding->reasons & 1U << REASON_STALE) != 0 : stale; /* it may be either */
  const struct rule rules[] = {
      {stale > 0 ? VERDICT_WARNING : VERDICT_OK, REASON_STALE},
      {offset, REASON_OFFSET},
      {early ? VERDICT_OK : by_limit(sample, config, METRIC_ERROR_BOUND), REASON_ERROR_BOUND},
      {by_limit(sample, config, METRIC_ROOT_DISTANCE), REASON_ROOT_DISTANCE},
      {by_limit(sample, config, METRIC_STRATUM), REASON_STRATUM},
      {by_limit(sample, config, METRIC_CLOCK_CLASS), REASON_CLOCK_CLASS},
      {by_limit(sample, config, METRIC_REACH), REASON_REACH},
      {warming ? VERDICT_OK : by_limit(sample, config, METRIC_JITTER), REASON_JITTER},
      {by_limit(sample, config, METRIC_DELAY), REASON_DELAY}};
  check_rules(finding, rules, sizeof rules / sizeof *rules,
              warming ? REASON_WARMING_UP : REASON_OK);
}

/* Limits that were set and that no server could be held against. */
static unsigned unjudged(const struct report *report) {
  unsigned limits = 0;
  for (enum metric m = METRIC_JITTER; m < METRIC_COUNT; m++) {
    unsigned judges = 0;
    unsigned fitting = 0;
    for (size_t i = 0; i < report->finding_count; i++) {
      const struct finding *finding = &report->findings[i];
      bool waits =
          (finding->reasons & (1U << REASON_WARMING_UP | 1U << REASON_NOT_SYNCHRONISED)) != 0;
      judges += !finding->sample->listed;
      fitting += !finding->sample->listed && (sample_has(finding->sample, m) || waits);
    }
    bool set = m == METRIC_AGE ? report->config->stale_after_ns != CONFIG_NONE
                               : config_limit_is_set(report->config, m);
    limits |= judges > 0 && fitting == 0 && set ? 1U << m : 0;
  }
  return limits;
}

void fuzz_verdict(const struct report *report, const struct reading *readings, size_t count,
                  unsigned problems) {
  enum verdict worst = VERDICT_OK;
  bool found = false;
  for (size_t i = 0; i < report->finding_count; i++) {
    check_finding(&report->findings[i], report->config);
    worst = rank(report->findings[i].verdict) > rank(worst) ? report->findings[i].verdict : worst;
    found = found || !report->findings[i].sample->listed;
  }
  for (size_t i = 0; i < count; i++) {
    bool failed = readings[i].samples.count == 0;
    worst = failed && rank(worst) == 0 ? VERDICT_UNKNOWN : worst;
    found = found || failed;
  }
  MUST(found);
  MUST(report->unjudged == unjudged(report));
  if (worst == VERDICT_OK && (problems > 0 || report->unjudged != 0)) {
    MUST(report->verdict == VERDICT_UNKNOWN && report->reason == REASON_CONFIG);
    return;
  }
  MUST(report->verdict == worst);
  MUST(report->worst == NULL ||
       (report->worst->verdict == report->verdict && report->worst->reason == report->reason));
  MUST(report->worst != NULL || report->verdict == VERDICT_UNKNOWN);
  MUST((report->verdict == VERDICT_OK) ==
       (report->reason == REASON_OK || report->reason == REASON_WARMING_UP));
}

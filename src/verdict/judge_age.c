/*
 * Judges the age of the last reply.
 *
 * When replies stop, all other figures keep their last values: only the age shows it.
 */
#include "ntp_monitor/config.h"
#include "ntp_monitor/duration.h"
#include "ntp_monitor/judge.h"

/* The longest poll interval of systemd-timesyncd (timesyncd.conf(5)), used where a reading does not
 * include its own. */
#define POLL_INTERVAL_LONGEST_NS (2048 * DURATION_S)
#define TIMESYNCD_POLL_LONGEST_NS (7 * DURATION_D) /* it may be set to "infinity" */

/* Twice the 6 min within which timesyncd asks again, and asks other servers, once a reply is
 * missing, plus a minute (systemd's src/timesync/timesyncd-manager.c: RETRY_USEC_MAX). */
#define TIMESYNCD_RETRY_NS (13 * DURATION_MIN)
#define STALE_LEAST_NS (60 * DURATION_S)
#define STALE_MOST_NS DURATION_D

int64_t judge_stale_ns(const struct sample *sample, const struct config *config) {
  if (config->stale_after_ns != CONFIG_NONE) {
    return config->stale_after_ns;
  }
  int64_t poll_ns = POLL_INTERVAL_LONGEST_NS;
  if (sample_has(sample, FIELD_POLL_INTERVAL)) {
    poll_ns = sample->poll_interval_ns;
  }
  if (sample->offset_is_past) {
    return duration_lesser(poll_ns, TIMESYNCD_POLL_LONGEST_NS) + TIMESYNCD_RETRY_NS;
  }
  int64_t stale_ns = 3 * duration_lesser(poll_ns, STALE_MOST_NS / 3);
  return duration_greater(stale_ns, STALE_LEAST_NS);
}

bool judge_is_first(const struct sample *sample) {
  return sample->offset_is_past && sample_has(sample, FIELD_REPLIES) && sample->replies == 1;
}

/* Returns how far a step of the clock may have shifted the age, in us. */
static int64_t get_shift_us(const struct sample *sample) {
  if (sample_has(sample, METRIC_OFFSET) && judge_is_first(sample)) {
    return sample->value[METRIC_OFFSET] / DURATION_US;
  }
  return 0;
}

void judge_age(struct finding *finding, const struct config *config) {
  const struct sample *sample = finding->sample;
  if (!sample_has(sample, METRIC_AGE)) {
    return;
  }
  int64_t age_us = sample->value[METRIC_AGE] / DURATION_US;
  int64_t limit_us = judge_stale_ns(sample, config) / DURATION_US;
  int64_t early_us = 1000000;
  int64_t shift_us = get_shift_us(sample);
  if (sample->clock != CLOCK_SYSTEM) {
    early_us = 60000000;
  }
  int64_t least_us = -early_us;
  int64_t most_us = limit_us;
  /* An age that does not fit as it is must fit when shifted by the offset. */
  bool shifted = shift_us > 0 ? age_us > limit_us : age_us < -early_us;
  if (shifted) {
    least_us += shift_us;
    most_us += shift_us;
  } else if (shift_us > 0) {
    least_us -= shift_us;
  }
  /* Formats print both in ns, which must not overflow. */
  finding->age_least_us = duration_greater(least_us, INT64_MIN / 1000);
  finding->age_most_us = duration_lesser(most_us, INT64_MAX / 1000);
  finding->stale = age_us < finding->age_least_us || age_us > finding->age_most_us;
}

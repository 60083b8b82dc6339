/*
 * How old a reply may be.
 *
 * Figures stay as good as they were for ever once replies stop: only their age tells.
 */
#include "ntp_monitor/config.h"
#include "ntp_monitor/duration.h"
#include "ntp_monitor/judge.h"

/* systemd-timesyncd's longest poll interval (timesyncd.conf(5)), for a reading that
 * does not tell its own. */
#define POLL_INTERVAL_LONGEST_NS (2048 * DURATION_S)
#define TIMESYNCD_POLL_LONGEST_NS (7 * DURATION_D) /* it may be set to "infinity" */

/* timesyncd asks again, and other servers, within 6 min once a reply is missing: twice that, and a
 * minute (systemd's src/timesync/timesyncd-manager.c: RETRY_USEC_MAX). */
#define TIMESYNCD_RETRY_NS (13 * DURATION_MIN)
#define STALE_LEAST_NS (60 * DURATION_S)

int64_t judge_stale_ns(const struct sample *sample, const struct config *config) {
  if (config->stale_after_ns != CONFIG_NONE) {
    return config->stale_after_ns;
  }
  int64_t poll_ns =
      sample_has(sample, FIELD_POLL_INTERVAL) ? sample->poll_interval_ns : POLL_INTERVAL_LONGEST_NS;
  if (sample->offset_is_past) {
    return (poll_ns < TIMESYNCD_POLL_LONGEST_NS ? poll_ns : TIMESYNCD_POLL_LONGEST_NS) +
           TIMESYNCD_RETRY_NS;
  }
  int64_t stale_ns = poll_ns < DURATION_D / 3 ? 3 * poll_ns : DURATION_D;
  return stale_ns > STALE_LEAST_NS ? stale_ns : STALE_LEAST_NS;
}

bool judge_is_first(const struct sample *sample) {
  return sample->offset_is_past && sample_has(sample, FIELD_REPLIES) && sample->replies == 1;
}

void judge_age(struct finding *finding, const struct config *config) {
  const struct sample *sample = finding->sample;
  if (!sample_has(sample, METRIC_AGE)) {
    return;
  }
  int64_t age_us = sample->value[METRIC_AGE] / DURATION_US;
  int64_t limit_us = judge_stale_ns(sample, config) / DURATION_US;
  int64_t early_us = sample->foreign_clock ? 60000000 : 1000000;
  /* Where the age as it is does not fit, it has to fit by the offset shifted. */
  bool steps = sample_has(sample, METRIC_OFFSET) && judge_is_first(sample);
  int64_t shift_us = steps ? sample->value[METRIC_OFFSET] / DURATION_US : 0;
  bool shifted = shift_us > 0 ? age_us > limit_us : age_us < -early_us;
  int64_t least_us = shifted ? shift_us - early_us : -early_us - (shift_us > 0 ? shift_us : 0);
  int64_t most_us = shifted ? shift_us + limit_us : limit_us;
  /* What is printed of them is in ns. */
  finding->age_least_us = least_us > INT64_MIN / 1000 ? least_us : INT64_MIN / 1000;
  finding->age_most_us = most_us < INT64_MAX / 1000 ? most_us : INT64_MAX / 1000;
  finding->stale = age_us < finding->age_least_us || age_us > finding->age_most_us;
}

/* A report to frame and print: one server, with a jitter of 2.15 s. */
#ifndef TESTS_UNIT_EXAMPLE_H
#define TESTS_UNIT_EXAMPLE_H

#include <string.h>

#include "ntp_monitor/config.h"
#include "ntp_monitor/duration.h"
#include "ntp_monitor/report.h"

/* 2026-11-21T05:11:18.010060123Z */
#define EXAMPLE_NOW_NS INT64_C(1795237878010060123)

struct example {
  struct config config;
  struct sample samples[3];
  struct finding findings[3];
  struct reading reading; /* that the findings are of */
  struct report report;
};

static inline int example_any_source(const char *text, struct why *why) {
  (void)text;
  (void)why;
  return 0;
}

/* Fills in everything that can be known of a server. */
static inline struct sample example_sample(void) {
  struct sample sample = {.server = "ntp.example.org", .address = "192.0.2.1"};
  sample_set(&sample, METRIC_JITTER, INT64_C(2150000000));
  sample_set(&sample, METRIC_OFFSET, INT64_C(23000));
  sample_set(&sample, METRIC_DELAY, INT64_C(69000));
  sample_set(&sample, METRIC_ROOT_DISTANCE, INT64_C(100000));
  sample_set(&sample, METRIC_AGE, INT64_C(12300000000));
  sample_set(&sample, METRIC_ERROR_BOUND, INT64_C(157500));
  sample_set(&sample, METRIC_STRATUM, 2);
  sample.present |=
      1U << FIELD_POLL_INTERVAL | 1U << FIELD_LEAP | 1U << FIELD_REPLIES | 1U << FIELD_SPIKE;
  sample.jitter_kind = JITTER_RMS8;
  sample.offset_is_past = true;
  sample.poll_interval_ns = INT64_C(32000000000);
  sample.replies = 10;
  return sample;
}

/* Fills example; only the jitter has a limit. It must not be copied, because it points to itself.
 */
static inline void example_fill(struct example *example) {
  memset(example, 0, sizeof *example);
  config_init(&example->config, example_any_source);
  for (enum metric m = METRIC_OFFSET; m < METRIC_COUNT; m++) {
    example->config.limit[m] = (struct limit){CONFIG_NONE, CONFIG_NONE};
  }
  example->reading.source = "timesyncd";
  for (size_t i = 0; i < 3; i++) {
    example->samples[i] = example_sample();
    example->findings[i] = (struct finding){.sample = &example->samples[i],
                                            .reading = &example->reading,
                                            .source = "timesyncd",
                                            .verdict = VERDICT_WARNING,
                                            .reason = REASON_JITTER,
                                            .reasons = 1U << REASON_JITTER,
                                            .judged = ~0U,
                                            .metric = METRIC_JITTER,
                                            .limit = 2 * DURATION_S};
  }
  example->report = (struct report){.now_ns = EXAMPLE_NOW_NS,
                                    .run_duration_ns = INT64_C(12345000),
                                    .version = "1.2.3",
                                    .host = "pi",
                                    .source = "timesyncd",
                                    .config = &example->config,
                                    .findings = example->findings,
                                    .finding_count = 1,
                                    .worst = &example->findings[0],
                                    .verdict = VERDICT_WARNING,
                                    .reason = REASON_JITTER,
                                    .reasons = 1U << REASON_JITTER,
                                    .exit_status = 1};
  (void)strcpy(example->report.message, "NTP jitter above threshold: 2.15s (threshold: 2s)");
}

#endif

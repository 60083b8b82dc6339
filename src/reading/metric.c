/* The table of metrics, and printing their values. */
#include "ntp_monitor/metric.h"

#include <inttypes.h>
#include <stdio.h>

#include "ntp_monitor/duration.h"

#define SERVICES "timesyncd, chrony, ntpd, ptp, sntp"

const struct metric_row metric_table[METRIC_COUNT] = {
    [METRIC_JITTER] = {.name = "jitter",
                       .word = "jitter",
                       .reason = REASON_JITTER,
                       .told_by = SERVICES ", text"},
    [METRIC_OFFSET] = {.name = "offset",
                       .word = "offset",
                       .reason = REASON_OFFSET,
                       .told_by = SERVICES},
    [METRIC_DELAY] = {.name = "delay",
                      .word = "delay",
                      .reason = REASON_DELAY,
                      .told_by = "timesyncd, ptp, sntp"},
    [METRIC_ROOT_DISTANCE] = {.name = "root distance",
                              .word = "root_distance",
                              .reason = REASON_ROOT_DISTANCE,
                              .told_by = SERVICES ", text"},
    [METRIC_AGE] = {.name = "age", /* stale_after judges it */
                    .word = "age",
                    .told_by = SERVICES ", text"},
    [METRIC_ERROR_BOUND] = {.name = "error bound",
                            .word = "error_bound",
                            .reason = REASON_ERROR_BOUND,
                            .told_by = SERVICES},
    [METRIC_STRATUM] = {.name = "stratum",
                        .word = "stratum",
                        .reason = REASON_STRATUM,
                        .is_count = true,
                        .most = 16,
                        .told_by = "timesyncd, chrony, ntpd, sntp, text"},
    [METRIC_REACH] = {.name = "reach",
                      .word = "reach",
                      .reason = REASON_REACH,
                      .is_count = true,
                      .below = true,
                      .most = 8,
                      .told_by = "chrony, ntpd"},
    [METRIC_CLOCK_CLASS] = {.name = "clock class",
                            .word = "clock_class",
                            .reason = REASON_CLOCK_CLASS,
                            .is_count = true,
                            .most = 255,
                            .told_by = "ptp"},
};

const char *metric_print(char *out, enum metric metric, int64_t value) {
  if (metric_table[metric].is_count) {
    (void)snprintf(out, METRIC_TEXT_BYTES, "%" PRId64, value);
    return out;
  }
  return duration_print(out, value);
}

/* Prints a span, an offset with its sign. */
static const char *print_span(char *out, enum metric metric, int64_t value_ns) {
  if (metric == METRIC_OFFSET) {
    return duration_print_signed(out, value_ns);
  }
  return duration_print(out, value_ns);
}

const char *metric_print_short(char *out, enum metric metric, int64_t value) {
  if (metric_table[metric].is_count) {
    return metric_print(out, metric, value);
  }
  return print_span(out, metric, duration_short(value));
}

const char *metric_print_beyond(char *out, enum metric metric, int64_t value, int64_t limit) {
  int64_t rounded = duration_short(value);
  if (metric_table[metric].is_count || (rounded != limit && rounded != -limit)) {
    return metric_print_short(out, metric, value);
  }
  return print_span(out, metric, value);
}

const char *metric_print_plain(char *out, enum metric metric, int64_t value) {
  if (metric_table[metric].is_count) {
    return metric_print(out, metric, value);
  }
  return duration_print_seconds(out, value);
}

const char *metric_side(enum metric metric) {
  return metric_table[metric].below ? "below" : "above";
}

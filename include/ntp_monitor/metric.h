/* Metrics: what is measured and can be limited. */
#ifndef NTP_MONITOR_METRIC_H
#define NTP_MONITOR_METRIC_H

#include <stdbool.h>
#include <stdint.h>

#include "ntp_monitor/why.h"

enum metric {
  METRIC_JITTER,
  METRIC_OFFSET,        /* > 0: the local clock is behind the source */
  METRIC_DELAY,         /* of the round trip */
  METRIC_ROOT_DISTANCE, /* root delay / 2 + root dispersion, as the source defines them */
  METRIC_AGE,           /* now - last reply; < 0 if that lies in the future */
  METRIC_ERROR_BOUND, /* greatest error of the clock: |offset| + root distance + delay / 2, no part
                         twice */
  METRIC_STRATUM,     /* of the server; 0 is a reference clock */
  METRIC_REACH,       /* replies among the last 8 polls */
  METRIC_CLOCK_CLASS, /* of a PTP grandmaster: IEEE 1588-2019 table 4, 6 is the best */
  METRIC_COUNT
};

/* Values and limits of a metric are in ns, or plain numbers where is_count. */
struct metric_row {
  const char *name;   /* for people: "root distance" */
  const char *word;   /* for programs and configuration keys: "root_distance" */
  enum reason reason; /* for a passed limit; REASON_OK: has no limits */
  bool is_count;
  bool below;          /* its limits alert below, not above */
  int64_t most;        /* of counts: the largest possible */
  const char *told_by; /* the sources that provide it */
};

extern const struct metric_row metric_table[METRIC_COUNT];

enum { METRIC_TEXT_BYTES = 64 };

/* Prints a value exactly in its unit: "1.207ms", "3". out has METRIC_TEXT_BYTES. Returns out. */
const char *metric_print(char *out, enum metric metric, int64_t value);

/* Prints a value for people: spans rounded by duration_short(), an offset with its sign. */
const char *metric_print_short(char *out, enum metric metric, int64_t value);

/* Prints a value for people, but exactly if rounding would show the limit itself. */
const char *metric_print_beyond(char *out, enum metric metric, int64_t value, int64_t limit);

/* Prints a value for programs: seconds or a plain number, never an exponent. */
const char *metric_print_plain(char *out, enum metric metric, int64_t value);

/* Returns the side of its limits on which a metric alerts: "above" or "below". */
const char *metric_side(enum metric metric);

#endif

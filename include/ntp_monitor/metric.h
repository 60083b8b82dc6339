/* What is measured and can be limited, one row each. */
#ifndef NTP_MONITOR_METRIC_H
#define NTP_MONITOR_METRIC_H

#include <stdbool.h>
#include <stdint.h>

#include "ntp_monitor/why.h"

enum metric {
  METRIC_JITTER,
  METRIC_OFFSET,        /* > 0: the local clock is behind the source */
  METRIC_DELAY,         /* of the round trip */
  METRIC_ROOT_DISTANCE, /* root delay / 2 + root dispersion, as who tells it has it */
  METRIC_AGE,           /* now - last reply; < 0 where that lies in the future */
  METRIC_ERROR_BOUND,   /* how wrong the clock can be: |offset| + root distance + delay / 2, no part
                           twice */
  METRIC_STRATUM,       /* of the server; 0 is a reference clock */
  METRIC_REACH,         /* replies among the last 8 polls */
  METRIC_CLOCK_CLASS,   /* of a PTP grandmaster: IEEE 1588-2019 table 4, 6 is the best */
  METRIC_COUNT
};

/* Values and limits of a metric are in ns, or plain numbers where is_count. */
struct metric_row {
  const char *name;   /* for people: "root distance" */
  const char *word;   /* for programs and configuration keys: "root_distance" */
  enum reason reason; /* that a limit of it was passed; REASON_OK: it has none */
  bool is_count;
  bool below;          /* its limits alert below, not above */
  int64_t most;        /* counts: the largest there is */
  const char *told_by; /* the sources that tell it */
};

extern const struct metric_row metric_table[METRIC_COUNT];

enum { METRIC_TEXT_BYTES = 64 };

/* Prints a value exactly in its unit: "1.207ms", "3". out has METRIC_TEXT_BYTES. Returns out. */
const char *metric_print(char *out, enum metric metric, int64_t value);

/* The same for people: spans with four significant digits, an offset with its sign. */
const char *metric_print_short(char *out, enum metric metric, int64_t value);

/* The same, but exact if rounding would show the limit itself. Returns out. */
const char *metric_print_beyond(char *out, enum metric metric, int64_t value, int64_t limit);

/* The same for programs: seconds or a plain number, never an exponent. */
const char *metric_print_plain(char *out, enum metric metric, int64_t value);

#endif

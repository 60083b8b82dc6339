/* One reading of one server, in one vocabulary for all sources. */
#ifndef NTP_MONITOR_SAMPLE_H
#define NTP_MONITOR_SAMPLE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum { SAMPLE_SERVER_BYTES = 264, SAMPLE_ADDRESS_BYTES = 64, SAMPLE_MAX = 4096 };

/* What can be limited; each is a span in ns. */
enum metric {
  METRIC_JITTER,
  METRIC_OFFSET, /* > 0: the local clock is behind the source */
  METRIC_DELAY,
  METRIC_ROOT_DISTANCE, /* root delay / 2 + root dispersion, as the server has it */
  METRIC_AGE,           /* now - last reply; < 0 where that lies in the future */
  METRIC_COUNT
};

/* What else may be known. Bits of present are 1u << metric and 1u << field. */
enum field {
  FIELD_POLL_INTERVAL = METRIC_COUNT,
  FIELD_STRATUM,
  FIELD_LEAP,
  FIELD_REPLIES,
  FIELD_SPIKE
};

/* RFC 5905 section 7.3, figure 9. */
enum leap { LEAP_NONE, LEAP_INSERT, LEAP_DELETE, LEAP_UNSYNCHRONISED };

struct sample {
  char server[SAMPLE_SERVER_BYTES];   /* escaped; "" where unknown */
  char address[SAMPLE_ADDRESS_BYTES]; /* numeric; "" where unknown */
  unsigned present;                   /* which of the following are known */
  int64_t value_ns[METRIC_COUNT];
  int64_t poll_interval_ns;
  unsigned stratum;
  enum leap leap;
  uint64_t replies;   /* since the source began with this server */
  bool spike;         /* the last reply was taken for an outlier and not applied */
  bool foreign_clock; /* read on another machine: its clock is not ours */
};

/* Of one source. items is on the heap, owned by the struct. */
struct samples {
  struct sample *items;
  size_t count;
};

bool sample_has(const struct sample *sample, unsigned metric_or_field);
void sample_set(struct sample *sample, enum metric metric, int64_t value_ns);

/* Adds a copy of sample: 0, -ENOMEM or -E2BIG (over SAMPLE_MAX). */
int samples_add(struct samples *samples, const struct sample *sample);
void samples_free(struct samples *samples);

#endif

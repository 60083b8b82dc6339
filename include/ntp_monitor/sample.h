/* Samples: the figures of one server, in one vocabulary for all sources. */
#ifndef NTP_MONITOR_SAMPLE_H
#define NTP_MONITOR_SAMPLE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "ntp_monitor/metric.h"

enum {
  SAMPLE_SERVER_BYTES = 264,
  SAMPLE_ADDRESS_BYTES = 64,
  SAMPLE_REMARK_BYTES = 160,
  SAMPLE_MAX = 4096,
  SAMPLES_NOTE_BYTES = 512
};

/* Fields that may be known beside the metrics. Bits of present are 1u << metric and 1u << field. */
enum field {
  FIELD_POLL_INTERVAL = METRIC_COUNT,
  FIELD_LEAP,
  FIELD_REPLIES,
  FIELD_SENT,
  FIELD_SPIKE
};

/* RFC 5905 section 7.3, figure 9. */
enum leap { LEAP_NONE, LEAP_INSERT, LEAP_DELETE, LEAP_UNSYNCHRONISED };

/* This machine's system clock; its network card's, which ptp4l sets; one of another machine. */
enum clock_place { CLOCK_SYSTEM, CLOCK_CARD, CLOCK_ELSEWHERE };

/* Kinds of jitter; numbers of different kinds are not comparable. */
enum jitter_kind {
  JITTER_NONE,           /* the source never gives one */
  JITTER_RMS8,           /* timesyncd: root mean square of 8 offsets, against the least delay */
  JITTER_STDDEV,         /* chronyd: standard deviation of the source's residuals */
  JITTER_SYS,            /* ntpd: its sys_jitter */
  JITTER_RMS,            /* sntp: root mean square against the best sample, RFC 5905 section 10 */
  JITTER_RMS_SUCCESSIVE, /* ptp: root mean square of successive differences */
  JITTER_KIND_COUNT
};

/* The time service's view of the server. */
enum state {
  STATE_UNKNOWN,
  STATE_SELECTED,    /* the one that is followed */
  STATE_COMBINED,    /* averaged with the selected one */
  STATE_SELECTABLE,  /* good, not used */
  STATE_FALSETICKER, /* outvoted by the others */
  STATE_JITTERY,     /* too variable */
  STATE_UNUSABLE,    /* answers, but its answers cannot be used (yet) */
  STATE_UNREACHABLE,
  STATE_COUNT
};

struct sample {
  char server[SAMPLE_SERVER_BYTES];   /* escaped; "" if unknown */
  char address[SAMPLE_ADDRESS_BYTES]; /* numeric; "" if unknown */
  char remark[SAMPLE_REMARK_BYTES]; /* the source's explanation for people, escaped; "" for none */
  unsigned present;                 /* metrics and fields that are known */
  int64_t value[METRIC_COUNT];      /* each in its metric's unit: ns or a plain number */
  int64_t poll_interval_ns;
  enum leap leap;
  enum jitter_kind jitter_kind;
  enum state state;
  uint64_t replies; /* since the source began with this server; sntp: to this run's requests */
  uint64_t sent;    /* requests of this run */
  bool spike;       /* the last reply was taken for an outlier and not applied */
  enum clock_place clock; /* the clock that the offset is of */
  bool offset_is_past;    /* timesyncd's: found at the last reply, corrected since */
  bool starting;   /* polled fewer than 8 times so far, always answered: its reach is not full */
  bool listed;     /* not judged: the primary sample carries the verdict */
  bool unresolved; /* its name has no address yet */
  unsigned measurement_count; /* behind the daemon's statistics; 0 if the daemon does not tell */
};

/* The samples of one source. items is on the heap, owned by the struct; at least one of them is
 * primary. */
struct samples {
  struct sample *items;
  size_t count;
  unsigned asked;       /* servers with a vote, or 0 if no vote was taken */
  unsigned answered;    /* those of asked whose answers count */
  unsigned truechimers; /* those of answered that agree (RFC 5905 section 11.2.1) */
  bool combined;        /* the truechimers' offsets were combined into one: */
  int64_t combined_offset_ns;
  int64_t combined_bound_ns;     /* the true offset differs by no more than this */
  char note[SAMPLES_NOTE_BYTES]; /* remarks about the whole reading, escaped, or "" */
};

bool sample_has(const struct sample *sample, unsigned metric_or_field);
void sample_set(struct sample *sample, enum metric metric, int64_t value);

/* Returns the server's name, else its address; "" if neither is known. */
const char *sample_server(const struct sample *sample);

/* Sets the reach from the 8-bit register that a daemon shifts at each poll (RFC 5905 section 13),
 * and starting. */
void sample_set_reach(struct sample *sample, unsigned shift_register);

/* Return the words used in every output ("stddev", "falseticker"); "" for none. Static. */
const char *sample_jitter_word(enum jitter_kind kind);
const char *sample_state_word(enum state state);

/* Return the word for the leap indicator ("insert"), and what it says, for people. Static. */
const char *sample_leap_word(enum leap leap);
const char *sample_leap_meaning(enum leap leap);

/* Adds a copy of sample. Returns 0, or -ENOMEM or -E2BIG (more than SAMPLE_MAX) with why, which may
 * be NULL, filled. */
int samples_add(struct samples *samples, const struct sample *sample, struct why *why);
void samples_free(struct samples *samples);

#endif

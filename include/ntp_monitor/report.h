/* The result of a run, ready to be logged and printed. */
#ifndef NTP_MONITOR_REPORT_H
#define NTP_MONITOR_REPORT_H

#include "ntp_monitor/reading.h"

struct config;

/* The values are the exit status (and those of Nagios plug-ins). */
enum verdict { VERDICT_OK, VERDICT_WARNING, VERDICT_CRITICAL, VERDICT_UNKNOWN };

enum { REPORT_HOST_BYTES = 256, REPORT_MESSAGE_BYTES = 1024, REPORT_NOTE_BYTES = 1024 };

/* The judgement of one sample. */
struct finding {
  const struct sample *sample;
  const struct reading *reading; /* that the sample is of */
  const char *source;
  enum verdict verdict;
  enum reason reason; /* the one that decided */
  unsigned reasons;   /* all that apply: bits 1u << reason; 0 for OK */
  unsigned judged;    /* metrics held against their limits: bits 1u << metric */
  enum metric metric; /* the metric that passed its limit, if reason is of one */
  int64_t limit;      /* that limit; stale: the age allowed, in ns; falseticker: servers wanted */
  int64_t age_least_us, age_most_us; /* range of ages that are not stale, if the age is known */
  bool stale;
};

/* Beginning of every message. */
#define REPORT_SUBJECT "NTP "

struct report {
  int64_t now_ns;                    /* CLOCK_REALTIME */
  int64_t run_duration_ns;           /* from the start of the run to the verdict */
  const char *version;               /* of this program */
  const char *host;                  /* whose clock it is */
  char elsewhere[REPORT_HOST_BYTES]; /* the same if that is not this machine, else "" */
  const char *source;                /* name, or several separated by blanks */
  const struct config *config;
  const struct reading *disproved; /* by servers asked directly, or NULL */
  struct finding *findings;        /* owned; one per sample, in order */
  size_t finding_count;
  const struct finding *worst; /* the deciding one, or NULL if a failure decided */
  enum verdict verdict;
  enum reason reason;
  unsigned reasons;  /* all that apply, of all findings and failures: bits 1u << reason */
  unsigned unjudged; /* metrics with an explicit limit that no server has: bits 1u << metric */
  char note[REPORT_NOTE_BYTES];           /* remarks of the sources, and their comparison */
  int exit_status;                        /* set after logging */
  char message[4 * REPORT_MESSAGE_BYTES]; /* shorter than REPORT_MESSAGE_BYTES once written */
};

/* Calls visit for first, then for each other reason of the set of bits reasons, which may be empty.
 */
void report_each_reason(enum reason first, unsigned reasons,
                        void (*visit)(void *user, enum reason reason), void *user);

/* Returns the verdict, or UNKNOWN if no log took it or, of an OK, if an output failed: the printed
 * verdict and the exit status agree. */
enum verdict report_shown(const struct report *report);

/* Return the verdict's name, "OK", "WARNING" ..., or the same in lower case for programs. Static.
 */
const char *verdict_name(enum verdict verdict);
const char *verdict_word(enum verdict verdict);

/* Returns a number that grows with severity: CRITICAL > WARNING > UNKNOWN > OK. */
unsigned verdict_rank(enum verdict verdict);

#endif

/* What a run found out, ready to be logged and printed. */
#ifndef NTP_MONITOR_REPORT_H
#define NTP_MONITOR_REPORT_H

#include "ntp_monitor/sample.h"
#include "ntp_monitor/why.h"

struct config;

/* The values are the exit status (and those of Nagios plug-ins). */
enum verdict { VERDICT_OK, VERDICT_WARNING, VERDICT_CRITICAL, VERDICT_UNKNOWN };

/* What one source gave: samples, or why there are none. */
struct reading {
  const char *source;
  struct samples samples;
  struct why why;     /* where samples.count is 0 */
  const char *keeper; /* a source whose daemon sets this clock, */
  const char *rival;  /* and another that does, too, or NULL */
  struct why sick;    /* of daemons that auto met before this source; REASON_OK: none */
};

enum {
  REPORT_READINGS_MAX = 16,
  REPORT_HOST_BYTES = 256,
  REPORT_MESSAGE_BYTES = 1024,
  REPORT_NOTE_BYTES = 1024
};

/* The judgement of one sample. */
struct finding {
  const struct sample *sample;
  const struct reading *reading; /* that it is of */
  const char *source;
  enum verdict verdict;
  enum reason reason; /* the one that decided */
  unsigned reasons;   /* all that apply: bits 1u << reason; 0 where it is OK */
  unsigned judged;    /* metrics held against their limits: bits 1u << metric */
  enum metric metric; /* which passed its limit, where reason is of one */
  int64_t limit;      /* that limit; for stale: how old a reply may be; for falseticker: servers */
  int64_t age_least_us, age_most_us; /* within which an age that is known is not stale */
  bool stale;
};

/* What every message begins with. */
#define REPORT_SUBJECT "NTP "

struct report {
  int64_t now_ns;                    /* CLOCK_REALTIME */
  int64_t run_duration_ns;           /* from the start of the run to the verdict */
  const char *version;               /* of this program */
  const char *host;                  /* whose clock it is */
  char elsewhere[REPORT_HOST_BYTES]; /* the same where that is not this machine, else "" */
  const char *source;                /* name, or several between blanks */
  const struct config *config;
  const struct reading *disproved; /* by servers that were asked directly, or NULL */
  struct finding *findings;        /* owned; one a sample, in order */
  size_t finding_count;
  const struct finding *worst; /* which decided, or NULL where a failure did */
  enum verdict verdict;
  enum reason reason;
  unsigned reasons; /* all that apply, of all findings and failures: bits 1u << reason */
  enum metric
      unjudged; /* an explicit limit that no server could be held against, or METRIC_COUNT */
  char note[REPORT_NOTE_BYTES];           /* what the sources say beside, and their comparison */
  int exit_status;                        /* as known after logging */
  char message[4 * REPORT_MESSAGE_BYTES]; /* shorter than REPORT_MESSAGE_BYTES once written */
};

/* The reasons of a set of bits, first at its head: calls visit for each; first alone where the set
 * is empty. */
void report_each_reason(enum reason first, unsigned reasons,
                        void (*visit)(void *user, enum reason reason), void *user);

/* The verdict, or UNKNOWN where no log took it, so that what is printed and the exit status agree.
 */
enum verdict report_shown(const struct report *report);

/* OK, WARNING ...; and its small letters for programs. Static. */
const char *verdict_name(enum verdict verdict);
const char *verdict_word(enum verdict verdict);

/* Grows with how bad it is: CRITICAL > WARNING > UNKNOWN > OK. */
unsigned verdict_rank(enum verdict verdict);

#endif

/* A source of readings. It measures; it never judges or prints. */
#ifndef NTP_MONITOR_SOURCE_H
#define NTP_MONITOR_SOURCE_H

#include <stdbool.h>

struct ask;
struct samples;
struct why;

struct source {
  const char *name;
  const char *argument; /* the placeholder of NAME:ARGUMENT in -s, or NULL for none */
  bool optional;        /* the argument may be omitted */
  const char *summary;
  bool automatic;    /* tried by `auto`, in the table's order */
  bool keeps_clock;  /* its daemon sets this machine's clock */
  bool servers_only; /* and follows only NTP servers, never another daemon's clock */
  bool feeds;        /* its daemon sets a clock that others may follow */
  bool remote;       /* can read another machine: -H and -M */
  /* Adds at least one sample: 0, or a negative errno with why. Returns by ask->deadline_ns. */
  int (*measure)(const struct ask *ask, struct samples *samples, struct why *why);
  /* Returns within 100 ms whether the daemon runs and sets this machine's clock. NULL: never asked.
   */
  bool (*runs)(const struct ask *ask);
};

extern const struct source source_timesyncd;
extern const struct source source_chrony;
extern const struct source source_ntpd;
extern const struct source source_ptp;
extern const struct source source_sntp;
extern const struct source source_text;

/* All sources, ended by NULL. */
extern const struct source *const source_table[];

/* Prints the source's form in -s: "text:FILE", "sntp[:HOST]". Returns out. */
enum { SOURCE_USAGE_BYTES = 64 };
const char *source_usage(char out[SOURCE_USAGE_BYTES], const struct source *source);

/* Looks up NAME or NAME:ARGUMENT. Returns the source, with *argument pointing into text or NULL; or
 * NULL with why. "auto" is not in the table and unknown here. */
const struct source *source_find(const char *text, const char **argument, struct why *why);

/* Checks that text is "auto" or known to source_find(): 0, or -EINVAL with why. */
int source_check(const char *text, struct why *why);

#endif

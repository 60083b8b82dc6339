/* A place a reading comes from. A source measures; it never judges or prints. */
#ifndef NTP_MONITOR_SOURCE_H
#define NTP_MONITOR_SOURCE_H

#include <stdbool.h>

struct ask;
struct samples;
struct why;

struct source {
  const char *name;
  const char *argument; /* what stands behind "name:" in -s, or NULL for none */
  bool optional;        /* that argument may be left out */
  const char *summary;
  bool automatic;    /* tried by `auto`, in the table's order */
  bool keeps_clock;  /* its daemon sets this machine's clock */
  bool servers_only; /* and follows NTP servers alone, never another daemon's clock */
  bool feeds;        /* its daemon sets a clock that others may follow */
  bool remote;       /* can read another machine: -H and -M */
  /* Adds to samples: 0 (at least one was added) or a negative errno with why
   * filled. Returns by ask->deadline_ns. */
  int (*measure)(const struct ask *ask, struct samples *samples, struct why *why);
  /* Whether that daemon runs and sets this machine's clock, as can be told within 100 ms; NULL:
   * never asked. */
  bool (*runs)(const struct ask *ask);
};

extern const struct source source_timesyncd;
extern const struct source source_chrony;
extern const struct source source_ntpd;
extern const struct source source_ptp;
extern const struct source source_sntp;
extern const struct source source_text;

/* All of them, ended by NULL. */
extern const struct source *const source_table[];

/* "text:FILE", "sntp[:HOST]": how -s is to be written for it. Returns out. */
enum { SOURCE_USAGE_BYTES = 64 };
const char *source_usage(char out[SOURCE_USAGE_BYTES], const struct source *source);

/* Looks up NAME or NAME:ARGUMENT. Returns the row, *argument pointing into text
 * or NULL; or NULL with why filled. "auto" is no row and not known here. */
const struct source *source_find(const char *text, const char **argument, struct why *why);

/* Whether text is "auto" or what source_find knows: 0, or -EINVAL with why filled. */
int source_check(const char *text, struct why *why);

#endif

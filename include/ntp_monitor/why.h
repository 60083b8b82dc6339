/* Why something failed: a stable word for programs, a sentence for people. */
#ifndef NTP_MONITOR_WHY_H
#define NTP_MONITOR_WHY_H

#include <stdbool.h>
#include <stddef.h>

#include "ntp_monitor/reason.h"

enum { WHY_TEXT_BYTES = 1024 };

struct why {
  enum reason reason;
  char text[WHY_TEXT_BYTES]; /* what failed, then "; " and the advice; escaped: fit for any log or
                                terminal */
  size_t cause_bytes;        /* of text: what failed */
  bool names_host;           /* text says which machine was asked */
};

/* Stands in a format of why_set between what failed and what to do about it. */
#define WHY_ADVICE "\f\v"

/* Sets all from a printf format, escaping whatever foreign text it holds. why
 * must not be NULL. Returns error unchanged (a negative errno), so that a failing
 * function can end in `return why_set(...)`. */
int why_set(struct why *why, enum reason reason, int error, const char *format, ...)
    __attribute__((format(printf, 4, 5)));

#endif

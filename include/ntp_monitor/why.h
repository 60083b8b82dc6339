/* Why something failed: a stable word for programs, a sentence for people. */
#ifndef NTP_MONITOR_WHY_H
#define NTP_MONITOR_WHY_H

#include <stdbool.h>
#include <stddef.h>

#include "ntp_monitor/reason.h"

enum { WHY_TEXT_BYTES = 1024 };

struct why {
  enum reason reason;
  char text[WHY_TEXT_BYTES]; /* what failed, then "; " and the advice; escaped: safe for any log or
                                terminal */
  size_t cause_bytes;        /* length of the part of text that says what failed */
  bool names_host;           /* text names the machine that was asked */
};

/* Separates what failed from the advice, in a format of why_set(). */
#define WHY_ADVICE "\f\v"

/* Sets all fields from a printf format, escaping foreign text in it. why must not be NULL. Returns
 * error, a negative errno, unchanged, so that a failing function can end in `return why_set(...)`.
 */
int why_set(struct why *why, enum reason reason, int error, const char *format, ...)
    __attribute__((format(printf, 4, 5)));

/* Returns the result of a system call, or -errno if it is negative. */
int why_errno(int result);

#endif

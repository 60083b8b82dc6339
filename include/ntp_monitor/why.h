/* Why something failed: a stable word for programs, a sentence for people. */
#ifndef NTP_MONITOR_WHY_H
#define NTP_MONITOR_WHY_H

#include <stddef.h>

enum { WHY_TEXT_BYTES = 1024 };

/* The reason words stand in every output and in the man page. */
enum reason {
  REASON_OK,
  REASON_JITTER,
  REASON_OFFSET,
  REASON_DELAY,
  REASON_ROOT_DISTANCE,
  REASON_ERROR_BOUND,
  REASON_STRATUM,
  REASON_REACH,
  REASON_CLOCK_CLASS,
  REASON_FALSETICKER,
  REASON_TWO_DAEMONS,
  REASON_STALE,
  REASON_WARMING_UP,
  REASON_NOT_SYNCHRONISED,
  REASON_NO_SERVICE,
  REASON_NO_BUS,
  REASON_DENIED,
  REASON_TIMEOUT,
  REASON_BAD_REPLY,
  REASON_NO_SOURCE,
  REASON_CONFIG,
  REASON_COUNT
};

/* The word ("root-distance"), the journal's MESSAGE_ID (32 hexadecimal digits), and one sentence
 * for the manual; all static. */
const char *reason_name(enum reason reason);
const char *reason_message_id(enum reason reason);
const char *reason_meaning(enum reason reason);

struct why {
  enum reason reason;
  char text[WHY_TEXT_BYTES]; /* escaped: fit for any log or terminal */
};

/* How much of text says what failed; behind that and "; " stands what to do. */
size_t why_cause_length(const struct why *why);

/* Sets both from a printf format, escaping whatever foreign text it holds. why
 * must not be NULL. Returns error unchanged (a negative errno), so that a failing
 * function can end in `return why_set(...)`. */
int why_set(struct why *why, enum reason reason, int error, const char *format, ...)
    __attribute__((format(printf, 4, 5)));

#endif

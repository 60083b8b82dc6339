/* Why something failed: the one table of the reason words. */
#include "ntp_monitor/why.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "ntp_monitor/text.h"

static const struct {
  const char *name, *meaning;
} reasons[REASON_COUNT] = {
    [REASON_OK] = {"ok", "The clock is kept well."},
    [REASON_JITTER] = {"jitter", "The jitter is above its limit."},
    [REASON_OFFSET] = {"offset", "The offset, without its sign, is above its limit."},
    [REASON_DELAY] = {"delay", "The delay is above its limit."},
    [REASON_ROOT_DISTANCE] = {"root-distance", "The root distance is above its limit."},
    [REASON_ERROR_BOUND] = {"error-bound", "The error bound is above its limit."},
    [REASON_STRATUM] = {"stratum", "The server's stratum is above its limit."},
    [REASON_REACH] = {"reach",
                      "The server's replies among the last 8 polls are below their limit."},
    [REASON_FALSETICKER] = {"falseticker", "Fewer of the servers agree on the time than should."},
    [REASON_TWO_DAEMONS] = {"two-daemons", "Two time services set this machine's clock."},
    [REASON_STALE] = {"stale", "The last reply is too old, or lies in the future."},
    [REASON_WARMING_UP] = {"warming-up", "Too few replies so far for the jitter to mean anything."},
    [REASON_NOT_SYNCHRONISED] = {"not-synchronised",
                                 "The time service runs and has never had a reply, or says itself "
                                 "that it is not synchronised."},
    [REASON_NO_SERVICE] = {"no-service", "The time service does not run."},
    [REASON_NO_BUS] = {"no-bus", "There is no system bus to ask over."},
    [REASON_DENIED] = {"denied", "The question is not permitted."},
    [REASON_TIMEOUT] = {"timeout", "There was no answer within the deadline."},
    [REASON_BAD_REPLY] = {"bad-reply", "There was an answer that cannot be true."},
    [REASON_NO_SOURCE] = {"no-source", "No source gave a reading, each for its own reason."},
    [REASON_CONFIG] = {"config", "The reading is good, but the configuration is not."},
};

const char *reason_name(enum reason reason) {
  return reasons[reason].name;
}

const char *reason_meaning(enum reason reason) {
  return reasons[reason].meaning;
}

int why_set(struct why *why, enum reason reason, int error, const char *format, ...) {
  char text[2 * WHY_TEXT_BYTES];
  va_list arguments;
  va_start(arguments, format);
  (void)vsnprintf(text, sizeof text, format, arguments);
  va_end(arguments);
  why->reason = reason;
  text_escape(why->text, sizeof why->text, text, strlen(text));
  return error;
}

/* Reasons: the cause of a verdict, in words for programs. */
#ifndef NTP_MONITOR_REASON_H
#define NTP_MONITOR_REASON_H

/* The words are part of every output and of the man page. */
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

/* Return the word ("root-distance"), and the journal's MESSAGE_ID (32 hexadecimal digits); both
 * static. */
const char *reason_name(enum reason reason);
const char *reason_message_id(enum reason reason);

#endif

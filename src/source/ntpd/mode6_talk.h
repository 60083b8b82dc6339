/* One question to ntpd and its whole answer, over a connected UDP socket; see mode6.h. */
#ifndef NTP_MONITOR_MODE6_TALK_H
#define NTP_MONITOR_MODE6_TALK_H

#include "source/ntpd/mode6.h"

struct ask;
struct why;

enum { MODE6_PORT = 123 };

struct mode6_talk {
  const struct ask *ask;
  int fd;                     /* connected; the caller closes it */
  struct mode6_answer answer; /* to the last question */
};

/* Connects to address, which is numeric: 0, or a negative errno and nothing to close. */
int mode6_talk_open(struct mode6_talk *talk, const struct ask *ask, const char *address);

/* Returns when to stop waiting for one answer (CLOCK_MONOTONIC): most_ns from now, or after a
 * quarter of the time left if that is sooner, because more questions may follow. */
int64_t mode6_talk_until(const struct ask *ask, int64_t most_ns);

/* Asks once, with a new sequence number. Returns how the answer ended (enum mode6_progress;
 * MODE6_COMPLETE is in talk->answer), or a negative errno: -ETIMEDOUT for silence, -ECONNREFUSED if
 * nobody listens. */
int mode6_talk_once(struct mode6_talk *talk, enum mode6_opcode opcode, uint16_t association,
                    const char *names, int64_t until_ns);

/* Asks, and asks again after silence: 0 with talk->answer, or a negative errno with why. Besides
 * the above: -ENOENT if there is no such association, -EACCES, -EBADMSG. */
int mode6_talk_ask(struct mode6_talk *talk, enum mode6_opcode opcode, uint16_t association,
                   const char *names, struct why *why);

/* Returns a number that is hard to guess, but not secret; it tells our answer from another's. */
uint64_t mode6_talk_number(void);

#endif

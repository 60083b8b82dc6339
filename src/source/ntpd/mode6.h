/*
 * ntpd's control protocol, NTP mode 6: RFC 9327, ntpsec's include/ntp_control.h. Pure.
 *
 * A question is one datagram; the answer comes in pieces of up to 468 bytes. We ask only for what
 * needs no key: the list of associations (each a server, a peer or a reference clock), and
 * variables by name, of the system or of one association.
 */
#ifndef NTP_MONITOR_MODE6_H
#define NTP_MONITOR_MODE6_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "ntp_monitor/sample.h"

struct why;

enum {
  MODE6_DATA_BYTES = 468, /* RFC 9327 section 2 */
  MODE6_PACKET_BYTES = 12 + MODE6_DATA_BYTES,
  MODE6_PIECES = 32,                 /* ours: of one answer */
  MODE6_ANSWER_BYTES = 16 * 1024 - 1 /* ours */
};

enum mode6_opcode { MODE6_READ_STATUS = 1, MODE6_READ_VARIABLES = 2 }; /* RFC 9327 section 2 */

/* RFC 9327 section 3.4. */
enum mode6_error {
  MODE6_ERROR_PERMISSION = 1,
  MODE6_ERROR_ASSOCIATION = 4, /* it does not exist (any more) */
  MODE6_ERROR_VARIABLE = 5,    /* one of the names is unknown; ntpd sends no value then */
  MODE6_ERROR_PROHIBITED = 7
};

struct mode6_question {
  uint8_t opcode;
  uint16_t sequence;    /* random */
  uint16_t association; /* 0: the system */
};

/* The pieces received of the answer to one question. Initialise it as {.question = ...}. */
struct mode6_answer {
  struct mode6_question question;
  unsigned error;    /* enum mode6_error or another number; MODE6_REFUSED */
  const char *wrong; /* the impossible part, static; MODE6_BAD */
  size_t length_bytes;
  bool ended; /* the last piece has come: length_bytes is the whole length */
  size_t piece_count;
  struct {
    size_t from, to;
  } piece[MODE6_PIECES];
  char data[MODE6_ANSWER_BYTES + 1]; /* MODE6_COMPLETE: ended by a NUL */
};

enum mode6_progress {
  MODE6_DROPPED, /* no answer to this question, or a repeated piece */
  MODE6_MORE,    /* a piece of it */
  MODE6_COMPLETE,
  MODE6_REFUSED, /* see error */
  MODE6_BAD      /* see wrong */
};

/* Writes the question. names lists variables, separated by commas, at most MODE6_DATA_BYTES; "" for
 * none. Returns the datagram's length. */
size_t mode6_ask(uint8_t out[MODE6_PACKET_BYTES], const struct mode6_question *question,
                 const char *names);

/* Adds one datagram to answer. The caller checks the sender's address (by a connected socket) and
 * limits the number of datagrams and the wait. */
enum mode6_progress mode6_take(struct mode6_answer *answer, const uint8_t *data,
                               size_t length_bytes);

/* --- the list of associations: MODE6_READ_STATUS of association 0 --- */

/* Bits of an association's status: RFC 9327 section 3.2. Without MODE6_CONFIGURED, ntpd found it
 * itself: in a pool, or because it asked first. MODE6_BROADCAST marks what is not a server: the
 * name of a pool, in which ntpd looks for servers, and ntpd's own broadcasts. */
enum {
  MODE6_CONFIGURED = 0x8000,
  MODE6_AUTHENTICATED = 0x4000, /* or should be */
  MODE6_REACHABLE = 0x1000,
  MODE6_BROADCAST = 0x0800
};

/* RFC 9327 section 3.2, table 4. */
enum mode6_selection {
  MODE6_REJECT,
  MODE6_FALSETICK,
  MODE6_EXCESS,
  MODE6_OUTLIER,
  MODE6_CANDIDATE,
  MODE6_BACKUP,
  MODE6_SYSTEM_PEER,
  MODE6_PPS_PEER
};

enum mode6_selection mode6_selection(uint16_t status);

/* --- variables --- */

/* The variables we ask for, of the system, an association or both. Spans are in ns (milliseconds on
 * the wire); time stamps (REFTIME, CLOCK, REC) are NTP's 64 bits, 0 for never. */
enum mode6_variable {
  MODE6_LEAP,
  MODE6_STRATUM,
  MODE6_PEER, /* the association followed, 0 for none */
  MODE6_HPOLL,
  MODE6_REACH,
  MODE6_FLASH,
  MODE6_OFFSET, /* > 0: the local clock is behind */
  MODE6_DELAY,
  MODE6_JITTER,
  MODE6_SYS_JITTER,
  MODE6_DISPERSION,
  MODE6_ROOTDELAY,
  MODE6_ROOTDISP,
  MODE6_REFTIME,
  MODE6_CLOCK,
  MODE6_REC, /* the last arrival */
  MODE6_SRCADR,
  MODE6_SRCHOST,
  MODE6_VARIABLE_COUNT
};

/* The names to ask for, which ntpsec and the classic ntpd both know. */
extern const char mode6_system_names[];
extern const char mode6_peer_names[];

struct mode6_values {
  unsigned present; /* 1u << variable */
  int64_t number[MODE6_SRCADR];
  char address[SAMPLE_ADDRESS_BYTES]; /* srcadr, escaped */
  char host[SAMPLE_SERVER_BYTES];     /* srchost, escaped */
};

bool mode6_has(const struct mode6_values *values, enum mode6_variable variable);

/* Returns 0 if the variable is absent. */
int64_t mode6_number(const struct mode6_values *values, enum mode6_variable variable);

/* Reads text, a complete answer to MODE6_READ_VARIABLES. Skips unknown names; the first of repeated
 * ones counts. Returns 0, or -EBADMSG with why (bad-reply).
 */
int mode6_read(const char *text, size_t length_bytes, struct mode6_values *values, struct why *why);

/* --- into our vocabulary --- */

struct mode6_peer {
  uint16_t association, status;
  bool known;       /* values were read */
  int64_t later_ns; /* read this long after the system's values */
  struct mode6_values values;
};

/* Everything read: the system's values, those of the peers asked for, and the list's counts. */
struct mode6_reading {
  struct mode6_values system;
  size_t peer_count;
  struct mode6_peer *peer;          /* the caller's */
  unsigned total;                   /* servers: */
  unsigned reachable, falsetickers; /* of them */
};

/* Reads the list, a complete answer: its counts, and up to room associations into peer, the best
 * first, so that a followed one is among them. Omits a pool's name if ntpd has found servers.
 * Returns 0, or -EBADMSG with why. */
int mode6_list(const struct mode6_answer *list, struct mode6_reading *reading, size_t room,
               struct why *why);

/* Returns whether an association with this status is a server, not a pool's name or a broadcast. */
bool mode6_is_server(uint16_t status);

/* Removes ntpd's own broadcasts. The peers' values must have been read. */
void mode6_drop_broadcasts(struct mode6_reading *reading);

/* Returns whether the peer answered one of the last eight polls. */
bool mode6_is_reached(const struct mode6_peer *peer);

/* Returns whether ntpd has no address for the peer's name: it shows 0.0.0.0 or ::. */
bool mode6_is_unresolved(const struct mode6_peer *peer);

/* Makes the sample that carries the verdict: the system's view. Returns 0, or -EBADMSG with why
 * naming the missing variable. */
int mode6_primary(const struct mode6_reading *reading, struct sample *sample, struct why *why);

/* Returns the index of the followed peer, or peer_count for none. */
size_t mode6_followed(const struct mode6_reading *reading);

/* Makes the sample of a server that is only listed. */
void mode6_listed(const struct mode6_peer *peer, struct sample *sample);

/* --- in words (mode6_words.c) --- */

/* The bit of flash for a peer that is unreachable, or reachable and marked noselect: ntpsec's
 * ntpd/ntp_proto.c, peer_unfit(). */
enum { MODE6_NOSELECT = 0x1000 };

/* Return why a server that answers is not used, and why one has no address. Static. */
const char *mode6_flash_words(int64_t flash);
const char *mode6_unresolved_words(const struct mode6_peer *peer);

/* Says why no server is followed; sample has the age of ntpd's last update if known. */
void mode6_say_none(const struct mode6_reading *reading, const struct sample *sample, char *out,
                    size_t size_bytes);

/* Says why ntpd follows a server, sample, but reports its clock as not synchronised. */
void mode6_say_undisciplined(const struct sample *sample, char *out, size_t size_bytes);

#endif

/*
 * One question to ntpd and its whole answer.
 *
 * UDP loses datagrams even locally, when the daemon's queue is full, so each question is tried
 * twice. The second try has its own sequence number, so that a late answer to the first is not
 * mistaken for its own.
 */
#include "source/ntpd/mode6_talk.h"

#include <errno.h>
#include <string.h>
#include <sys/random.h>

#include "ntp_monitor/ask.h"
#include "ntp_monitor/clock.h"
#include "ntp_monitor/duration.h"
#include "ntp_monitor/env.h"
#include "ntp_monitor/net.h"
#include "ntp_monitor/trace.h"
#include "ntp_monitor/why.h"

#define WAIT_NS DURATION_S

enum { DATAGRAMS_MAX = 64, TRIES = 2 };

uint64_t mode6_talk_number(void) {
  uint64_t number = 0;
  if (getrandom(&number, sizeof number, GRND_NONBLOCK) != (ssize_t)sizeof number) {
    number = (uint64_t)clock_monotonic_ns();
  }
  return number;
}

int64_t mode6_talk_until(const struct ask *ask, int64_t most_ns) {
  int64_t now_ns = clock_monotonic_ns();
  int64_t share_ns = (ask->deadline_ns - now_ns) / 4;
  return now_ns + duration_lesser(share_ns, most_ns);
}

int mode6_talk_open(struct mode6_talk *talk, const struct ask *ask, const char *address) {
  struct net_address found[NET_ADDRESSES];
  struct why why;
  int count = net_resolve(address, MODE6_PORT, ask->deadline_ns, found, &why);
  talk->ask = ask;
  talk->fd = count;
  if (count >= 0) {
    talk->fd = net_connect_udp(&found[0]);
  }
  if (talk->fd < 0) {
    trace_add(ask->env->trace, "ntpd: [%s]:%d: %s", address, MODE6_PORT, strerror(-talk->fd));
    return talk->fd;
  }
  trace_add(ask->env->trace, "ntpd: [%s]:%d: connected", address, MODE6_PORT);
  return 0;
}

static void trace_datagram(const struct mode6_talk *talk, const char *what, const uint8_t *data,
                           size_t length_bytes) {
  if (length_bytes >= 12) {
    trace_add(
        talk->ask->env->trace,
        "ntpd: %s %zu bytes: first=0x%02x opcode=0x%02x sequence=%u status=0x%04x association=%u "
        "offset=%u count=%u",
        what, length_bytes, data[0], data[1], (unsigned)(data[2] << 8 | data[3]),
        (unsigned)(data[4] << 8 | data[5]), (unsigned)(data[6] << 8 | data[7]),
        (unsigned)(data[8] << 8 | data[9]), (unsigned)(data[10] << 8 | data[11]));
  }
}

int mode6_talk_once(struct mode6_talk *talk, enum mode6_opcode opcode, uint16_t association,
                    const char *names, int64_t until_ns) {
  uint8_t data[MODE6_PACKET_BYTES];
  talk->answer.question = (struct mode6_question){.opcode = (uint8_t)opcode,
                                                  .sequence = (uint16_t)mode6_talk_number(),
                                                  .association = association};
  talk->answer.piece_count = talk->answer.length_bytes = 0;
  talk->answer.ended = false;
  size_t length = mode6_ask(data, &talk->answer.question, names);
  trace_datagram(talk, "sent", data, length);
  int error = net_send(talk->fd, data, length, until_ns);
  if (error != 0) {
    return error;
  }
  for (unsigned i = 0; i < DATAGRAMS_MAX; i++) {
    ssize_t received = net_receive(talk->fd, data, sizeof data, until_ns);
    if (received == -EMSGSIZE) {
      continue; /* longer than any of ntpd's */
    }
    if (received < 0) {
      return (int)received;
    }
    trace_datagram(talk, "received", data, (size_t)received);
    enum mode6_progress progress = mode6_take(&talk->answer, data, (size_t)received);
    if (progress != MODE6_DROPPED && progress != MODE6_MORE) {
      return (int)progress;
    }
  }
  talk->answer.wrong = "it does not end";
  return (int)MODE6_BAD;
}

/* Explains an error code of ntpd. */
static int explain_refusal(unsigned error, struct why *why) {
  switch (error) {
  case MODE6_ERROR_ASSOCIATION:
    return why_set(why, REASON_BAD_REPLY, -ENOENT, "ntpd dropped a server while being asked");
  case MODE6_ERROR_PERMISSION:
  case MODE6_ERROR_PROHIBITED:
    return why_set(why, REASON_DENIED, -EACCES,
                   "ntpd denies the query (error %u)" WHY_ADVICE
                   "its configuration needs: restrict 127.0.0.1 and restrict ::1",
                   error);
  case MODE6_ERROR_VARIABLE:
    return why_set(why, REASON_BAD_REPLY, -EBADMSG,
                   "ntpd does not know a variable we ask for: is it older than 4.2.6?");
  default:
    return why_set(why, REASON_BAD_REPLY, -EBADMSG,
                   "ntpd answered the query with error %u" WHY_ADVICE "reading rejected", error);
  }
}

int mode6_talk_ask(struct mode6_talk *talk, enum mode6_opcode opcode, uint16_t association,
                   const char *names, struct why *why) {
  int result = -ETIMEDOUT;
  for (int i = 0; i < TRIES && result == -ETIMEDOUT; i++) {
    result =
        mode6_talk_once(talk, opcode, association, names, mode6_talk_until(talk->ask, WAIT_NS));
  }
  if (result == MODE6_COMPLETE) {
    if (opcode == MODE6_READ_VARIABLES) {
      trace_add(talk->ask->env->trace, "ntpd: association %u: %s", association, talk->answer.data);
    }
    return 0;
  }
  if (result == MODE6_REFUSED) {
    return explain_refusal(talk->answer.error, why);
  }
  if (result >= 0) {
    return why_set(why, REASON_BAD_REPLY, -EBADMSG,
                   "ntpd's answer is invalid: %s" WHY_ADVICE "reading rejected",
                   talk->answer.wrong);
  }
  enum reason reason = REASON_NO_SERVICE;
  if (result == -ETIMEDOUT) {
    reason = REASON_TIMEOUT;
  } else if (result == -EPERM || result == -EACCES) { /* EPERM: a packet filter */
    reason = REASON_DENIED;
  }
  return why_set(why, reason, result, "cannot ask ntpd: %s", net_words(result));
}

/*
 * Questions to ptp4l and their answers.
 *
 * Any user may ask at the read-only socket (linuxptp 4.0 and later), only root at the other. Our
 * own end has an abstract name and leaves no file. ptp4l does not answer requests with another
 * domain or transportSpecific, so each socket gets little time, and silence is explained.
 */
#include "source/ptp/ptp_talk.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

#include "ntp_monitor/aside.h"
#include "ntp_monitor/ask.h"
#include "ntp_monitor/clock.h"
#include "ntp_monitor/duration.h"
#include "ntp_monitor/env.h"
#include "ntp_monitor/net.h"
#include "ntp_monitor/owner.h"
#include "ntp_monitor/trace.h"
#include "ntp_monitor/why.h"

/* The wait for one answer; each question is sent twice. A healthy ptp4l takes a few ms. */
#define PATIENCE_NS (500 * DURATION_MS)

static int explain_silence(const struct ptp_talk *talk, struct why *why) {
  char span[DURATION_TEXT_BYTES];
  duration_print(span, 2 * talk->patience_ns - 2 * talk->patience_ns % DURATION_MS);
  if (talk->known) {
    return why_set(why, REASON_TIMEOUT, -ETIMEDOUT,
                   "ptp4l at %s stopped responding: no answer within %s" PTP_TALK_CHECK, talk->path,
                   span);
  }
  return why_set(why, REASON_TIMEOUT, -ETIMEDOUT,
                 "ptp4l at %s is not responding: no answer within %s in domainNumber %d with "
                 "transportSpecific %d" WHY_ADVICE
                 "if ptp4l differs, set domain and transport_specific in [ptp] (gPTP: 1)",
                 talk->path, span, talk->request.domain, talk->request.transport_specific);
}

/* Explains an error, except -EBADMSG, which explain_bad_reply() has explained. Returns error. */
static int explain_error(const struct ptp_talk *talk, int error, struct why *why) {
  switch (error) {
  case 0:
  case -EBADMSG:
    return error;
  case -ECONNREFUSED:
    return why_set(why, REASON_NO_SERVICE, error,
                   "ptp4l is not running" WHY_ADVICE
                   "nothing listens on its leftover socket %s" PTP_TALK_CHECK,
                   talk->path);
  case -EACCES:
  case -EPERM:
    return why_set(why, REASON_DENIED, error,
                   "this user may not ask ptp4l at %s" WHY_ADVICE
                   "since linuxptp 4.0 anyone may ask at uds_ro_address (set sockets in [ptp] to "
                   "it), before 4.0 only root",
                   talk->path);
  case -EREMOTE:
    return why_set(why, REASON_TIMEOUT, error, "ptp4l's socket %s: " ASIDE_SILENT, talk->path);
  case -ETIMEDOUT:
    return explain_silence(talk, why);
  default:
    return why_set(why, REASON_NO_SERVICE, error, "cannot ask ptp4l at %s: %s", talk->path,
                   strerror(-error));
  }
}

static int explain_bad_reply(const struct ptp_talk *talk, const char *what, struct why *why) {
  return why_set(why, REASON_BAD_REPLY, -EBADMSG,
                 "invalid answer from ptp4l at %s: %s" WHY_ADVICE "does linuxptp own that socket?",
                 talk->path, what);
}

/* Receives an answer to the last question: 0, -EBADMSG with why, or another negative errno without.
 */
static int receive_reply(struct ptp_talk *talk, int64_t until_ns, struct ptp_reply *reply,
                         struct why *why) {
  enum ptp_answer answer = PTP_DROPPED;
  char text[PTP_DATA_TEXT_BYTES];
  char clock[PTP_IDENTITY_TEXT_BYTES];
  char words[PTP_WHY_BYTES];
  while (answer == PTP_DROPPED) {
    uint8_t bytes[PTP_REPLY_BYTES_MAX];
    ssize_t length = net_receive(talk->fd, bytes, sizeof bytes, until_ns);
    if (length == -EMSGSIZE) {
      return explain_bad_reply(talk, "longer than any PTP message", why);
    }
    if (length < 0) {
      return (int)length;
    }
    answer = ptp_management_read(bytes, (size_t)length, &talk->request, reply, words);
    if (answer == PTP_DROPPED) {
      trace_add(talk->ask->env->trace, "ptp: dropped: %s", words);
      if (clock_left_ms(until_ns) == 0) {
        return -ETIMEDOUT;
      }
    }
  }
  if (answer != PTP_GOOD) {
    return explain_bad_reply(talk, words, why);
  }
  trace_add(talk->ask->env->trace, "ptp: %s-%u: %s", ptp_data_identity(clock, reply->sender.clock),
            reply->sender.port, ptp_data_print(text, sizeof text, &reply->data));
  if (talk->known && memcmp(talk->clock, reply->sender.clock, sizeof talk->clock) != 0) {
    return explain_bad_reply(talk, "sent by another clock than before", why);
  }
  memcpy(talk->clock, reply->sender.clock, sizeof talk->clock);
  talk->known = true;
  return 0;
}

/* When the wait for one answer ends (CLOCK_MONOTONIC). */
static int64_t get_patience_end(const struct ptp_talk *talk) {
  int64_t until_ns = clock_monotonic_ns() + talk->patience_ns;
  return duration_lesser(until_ns, talk->ask->deadline_ns);
}

int ptp_talk_ask(struct ptp_talk *talk, enum ptp_id id, struct ptp_reply *reply, struct why *why) {
  int error = -ETIMEDOUT;
  for (int tries = 0; tries < 2 && error == -ETIMEDOUT; tries++) {
    uint8_t bytes[PTP_REQUEST_BYTES];
    int64_t until_ns = get_patience_end(talk);
    talk->request.id = id;
    talk->request.sequence++;
    ptp_management_request(bytes, &talk->request);
    error = net_send(talk->fd, bytes, sizeof bytes, until_ns);
    if (error == 0) {
      error = receive_reply(talk, until_ns, reply, why);
    }
  }
  return explain_error(talk, error, why);
}

int ptp_talk_receive(struct ptp_talk *talk, struct ptp_reply *reply, struct why *why) {
  int error = receive_reply(talk, get_patience_end(talk), reply, why);
  return explain_error(talk, error, why);
}

/* Checks the socket's owner and reads its age: 0, or a negative errno with why. */
static int check_socket(const struct ptp_talk *talk, int64_t *runs_ns, struct why *why) {
  struct stat made = {.st_size = 0};
  int error = aside_await(talk->path, get_patience_end(talk));
  if (error != 0) {
    return explain_error(talk, error, why);
  }
  int known = owner_check_file(talk->path, &owner_ptp4l, &made, why);
  if (known > 0) {
    *runs_ns = clock_realtime_ns() - made.st_ctim.tv_sec * DURATION_S - made.st_ctim.tv_nsec;
  }
  if (known < 0) {
    return known;
  }
  return 0;
}

int ptp_talk_open(struct ptp_talk *talk, const char *path, int64_t *runs_ns, struct why *why) {
  int64_t left_ns = talk->ask->deadline_ns - clock_monotonic_ns();
  (void)snprintf(talk->path, sizeof talk->path, "%s", path);
  talk->patience_ns = duration_lesser(left_ns / 4, PATIENCE_NS);
  int error = check_socket(talk, runs_ns, why);
  trace_add(talk->ask->env->trace, "ptp: asking at %s, domainNumber %d, transportSpecific %d", path,
            talk->request.domain, talk->request.transport_specific);
  if (error != 0) {
    return error;
  }
  talk->fd = net_connect_local(path, NULL);
  if (talk->fd < 0) {
    return explain_error(talk, talk->fd, why);
  }
  return 0;
}

/*
 * The source ptp: linuxptp's ptp4l, asked over its management sockets.
 *
 * Anyone may ask at a read-only one (linuxptp 4.0 and later), root at the other; an abstract name
 * of ours leaves no file. ptp4l is silent to whoever names another domain or transportSpecific, so
 * each socket gets a short patience, and silence is explained.
 */
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "ntp_monitor/aside.h"
#include "ntp_monitor/ask.h"
#include "ntp_monitor/clock.h"
#include "ntp_monitor/config.h"
#include "ntp_monitor/duration.h"
#include "ntp_monitor/env.h"
#include "ntp_monitor/net.h"
#include "ntp_monitor/owner.h"
#include "ntp_monitor/sample.h"
#include "ntp_monitor/source.h"
#include "ntp_monitor/trace.h"
#include "ntp_monitor/why.h"
#include "source/ptp/ptp_management.h"
#include "source/ptp/ptp_sample.h"

#define CHECK WHY_ADVICE "check the PTP service: systemctl status 'ptp4l*'"

/* For one answer; a question is put twice. A live ptp4l takes a few ms. */
#define PATIENCE_NS (500 * DURATION_MS)

/* How long to look for a second measurement: the usual rates are 1 to 16 in a second. */
#define LOOK_ON_NS (3 * DURATION_S)

struct ptp {
  const struct ask *ask;
  char paths[CONFIG_TEXT_BYTES]; /* of the sockets, taken apart */
  const char *path;
  int fd;
  int64_t patience_ns;
  struct ptp_request request;
  bool known; /* it has answered, and is this clock: */
  uint8_t clock[PTP_IDENTITY_BYTES];
};

/* --- one question ----------------------------------------------------------- */

/* Why there is no answer, and what to do about it, where that was not said yet. Returns error. */
static int lost(const struct ptp *ptp, int error, struct why *why) {
  char span[DURATION_TEXT_BYTES];
  switch (error) {
  case 0:
  case -EBADMSG:
    return error;
  case -ECONNREFUSED:
    return why_set(why, REASON_NO_SERVICE, error,
                   "ptp4l is not running" WHY_ADVICE
                   "it left its socket %s behind, and nobody listens there" CHECK,
                   ptp->path);
  case -EACCES:
  case -EPERM:
    return why_set(why, REASON_DENIED, error,
                   "this user may not ask ptp4l at %s" WHY_ADVICE
                   "linuxptp 4.0 and later let anyone ask at its uds_ro_address (set sockets under "
                   "[ptp] to that), an older one only root",
                   ptp->path);
  case -EREMOTE:
    return why_set(why, REASON_TIMEOUT, error, "ptp4l's socket %s: " ASIDE_SILENT, ptp->path);
  case -ETIMEDOUT:
    duration_print(span, 2 * ptp->patience_ns - 2 * ptp->patience_ns % DURATION_MS);
    return ptp->known
               ? why_set(why, REASON_TIMEOUT, error,
                         "ptp4l at %s answered, and then no more within %s: it hangs" CHECK,
                         ptp->path, span)
               : why_set(why, REASON_TIMEOUT, error,
                         "ptp4l at %s did not answer within %s: it hangs, or its domainNumber is "
                         "not %d or its transportSpecific not %d (gPTP has 1)" WHY_ADVICE
                         "set domain and transport_specific under [ptp] to ptp4l's",
                         ptp->path, span, ptp->request.domain, ptp->request.transport_specific);
  default:
    return why_set(why, REASON_NO_SERVICE, error, "cannot ask ptp4l at %s: %s", ptp->path,
                   strerror(-error));
  }
}

static int bad_reply(const struct ptp *ptp, const char *what, struct why *why) {
  return why_set(why, REASON_BAD_REPLY, -EBADMSG,
                 "what ptp4l at %s answered is not a reading: %s" WHY_ADVICE
                 "does linuxptp own that socket?",
                 ptp->path, what);
}

/* An answer to the last question: 0, -EBADMSG with why, or another negative errno without. */
static int receive(struct ptp *ptp, int64_t until_ns, struct ptp_reply *reply, struct why *why) {
  enum ptp_answer answer = PTP_DROPPED;
  char text[PTP_DATA_TEXT_BYTES];
  char clock[PTP_IDENTITY_TEXT_BYTES];
  char words[PTP_WHY_BYTES];
  while (answer == PTP_DROPPED) {
    uint8_t bytes[PTP_REPLY_BYTES_MAX];
    ssize_t length = net_receive(ptp->fd, bytes, sizeof bytes, until_ns);
    if (length == -EMSGSIZE) {
      return bad_reply(ptp, "it is longer than any PTP message", why);
    }
    if (length < 0) {
      return (int)length;
    }
    answer = ptp_management_read(bytes, (size_t)length, &ptp->request, reply, words);
    if (answer == PTP_DROPPED) {
      trace_add(ptp->ask->env->trace, "ptp: dropped: %s", words);
      if (clock_left_ms(until_ns) == 0) {
        return -ETIMEDOUT;
      }
    }
  }
  if (answer != PTP_GOOD) {
    return bad_reply(ptp, words, why);
  }
  trace_add(ptp->ask->env->trace, "ptp: %s-%u: %s", ptp_data_identity(clock, reply->sender.clock),
            reply->sender.port, ptp_data_print(text, sizeof text, &reply->data));
  if (ptp->known && memcmp(ptp->clock, reply->sender.clock, sizeof ptp->clock) != 0) {
    return bad_reply(ptp, "another clock than before answers", why);
  }
  memcpy(ptp->clock, reply->sender.clock, sizeof ptp->clock);
  ptp->known = true;
  return 0;
}

static int64_t until(const struct ptp *ptp) {
  int64_t until_ns = clock_monotonic_ns() + ptp->patience_ns;
  return until_ns < ptp->ask->deadline_ns ? until_ns : ptp->ask->deadline_ns;
}

/* 0, or a negative errno with why. */
static int ptp_ask(struct ptp *ptp, enum ptp_id id, struct ptp_reply *reply, struct why *why) {
  int error = -ETIMEDOUT;
  for (int tries = 0; tries < 2 && error == -ETIMEDOUT; tries++) {
    uint8_t bytes[PTP_REQUEST_BYTES];
    int64_t until_ns = until(ptp);
    ptp->request.id = id;
    ptp->request.sequence++;
    ptp_management_request(bytes, &ptp->request);
    error = net_send(ptp->fd, bytes, sizeof bytes, until_ns);
    error = error == 0 ? receive(ptp, until_ns, reply, why) : error;
  }
  return lost(ptp, error, why);
}

/* --- all of them -------------------------------------------------------------- */

/* Every port answers the one question; a SLAVE is the one that we look for. */
static int ask_ports(struct ptp *ptp, struct ptp_reading *reading, struct why *why) {
  struct ptp_reply reply;
  int error = ptp_ask(ptp, PTP_PORT_DATA_SET, &reply, why);
  for (unsigned count = 1; error == 0; count++) {
    ptp_sample_port(reading, &reply.data);
    if (count == reading->clock.defaults.ports || reading->port.port.state == PTP_SLAVE) {
      return 0;
    }
    error = lost(ptp, receive(ptp, until(ptp), &reply, why), why);
  }
  return error;
}

/* Waits, and drops answers that come late. */
static void wait_until(const struct ptp *ptp, int64_t until_ns) {
  uint8_t bytes[PTP_REPLY_BYTES_MAX];
  while (clock_monotonic_ns() < until_ns) {
    (void)net_receive(ptp->fd, bytes, sizeof bytes, until_ns);
  }
}

/* As many samples as are wanted, and more until two measurements can be compared, in time. */
static int ask_offsets(struct ptp *ptp, unsigned wanted, struct ptp_reading *reading,
                       struct why *why) {
  int64_t begun_ns = clock_monotonic_ns();
  for (;;) {
    struct ptp_reply reply;
    int64_t asked_ns = clock_monotonic_ns();
    int error = ptp_ask(ptp, PTP_TIME_STATUS_NP, &reply, why);
    bool late = clock_left_ms(ptp->ask->deadline_ns) == 0;
    if (error == 0) {
      ptp_sample_status(reading, &reply.data, asked_ns);
    } else if (error != -ETIMEDOUT || !late || reading->samples == 0) {
      return error;
    }
    bool more = wanted > 1 && reading->measurements < 2 && asked_ns - begun_ns < LOOK_ON_NS;
    if (reading->samples >= wanted && !more) {
      break;
    }
    int64_t next_ns = asked_ns + ptp->ask->config->ptp_interval_ns;
    if (late || 2 * next_ns - asked_ns > ptp->ask->deadline_ns) {
      trace_add(ptp->ask->env->trace, "ptp: the deadline leaves no time for more than %u of %u",
                reading->samples, wanted);
      break;
    }
    wait_until(ptp, next_ns);
  }
  return 0;
}

static int ask_data(struct ptp *ptp, enum ptp_id id, struct ptp_data *data, struct why *why) {
  struct ptp_reply reply;
  int error = ptp_ask(ptp, id, &reply, why);
  if (error == 0) {
    *data = reply.data;
  }
  return error;
}

static int ask_all(struct ptp *ptp, struct ptp_reading *reading, struct sample *sample,
                   struct why *why) {
  int error = ask_ports(ptp, reading, why);
  error = error == 0 ? ask_data(ptp, PTP_CURRENT_DATA_SET, &reading->current, why) : error;
  error = error == 0 ? ask_data(ptp, PTP_PARENT_DATA_SET, &reading->parent, why) : error;
  error =
      error == 0 ? ask_data(ptp, PTP_TIME_PROPERTIES_DATA_SET, &reading->properties, why) : error;
  bool several = reading->port.port.state == PTP_SLAVE && !ptp->ask->glance;
  unsigned wanted = several ? (unsigned)ptp->ask->config->ptp_samples : 1;
  error = error == 0 ? ask_offsets(ptp, wanted, reading, why) : error;
  if (error == 0) {
    ptp_sample_make(reading, wanted, clock_realtime_ns(), clock_monotonic_ns(), sample);
  }
  return error;
}

/* Connects, and asks for the number of ports: 0 with ptp->fd open, or a negative errno. */
static int greet(struct ptp *ptp, const char *path, struct ptp_reading *reading, struct why *why) {
  int64_t left_ns = ptp->ask->deadline_ns - clock_monotonic_ns();
  struct stat made = {.st_size = 0};
  ptp->path = path;
  ptp->patience_ns = left_ns / 4 < PATIENCE_NS ? left_ns / 4 : PATIENCE_NS;
  int looked = aside_await(path, until(ptp));
  looked = looked == 0 ? owner_check_file(path, &owner_ptp4l, &made, why) : lost(ptp, looked, why);
  if (looked > 0) {
    reading->runs_ns =
        clock_realtime_ns() - made.st_ctim.tv_sec * DURATION_S - made.st_ctim.tv_nsec;
  }
  trace_add(ptp->ask->env->trace, "ptp: asking at %s, domainNumber %d, transportSpecific %d", path,
            ptp->request.domain, ptp->request.transport_specific);
  ptp->fd = looked < 0 ? looked : net_connect_local(path, NULL);
  int error = ptp->fd < 0 ? ptp->fd : ask_data(ptp, PTP_DEFAULT_DATA_SET, &reading->clock, why);
  error = looked >= 0 && ptp->fd < 0 ? lost(ptp, error, why) : error;
  if (error != 0) {
    trace_add(ptp->ask->env->trace, "ptp: %s: %s", path, why->text);
    (void)(ptp->fd < 0 || close(ptp->fd));
  }
  return error;
}

/* The first socket that answers; or why the one did not that got furthest (the reasons' order). */
static int ptp_find(struct ptp *ptp, struct ptp_reading *reading, struct why *why) {
  char *rest = NULL;
  int failure = 0;
  (void)snprintf(ptp->paths, sizeof ptp->paths, "%s", ptp->ask->config->ptp_sockets);
  for (char *path = strtok_r(ptp->paths, " \t", &rest); path != NULL;
       path = strtok_r(NULL, " \t", &rest)) {
    struct why one = {.text = ""};
    int error = greet(ptp, path, reading, &one);
    if (error == 0) {
      return 0;
    }
    if (error != -ENOENT && (failure == 0 || one.reason > why->reason)) {
      failure = error;
      *why = one;
    }
  }
  return failure != 0
             ? failure
             : why_set(why, REASON_NO_SERVICE, -ENOENT,
                       "ptp4l is not running" WHY_ADVICE "there is none of its sockets: %s" CHECK,
                       ptp->ask->config->ptp_sockets);
}

static int measure_ptp(const struct ask *ask, struct samples *samples, struct why *why) {
  const struct config *config = ask->config;
  struct ptp ptp = {.ask = ask};
  ptp.request.domain = (uint8_t)config->ptp_domain;
  ptp.request.transport_specific = (uint8_t)config->ptp_transport_specific;
  ptp.request.client = (uint16_t)ask->env->pid;
  struct ptp_reading reading = {.samples = 0};
  struct sample sample;
  int error = ptp_find(&ptp, &reading, why);
  if (error != 0) {
    return error;
  }
  error = ask_all(&ptp, &reading, &sample, why);
  (void)close(ptp.fd);
  return error == 0 ? samples_add(samples, &sample, why) : error;
}

const struct source source_ptp = {
    .name = "ptp",
    .summary = "linuxptp's ptp4l over its management socket",
    .automatic = true,
    .feeds = true,
    .measure = measure_ptp,
};

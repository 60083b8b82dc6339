/*
 * The source ptp: linuxptp's ptp4l, asked over its management sockets.
 *
 * The configured sockets are tried in turn. A port that is SLAVE is then asked for its offset
 * several times, because ptp4l reports no jitter.
 */
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "ntp_monitor/ask.h"
#include "ntp_monitor/clock.h"
#include "ntp_monitor/config.h"
#include "ntp_monitor/duration.h"
#include "ntp_monitor/env.h"
#include "ntp_monitor/net.h"
#include "ntp_monitor/sample.h"
#include "ntp_monitor/source.h"
#include "ntp_monitor/trace.h"
#include "ntp_monitor/why.h"
#include "source/ptp/ptp_sample.h"
#include "source/ptp/ptp_talk.h"

/* The wait for a second measurement: common rates are 1 to 16 a second. */
#define LOOK_ON_NS (3 * DURATION_S)

/* Reads the answers of all ports to one question, up to the first port that is SLAVE. */
static int ask_ports(struct ptp_talk *talk, struct ptp_reading *reading, struct why *why) {
  struct ptp_reply reply;
  int error = ptp_talk_ask(talk, PTP_PORT_DATA_SET, &reply, why);
  for (unsigned count = 1; error == 0; count++) {
    ptp_sample_port(reading, &reply.data);
    if (count == reading->clock.defaults.ports || reading->port.port.state == PTP_SLAVE) {
      return 0;
    }
    error = ptp_talk_receive(talk, &reply, why);
  }
  return error;
}

/* Waits, dropping late answers. */
static void wait_until(const struct ptp_talk *talk, int64_t until_ns) {
  uint8_t bytes[PTP_REPLY_BYTES_MAX];
  while (clock_monotonic_ns() < until_ns) {
    (void)net_receive(talk->fd, bytes, sizeof bytes, until_ns);
  }
}

/* Takes the samples wanted, and more until two measurements differ, as long as time allows. */
static int ask_offsets(struct ptp_talk *talk, unsigned wanted, struct ptp_reading *reading,
                       struct why *why) {
  int64_t begun_ns = clock_monotonic_ns();
  for (;;) {
    struct ptp_reply reply;
    int64_t asked_ns = clock_monotonic_ns();
    int error = ptp_talk_ask(talk, PTP_TIME_STATUS_NP, &reply, why);
    bool late = clock_left_ms(talk->ask->deadline_ns) == 0;
    if (error == 0) {
      ptp_sample_status(reading, &reply.data, asked_ns);
    } else if (error != -ETIMEDOUT || !late || reading->samples == 0) {
      return error;
    }
    bool more = wanted > 1 && reading->measurements < 2 && asked_ns - begun_ns < LOOK_ON_NS;
    if (reading->samples >= wanted && !more) {
      break;
    }
    int64_t next_ns = asked_ns + talk->ask->config->ptp_interval_ns;
    if (late || 2 * next_ns - asked_ns > talk->ask->deadline_ns) {
      trace_add(talk->ask->env->trace, "ptp: the deadline leaves time for only %u of %u samples",
                reading->samples, wanted);
      break;
    }
    wait_until(talk, next_ns);
  }
  return 0;
}

static int ask_data(struct ptp_talk *talk, enum ptp_id id, struct ptp_data *data, struct why *why) {
  struct ptp_reply reply;
  int error = ptp_talk_ask(talk, id, &reply, why);
  if (error == 0) {
    *data = reply.data;
  }
  return error;
}

static int ask_all(struct ptp_talk *talk, struct ptp_reading *reading, struct sample *sample,
                   struct why *why) {
  const struct {
    enum ptp_id id;
    struct ptp_data *data;
  } questions[] = {{PTP_CURRENT_DATA_SET, &reading->current},
                   {PTP_PARENT_DATA_SET, &reading->parent},
                   {PTP_TIME_PROPERTIES_DATA_SET, &reading->properties}};
  unsigned wanted = 1;
  int error = ask_ports(talk, reading, why);
  for (size_t i = 0; error == 0 && i < sizeof questions / sizeof *questions; i++) {
    error = ask_data(talk, questions[i].id, questions[i].data, why);
  }
  if (error != 0) {
    return error;
  }
  if (reading->port.port.state == PTP_SLAVE && !talk->ask->glance) {
    wanted = (unsigned)talk->ask->config->ptp_samples;
  }
  error = ask_offsets(talk, wanted, reading, why);
  if (error == 0) {
    ptp_sample_make(reading, wanted, clock_realtime_ns(), clock_monotonic_ns(), sample);
  }
  return error;
}

/* Connects to the socket at path and asks for the number of ports: 0 with talk->fd open, or a
 * negative errno with why. */
static int try_socket(struct ptp_talk *talk, const char *path, struct ptp_reading *reading,
                      struct why *why) {
  int error = ptp_talk_open(talk, path, &reading->runs_ns, why);
  if (error == 0) {
    error = ask_data(talk, PTP_DEFAULT_DATA_SET, &reading->clock, why);
    if (error != 0) {
      (void)close(talk->fd);
    }
  }
  if (error != 0) {
    trace_add(talk->ask->env->trace, "ptp: %s: %s", path, why->text);
  }
  return error;
}

/* Connects to the first socket that answers. If none does, why is that of the highest reason. */
static int ptp_find(struct ptp_talk *talk, struct ptp_reading *reading, struct why *why) {
  char paths[CONFIG_TEXT_BYTES];
  char *rest = NULL;
  int failure = 0;
  (void)snprintf(paths, sizeof paths, "%s", talk->ask->config->ptp_sockets);
  for (char *path = strtok_r(paths, " \t", &rest); path != NULL;
       path = strtok_r(NULL, " \t", &rest)) {
    struct why one = {.text = ""};
    int error = try_socket(talk, path, reading, &one);
    if (error == 0) {
      return 0;
    }
    if (error != -ENOENT && (failure == 0 || one.reason > why->reason)) {
      failure = error;
      *why = one;
    }
  }
  if (failure != 0) {
    return failure;
  }
  return why_set(why, REASON_NO_SERVICE, -ENOENT,
                 "ptp4l is not running" WHY_ADVICE "none of its sockets exists: %s" PTP_TALK_CHECK,
                 talk->ask->config->ptp_sockets);
}

static int measure_ptp(const struct ask *ask, struct samples *samples, struct why *why) {
  const struct config *config = ask->config;
  struct ptp_talk talk = {.ask = ask};
  talk.request.domain = (uint8_t)config->ptp_domain;
  talk.request.transport_specific = (uint8_t)config->ptp_transport_specific;
  talk.request.client = (uint16_t)ask->env->pid;
  struct ptp_reading reading = {.samples = 0};
  struct sample sample;
  int error = ptp_find(&talk, &reading, why);
  if (error != 0) {
    return error;
  }
  error = ask_all(&talk, &reading, &sample, why);
  (void)close(talk.fd);
  if (error != 0) {
    return error;
  }
  return samples_add(samples, &sample, why);
}

const struct source source_ptp = {
    .name = "ptp",
    .summary = "linuxptp's ptp4l over its management socket",
    .automatic = true,
    .feeds = true,
    .measure = measure_ptp,
};

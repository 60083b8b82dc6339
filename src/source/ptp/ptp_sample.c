/*
 * Translates a ptp4l reading into a sample.
 *
 * Offset: ptp4l reports local - master, the opposite of our sign. It describes the clock that ptp4l
 * steers: with hardware time stamps, the network card's. The system clock follows that one only
 * through phc2sys or chronyd.
 *
 * Jitter: ptp4l reports none, so its offset is sampled several times. Copies of one measurement
 * would make the jitter 0, so only different ones count.
 *
 * Age: ingress_time is read from the steered clock, which keeps UTC (the system clock), TAI or a
 * scale of its own; a read-only client cannot learn which. A measurement seen to arrive is younger
 * than the sample before it, on any scale. Otherwise ingress_time is taken as a date if it can be
 * one.
 *
 * A clock without a master also answers "offset 0", as does one that has not measured its delay
 * yet, so an offset counts only from a port that is SLAVE. Such a port has a grandmaster, or
 * measurements without one: an automotive slave (IEEE 802.1AS, BMCA noop) hears no Announce.
 */
#include "source/ptp/ptp_sample.h"

#include <stdio.h>
#include <string.h>

#include "ntp_monitor/duration.h"
#include "ntp_monitor/sample.h"
#include "ntp_monitor/text.h"

/* 2001-09-09. An earlier time is not a date but the uptime of a network card. */
#define FIRST_DATE_NS (1000000000 * DURATION_S)

/* Clocks closer than this show the same time. */
#define SAME_NS DURATION_S

/* TAI - UTC since 2017, assumed of a master that does not announce it (linuxptp's own default). */
#define TAI_OFFSET_NS (37 * DURATION_S)

/* RFC 5905 section 4, PHI: the drift of a clock, 15 ppm. */
enum { DRIFT_PPM = 15 };

void ptp_sample_port(struct ptp_reading *reading, const struct ptp_data *port) {
  if (reading->port.id == 0 ||
      ptp_words_rank(port->port.state) < ptp_words_rank(reading->port.port.state)) {
    reading->port = *port;
  }
}

void ptp_sample_status(struct ptp_reading *reading, const struct ptp_data *status,
                       int64_t asked_ns) {
  const struct ptp_data *last = &reading->status;
  bool first = reading->samples == 0;
  bool same = !first && status->time_status.offset_ns == last->time_status.offset_ns &&
              status->time_status.ingress_ns == last->time_status.ingress_ns;
  bool other_master = !first && memcmp(status->time_status.grandmaster,
                                       last->time_status.grandmaster, PTP_IDENTITY_BYTES) != 0;
  if (other_master || status->time_status.ingress_ns == 0) {
    reading->measurements = 0; /* earlier ones cannot be compared */
  }
  if (!same && status->time_status.ingress_ns != 0) {
    reading->changed = !first;
    reading->younger_ns = reading->asked_ns;
    if (reading->measurements < PTP_MEASUREMENTS_MAX) {
      reading->offset_ns[reading->measurements++] = status->time_status.offset_ns;
    }
  }
  reading->samples++;
  reading->asked_ns = asked_ns;
  reading->status = *status;
}

/* --- one by one ------------------------------------------------------------- */

/* Takes the port's configured rate; without a rate a reading would count as new for hours. */
static void take_interval(const struct ptp_reading *reading, struct sample *sample) {
  enum { LEAST = -10, MOST = 17 }; /* 1 ms; RFC 5905 section 7.2: MAXPOLL */
  int log2_s = reading->port.port.sync_log2_s;
  if (log2_s >= LEAST && log2_s <= MOST) {
    sample->poll_interval_ns = log2_s < 0 ? DURATION_S >> -log2_s : DURATION_S << log2_s;
    sample->present |= 1U << FIELD_POLL_INTERVAL;
  }
}

/* Returns whether the steered clock shows the system clock's time. Sets the age if known. */
static bool ptp_sample_take_age(const struct ptp_reading *reading, int64_t realtime_ns,
                                int64_t monotonic_ns, struct sample *sample) {
  int64_t ingress_ns = reading->status.time_status.ingress_ns;
  int64_t utc_offset_ns = reading->properties.time_properties.utc_offset_s * DURATION_S;
  int64_t most_ns = monotonic_ns - reading->younger_ns; /* if changed */
  bool date = ingress_ns >= FIRST_DATE_NS;
  int64_t since_ns = 0;
  if (date) {
    since_ns = realtime_ns - ingress_ns;
  }
  bool system =
      date && since_ns >= -SAME_NS && (!reading->changed || since_ns <= most_ns + SAME_NS);
  if (system) {
    sample_set(sample, METRIC_AGE, since_ns);
  } else if (reading->changed) {
    sample_set(sample, METRIC_AGE, most_ns);
  } else if (date && since_ns + utc_offset_ns >= -SAME_NS) {
    sample_set(sample, METRIC_AGE, since_ns + utc_offset_ns);
  }
  return system;
}

/* Returns whether the steered clock may be ahead of the system clock by ahead_ns: a measurement of
 * unknown age, at most most_ns, came when it showed since_ns less than the system clock does now.
 */
static bool is_ahead(int64_t ahead_ns, int64_t since_ns, int64_t most_ns) {
  return ahead_ns + SAME_NS >= -since_ns && ahead_ns - SAME_NS <= most_ns - since_ns;
}

/* Returns the least distance of the steered clock, UTC or TAI, from the system clock; > 0: it is
 * ahead, 0: they may show the same. */
static int64_t find_gap(const struct ptp_reading *reading, int64_t realtime_ns,
                        int64_t monotonic_ns) {
  int64_t ingress_ns = reading->status.time_status.ingress_ns;
  int64_t utc_offset_ns = reading->properties.time_properties.utc_offset_s * DURATION_S;
  /* Without a new measurement the age is unbounded, and only a future time is known to be wrong. */
  int64_t most_ns = realtime_ns;
  if (reading->changed) {
    most_ns = monotonic_ns - reading->younger_ns;
  }
  if (ingress_ns < 0) {
    ingress_ns = 0;
  }
  int64_t since_ns = realtime_ns - ingress_ns;
  if (ingress_ns < FIRST_DATE_NS) {
    return -since_ns; /* not a date, so the age is unknown */
  }
  if (is_ahead(0, since_ns, most_ns) || is_ahead(utc_offset_ns, since_ns, most_ns) ||
      is_ahead(TAI_OFFSET_NS, since_ns, most_ns)) {
    return 0;
  }
  if (most_ns < since_ns) {
    return most_ns - since_ns;
  }
  return -since_ns;
}

bool ptp_sample_delay(const struct ptp_reading *reading, int64_t *delay_ns) {
  bool peers = reading->port.port.delay_mechanism == PTP_PEER_TO_PEER;
  bool known = peers || reading->port.port.delay_mechanism == PTP_END_TO_END;
  *delay_ns = reading->current.current.delay_ns;
  if (peers) {
    *delay_ns = reading->port.port.delay_ns;
  }
  return known && *delay_ns > 0; /* ptp4l starts with 0 */
}

/* Takes the offset, unless it is the 0 that ptp4l reports until it has measured the delay. */
static void take_offset(const struct ptp_reading *reading, struct sample *sample) {
  int64_t offset_ns = -reading->status.time_status.offset_ns;
  unsigned mechanism = reading->port.port.delay_mechanism;
  bool asks = mechanism == PTP_PEER_TO_PEER || mechanism == PTP_END_TO_END;
  if (offset_ns != 0 || !asks || sample_has(sample, METRIC_DELAY)) {
    sample_set(sample, METRIC_OFFSET, offset_ns);
  }
}

static void take_delay(const struct ptp_reading *reading, struct sample *sample) {
  int64_t delay_ns = 0;
  if (ptp_sample_delay(reading, &delay_ns)) {
    sample_set(sample, METRIC_DELAY, 2 * delay_ns);
  }
}

/* Takes the grandmaster's own accuracy as the root distance. It is unknown when the grandmaster
 * does not state it or another clock, of unknown error, is in between. The bound grows with the age
 * of the offset. */
static void take_bound(const struct ptp_reading *reading, struct sample *sample) {
  int64_t bound_ns = sample->value[METRIC_OFFSET];
  int64_t root_ns = reading->parent.parent.accuracy_ns;
  int64_t drift_ns = 0;
  if (root_ns < 0 || reading->current.current.steps_removed != 1) {
    return;
  }
  if (sample_has(sample, METRIC_AGE) && sample->value[METRIC_AGE] > 0) {
    drift_ns = sample->value[METRIC_AGE] / 1000000 * DRIFT_PPM;
  }
  sample_set(sample, METRIC_ROOT_DISTANCE, root_ns);
  bound_ns = duration_abs(bound_ns);
  if (sample_has(sample, METRIC_DELAY) && sample_has(sample, METRIC_OFFSET) &&
      !__builtin_add_overflow(bound_ns, sample->value[METRIC_DELAY] / 2 + root_ns + drift_ns,
                              &bound_ns)) {
    sample_set(sample, METRIC_ERROR_BOUND, bound_ns);
  }
}

static void take_jitter(const struct ptp_reading *reading, unsigned wanted, bool system,
                        struct sample *sample) {
  int64_t jitter_ns = ptp_data_jitter_ns(reading->offset_ns, reading->measurements);
  sample->jitter_kind = JITTER_NONE;
  if (jitter_ns >= 0) {
    sample->jitter_kind = JITTER_RMS_SUCCESSIVE;
    sample_set(sample, METRIC_JITTER, jitter_ns);
  }
  if (jitter_ns >= 0 || wanted > 1) {
    const char *what = jitter_ns >= 0 ? "jitter of" : "no jitter:";
    (void)snprintf(sample->remark, sizeof sample->remark, "%s %zu measurement%s in %u sample%s",
                   what, reading->measurements, text_plural(reading->measurements),
                   reading->samples, text_plural(reading->samples));
  }
  if (!system) {
    text_list(sample->remark, sizeof sample->remark, "; ",
              "the offset is that of the PTP hardware clock");
  }
}

static void take_leap(const struct ptp_reading *reading, bool follows, struct sample *sample) {
  sample->present |= 1U << FIELD_LEAP;
  sample->leap = LEAP_NONE;
  if (!follows) {
    sample->leap = LEAP_UNSYNCHRONISED;
  } else if (reading->properties.time_properties.leap61) {
    sample->leap = LEAP_INSERT;
  } else if (reading->properties.time_properties.leap59) {
    sample->leap = LEAP_DELETE;
  }
}

/* Takes the figures of a port that has received a Sync. Returns whether they describe the system
 * clock. */
static bool take_measurement(const struct ptp_reading *reading, int64_t realtime_ns,
                             int64_t monotonic_ns, struct sample *sample) {
  bool system = ptp_sample_take_age(reading, realtime_ns, monotonic_ns, sample);
  sample->clock = system ? CLOCK_SYSTEM : CLOCK_CARD;
  take_interval(reading, sample);
  take_delay(reading, sample);
  if (reading->port.port.state == PTP_SLAVE) {
    take_offset(reading, sample);
    take_bound(reading, sample);
  }
  return system;
}

void ptp_sample_make(const struct ptp_reading *reading, unsigned wanted, int64_t realtime_ns,
                     int64_t monotonic_ns, struct sample *sample) {
  unsigned state = reading->port.port.state;
  bool master = reading->status.time_status.present;
  bool measured = reading->status.time_status.ingress_ns != 0;
  bool begins = state == PTP_UNCALIBRATED && reading->runs_ns <= PTP_CALIBRATION_NS;
  bool slave = state == PTP_SLAVE && (master || measured);
  bool follows = slave || (begins && (master || measured));
  *sample = (struct sample){.state = STATE_UNKNOWN, .jitter_kind = JITTER_RMS_SUCCESSIVE};
  if (slave && measured) {
    sample->state = STATE_SELECTED;
  } else if (master) {
    sample->state = STATE_UNUSABLE;
  }
  take_leap(reading, follows, sample);
  if (master) {
    (void)ptp_data_identity(sample->server, reading->status.time_status.grandmaster);
  }
  if (master && follows) {
    sample_set(sample, METRIC_CLOCK_CLASS, reading->parent.parent.clock_class);
  }
  bool system = follows && measured && take_measurement(reading, realtime_ns, monotonic_ns, sample);
  int64_t gap_ns = 0;
  if (slave && measured) {
    gap_ns = find_gap(reading, realtime_ns, monotonic_ns);
  }
  if (gap_ns != 0) {
    sample->leap = LEAP_UNSYNCHRONISED;
    ptp_words_gap(gap_ns, sample);
  } else if (slave && measured) {
    take_jitter(reading, wanted, system, sample);
    ptp_words_grandmaster(reading, sample);
  } else if (slave) {
    (void)snprintf(sample->remark, sizeof sample->remark,
                   "no measurement yet since the master changed or the clock was set");
  } else {
    ptp_words_state(reading, sample);
  }
}

/*
 * What ptp4l tells, brought into our vocabulary.
 *
 * Offset: ptp4l's is local - master, ours the other way round. It concerns the clock that ptp4l
 * steers: with hardware time stamps that is the network card's, and the system clock follows only
 * through phc2sys or chronyd.
 *
 * Jitter: ptp4l has none to tell, so its offset is looked at several times. Copies of one
 * measurement would make it 0, so only different ones count.
 *
 * Age: ingress_time is by the steered clock: UTC (the system clock), TAI, or a scale of its own,
 * and a client that may only read is not told which. Where a new measurement was seen to come, it
 * is younger than the look before it, whatever the scale; else ingress_time has to pass for a date.
 *
 * A clock without a master answers "offset 0" as well, so nothing is believed but of a port that is
 * SLAVE or about to be, under another grandmaster than itself.
 */
#include "ntp_monitor/ptp_sample.h"

#include <stdio.h>
#include <string.h>

#include "ntp_monitor/duration.h"
#include "ntp_monitor/sample.h"

/* 2001-09-09: what is earlier is no date, but how long a network card has been up. */
#define FIRST_DATE_NS (1000000000 * DURATION_S)

/* Two clocks that show the same. */
#define SAME_NS DURATION_S

/* What a port's state means for the clock, in the order in which they tell most. */
static const struct meaning {
  unsigned state;
  const char *words;
} meanings[] = {
    {PTP_SLAVE, "yet there is no grandmaster"},
    {PTP_UNCALIBRATED, "it has a master and is not locked to it yet"},
    {PTP_FAULTY, "its link is down or its time stamping fails (see the log of ptp4l)"},
    {PTP_INITIALIZING, "ptp4l has just started, or its interface is not up"},
    {PTP_LISTENING, "it hears no master"},
    {PTP_PASSIVE, "there is a better clock, and it is not followed"},
    {PTP_PRE_MASTER, "this clock follows nobody"},
    {PTP_MASTER, "this clock follows nobody"},
    {PTP_GRAND_MASTER, "this clock follows nobody"},
    {PTP_DISABLED, "it was switched off"},
};
enum { MEANINGS = sizeof meanings / sizeof *meanings };

static size_t rank(unsigned state) {
  size_t i = 0;
  while (i < MEANINGS && meanings[i].state != state) {
    i++;
  }
  return i;
}

void ptp_sample_port(struct ptp_reading *reading, const struct ptp_data *port) {
  if (reading->port.id == 0 || rank(port->port.state) < rank(reading->port.port.state)) {
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
    reading->measurements = 0; /* what was before cannot be compared */
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

/* The rate that the port is configured for; without one a reading would count as new for hours. */
static void take_interval(const struct ptp_reading *reading, struct sample *sample) {
  enum { LEAST = -10, MOST = 17 }; /* 1 ms; RFC 5905 section 7.2: MAXPOLL */
  int log2_s = reading->port.port.sync_log2_s;
  if (log2_s >= LEAST && log2_s <= MOST) {
    sample->poll_interval_ns = log2_s < 0 ? DURATION_S >> -log2_s : DURATION_S << log2_s;
    sample->present |= 1U << FIELD_POLL_INTERVAL;
  }
}

/* Whether the steered clock shows what the system clock does; sets the age where it can be told. */
static bool take_age(const struct ptp_reading *reading, int64_t realtime_ns, int64_t monotonic_ns,
                     struct sample *sample) {
  int64_t ingress_ns = reading->status.time_status.ingress_ns;
  int64_t utc_offset_ns = reading->properties.time_properties.utc_offset_s * DURATION_S;
  int64_t most_ns = monotonic_ns - reading->younger_ns; /* where changed */
  bool date = ingress_ns >= FIRST_DATE_NS;
  int64_t since_ns = date ? realtime_ns - ingress_ns : 0;
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

/* One way, where it was measured. */
static bool find_delay(const struct ptp_reading *reading, int64_t *delay_ns) {
  bool peers = reading->port.port.delay_mechanism == PTP_PEER_TO_PEER;
  bool known = peers || reading->port.port.delay_mechanism == PTP_END_TO_END;
  *delay_ns = peers ? reading->port.port.delay_ns : reading->current.current.delay_ns;
  return known && *delay_ns >= 0;
}

/* The root's distance is how far off the grandmaster may be: known where it says so and no other
 * clock, whose error nobody tells, is in between. */
static void take_path(const struct ptp_reading *reading, struct sample *sample) {
  int64_t delay_ns = 0;
  int64_t bound_ns = reading->status.time_status.offset_ns;
  int64_t root_ns = reading->parent.parent.accuracy_ns;
  bool measured = find_delay(reading, &delay_ns);
  bool known = root_ns >= 0 && reading->current.current.steps_removed == 1;
  if (measured) {
    sample_set(sample, METRIC_DELAY, 2 * delay_ns);
  }
  if (known) {
    sample_set(sample, METRIC_ROOT_DISTANCE, root_ns);
  }
  bound_ns = bound_ns < 0 ? -bound_ns : bound_ns;
  if (measured && known && !__builtin_add_overflow(bound_ns, delay_ns + root_ns, &bound_ns)) {
    sample_set(sample, METRIC_ERROR_BOUND, bound_ns);
  }
}

static void take_jitter(const struct ptp_reading *reading, unsigned wanted, bool system,
                        struct sample *sample) {
  int64_t jitter_ns = ptp_data_jitter_ns(reading->offset_ns, reading->measurements);
  const char *whose = system ? "" : "; the offset is that of the PTP hardware clock";
  if (jitter_ns >= 0) {
    sample->jitter_kind = JITTER_RMS_SUCCESSIVE;
    sample_set(sample, METRIC_JITTER, jitter_ns);
  }
  if (jitter_ns >= 0 || wanted > 1) {
    (void)snprintf(sample->remark, sizeof sample->remark, "%s %zu measurement%s in %u sample%s%s",
                   jitter_ns >= 0 ? "jitter of" : "no jitter:", reading->measurements,
                   reading->measurements == 1 ? "" : "s", reading->samples,
                   reading->samples == 1 ? "" : "s", whose);
  } else {
    (void)snprintf(sample->remark, sizeof sample->remark, "%s", whose + (system ? 0 : 2));
  }
}

/* Why the reading is none yet: "the port is MASTER: this clock follows nobody". */
static void remark_state(const struct ptp_reading *reading, struct sample *sample) {
  unsigned state = reading->port.port.state;
  size_t row = rank(state);
  char which[64] = "the port";
  if (reading->clock.defaults.ports > 1) {
    (void)snprintf(which, sizeof which, "none of the %u ports is SLAVE; port %u",
                   reading->clock.defaults.ports, reading->port.port.identity.port);
  }
  (void)snprintf(sample->remark, sizeof sample->remark, "%s is %s: %s",
                 state == PTP_SLAVE ? "the port" : which, ptp_data_state(state),
                 row < MEANINGS ? meanings[row].words : "");
}

static void take_leap(const struct ptp_reading *reading, bool follows, struct sample *sample) {
  sample->present |= 1U << FIELD_LEAP;
  sample->leap = !follows                                     ? LEAP_UNSYNCHRONISED
                 : reading->properties.time_properties.leap61 ? LEAP_INSERT
                 : reading->properties.time_properties.leap59 ? LEAP_DELETE
                                                              : LEAP_NONE;
}

void ptp_sample_make(const struct ptp_reading *reading, unsigned wanted, int64_t realtime_ns,
                     int64_t monotonic_ns, struct sample *sample) {
  unsigned state = reading->port.port.state;
  bool master = reading->status.time_status.present;
  bool measured = reading->status.time_status.ingress_ns != 0;
  bool follows = master && (state == PTP_SLAVE || state == PTP_UNCALIBRATED);
  bool locked = follows && state == PTP_SLAVE && measured;
  *sample = (struct sample){.state = locked   ? STATE_SELECTED
                                     : master ? STATE_UNUSABLE
                                              : STATE_UNKNOWN};
  take_leap(reading, follows, sample);
  if (master) {
    (void)ptp_data_identity(sample->server, reading->status.time_status.grandmaster);
  }
  bool system = false;
  if (follows && measured) {
    system = take_age(reading, realtime_ns, monotonic_ns, sample);
    sample->foreign_clock = !system;
    sample_set(sample, METRIC_OFFSET, -reading->status.time_status.offset_ns);
    take_path(reading, sample);
    take_interval(reading, sample);
  }
  if (locked) {
    take_jitter(reading, wanted, system, sample);
    return;
  }
  sample->jitter_kind = JITTER_RMS_SUCCESSIVE; /* and none yet */
  if (follows && state == PTP_SLAVE) {
    (void)snprintf(sample->remark, sizeof sample->remark,
                   "no measurement yet since the master changed or the clock was set");
  } else {
    remark_state(reading, sample);
  }
}

/* What one run learns of ptp4l, and what that is in our vocabulary. Pure. */
#ifndef NTP_MONITOR_PTP_SAMPLE_H
#define NTP_MONITOR_PTP_SAMPLE_H

#include "ntp_monitor/duration.h"
#include "source/ptp/ptp_data.h"

struct sample;

enum { PTP_MEASUREMENTS_MAX = 100 };

/* A port that is UNCALIBRATED so long after ptp4l made its socket needs help. */
#define PTP_CALIBRATION_NS DURATION_MIN

/* All 0 at the beginning. */
struct ptp_reading {
  struct ptp_data clock;      /* DEFAULT_DATA_SET */
  struct ptp_data port;       /* of its ports the one that tells most; id is 0 before the first */
  struct ptp_data current;    /* CURRENT_DATA_SET */
  struct ptp_data parent;     /* PARENT_DATA_SET */
  struct ptp_data properties; /* TIME_PROPERTIES_DATA_SET */
  struct ptp_data status;     /* TIME_STATUS_NP, the last one of */
  int64_t runs_ns;            /* since ptp4l made its management socket; 0, or less: not known */
  unsigned samples;           /* of status, so many */
  int64_t asked_ns;           /* CLOCK_MONOTONIC: when that was asked for */
  bool changed;               /* a measurement came between two samples, */
  int64_t younger_ns;         /* the last of these after this: CLOCK_MONOTONIC */
  size_t measurements;        /* different ones, */
  int64_t offset_ns[PTP_MEASUREMENTS_MAX]; /* in PTP's sign */
};

/* Takes the PORT_DATA_SET of one more port: SLAVE tells most, then UNCALIBRATED, then what is
 * wrong. */
void ptp_sample_port(struct ptp_reading *reading, const struct ptp_data *port);

/* Takes one more TIME_STATUS_NP, asked for at asked_ns (CLOCK_MONOTONIC). */
void ptp_sample_status(struct ptp_reading *reading, const struct ptp_data *status,
                       int64_t asked_ns);

/* The delay of one way: false where it was not measured (yet), which ptp4l tells as 0. */
bool ptp_sample_delay(const struct ptp_reading *reading, int64_t *delay_ns);

/* The reading as a sample; clocks as they are now. wanted: how many samples were to be taken. */
void ptp_sample_make(const struct ptp_reading *reading, unsigned wanted, int64_t realtime_ns,
                     int64_t monotonic_ns, struct sample *sample);

/* --- in words (ptp_words.c), into sample's remark --- */

/* Of ports in several states the one of the least rank tells most. */
size_t ptp_words_rank(unsigned state);

/* Why the reading is none yet: "the port is MASTER: this clock follows nobody". */
void ptp_words_state(const struct ptp_reading *reading, struct sample *sample);

/* Added to what is there: the grandmaster's class where it follows no reference now, or that none
 * announces itself. */
void ptp_words_grandmaster(const struct ptp_reading *reading, struct sample *sample);

/* The clock that ptp4l keeps is ahead of the system clock by gap_ns, and nothing brings the one to
 * the other. */
void ptp_words_gap(int64_t gap_ns, struct sample *sample);

#endif

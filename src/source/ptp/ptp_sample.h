/* A reading of ptp4l, and its translation into a sample. Pure. */
#ifndef NTP_MONITOR_PTP_SAMPLE_H
#define NTP_MONITOR_PTP_SAMPLE_H

#include "ntp_monitor/duration.h"
#include "source/ptp/ptp_data.h"

struct sample;

enum { PTP_MEASUREMENTS_MAX = 100 };

/* A port still UNCALIBRATED this long after ptp4l made its socket needs attention. */
#define PTP_CALIBRATION_NS DURATION_MIN

/* Begins as {0}. */
struct ptp_reading {
  struct ptp_data clock;      /* DEFAULT_DATA_SET */
  struct ptp_data port;       /* the most telling port; id is 0 before the first */
  struct ptp_data current;    /* CURRENT_DATA_SET */
  struct ptp_data parent;     /* PARENT_DATA_SET */
  struct ptp_data properties; /* TIME_PROPERTIES_DATA_SET */
  struct ptp_data status;     /* the last TIME_STATUS_NP */
  int64_t runs_ns;            /* since ptp4l made its management socket; <= 0: unknown */
  unsigned samples;           /* the number of TIME_STATUS_NP taken */
  int64_t asked_ns;           /* CLOCK_MONOTONIC: when status was asked for */
  bool changed;               /* a measurement arrived between two samples */
  int64_t younger_ns;         /* CLOCK_MONOTONIC: the last such measurement is younger than this */
  size_t measurements;        /* different ones */
  int64_t offset_ns[PTP_MEASUREMENTS_MAX]; /* in PTP's sign */
};

/* Takes the PORT_DATA_SET of one more port. SLAVE tells most, then UNCALIBRATED, then a fault. */
void ptp_sample_port(struct ptp_reading *reading, const struct ptp_data *port);

/* Takes one more TIME_STATUS_NP, asked for at asked_ns (CLOCK_MONOTONIC). */
void ptp_sample_status(struct ptp_reading *reading, const struct ptp_data *status,
                       int64_t asked_ns);

/* Returns false if the one-way delay has not been measured, which ptp4l reports as 0. */
bool ptp_sample_delay(const struct ptp_reading *reading, int64_t *delay_ns);

/* Makes a sample of the reading. wanted: the number of samples that should have been taken.
 * realtime_ns and monotonic_ns: both clocks now. */
void ptp_sample_make(const struct ptp_reading *reading, unsigned wanted, int64_t realtime_ns,
                     int64_t monotonic_ns, struct sample *sample);

/* --- in words (ptp_words.c), into sample's remark --- */

/* Returns the rank of a port's state; the lowest rank tells most. */
size_t ptp_words_rank(unsigned state);

/* Says why there is no offset yet: "the port is MASTER: this clock follows no other". */
void ptp_words_state(const struct ptp_reading *reading, struct sample *sample);

/* Appends the grandmaster's class if it follows no reference now, or says that no grandmaster
 * announces itself. */
void ptp_words_grandmaster(const struct ptp_reading *reading, struct sample *sample);

/* Says that the clock kept by ptp4l is ahead of the system clock by gap_ns and nothing carries the
 * time over. */
void ptp_words_gap(int64_t gap_ns, struct sample *sample);

#endif

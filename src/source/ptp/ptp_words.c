/* Remarks that explain ptp4l's port state and its grandmaster. */
#include <stdio.h>
#include <string.h>

#include "ntp_monitor/duration.h"
#include "ntp_monitor/sample.h"
#include "ntp_monitor/text.h"
#include "source/ptp/ptp_sample.h"

/* The meaning of each port state for the clock, the most telling first. */
static const struct meaning {
  unsigned state;
  const char *words;
} meanings[] = {
    {PTP_SLAVE, "but there is no grandmaster"},
    {PTP_UNCALIBRATED, "it has a master but is not locked to it yet"},
    {PTP_FAULTY, "its link is down or timestamping fails (see the log of ptp4l)"},
    {PTP_INITIALIZING, "ptp4l has just started, or its interface is not up"},
    {PTP_LISTENING, "it hears no master"},
    {PTP_PASSIVE, "there is a better clock but it is not followed"},
    {PTP_PRE_MASTER, "this clock follows no other"},
    {PTP_MASTER, "this clock follows no other"},
    {PTP_GRAND_MASTER, "this clock follows no other"},
    {PTP_DISABLED, "switched off"},
};
enum { MEANINGS = sizeof meanings / sizeof *meanings };

size_t ptp_words_rank(unsigned state) {
  size_t i = 0;
  while (i < MEANINGS && meanings[i].state != state) {
    i++;
  }
  return i;
}

void ptp_words_grandmaster(const struct ptp_reading *reading, struct sample *sample) {
  if (!reading->status.time_status.present) {
    text_list(sample->remark, sizeof sample->remark, "; ", "no grandmaster announces itself");
    return;
  }
  /* IEEE 1588-2019 table 4: classes 6 and 13 follow a reference now. */
  bool traceable = reading->properties.time_properties.traceable;
  unsigned class = reading->parent.parent.clock_class;
  if (!traceable || (class != 6 && class != 13)) {
    text_list(sample->remark, sizeof sample->remark, "; ", "grandmaster of class %u%s", class,
              traceable ? "" : ", not traceable");
  }
}

/* Says what the port's state means and, if it lasts too long, what may be wrong. */
static void say_state(const struct ptp_reading *reading, char *out, size_t size_bytes) {
  int64_t unused = 0;
  char span[DURATION_TEXT_BYTES];
  size_t row = ptp_words_rank(reading->port.port.state);
  if (reading->port.port.state != PTP_UNCALIBRATED || reading->runs_ns <= PTP_CALIBRATION_NS) {
    (void)snprintf(out, size_bytes, "%s", row < MEANINGS ? meanings[row].words : "");
    return;
  }
  duration_print(span, duration_round(reading->runs_ns));
  if (ptp_sample_delay(reading, &unused)) {
    (void)snprintf(out, size_bytes, "not locked to its master %s after ptp4l started", span);
  } else {
    (void)snprintf(out, size_bytes,
                   "no delay measured %s after ptp4l started; does the master use another "
                   "delay_mechanism (E2E, P2P)?",
                   span);
  }
}

void ptp_words_state(const struct ptp_reading *reading, struct sample *sample) {
  unsigned state = reading->port.port.state;
  char words[SAMPLE_REMARK_BYTES];
  char which[64] = "the port";
  if (reading->clock.defaults.ports > 1 && state != PTP_SLAVE) {
    (void)snprintf(which, sizeof which, "none of the %u ports is SLAVE; port %u",
                   reading->clock.defaults.ports, reading->port.port.identity.port);
  }
  say_state(reading, words, sizeof words);
  (void)snprintf(sample->remark, sizeof sample->remark, "%s is %s: %.110s", which,
                 ptp_data_state(state), words);
}

void ptp_words_gap(int64_t gap_ns, struct sample *sample) {
  char span[DURATION_TEXT_BYTES];
  (void)snprintf(
      sample->remark, sizeof sample->remark,
      "the system clock is %s %s the network card's clock, which ptp4l sets; is phc2sys running?",
      duration_print(span, duration_round(duration_abs(gap_ns))),
      gap_ns < 0 ? "ahead of" : "behind");
}

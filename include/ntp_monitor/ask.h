/* A request to one source or output, with its deadline. */
#ifndef NTP_MONITOR_ASK_H
#define NTP_MONITOR_ASK_H

#include <stdbool.h>
#include <stdint.h>

#include "ntp_monitor/duration.h"

struct config;
struct env;

struct ask {
  const struct env *env;
  const struct config *config;
  const char *argument; /* what stands behind "name:" in -s, or NULL */
  int64_t begun_ns;     /* CLOCK_MONOTONIC, of a source: when it was asked */
  int64_t deadline_ns;  /* CLOCK_MONOTONIC: it returns by then */
  bool glance;          /* one sample will do */
};

/* Prints the time since the source was asked, rounded as an age, at least 1ms. Returns out. */
const char *ask_print_waited(const struct ask *ask, char out[DURATION_TEXT_BYTES]);

#endif

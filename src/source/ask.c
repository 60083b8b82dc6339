/* Tells how long a source has kept us waiting. */
#include "ntp_monitor/ask.h"

#include "ntp_monitor/clock.h"

const char *ask_print_waited(const struct ask *ask, char out[DURATION_TEXT_BYTES]) {
  int64_t waited_ns = duration_round(clock_monotonic_ns() - ask->begun_ns);
  return duration_print(out, duration_greater(waited_ns, DURATION_MS));
}

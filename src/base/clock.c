/* The two clocks; alone in this file, so that a test can link its own instead. */
#include "ntp_monitor/clock.h"

#include <limits.h>
#include <time.h>

static int64_t read_ns(clockid_t clock) {
  struct timespec now;
  (void)clock_gettime(clock, &now); /* fails only for an unknown clock: clock_gettime(2) */
  return (int64_t)now.tv_sec * 1000000000 + now.tv_nsec;
}

int64_t clock_monotonic_ns(void) {
  return read_ns(CLOCK_MONOTONIC);
}

int64_t clock_realtime_ns(void) {
  return read_ns(CLOCK_REALTIME);
}

int clock_left_ms(int64_t deadline_ns) {
  int64_t left_ns = deadline_ns - clock_monotonic_ns();
  if (left_ns <= 0) {
    return 0;
  }
  int64_t left_ms = (left_ns + 999999) / 1000000;
  return left_ms > INT_MAX ? INT_MAX : (int)left_ms;
}

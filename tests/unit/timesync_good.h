/* A valid reply of systemd-timesyncd. */
#ifndef TESTS_UNIT_TIMESYNC_GOOD_H
#define TESTS_UNIT_TIMESYNC_GOOD_H

#include <arpa/inet.h>
#include <string.h>

#include "source/timesyncd/timesync.h"

/* 2026-11-21T05:11:18.010060123Z; the reply came 12.3 s before. */
#define GOOD_NOW_NS INT64_C(1795237878010060123)
#define GOOD_T1_US UINT64_C(1795237865709991)

/* The local clock is 23 us behind, the round trip takes 69 us. */
static inline struct timesync timesync_good(void) {
  return (struct timesync){
      .present = TIMESYNC_ALL,
      .server = "ntp.example.org",
      .family = AF_INET,
      .address_bytes = 4,
      .address = {192, 0, 2, 1},
      .poll_interval_ns = UINT64_C(32000000000),
      .leap = 0,
      .version = 4,
      .mode = 4,
      .stratum = 2,
      .precision_log2_s = -24,
      .root_delay_ns = 60000,
      .root_dispersion_ns = 70000,
      .reference_bytes = 4,
      .stamp_us = {GOOD_T1_US, GOOD_T1_US + 57, GOOD_T1_US + 58, GOOD_T1_US + 69},
      .replies = 10,
      .jitter_ns = 1207000,
  };
}

#endif

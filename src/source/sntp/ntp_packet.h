/* The NTP packet of client and server (modes 3 and 4): RFC 5905 section 7.3. Pure. */
#ifndef NTP_MONITOR_NTP_PACKET_H
#define NTP_MONITOR_NTP_PACKET_H

#include <stddef.h>
#include <stdint.h>

#include "ntp_monitor/sample.h"

/* A reply may have extension fields or a MAC; they are ignored. */
enum { NTP_PACKET_BYTES = 48, NTP_PACKET_REPLY_BYTES_MAX = 2048, NTP_PACKET_WHY_BYTES = 128 };

/* The moments of sending and arrival by both clocks: CLOCK_REALTIME is measured, CLOCK_MONOTONIC
 * shows whether it was set meanwhile. */
struct ntp_times {
  int64_t sent_ns, received_ns;                     /* CLOCK_REALTIME since 1970 */
  int64_t sent_monotonic_ns, received_monotonic_ns; /* CLOCK_MONOTONIC */
};

struct ntp_reply {
  int64_t offset_ns;                         /* > 0: the local clock is behind */
  int64_t delay_ns;                          /* of the round trip, never < 0 */
  int64_t root_delay_ns, root_dispersion_ns; /* the server's own */
  int64_t error_ns; /* delay / 2 + root delay / 2 + root dispersion + precision + 15 ppm of the
                       round trip */
  int precision_log2_s;
  unsigned stratum;      /* 1..15 */
  enum leap leap;        /* never LEAP_UNSYNCHRONISED */
  uint32_t reference_id; /* as in the packet, the first byte the highest */
  char reference[16];    /* stratum 1: "GPS", escaped; else dotted, "10.9.0.2" */
};

enum ntp_answer {
  NTP_GOOD,
  NTP_DROPPED,        /* not an answer to this request, or an impossible one: keep waiting */
  NTP_UNSYNCHRONISED, /* the server says that it is not synchronised */
  NTP_KISS_RATE,      /* asked too often: do not ask again in this run */
  NTP_KISS_OTHER      /* DENY, RSTR or another kiss code: do not ask again in this run */
};

/* Writes a request with the random number cookie, not 0, as its transmit time. */
void ntp_packet_request(uint8_t out[NTP_PACKET_BYTES], uint64_t cookie);

/*
 * Checks a datagram received for the request with cookie. Fills *reply for NTP_GOOD, and why
 * (escaped, for people) otherwise. The caller checks the sender's address (by a connected socket).
 */
enum ntp_answer ntp_packet_read(const uint8_t *data, size_t length_bytes, uint64_t cookie,
                                const struct ntp_times *times, struct ntp_reply *reply,
                                char why[NTP_PACKET_WHY_BYTES]);

#endif

/* Management messages of linuxptp's ptp4l on its local sockets: IEEE 1588-2008 clauses 13.3
 * (header) and 15.4 (message); linuxptp's msg.h and tlv.h. Pure. */
#ifndef NTP_MONITOR_PTP_MANAGEMENT_H
#define NTP_MONITOR_PTP_MANAGEMENT_H

#include "source/ptp/ptp_data.h"

enum {
  PTP_REQUEST_BYTES = 54,
  PTP_REPLY_BYTES_MAX = 1500, /* linuxptp's struct message_data */
  PTP_WHY_BYTES = 128
};

struct ptp_request {
  enum ptp_id id;
  uint8_t domain;
  uint8_t transport_specific; /* 0..15; 1 is gPTP (IEEE 802.1AS) */
  uint16_t client;            /* the port number that answers are addressed to */
  uint16_t sequence;
};

struct ptp_reply {
  struct ptp_identity sender;
  struct ptp_data data;
};

enum ptp_answer {
  PTP_GOOD,
  PTP_DROPPED, /* the answer to another request: wait on */
  PTP_REFUSED, /* an error status, named in why */
  PTP_BAD      /* not a possible answer */
};

/* Writes a GET to the clock and all of its ports, which ptp4l does not forward to other clocks. */
void ptp_management_request(uint8_t out[PTP_REQUEST_BYTES], const struct ptp_request *request);

/* Reads a message as the answer to request. Fills *reply for PTP_GOOD only, why (for people,
 * without foreign text) for all else. */
enum ptp_answer ptp_management_read(const uint8_t *bytes, size_t length_bytes,
                                    const struct ptp_request *request, struct ptp_reply *reply,
                                    char why[PTP_WHY_BYTES]);

#endif

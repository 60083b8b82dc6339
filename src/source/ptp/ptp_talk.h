/* Questions to ptp4l and their answers, over a connected management socket. */
#ifndef NTP_MONITOR_PTP_TALK_H
#define NTP_MONITOR_PTP_TALK_H

#include <stdbool.h>
#include <stdint.h>

#include "ntp_monitor/config.h"
#include "ntp_monitor/why.h"
#include "source/ptp/ptp_management.h"

struct ask;

#define PTP_TALK_CHECK WHY_ADVICE "check the PTP service: systemctl status 'ptp4l*'"

/* Begins with ask and request: its domain, transport_specific and client. */
struct ptp_talk {
  const struct ask *ask;
  char path[CONFIG_TEXT_BYTES]; /* of ptp4l's socket */
  int fd;                       /* connected; the caller closes it */
  int64_t patience_ns;          /* the wait for one answer */
  struct ptp_request request;
  bool known;                        /* ptp4l has answered */
  uint8_t clock[PTP_IDENTITY_BYTES]; /* its clock, if known */
};

/* Connects to the socket at path after checking its owner. Sets *runs_ns to the time since ptp4l
 * made the socket, if that can be read. 0, or a negative errno with why and nothing to close. */
int ptp_talk_open(struct ptp_talk *talk, const char *path, int64_t *runs_ns, struct why *why);

/* Asks for one data set: 0, or a negative errno with why. */
int ptp_talk_ask(struct ptp_talk *talk, enum ptp_id id, struct ptp_reply *reply, struct why *why);

/* Receives one more answer to the last question, which every port answers: 0, or a negative errno
 * with why. */
int ptp_talk_receive(struct ptp_talk *talk, struct ptp_reply *reply, struct why *why);

#endif

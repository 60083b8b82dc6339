/* One NTP request: a socket of its own, until its answer arrives. */
#ifndef NTP_MONITOR_NTP_REQUEST_H
#define NTP_MONITOR_NTP_REQUEST_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include "source/sntp/ntp_packet.h"

struct net_address;

struct ntp_request {
  int fd;             /* -1: not open */
  unsigned looked_at; /* datagrams received */
  uint64_t cookie;
  struct ntp_times times;
};

/* Opens a connected socket with a fresh port and kernel time stamps: 0 or a negative errno. */
int ntp_request_open(struct ntp_request *request, const struct net_address *address);

/* Sends the request with a new cookie: 0 or a negative errno. */
int ntp_request_send(struct ntp_request *request);

/* Receives one datagram and fills times.received_*. Returns its length, or a negative errno
 * (-EAGAIN: none, -EMSGSIZE: too long, -ECONNREFUSED ...). */
ssize_t ntp_request_receive(struct ntp_request *request, uint8_t data[NTP_PACKET_REPLY_BYTES_MAX]);

/* Returns whether the reference id names the address that the request was sent from. */
bool ntp_request_is_ours(const struct ntp_request *request, uint32_t reference);

void ntp_request_close(struct ntp_request *request);

#endif

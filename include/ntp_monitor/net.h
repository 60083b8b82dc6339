/* Sockets under a deadline. Nothing here blocks past the deadline_ns it is
 * given (CLOCK_MONOTONIC); every descriptor is close-on-exec and non-blocking. */
#ifndef NTP_MONITOR_NET_H
#define NTP_MONITOR_NET_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/socket.h>
#include <sys/types.h>

#include "ntp_monitor/why.h"

enum { NET_ADDRESSES = 16, NET_NAME_ADDRESSES = 8 };

struct net_address {
  socklen_t length_bytes;
  struct sockaddr_storage socket;
};

/* The addresses of a host that needs no look-up: a literal, which may have a zone (fe80::1%eth0,
 * RFC 4007 section 11), or localhost, which is 127.0.0.1 and ::1 (RFC 6761 section 6.3). Returns
 * their number, 0 for a name, or -ENODEV where there is no such zone. */
int net_literal(const char *host, uint16_t port, struct net_address addresses[2]);

/*
 * The addresses of host for a datagram to port: what net_literal() knows; for all
 * else a child asks the resolver and is killed at the deadline.
 * Returns their number (1..NET_ADDRESSES) or a negative errno with why filled.
 */
int net_resolve(const char *host, uint16_t port, int64_t deadline_ns,
                struct net_address addresses[NET_ADDRESSES], struct why *why);

/* One of many names. */
struct net_name {
  const char *host; /* from the caller, as is port */
  uint16_t port;
  int count; /* of addresses, or 0: */
  /* In the resolver's order, but for the first of the other family, which is the second. */
  struct net_address addresses[NET_NAME_ADDRESSES];
  enum reason reason;  /* why there is none: REASON_TIMEOUT or NO_SOURCE */
  const char *problem; /* the same in words; static */
};

/* net_resolve() for many names, side by side: none holds up all the others. 0, or a negative errno
 * where nobody could be asked at all. */
int net_resolve_all(struct net_name *names, size_t count, int64_t deadline_ns);

/* A UDP socket connected to address, or a negative errno. */
int net_connect_udp(const struct net_address *address);

/* Sends all of it, waiting while a queue is full; 0 or a negative errno
 * (-ETIMEDOUT at the deadline). */
int net_send(int fd, const void *data, size_t length_bytes, int64_t deadline_ns);

/* Sends one datagram (or stream record, with the NUL behind data, as glibc's syslog()
 * ends one) to the local socket at path. *fd is the connection, -1 for none yet; it stays
 * open for the next one, and is made anew once where the receiver was restarted. 0 or
 * a negative errno, *fd then being closed and -1. */
int net_send_local(int *fd, const char *path, const void *data, size_t length_bytes,
                   int64_t deadline_ns);

/* Receives one datagram, waiting up to the deadline. Returns its length, or a negative errno
 * (-ETIMEDOUT, -ECONNREFUSED, -EMSGSIZE where it is longer than size_bytes). */
ssize_t net_receive(int fd, void *data, size_t size_bytes, int64_t deadline_ns);

/* A datagram socket connected to the local socket at path, and bound so that it can be answered:
 * to the path own, which the caller removes and all may write to (not left where this fails), or
 * (own is NULL) to an abstract name of the kernel's choice, unix(7). A descriptor or a negative
 * errno. */
int net_connect_local(const char *path, const char *own);

/* Writes all of it to any descriptor, waiting for a slow reader: 0 or a negative errno. */
int net_write(int fd, const void *data, size_t length_bytes, int64_t deadline_ns);

/* Waits up to wait_ns for the ICMP refusal of what was sent on a connected UDP
 * socket: 0 if none came, else a negative errno (-ECONNREFUSED). */
int net_refusal(int fd, int64_t wait_ns, int64_t deadline_ns);

/* Sends one datagram on a connected UDP socket and, with wait, waits a moment for its refusal: 0
 * or a negative errno. */
int net_udp_send(int fd, const void *data, size_t length_bytes, bool wait, int64_t deadline_ns);

/* Sends one datagram to the first address of host that does not refuse it. Looking up its name may
 * use half of the time, so that there is some for another way. Returns the connected socket, which
 * is the caller's, or a negative errno with why filled. */
int net_udp_host(const char *host, uint16_t port, const void *data, size_t length_bytes,
                 int64_t deadline_ns, struct why *why);

/* Reads fd to its end (or size_bytes), waiting up to the deadline. Returns the
 * number of bytes, or a negative errno (-ETIMEDOUT, -EFBIG where more than
 * size_bytes came). fd may be a file, a FIFO or a socket. */
ssize_t net_read_all(int fd, void *data, size_t size_bytes, int64_t deadline_ns);

/* The words for a negative errno of a network socket: strerror(3)'s, and who forbids it where that
 * is not the other end. Static, or strerror's own. */
const char *net_words(int error);

/* Whether the socket's peer is on this machine's loopback (RFC 1122 section 3.2.1.3, RFC 4291
 * section 2.5.3). */
bool net_is_loopback(int fd);

/* Whether the connected socket's peer is this machine: by the loopback, or by an address of its
 * own, to which the kernel talks from that same address. */
bool net_is_here(int fd);

#endif

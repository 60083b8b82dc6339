/* Sockets under a deadline. No function blocks past its deadline_ns (CLOCK_MONOTONIC); every
 * descriptor returned is close-on-exec and non-blocking, and the caller's to close. */
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

/* Fills in the addresses of a host that needs no look-up: a literal, which may have a zone
 * (fe80::1%eth0, RFC 4007 section 11), or localhost, which is 127.0.0.1 and ::1 (RFC 6761 section
 * 6.3). Returns their number, 0 for any other name, or -ENODEV if there is no such zone. */
int net_literal(const char *host, uint16_t port, struct net_address addresses[2]);

/*
 * Looks up the addresses of host for a datagram to port: by net_literal(), else in a child that
 * asks the resolver and is killed at the deadline. Returns their number (1..NET_ADDRESSES) or a
 * negative errno with why filled.
 */
int net_resolve(const char *host, uint16_t port, int64_t deadline_ns,
                struct net_address addresses[NET_ADDRESSES], struct why *why);

/* One of many names. */
struct net_name {
  const char *host; /* set by the caller, as is port */
  uint16_t port;
  int count; /* of addresses; 0: see reason */
  /* In the resolver's order, except that the first of the other family comes second. */
  struct net_address addresses[NET_NAME_ADDRESSES];
  enum reason reason;  /* why there is none: REASON_TIMEOUT or REASON_NO_SOURCE */
  const char *problem; /* the same in words; static */
};

/* Looks up many names as net_resolve() does, in parallel, so that a slow one does not hold up all
 * others. Returns 0, or a negative errno if no name could be looked up at all. */
int net_resolve_all(struct net_name *names, size_t count, int64_t deadline_ns);

/* Returns a UDP socket connected to address, or a negative errno. */
int net_connect_udp(const struct net_address *address);

/* Sends all of data, waiting while a queue is full: 0 or a negative errno (-ETIMEDOUT at the
 * deadline). */
int net_send(int fd, const void *data, size_t length_bytes, int64_t deadline_ns);

/* Sends one datagram to the local socket at path, or one stream record, which ends in the NUL
 * behind data, as those of glibc's syslog(3) do. *fd is the connection, -1 for none yet; it stays
 * open for the next call, and is reopened once if the receiver was restarted. Returns 0, or a
 * negative errno with *fd closed and -1. */
int net_send_local(int *fd, const char *path, const void *data, size_t length_bytes,
                   int64_t deadline_ns);

/* Receives one datagram, waiting until the deadline. Returns its length, or a negative errno
 * (-ETIMEDOUT, -ECONNREFUSED, -EMSGSIZE if it is longer than size_bytes). */
ssize_t net_receive(int fd, void *data, size_t size_bytes, int64_t deadline_ns);

/* Returns a datagram socket connected to the local socket at path, or a negative errno. It is
 * bound, so that it can be answered: to the path own, which is writable by all and which the caller
 * removes (not created if this fails), or, if own is NULL, to an abstract name of the kernel's
 * choice, unix(7). */
int net_connect_local(const char *path, const char *own);

/* Writes all of data to any descriptor, waiting for a slow reader: 0 or a negative errno. */
int net_write(int fd, const void *data, size_t length_bytes, int64_t deadline_ns);

/* Waits up to wait_ns for an ICMP refusal of what was sent on a connected UDP socket: 0 if none
 * came, else a negative errno (-ECONNREFUSED). */
int net_refusal(int fd, int64_t wait_ns, int64_t deadline_ns);

/* Sends one datagram on a connected UDP socket and, if wait, waits a moment for a refusal: 0 or a
 * negative errno. */
int net_udp_send(int fd, const void *data, size_t length_bytes, bool wait, int64_t deadline_ns);

/* Sends one datagram to the first address of host that does not refuse it. The look-up may use half
 * of the time until the deadline, which leaves the caller some for another way. Returns the
 * connected socket, which the caller owns, or a negative errno with why filled. */
int net_udp_host(const char *host, uint16_t port, const void *data, size_t length_bytes,
                 int64_t deadline_ns, struct why *why);

/* Reads fd to its end, waiting until the deadline. Returns the number of bytes, or a negative errno
 * (-ETIMEDOUT, -EFBIG if there are more than size_bytes). fd may be a file, a FIFO or a socket. */
ssize_t net_read_all(int fd, void *data, size_t size_bytes, int64_t deadline_ns);

/* Describes a negative errno of a network socket: strerror(3)'s words, and what forbids the call if
 * that is not the peer. Static, or strerror(3)'s buffer. */
const char *net_words(int error);

/* Returns whether the socket's peer is a loopback address (RFC 1122 section 3.2.1.3, RFC 4291
 * section 2.5.3). */
bool net_is_loopback(int fd);

/* Returns whether the connected socket's peer is this machine: on the loopback, or at one of its
 * own addresses, which the kernel talks to from that same address. */
bool net_is_here(int fd);

#endif

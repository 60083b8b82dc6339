/* Which addresses are this machine's own, and what other servers call them. */
#ifndef NTP_MONITOR_NET_OWN_H
#define NTP_MONITOR_NET_OWN_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/socket.h>

struct in6_addr;
struct trace;

struct net_own {
  struct in6_addr *address; /* of all interfaces; IPv4 in its IPv6 form */
  size_t count, space;      /* used, allocated */
};

/* Lists the addresses of all interfaces, and 127.0.0.1, 127.0.1.1 and ::1. If the kernel refuses a
 * list, the trace says which. 0 or -ENOMEM; the caller frees it. */
int net_own_find(struct net_own *own, struct trace *trace);
void net_own_free(struct net_own *own);

/* An address as it is compared: IPv4 in its IPv6 form (RFC 4291 section 2.5.5.2), in which it may
 * have been written. */
struct in6_addr net_own_form(const struct sockaddr_storage *socket);

/* Whether an interface has address. The rest of 127.0.0.0/8 is nobody's. */
bool net_own_has(const struct net_own *own, const struct in6_addr *address);

/* The reference id of a server that follows address (RFC 5905 section 7.3), in the packet's order:
 * the IPv4 address, or the first four bytes of the MD5 digest of the IPv6 address. */
uint32_t net_own_reference(const struct in6_addr *address);

/* Whether it names an address of ours that others can follow: none of the loopback. */
bool net_own_is_reference(const struct net_own *own, uint32_t reference);

#endif

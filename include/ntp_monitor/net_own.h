/* This machine's own addresses, and the reference ids by which other servers name them. */
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

/* Lists the addresses of all interfaces, and 127.0.0.1, 127.0.1.1 and ::1; the trace names a list
 * that the kernel refuses. Returns 0 or -ENOMEM; release with net_own_free(). */
int net_own_find(struct net_own *own, struct trace *trace);
void net_own_free(struct net_own *own);

/* Returns an address in the form that is compared: IPv4 as IPv4-mapped IPv6 (RFC 4291 section
 * 2.5.5.2), because it may have been written that way. */
struct in6_addr net_own_form(const struct sockaddr_storage *socket);

/* Returns whether address is in own. The rest of 127.0.0.0/8 belongs to nobody. */
bool net_own_has(const struct net_own *own, const struct in6_addr *address);

/* Returns the reference id of a server that follows address (RFC 5905 section 7.3), its first byte
 * the most significant: the IPv4 address, or the first four bytes of the MD5 digest of the IPv6
 * address. */
uint32_t net_own_reference(const struct in6_addr *address);

/* Returns whether reference names one of our addresses that others can follow, which excludes the
 * loopback. */
bool net_own_is_reference(const struct net_own *own, uint32_t reference);

#endif

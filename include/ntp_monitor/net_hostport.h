/* A host and its port, as users write them. Pure. */
#ifndef NTP_MONITOR_NET_HOSTPORT_H
#define NTP_MONITOR_NET_HOSTPORT_H

#include <stdbool.h>
#include <stdint.h>

enum { NET_HOST_BYTES = 256 };

struct net_hostport {
  char host[NET_HOST_BYTES]; /* without brackets; with the zone of a link-local address */
  uint16_t port;
};

struct why;

/*
 * Parses host | host:port | v6 | [v6] | [v6]:port; port is the default. A link-local v6 has a zone:
 * fe80::1%eth0. unknown is what to say of text that is none of these, or NULL if it names a server.
 * Returns 0, or -EINVAL with why quoting text and hostport untouched.
 */
int net_hostport_parse(const char *text, uint16_t port, const char *unknown,
                       struct net_hostport *hostport, struct why *why);

/* Returns text without a leading "pool:", and sets *pool if there was one. */
const char *net_hostport_skip_pool(const char *text, bool *pool);

#endif

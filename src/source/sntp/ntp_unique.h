/* Selects the addresses to ask: each once, whatever its names, and only those of other hosts. */
#ifndef NTP_MONITOR_NTP_UNIQUE_H
#define NTP_MONITOR_NTP_UNIQUE_H

#include <stddef.h>

struct net_own;
struct ntp_server;
struct trace;

/* Removes from servers the addresses that are not one host's, those of this machine, and those of
 * an earlier server. A server left without one gets a remark and its flags duplicate or ourselves.
 * 0 or -ENOMEM. */
int ntp_unique(struct ntp_server *servers, size_t count, const struct net_own *own,
               struct trace *trace);

#endif

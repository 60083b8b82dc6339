/* Which addresses are asked: each once, whatever names it has, and only those of other hosts. */
#ifndef NTP_MONITOR_NTP_UNIQUE_H
#define NTP_MONITOR_NTP_UNIQUE_H

#include <stddef.h>

struct net_own;
struct ntp_server;
struct trace;

/* Takes from servers the addresses that none may be asked at, those of this machine, and those that
 * an earlier one of them has; where none is left, its remark says why, and what it is. 0 or
 * -ENOMEM.
 */
int ntp_unique(struct ntp_server *servers, size_t count, const struct net_own *own,
               struct trace *trace);

#endif

/* What one NTP server is told of beside its replies: what it is, and why it is asked no more. */
#ifndef NTP_MONITOR_NTP_HEARD_H
#define NTP_MONITOR_NTP_HEARD_H

#include "ntp_monitor/why.h"

struct ntp_request;
struct ntp_plan;
struct ntp_reply;
struct ntp_server;

/* A good reply: puts it into the trace, and into server whose time it is. */
void ntp_heard(const struct ntp_plan *plan, const struct ntp_request *request,
               const struct ntp_reply *reply, struct ntp_server *server);

/* Why server is asked no more. That it refuses, or has no time to give, is not forgotten where
 * another of its addresses is just not there. */
void ntp_remark(struct ntp_server *server, enum reason reason, const char *format, ...)
    __attribute__((format(printf, 3, 4)));

/* The same for a request without a good reply; what came instead stands there already. */
void ntp_remark_lost(struct ntp_server *server);

/* Why what a server says proves nothing here; NULL where it does. Static. */
const char *ntp_heard_objection(const struct ntp_server *server);

/* Nobody gave an answer that counts: sets why, whose reason is that of most weight, and returns a
 * negative errno. */
int ntp_heard_nobody(const struct ntp_plan *plan, struct why *why);

#endif

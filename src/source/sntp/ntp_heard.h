/* Notes about one NTP server beside its replies: what kind of clock it is and why it is not asked
 * again. */
#ifndef NTP_MONITOR_NTP_HEARD_H
#define NTP_MONITOR_NTP_HEARD_H

#include "ntp_monitor/why.h"

struct ntp_request;
struct ntp_plan;
struct ntp_reply;
struct ntp_server;

/* Traces a good reply, and notes in server if it follows us or its own clock. */
void ntp_heard(const struct ntp_plan *plan, const struct ntp_request *request,
               const struct ntp_reply *reply, struct ntp_server *server);

/* Notes why server is not asked again. A refusal or "not synchronised" is kept if another of its
 * addresses is merely unreachable. */
void ntp_remark(struct ntp_server *server, enum reason reason, const char *format, ...)
    __attribute__((format(printf, 3, 4)));

/* Notes a request without a good reply, unless a bad reply is noted already. */
void ntp_remark_lost(struct ntp_server *server);

/* Returns why a server's time proves nothing here, or NULL. Static. */
const char *ntp_heard_objection(const struct ntp_server *server);

/* Explains that no answer counts: sets why, with the gravest reason, and returns a negative errno.
 */
int ntp_heard_nobody(const struct ntp_plan *plan, struct why *why);

#endif

/*
 * Notes about one NTP server beside its replies: what kind of clock it is and why it is not asked
 * again.
 */
#include "source/sntp/ntp_heard.h"

#include <errno.h>
#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "ntp_monitor/net_own.h"
#include "ntp_monitor/text.h"
#include "ntp_monitor/trace.h"
#include "source/sntp/ntp_packet.h"
#include "source/sntp/ntp_poll.h"
#include "source/sntp/ntp_request.h"

static void trace_reply(const struct ntp_plan *plan, const struct ntp_server *server,
                        const struct ntp_times *times, const struct ntp_reply *reply) {
  trace_add(plan->trace,
            "ntp: %s: reply: stratum=%u leap=%d precision=%d reference=%s root delay=%" PRId64
            " root dispersion=%" PRId64 " offset=%" PRId64 " delay=%" PRId64 " error=%" PRId64
            " (ns) T4=%" PRId64 ".%09" PRId64,
            server->name, reply->stratum, (int)reply->leap, reply->precision_log2_s,
            reply->reference, reply->root_delay_ns, reply->root_dispersion_ns, reply->offset_ns,
            reply->delay_ns, reply->error_ns, times->received_ns / 1000000000,
            times->received_ns % 1000000000);
}

static bool follows_us(const struct ntp_plan *plan, const struct ntp_request *request,
                       const struct ntp_reply *reply) {
  if (reply->stratum == 1) { /* its reference is the name of a clock */
    return false;
  }
  return ntp_request_is_ours(request, reply->reference_id) ||
         (plan->own != NULL && net_own_is_reference(plan->own, reply->reference_id));
}

/* 127.127.1.x is the name used by ntpd and chronyd; LOCL that of RFC 4330 section 4 and Windows. */
static bool is_local_clock(const struct ntp_reply *reply) {
  return reply->reference_id >> 8 == 0x7f7f01 ||
         (reply->stratum == 1 && reply->reference_id == 0x4c4f434c);
}

void ntp_heard(const struct ntp_plan *plan, const struct ntp_request *request,
               const struct ntp_reply *reply, struct ntp_server *server) {
  trace_reply(plan, server, &request->times, reply);
  server->follows_us |= follows_us(plan, request, reply);
  server->local_clock |= is_local_clock(reply);
}

void ntp_remark(struct ntp_server *server, enum reason reason, const char *format, ...) {
  va_list arguments;
  bool told = server->reason == REASON_NOT_SYNCHRONISED || server->reason == REASON_DENIED;
  if (told && reason != REASON_NOT_SYNCHRONISED && reason != REASON_DENIED) {
    return;
  }
  va_start(arguments, format);
  (void)vsnprintf(server->remark, sizeof server->remark, format, arguments);
  va_end(arguments);
  server->reason = reason;
}

void ntp_remark_lost(struct ntp_server *server) {
  if (server->reason == REASON_BAD_REPLY) {
    return;
  }
  if (server->reply_count == 0) {
    ntp_remark(server, REASON_TIMEOUT, "no reply to %u request%s", server->sent,
               text_plural(server->sent));
  } else {
    ntp_remark(server, REASON_TIMEOUT, "%u of %u requests had no reply",
               server->sent - server->reply_count, server->sent);
  }
}

const char *ntp_heard_objection(const struct ntp_server *server) {
  if (server->ourselves) {
    return "this machine itself, whose clock cannot vouch for itself";
  }
  if (server->follows_us) {
    return "it takes its time from this machine, so it proves nothing";
  }
  if (server->local_clock) {
    return "it serves its own clock, which no source corrects";
  }
  return NULL;
}

/* Returns what one server's answer lacks, or why there is none; static if servers can share it. */
static const char *find_lack(const struct ntp_server *server) {
  const char *objection = ntp_heard_objection(server);
  if (objection != NULL) {
    return objection;
  }
  if (server->lookup != NULL) {
    return server->lookup;
  }
  return server->remark;
}

static void append_lack(char *out, size_t size_bytes, const struct ntp_server *server) {
  const char *doing = server->lookup != NULL ? "looking it up: " : "";
  text_append(out, size_bytes, ": %s%s", doing, find_lack(server));
}

/* Says why no server's answer counts, grouping neighbours that lack the same. Returns the number of
 * servers asked. */
static size_t tell_each(const struct ntp_plan *plan, char *out, size_t size_bytes) {
  enum { SHOWN_MAX = 8 };
  const struct ntp_server *last = NULL; /* its lack is not in out yet */
  size_t asked = 0;
  for (size_t i = 0; i < plan->count; i++) {
    const struct ntp_server *server = &plan->servers[i];
    if (server->duplicate || asked++ >= SHOWN_MAX) {
      continue;
    }
    if (last != NULL && find_lack(server) == find_lack(last)) {
      text_append(out, size_bytes, ", ");
    } else if (last != NULL) {
      append_lack(out, size_bytes, last);
      text_append(out, size_bytes, "; ");
    }
    text_append(out, size_bytes, "%.60s", server->name);
    last = server;
  }
  if (last != NULL) {
    append_lack(out, size_bytes, last);
  }
  if (asked > SHOWN_MAX) {
    text_append(out, size_bytes, "; and %zu more", asked - SHOWN_MAX);
  }
  return asked;
}

int ntp_heard_nobody(const struct ntp_plan *plan, struct why *why) {
  static const struct {
    enum reason reason;
    int error;
    const char *advice;
  } rows[] = {
      {REASON_BAD_REPLY, -EBADMSG, ""},
      {REASON_DENIED, -EACCES, ""},
      {REASON_TIMEOUT, -ETIMEDOUT, "; does a firewall block UDP port 123 or DNS?"},
      {REASON_NO_SERVICE, -ECONNREFUSED, ""},
      {REASON_NO_SOURCE, -ENOENT, "; check the names and the network"},
  };
  char text[WHY_TEXT_BYTES - 64] = "";
  size_t asked = tell_each(plan, text, sizeof text);
  size_t row = sizeof rows / sizeof *rows - 1;
  size_t objections = 0;
  for (size_t i = 0; i < plan->count; i++) {
    const struct ntp_server *server = &plan->servers[i];
    if (server->duplicate) {
      continue;
    }
    objections += ntp_heard_objection(server) != NULL;
    for (size_t k = 0; k < row; k++) {
      if (server->reason == rows[k].reason) {
        row = k;
      }
    }
  }
  if (objections > 0) {
    return why_set(why, rows[row].reason, rows[row].error,
                   "%s%s" WHY_ADVICE "ask a server elsewhere",
                   asked > 1 ? "no NTP server can vouch for this clock: " : "", text);
  }
  return why_set(why, rows[row].reason, rows[row].error, "%s%s%s",
                 asked > 1 ? "no NTP server answered: " : "", text, rows[row].advice);
}

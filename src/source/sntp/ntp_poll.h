/* Asks many NTP servers side by side, several times each, under a deadline. */
#ifndef NTP_MONITOR_NTP_POLL_H
#define NTP_MONITOR_NTP_POLL_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "ntp_monitor/net.h"
#include "ntp_monitor/sample.h"
#include "ntp_monitor/why.h"

struct net_own;
struct ntp_reply;
struct trace;

/* The most addresses of a server, and those asked at once: one of each family. */
enum { NTP_POLL_ADDRESSES = NET_NAME_ADDRESSES, NTP_POLL_AT_ONCE = 2 };

/* The shortest interval between requests to one server, whatever the plan says. */
#define NTP_POLL_INTERVAL_LEAST_NS INT64_C(250000000)

/* A request without a reply for this long counts as lost. It is the spacing of RFC 5905's bursts,
 * so that the repeat comes no sooner (BTIME, section 7.2 and appendix A.1.1). */
#define NTP_POLL_WAIT_NS INT64_C(2000000000)

struct ntp_server {
  /* Set by the caller. A server without an address is not asked; the caller then also sets reason
   * and remark. */
  const char *name;                               /* escaped */
  struct net_address address[NTP_POLL_ADDRESSES]; /* tried in this order */
  unsigned address_count;
  bool duplicate; /* all its addresses are another server's */
  bool ourselves; /* all its addresses are this machine's */
  /* Set by ntp_poll(). */
  unsigned chosen;                  /* the address that the first good reply came from */
  unsigned sent;                    /* requests; a pair to both addresses counts as one */
  unsigned reply_count;             /* good ones; owned by the plan: */
  struct ntp_reply *replies;        /* in order of arrival */
  int64_t *received_ns;             /* CLOCK_MONOTONIC, one per reply */
  bool follows_us;                  /* its reference is our address: it follows this clock */
  bool local_clock;                 /* its reference is its own clock */
  enum reason reason;               /* why asking stopped; REASON_OK: it gave all its samples */
  const char *lookup;               /* why its name was not found, static; NULL if it was */
  char remark[SAMPLE_REMARK_BYTES]; /* reason in words, escaped; "" for REASON_OK */
};

/* The servers to ask, which the caller owns, and how. */
struct ntp_plan {
  struct ntp_server *servers;
  size_t count;
  unsigned samples;          /* wanted of each server, >= 1 */
  int64_t interval_ns;       /* between two requests to one server */
  int64_t wait_ns;           /* for a reply, see NTP_POLL_WAIT_NS */
  int64_t deadline_ns;       /* CLOCK_MONOTONIC */
  const struct net_own *own; /* this machine's addresses, or NULL */
  struct trace *trace;
  struct ntp_reply *replies; /* out, like the rest: those of all servers, owned */
  int64_t *received_ns;      /* the same */
  bool one_fits;  /* more samples were wanted, but only one request fits before the deadline */
  size_t at_once; /* 0, or the number of descriptors if they did not suffice */
};

/*
 * Asks all servers of the plan at once and fills them. Ends when every server has given its samples
 * or must not be asked again, at the deadline at the latest; leaves no descriptor open. If an
 * address is silent, refuses, sends a kiss code or is not synchronised, the server's next one is
 * asked; the last one of a silent server is asked once more. Returns 0, or a negative errno if
 * nothing could be asked. In either case the caller frees the replies with ntp_poll_free().
 */
int ntp_poll(struct ntp_plan *plan);
void ntp_poll_free(struct ntp_plan *plan);

/* Prints the numeric address without its port. Returns out. */
const char *ntp_poll_address(const struct net_address *address, char out[SAMPLE_ADDRESS_BYTES]);

#endif

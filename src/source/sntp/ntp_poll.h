/* The one poll loop: many NTP servers asked side by side, several times each, under a deadline. */
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

/* Of one server; and how many of them are asked at once: one of each family. */
enum { NTP_POLL_ADDRESSES = NET_NAME_ADDRESSES, NTP_POLL_AT_ONCE = 2 };

/* No server is asked more often than this, whatever the plan says. */
#define NTP_POLL_INTERVAL_LEAST_NS INT64_C(250000000)

/* How long a request is waited for before it counts as lost: the spacing of RFC 5905's bursts, so
 * that the repeat comes no sooner (BTIME, section 7.2 and appendix A.1.1). */
#define NTP_POLL_WAIT_NS INT64_C(2000000000)

struct ntp_server {
  /* From the caller. Without an address it is not asked, and reason and remark are the caller's,
   * too. */
  const char *name;                               /* escaped */
  struct net_address address[NTP_POLL_ADDRESSES]; /* the later ones where the earlier fail */
  unsigned address_count;
  bool duplicate; /* it has no address that is not another server's already */
  bool ourselves; /* it has none that is not this machine's */
  /* What came of it. */
  unsigned chosen;                  /* the address that the first good reply came from */
  unsigned sent;                    /* requests; those to both addresses at once count as one */
  unsigned reply_count;             /* good ones; owned by the plan: */
  struct ntp_reply *replies;        /* in the order of their coming */
  int64_t *received_ns;             /* CLOCK_MONOTONIC, one a reply */
  bool follows_us;                  /* its reference is our address: it takes its time from us */
  bool local_clock;                 /* its reference is its own clock */
  enum reason reason;               /* why it was asked no more; REASON_OK: no more was wanted */
  const char *lookup;               /* why its name was not found, static; NULL where it was */
  char remark[SAMPLE_REMARK_BYTES]; /* reason in words, escaped; "" for REASON_OK */
};

/* What to ask. The servers are the caller's. */
struct ntp_plan {
  struct ntp_server *servers;
  size_t count;
  unsigned samples;          /* wanted of each server, >= 1 */
  int64_t interval_ns;       /* between two requests to one server */
  int64_t wait_ns;           /* for a reply, see NTP_POLL_WAIT_NS */
  int64_t deadline_ns;       /* CLOCK_MONOTONIC */
  const struct net_own *own; /* this machine's addresses, or NULL */
  struct trace *trace;
  struct ntp_reply *replies; /* out, as is all below: those of all servers, owned */
  int64_t *received_ns;      /* the same */
  bool one_fits;  /* only one request of each before the deadline, and more were wanted */
  size_t at_once; /* 0, or how many descriptors there were where they did not suffice */
};

/*
 * Asks all servers of the plan at once and fills them. It ends when every server has given its
 * samples or is not to be asked again, at the deadline at the latest; nothing stays open. An
 * address that is silent, refused, gives a kiss code or has no time to give is left alone, and the
 * server's next one is asked; the last one of a silent server is asked once more. 0, or a negative
 * errno where nothing could be asked. The caller frees the replies with ntp_poll_free() in either
 * case.
 */
int ntp_poll(struct ntp_plan *plan);
void ntp_poll_free(struct ntp_plan *plan);

/* Prints the address without its port, as numbers. Returns out. */
const char *ntp_poll_address(const struct net_address *address, char out[SAMPLE_ADDRESS_BYTES]);

#endif

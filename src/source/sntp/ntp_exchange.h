/* The exchange with one server in the poll loop: request, reply, the next request; see ntp_poll.h.
 */
#ifndef NTP_MONITOR_NTP_EXCHANGE_H
#define NTP_MONITOR_NTP_EXCHANGE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "ntp_monitor/timers.h"
#include "source/sntp/ntp_poll.h"
#include "source/sntp/ntp_request.h"

/* A request sent this close to the deadline would be lost. */
#define NTP_EXCHANGE_LAST_WAIT_NS INT64_C(100000000)

struct ntp_exchange {
  struct ntp_request request[NTP_POLL_AT_ONCE];
  unsigned which[NTP_POLL_AT_ONCE]; /* the index of each open request's address */
  unsigned asked;                   /* the addresses of the last request, a bit each */
  unsigned open;                    /* the addresses that may be asked, a bit each */
  unsigned lost;                    /* requests without a good reply */
  int64_t due_ns;                   /* CLOCK_MONOTONIC: the earliest time of the next request */
  bool asking;                      /* waiting for a reply */
  bool over;
};

/* The state shared by all exchanges of a run. The loop owns all of it except the plan. */
struct ntp_exchanges {
  struct ntp_plan *plan;
  struct ntp_exchange *exchange; /* one per server */
  struct timers timers;
  int epoll;          /* its events name requests: NTP_POLL_AT_ONCE * server + request */
  size_t descriptors; /* open requests */
  size_t left;        /* exchanges that are not over */
};

/* Asks server i: 0, or -EMFILE with nothing sent if descriptors ran out while others hold some. If
 * no address can be asked, the exchange is over and the result is 0. */
int ntp_exchange_ask(struct ntp_exchanges *exchanges, size_t i);

/* Reads a datagram from a request. */
void ntp_exchange_receive(struct ntp_exchanges *exchanges, size_t i, unsigned request);

/* Ends the wait for a reply. Returns true if the server should be asked (again) now. */
bool ntp_exchange_due(struct ntp_exchanges *exchanges, size_t i);

/* Ends the exchange at the deadline: closes its requests and remarks what is missing. */
void ntp_exchange_end(struct ntp_exchanges *exchanges, size_t i);

#endif

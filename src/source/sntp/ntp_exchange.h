/* One server's way through the poll loop: request, reply, the next request; see ntp_poll.h. */
#ifndef NTP_MONITOR_NTP_LANE_H
#define NTP_MONITOR_NTP_LANE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "ntp_monitor/timers.h"
#include "source/sntp/ntp_poll.h"
#include "source/sntp/ntp_request.h"

/* A request this short before the deadline would only be a lost one. */
#define NTP_EXCHANGE_LAST_WAIT_NS INT64_C(100000000)

struct ntp_exchange {
  struct ntp_request request[NTP_POLL_AT_ONCE];
  unsigned which[NTP_POLL_AT_ONCE]; /* of the server's addresses, where the request is open */
  unsigned asked;                   /* those that the last request went to */
  unsigned open;                    /* the addresses that may be asked, a bit each */
  unsigned lost;                    /* requests without a good reply */
  int64_t due_ns;                   /* CLOCK_MONOTONIC: the next request may leave from then on */
  bool asking;                      /* a request is waited for */
  bool over;
};

/* What all exchanges of a run share. The loop owns all of it but the plan. */
struct ntp_exchanges {
  struct ntp_plan *plan;
  struct ntp_exchange *exchange; /* one a server */
  struct timers timers;
  int epoll;          /* its events name requests: NTP_POLL_AT_ONCE * server + request */
  size_t descriptors; /* open requests */
  size_t left;        /* exchanges that are not over */
};

/* Asks server i: 0, or -EMFILE where descriptors do not suffice while others have some; nothing
 * was sent then. Where nobody can be asked the exchange is over, and that is 0. */
int ntp_exchange_ask(struct ntp_exchanges *exchanges, size_t i);

/* Reads what came in on a request. */
void ntp_exchange_receive(struct ntp_exchanges *exchanges, size_t i, unsigned request);

/* The wait for a reply is over: true where it is time to ask (again). */
bool ntp_exchange_due(struct ntp_exchanges *exchanges, size_t i);

/* No more time: closes everything of it and says what is missing. */
void ntp_exchange_end(struct ntp_exchanges *exchanges, size_t i);

#endif

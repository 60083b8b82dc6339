/*
 * One server's way through the poll loop: request, reply, the next request.
 *
 * Polite first (RFC 4330 section 10): a server that does not answer is asked once more, and not
 * before its answer could have come; an address that refuses, sends a kiss code or has no time to
 * give is left alone. The addresses of a name stand for one server: they are tried in the
 * resolver's order, one of each family at once, until one serves, which is then kept to. A datagram
 * that is no answer may be forged by anyone, so it ends nothing: the wait goes on, for a bounded
 * number of them.
 */
#include "source/sntp/ntp_exchange.h"

#include <errno.h>
#include <inttypes.h>
#include <string.h>
#include <sys/epoll.h>

#include "ntp_monitor/clock.h"
#include "ntp_monitor/net.h"
#include "ntp_monitor/trace.h"
#include "source/sntp/ntp_heard.h"
#include "source/sntp/ntp_packet.h"

enum { DATAGRAMS_MAX = 64 }; /* looked at for each request */

static void close_flight(struct ntp_exchanges *exchanges, struct ntp_request *request) {
  exchanges->descriptors -= request->fd >= 0;
  ntp_request_close(request);
}

static void close_flights(struct ntp_exchanges *exchanges, size_t i) {
  for (unsigned f = 0; f < NTP_POLL_AT_ONCE; f++) {
    close_flight(exchanges, &exchanges->exchange[i].request[f]);
  }
  exchanges->exchange[i].asking = false;
}

static void ntp_exchange_finish(struct ntp_exchanges *exchanges, size_t i) {
  const struct ntp_server *server = &exchanges->plan->servers[i];
  close_flights(exchanges, i);
  timers_clear(&exchanges->timers, i);
  exchanges->exchange[i].over = true;
  exchanges->left--;
  trace_add(exchanges->plan->trace, "ntp: %s: %u good replies to %u requests%s%s", server->name,
            server->reply_count, server->sent, server->remark[0] != '\0' ? ": " : "",
            server->remark);
}

/* The addresses that are being asked, a bit each. */
static unsigned under_way(const struct ntp_exchange *exchange) {
  unsigned addresses = 0;
  for (unsigned f = 0; f < NTP_POLL_AT_ONCE; f++) {
    addresses |= exchange->request[f].fd >= 0 ? 1U << exchange->which[f] : 0;
  }
  return addresses;
}

/* Goes on to the next of the addresses that are left, if there is one, at once: it is another host,
 * which was not asked yet. */
static void go_on(struct ntp_exchanges *exchanges, size_t i) {
  struct ntp_exchange *exchange = &exchanges->exchange[i];
  if (exchange->open == 0) {
    ntp_exchange_finish(exchanges, i);
    return;
  }
  exchange->asking = false;
  timers_set(&exchanges->timers, i, clock_monotonic_ns());
}

/* The address of this request is not asked again, for what server->remark says. */
static void give_up(struct ntp_exchanges *exchanges, size_t i, unsigned f) {
  struct ntp_exchange *exchange = &exchanges->exchange[i];
  const struct ntp_server *server = &exchanges->plan->servers[i];
  char text[SAMPLE_ADDRESS_BYTES];
  trace_add(exchanges->plan->trace, "ntp: %s: %s is not asked again: %s", server->name,
            ntp_poll_address(&server->address[exchange->which[f]], text), server->remark);
  close_flight(exchanges, &exchange->request[f]);
  exchange->open &= ~(1U << exchange->which[f]);
  if (under_way(exchange) == 0) {
    go_on(exchanges, i);
  }
}

/* What connect(2), send(2) or recvmsg(2) says. */
static void failed(struct ntp_exchanges *exchanges, size_t i, unsigned f, int error) {
  struct ntp_server *server = &exchanges->plan->servers[i];
  if (error == -ECONNREFUSED) {
    ntp_remark(server, REASON_NO_SERVICE, "port unreachable: no NTP server runs there");
  } else {
    ntp_remark(server, REASON_NO_SOURCE, "cannot be asked: %s", net_words(error));
  }
  give_up(exchanges, i, f);
}

/* Which addresses are asked now: the first that is left, and the first of another family. Returns
 * how many. */
static unsigned choose(const struct ntp_server *server, unsigned open,
                       unsigned which[NTP_POLL_AT_ONCE]) {
  unsigned count = 0;
  for (unsigned a = 0; a < server->address_count && count < NTP_POLL_AT_ONCE; a++) {
    bool other = count == 0 ||
                 server->address[a].socket.ss_family != server->address[which[0]].socket.ss_family;
    if ((open & 1U << a) != 0 && other) {
      which[count++] = a;
    }
  }
  return count;
}

/* Opens what may be asked; -EMFILE, with all closed again, where waiting for others can help. */
static int open_flights(struct ntp_exchanges *exchanges, size_t i) {
  struct ntp_exchange *exchange = &exchanges->exchange[i];
  const struct ntp_server *server = &exchanges->plan->servers[i];
  size_t others = exchanges->descriptors;
  unsigned count = choose(server, exchange->open, exchange->which);
  int errors[NTP_POLL_AT_ONCE] = {0};
  for (unsigned f = 0; f < count; f++) {
    struct ntp_request *request = &exchange->request[f];
    struct epoll_event event = {.events = EPOLLIN, .data.u64 = i * NTP_POLL_AT_ONCE + f};
    errors[f] = ntp_request_open(request, &server->address[exchange->which[f]]);
    exchanges->descriptors += errors[f] == 0;
    if ((errors[f] == -EMFILE || errors[f] == -ENFILE) && others > 0) {
      close_flights(exchanges, i);
      return -EMFILE;
    }
    if (errors[f] == 0 && epoll_ctl(exchanges->epoll, EPOLL_CTL_ADD, request->fd, &event) != 0) {
      errors[f] = -errno;
    }
  }
  for (unsigned f = 0; f < count; f++) {
    if (errors[f] != 0) {
      failed(exchanges, i, f, errors[f]);
    }
  }
  return 0;
}

/* One that has others behind it is not waited for as long. */
static int64_t wait_of(const struct ntp_plan *plan, const struct ntp_exchange *exchange) {
  return (exchange->open & ~exchange->asked) != 0 ? plan->wait_ns / 2 : plan->wait_ns;
}

int ntp_exchange_ask(struct ntp_exchanges *exchanges, size_t i) {
  const struct ntp_plan *plan = exchanges->plan;
  struct ntp_exchange *exchange = &exchanges->exchange[i];
  struct ntp_server *server = &plan->servers[i];
  int error = open_flights(exchanges, i);
  if (error != 0 || under_way(exchange) == 0) {
    return error;
  }
  exchange->asking = true;
  exchange->asked = under_way(exchange);
  server->sent++;
  for (unsigned f = 0; f < NTP_POLL_AT_ONCE; f++) {
    struct ntp_request *request = &exchange->request[f];
    if (request->fd < 0) {
      continue;
    }
    error = ntp_request_send(request);
    if (error != 0) {
      failed(exchanges, i, f, error);
      continue;
    }
    char text[SAMPLE_ADDRESS_BYTES];
    exchange->due_ns = request->times.sent_monotonic_ns + plan->interval_ns;
    trace_add(
        plan->trace, "ntp: %s: request %u to %s, T1=%" PRId64 ".%09" PRId64 " transmit=%016" PRIx64,
        server->name, server->sent, ntp_poll_address(&server->address[exchange->which[f]], text),
        request->times.sent_ns / 1000000000, request->times.sent_ns % 1000000000, request->cookie);
  }
  if (under_way(exchange) != 0) {
    timers_set(&exchanges->timers, i, clock_monotonic_ns() + wait_of(plan, exchange));
  }
  return 0;
}

/* Waits for the moment of the next request, if that lies before the end. */
static void ask_later(struct ntp_exchanges *exchanges, size_t i) {
  const struct ntp_exchange *exchange = &exchanges->exchange[i];
  if (exchange->due_ns + NTP_EXCHANGE_LAST_WAIT_NS > exchanges->plan->deadline_ns) {
    ntp_exchange_finish(exchanges, i);
    return;
  }
  timers_set(&exchanges->timers, i, exchange->due_ns);
}

/* A good reply; the first one decides which address is asked from now on. */
static void accept_reply(struct ntp_exchanges *exchanges, size_t i, unsigned f,
                         const struct ntp_reply *reply) {
  const struct ntp_plan *plan = exchanges->plan;
  struct ntp_exchange *exchange = &exchanges->exchange[i];
  struct ntp_server *server = &plan->servers[i];
  const struct ntp_request *request = &exchange->request[f];
  server->chosen = exchange->which[f];
  ntp_heard(plan, request, reply, server);
  server->replies[server->reply_count] = *reply;
  server->received_ns[server->reply_count++] = request->times.received_monotonic_ns;
  server->reason = REASON_OK;
  server->remark[0] = '\0';
  exchange->open = 1U << server->chosen;
  close_flights(exchanges, i);
  if (server->reply_count == plan->samples) {
    ntp_exchange_finish(exchanges, i);
  } else {
    ask_later(exchanges, i);
  }
}

/* A kiss code is of the server, by whichever of the addresses it was asked. */
static void obey_kiss(struct ntp_exchanges *exchanges, size_t i) {
  struct ntp_exchange *exchange = &exchanges->exchange[i];
  const struct ntp_server *server = &exchanges->plan->servers[i];
  trace_add(exchanges->plan->trace, "ntp: %s: is not asked again: %s", server->name,
            server->remark);
  exchange->open &= ~exchange->asked;
  close_flights(exchanges, i);
  go_on(exchanges, i);
}

void ntp_exchange_receive(struct ntp_exchanges *exchanges, size_t i, unsigned f) {
  struct ntp_server *server = &exchanges->plan->servers[i];
  struct ntp_request *request = &exchanges->exchange[i].request[f];
  uint8_t data[NTP_PACKET_REPLY_BYTES_MAX];
  char why[NTP_PACKET_WHY_BYTES] = "a datagram that is too long";
  struct ntp_reply reply;
  enum ntp_answer answer = NTP_DROPPED;
  /* An event of a request that was closed since is nobody's. */
  ssize_t bytes = request->fd >= 0 ? ntp_request_receive(request, data) : -EAGAIN;
  if (bytes == -EAGAIN) {
    return;
  }
  if (bytes < 0 && bytes != -EMSGSIZE) {
    failed(exchanges, i, f, (int)bytes);
    return;
  }
  if (bytes >= 0) {
    answer = ntp_packet_read(data, (size_t)bytes, request->cookie, &request->times, &reply, why);
  }
  if (answer == NTP_GOOD) {
    accept_reply(exchanges, i, f, &reply);
  } else if (answer == NTP_DROPPED) {
    trace_add(exchanges->plan->trace, "ntp: %s: dropped: %s", server->name, why);
    ntp_remark(server, REASON_BAD_REPLY, "no good reply: %s", why);
    if (request->looked_at == DATAGRAMS_MAX) {
      close_flight(exchanges, request); /* the rest of the wait passes without it */
    }
  } else if (answer == NTP_UNSYNCHRONISED) {
    ntp_remark(server, REASON_NOT_SYNCHRONISED, "%s", why);
    give_up(exchanges, i, f);
  } else {
    ntp_remark(server, REASON_DENIED, "%s", why);
    obey_kiss(exchanges, i);
  }
}

bool ntp_exchange_due(struct ntp_exchanges *exchanges, size_t i) {
  struct ntp_exchange *exchange = &exchanges->exchange[i];
  if (!exchange->asking) {
    return true;
  }
  unsigned others = exchange->open & ~exchange->asked;
  close_flights(exchanges, i);
  ntp_remark_lost(&exchanges->plan->servers[i]);
  if (others != 0) {
    exchange->open = others;
    return true;
  }
  exchange->lost++;
  if (exchange->lost == 1) {
    int64_t now_ns = clock_monotonic_ns();
    exchange->due_ns = exchange->due_ns > now_ns ? exchange->due_ns : now_ns;
    ask_later(exchanges, i);
  } else {
    ntp_exchange_finish(exchanges, i);
  }
  return false;
}

void ntp_exchange_end(struct ntp_exchanges *exchanges, size_t i) {
  struct ntp_server *server = &exchanges->plan->servers[i];
  if (exchanges->exchange[i].asking) {
    ntp_remark_lost(server);
  } else if (server->sent == 0) {
    ntp_remark(server, REASON_TIMEOUT, "not asked: no descriptor became free in time");
  }
  ntp_exchange_finish(exchanges, i);
}

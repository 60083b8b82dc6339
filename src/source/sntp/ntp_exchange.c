/*
 * The exchange with one server in the poll loop: request, reply, the next request.
 *
 * Politeness comes first (RFC 4330 section 10). A silent server is asked once more, and only after
 * its answer could have arrived; an address that refuses, sends a kiss code or is not synchronised
 * is left alone. The addresses of a name stand for one server: they are tried in the resolver's
 * order, one of each family at once, until one serves, and that one is kept. An invalid datagram
 * may be forged, so the exchange keeps waiting; it gives up after a bounded number of them.
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

static void close_request(struct ntp_exchanges *exchanges, struct ntp_request *request) {
  exchanges->descriptors -= request->fd >= 0;
  ntp_request_close(request);
}

static void close_requests(struct ntp_exchanges *exchanges, size_t i) {
  for (unsigned f = 0; f < NTP_POLL_AT_ONCE; f++) {
    close_request(exchanges, &exchanges->exchange[i].request[f]);
  }
  exchanges->exchange[i].asking = false;
}

static void ntp_exchange_finish(struct ntp_exchanges *exchanges, size_t i) {
  const struct ntp_server *server = &exchanges->plan->servers[i];
  close_requests(exchanges, i);
  timers_clear(&exchanges->timers, i);
  exchanges->exchange[i].over = true;
  exchanges->left--;
  trace_add(exchanges->plan->trace, "ntp: %s: %u good replies to %u requests%s%s", server->name,
            server->reply_count, server->sent, server->remark[0] != '\0' ? ": " : "",
            server->remark);
}

/* Returns the addresses being asked, a bit each. */
static unsigned find_under_way(const struct ntp_exchange *exchange) {
  unsigned addresses = 0;
  for (unsigned f = 0; f < NTP_POLL_AT_ONCE; f++) {
    if (exchange->request[f].fd >= 0) {
      addresses |= 1U << exchange->which[f];
    }
  }
  return addresses;
}

/* Goes on to the next address left, if any, at once: it is another host, not asked yet. */
static void go_on(struct ntp_exchanges *exchanges, size_t i) {
  struct ntp_exchange *exchange = &exchanges->exchange[i];
  if (exchange->open == 0) {
    ntp_exchange_finish(exchanges, i);
    return;
  }
  exchange->asking = false;
  timers_set(&exchanges->timers, i, clock_monotonic_ns());
}

/* Gives up the address of this request, for the reason in server->remark. */
static void give_up(struct ntp_exchanges *exchanges, size_t i, unsigned f) {
  struct ntp_exchange *exchange = &exchanges->exchange[i];
  const struct ntp_server *server = &exchanges->plan->servers[i];
  char text[SAMPLE_ADDRESS_BYTES];
  trace_add(exchanges->plan->trace, "ntp: %s: %s is not asked again: %s", server->name,
            ntp_poll_address(&server->address[exchange->which[f]], text), server->remark);
  close_request(exchanges, &exchange->request[f]);
  exchange->open &= ~(1U << exchange->which[f]);
  if (find_under_way(exchange) == 0) {
    go_on(exchanges, i);
  }
}

/* Handles an error of connect(2), send(2) or recvmsg(2). */
static void handle_failure(struct ntp_exchanges *exchanges, size_t i, unsigned f, int error) {
  struct ntp_server *server = &exchanges->plan->servers[i];
  if (error == -ECONNREFUSED) {
    ntp_remark(server, REASON_NO_SERVICE, "port unreachable: no NTP server is running there");
  } else {
    ntp_remark(server, REASON_NO_SOURCE, "cannot be asked: %s", net_words(error));
  }
  give_up(exchanges, i, f);
}

/* Chooses the addresses to ask now: the first left, and the first of another family. Returns their
 * number. */
static unsigned choose_addresses(const struct ntp_server *server, unsigned open,
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

/* Opens the requests: 0, or -EMFILE with all closed again if waiting for others can help. */
static int open_requests(struct ntp_exchanges *exchanges, size_t i) {
  struct ntp_exchange *exchange = &exchanges->exchange[i];
  const struct ntp_server *server = &exchanges->plan->servers[i];
  size_t others = exchanges->descriptors;
  unsigned count = choose_addresses(server, exchange->open, exchange->which);
  int errors[NTP_POLL_AT_ONCE] = {0};
  for (unsigned f = 0; f < count; f++) {
    struct ntp_request *request = &exchange->request[f];
    struct epoll_event event = {.events = EPOLLIN, .data.u64 = i * NTP_POLL_AT_ONCE + f};
    errors[f] = ntp_request_open(request, &server->address[exchange->which[f]]);
    exchanges->descriptors += errors[f] == 0;
    if ((errors[f] == -EMFILE || errors[f] == -ENFILE) && others > 0) {
      close_requests(exchanges, i);
      return -EMFILE;
    }
    if (errors[f] == 0 && epoll_ctl(exchanges->epoll, EPOLL_CTL_ADD, request->fd, &event) != 0) {
      errors[f] = -errno;
    }
  }
  for (unsigned f = 0; f < count; f++) {
    if (errors[f] != 0) {
      handle_failure(exchanges, i, f, errors[f]);
    }
  }
  return 0;
}

/* Returns the wait for a reply; half as long if other addresses are left to try. */
static int64_t get_wait_ns(const struct ntp_plan *plan, const struct ntp_exchange *exchange) {
  return (exchange->open & ~exchange->asked) != 0 ? plan->wait_ns / 2 : plan->wait_ns;
}

int ntp_exchange_ask(struct ntp_exchanges *exchanges, size_t i) {
  const struct ntp_plan *plan = exchanges->plan;
  struct ntp_exchange *exchange = &exchanges->exchange[i];
  struct ntp_server *server = &plan->servers[i];
  int error = open_requests(exchanges, i);
  if (error != 0 || find_under_way(exchange) == 0) {
    return error;
  }
  exchange->asking = true;
  exchange->asked = find_under_way(exchange);
  server->sent++;
  for (unsigned f = 0; f < NTP_POLL_AT_ONCE; f++) {
    struct ntp_request *request = &exchange->request[f];
    if (request->fd < 0) {
      continue;
    }
    error = ntp_request_send(request);
    if (error != 0) {
      handle_failure(exchanges, i, f, error);
      continue;
    }
    char text[SAMPLE_ADDRESS_BYTES];
    exchange->due_ns = request->times.sent_monotonic_ns + plan->interval_ns;
    trace_add(
        plan->trace, "ntp: %s: request %u to %s, T1=%" PRId64 ".%09" PRId64 " transmit=%016" PRIx64,
        server->name, server->sent, ntp_poll_address(&server->address[exchange->which[f]], text),
        request->times.sent_ns / 1000000000, request->times.sent_ns % 1000000000, request->cookie);
  }
  if (find_under_way(exchange) != 0) {
    timers_set(&exchanges->timers, i, clock_monotonic_ns() + get_wait_ns(plan, exchange));
  }
  return 0;
}

/* Schedules the next request, if it is due before the end. */
static void ask_later(struct ntp_exchanges *exchanges, size_t i) {
  const struct ntp_exchange *exchange = &exchanges->exchange[i];
  if (exchange->due_ns + NTP_EXCHANGE_LAST_WAIT_NS > exchanges->plan->deadline_ns) {
    ntp_exchange_finish(exchanges, i);
    return;
  }
  timers_set(&exchanges->timers, i, exchange->due_ns);
}

/* Takes a good reply. The first one decides which address is asked from then on. */
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
  close_requests(exchanges, i);
  if (server->reply_count == plan->samples) {
    ntp_exchange_finish(exchanges, i);
  } else {
    ask_later(exchanges, i);
  }
}

/* Obeys a kiss code, which is the server's whatever address it came from. */
static void obey_kiss(struct ntp_exchanges *exchanges, size_t i) {
  struct ntp_exchange *exchange = &exchanges->exchange[i];
  const struct ntp_server *server = &exchanges->plan->servers[i];
  trace_add(exchanges->plan->trace, "ntp: %s: is not asked again: %s", server->name,
            server->remark);
  exchange->open &= ~exchange->asked;
  close_requests(exchanges, i);
  go_on(exchanges, i);
}

void ntp_exchange_receive(struct ntp_exchanges *exchanges, size_t i, unsigned f) {
  struct ntp_server *server = &exchanges->plan->servers[i];
  struct ntp_request *request = &exchanges->exchange[i].request[f];
  uint8_t data[NTP_PACKET_REPLY_BYTES_MAX];
  char why[NTP_PACKET_WHY_BYTES] = "datagram too long";
  struct ntp_reply reply;
  enum ntp_answer answer = NTP_DROPPED;
  if (request->fd < 0) {
    return; /* the event of a request closed since */
  }
  ssize_t bytes = ntp_request_receive(request, data);
  if (bytes == -EAGAIN) {
    return;
  }
  if (bytes < 0 && bytes != -EMSGSIZE) {
    handle_failure(exchanges, i, f, (int)bytes);
    return;
  }
  if (bytes >= 0) {
    answer = ntp_packet_read(data, (size_t)bytes, request->cookie, &request->times, &reply, why);
  }
  if (answer == NTP_GOOD) {
    accept_reply(exchanges, i, f, &reply);
  } else if (answer == NTP_DROPPED) {
    trace_add(exchanges->plan->trace, "ntp: %s: dropped: %s", server->name, why);
    ntp_remark(server, REASON_BAD_REPLY, "no valid reply: %s", why);
    if (request->looked_at == DATAGRAMS_MAX) {
      close_request(exchanges, request); /* the rest of the wait passes without it */
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
  close_requests(exchanges, i);
  ntp_remark_lost(&exchanges->plan->servers[i]);
  if (others != 0) {
    exchange->open = others;
    return true;
  }
  exchange->lost++;
  if (exchange->lost == 1) {
    int64_t now_ns = clock_monotonic_ns();
    if (exchange->due_ns < now_ns) {
      exchange->due_ns = now_ns;
    }
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
    ntp_remark(server, REASON_TIMEOUT, "not asked: no file descriptor became free in time");
  }
  ntp_exchange_finish(exchanges, i);
}

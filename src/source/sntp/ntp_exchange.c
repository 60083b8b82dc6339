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

static void close_flight(struct ntp_lanes *lanes, struct ntp_flight *flight) {
  lanes->descriptors -= flight->fd >= 0;
  ntp_flight_close(flight);
}

static void close_flights(struct ntp_lanes *lanes, size_t i) {
  for (unsigned f = 0; f < NTP_POLL_AT_ONCE; f++) {
    close_flight(lanes, &lanes->lane[i].flight[f]);
  }
  lanes->lane[i].asking = false;
}

static void finish(struct ntp_lanes *lanes, size_t i) {
  const struct ntp_server *server = &lanes->plan->servers[i];
  close_flights(lanes, i);
  ntp_timers_clear(&lanes->timers, i);
  lanes->lane[i].over = true;
  lanes->left--;
  trace_add(lanes->plan->trace, "ntp: %s: %u good replies to %u requests%s%s", server->name,
            server->reply_count, server->sent, server->remark[0] != '\0' ? ": " : "",
            server->remark);
}

/* The addresses that are being asked, a bit each. */
static unsigned under_way(const struct ntp_lane *lane) {
  unsigned addresses = 0;
  for (unsigned f = 0; f < NTP_POLL_AT_ONCE; f++) {
    addresses |= lane->flight[f].fd >= 0 ? 1U << lane->which[f] : 0;
  }
  return addresses;
}

/* Goes on to the next of the addresses that are left, if there is one, at once: it is another host,
 * which was not asked yet. */
static void go_on(struct ntp_lanes *lanes, size_t i) {
  struct ntp_lane *lane = &lanes->lane[i];
  if (lane->open == 0) {
    finish(lanes, i);
    return;
  }
  lane->asking = false;
  ntp_timers_set(&lanes->timers, i, clock_monotonic_ns());
}

/* The address of this flight is not asked again, for what server->remark says. */
static void give_up(struct ntp_lanes *lanes, size_t i, unsigned f) {
  struct ntp_lane *lane = &lanes->lane[i];
  const struct ntp_server *server = &lanes->plan->servers[i];
  char text[SAMPLE_ADDRESS_BYTES];
  trace_add(lanes->plan->trace, "ntp: %s: %s is not asked again: %s", server->name,
            ntp_poll_address(&server->address[lane->which[f]], text), server->remark);
  close_flight(lanes, &lane->flight[f]);
  lane->open &= ~(1U << lane->which[f]);
  if (under_way(lane) == 0) {
    go_on(lanes, i);
  }
}

/* What connect(2), send(2) or recvmsg(2) says. */
static void failed(struct ntp_lanes *lanes, size_t i, unsigned f, int error) {
  struct ntp_server *server = &lanes->plan->servers[i];
  if (error == -ECONNREFUSED) {
    ntp_remark(server, REASON_NO_SERVICE, "port unreachable: no NTP server runs there");
  } else {
    ntp_remark(server, REASON_NO_SOURCE, "cannot be asked: %s", net_words(error));
  }
  give_up(lanes, i, f);
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
static int open_flights(struct ntp_lanes *lanes, size_t i) {
  struct ntp_lane *lane = &lanes->lane[i];
  const struct ntp_server *server = &lanes->plan->servers[i];
  size_t others = lanes->descriptors;
  unsigned count = choose(server, lane->open, lane->which);
  int errors[NTP_POLL_AT_ONCE] = {0};
  for (unsigned f = 0; f < count; f++) {
    struct ntp_flight *flight = &lane->flight[f];
    struct epoll_event event = {.events = EPOLLIN, .data.u64 = i * NTP_POLL_AT_ONCE + f};
    errors[f] = ntp_flight_open(flight, &server->address[lane->which[f]]);
    lanes->descriptors += errors[f] == 0;
    if ((errors[f] == -EMFILE || errors[f] == -ENFILE) && others > 0) {
      close_flights(lanes, i);
      return -EMFILE;
    }
    if (errors[f] == 0 && epoll_ctl(lanes->epoll, EPOLL_CTL_ADD, flight->fd, &event) != 0) {
      errors[f] = -errno;
    }
  }
  for (unsigned f = 0; f < count; f++) {
    if (errors[f] != 0) {
      failed(lanes, i, f, errors[f]);
    }
  }
  return 0;
}

/* One that has others behind it is not waited for as long. */
static int64_t wait_of(const struct ntp_plan *plan, const struct ntp_lane *lane) {
  return (lane->open & ~lane->asked) != 0 ? plan->wait_ns / 2 : plan->wait_ns;
}

int ntp_lane_ask(struct ntp_lanes *lanes, size_t i) {
  const struct ntp_plan *plan = lanes->plan;
  struct ntp_lane *lane = &lanes->lane[i];
  struct ntp_server *server = &plan->servers[i];
  int error = open_flights(lanes, i);
  if (error != 0 || under_way(lane) == 0) {
    return error;
  }
  lane->asking = true;
  lane->asked = under_way(lane);
  server->sent++;
  for (unsigned f = 0; f < NTP_POLL_AT_ONCE; f++) {
    struct ntp_flight *flight = &lane->flight[f];
    if (flight->fd < 0) {
      continue;
    }
    error = ntp_flight_send(flight);
    if (error != 0) {
      failed(lanes, i, f, error);
      continue;
    }
    char text[SAMPLE_ADDRESS_BYTES];
    lane->due_ns = flight->times.sent_monotonic_ns + plan->interval_ns;
    trace_add(
        plan->trace, "ntp: %s: request %u to %s, T1=%" PRId64 ".%09" PRId64 " transmit=%016" PRIx64,
        server->name, server->sent, ntp_poll_address(&server->address[lane->which[f]], text),
        flight->times.sent_ns / 1000000000, flight->times.sent_ns % 1000000000, flight->cookie);
  }
  if (under_way(lane) != 0) {
    ntp_timers_set(&lanes->timers, i, clock_monotonic_ns() + wait_of(plan, lane));
  }
  return 0;
}

/* Waits for the moment of the next request, if that lies before the end. */
static void ask_later(struct ntp_lanes *lanes, size_t i) {
  const struct ntp_lane *lane = &lanes->lane[i];
  if (lane->due_ns + NTP_LANE_LAST_WAIT_NS > lanes->plan->deadline_ns) {
    finish(lanes, i);
    return;
  }
  ntp_timers_set(&lanes->timers, i, lane->due_ns);
}

/* A good reply; the first one decides which address is asked from now on. */
static void accept_reply(struct ntp_lanes *lanes, size_t i, unsigned f,
                         const struct ntp_reply *reply) {
  const struct ntp_plan *plan = lanes->plan;
  struct ntp_lane *lane = &lanes->lane[i];
  struct ntp_server *server = &plan->servers[i];
  const struct ntp_flight *flight = &lane->flight[f];
  server->chosen = lane->which[f];
  ntp_heard(plan, flight, reply, server);
  server->replies[server->reply_count] = *reply;
  server->received_ns[server->reply_count++] = flight->times.received_monotonic_ns;
  server->reason = REASON_OK;
  server->remark[0] = '\0';
  lane->open = 1U << server->chosen;
  close_flights(lanes, i);
  if (server->reply_count == plan->samples) {
    finish(lanes, i);
  } else {
    ask_later(lanes, i);
  }
}

/* A kiss code is of the server, by whichever of the addresses it was asked. */
static void obey_kiss(struct ntp_lanes *lanes, size_t i) {
  struct ntp_lane *lane = &lanes->lane[i];
  const struct ntp_server *server = &lanes->plan->servers[i];
  trace_add(lanes->plan->trace, "ntp: %s: is not asked again: %s", server->name, server->remark);
  lane->open &= ~lane->asked;
  close_flights(lanes, i);
  go_on(lanes, i);
}

void ntp_lane_receive(struct ntp_lanes *lanes, size_t i, unsigned f) {
  struct ntp_server *server = &lanes->plan->servers[i];
  struct ntp_flight *flight = &lanes->lane[i].flight[f];
  uint8_t data[NTP_PACKET_REPLY_BYTES_MAX];
  char why[NTP_PACKET_WHY_BYTES] = "a datagram that is too long";
  struct ntp_reply reply;
  enum ntp_answer answer = NTP_DROPPED;
  /* An event of a flight that was closed since is nobody's. */
  ssize_t bytes = flight->fd >= 0 ? ntp_flight_receive(flight, data) : -EAGAIN;
  if (bytes == -EAGAIN) {
    return;
  }
  if (bytes < 0 && bytes != -EMSGSIZE) {
    failed(lanes, i, f, (int)bytes);
    return;
  }
  if (bytes >= 0) {
    answer = ntp_packet_read(data, (size_t)bytes, flight->cookie, &flight->times, &reply, why);
  }
  if (answer == NTP_GOOD) {
    accept_reply(lanes, i, f, &reply);
  } else if (answer == NTP_DROPPED) {
    trace_add(lanes->plan->trace, "ntp: %s: dropped: %s", server->name, why);
    ntp_remark(server, REASON_BAD_REPLY, "no good reply: %s", why);
    if (flight->looked_at == DATAGRAMS_MAX) {
      close_flight(lanes, flight); /* the rest of the wait passes without it */
    }
  } else if (answer == NTP_UNSYNCHRONISED) {
    ntp_remark(server, REASON_NOT_SYNCHRONISED, "%s", why);
    give_up(lanes, i, f);
  } else {
    ntp_remark(server, REASON_DENIED, "%s", why);
    obey_kiss(lanes, i);
  }
}

bool ntp_lane_due(struct ntp_lanes *lanes, size_t i) {
  struct ntp_lane *lane = &lanes->lane[i];
  if (!lane->asking) {
    return true;
  }
  unsigned others = lane->open & ~lane->asked;
  close_flights(lanes, i);
  ntp_remark_lost(&lanes->plan->servers[i]);
  if (others != 0) {
    lane->open = others;
    return true;
  }
  lane->lost++;
  if (lane->lost == 1) {
    int64_t now_ns = clock_monotonic_ns();
    lane->due_ns = lane->due_ns > now_ns ? lane->due_ns : now_ns;
    ask_later(lanes, i);
  } else {
    finish(lanes, i);
  }
  return false;
}

void ntp_lane_end(struct ntp_lanes *lanes, size_t i) {
  struct ntp_server *server = &lanes->plan->servers[i];
  if (lanes->lane[i].asking) {
    ntp_remark_lost(server);
  } else if (server->sent == 0) {
    ntp_remark(server, REASON_TIMEOUT, "not asked: no descriptor became free in time");
  }
  finish(lanes, i);
}

/*
 * One server's way through the poll loop: request, reply, the next request.
 *
 * Polite first (RFC 4330 section 10): a server that does not answer is asked once more, and not
 * before its answer could have come; one that refuses, sends a kiss code or has no time to give is
 * left alone. A datagram that is no answer may be forged by anyone, so it ends nothing: the wait
 * goes on, for a bounded number of them.
 */
#include "ntp_monitor/ntp_lane.h"

#include <errno.h>
#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <sys/epoll.h>

#include "ntp_monitor/clock.h"
#include "ntp_monitor/net.h"
#include "ntp_monitor/ntp_packet.h"
#include "ntp_monitor/trace.h"

enum { DATAGRAMS_MAX = 64 }; /* looked at for each request */

/* A request this short before the deadline would only be a lost one. */
static const int64_t LAST_WAIT_NS = INT64_C(100000000);

static void say(struct ntp_server *server, enum reason reason, const char *format, ...)
    __attribute__((format(printf, 3, 4)));

static void say(struct ntp_server *server, enum reason reason, const char *format, ...) {
  va_list arguments;
  va_start(arguments, format);
  (void)vsnprintf(server->remark, sizeof server->remark, format, arguments);
  va_end(arguments);
  server->reason = reason;
}

static void close_flight(struct ntp_lanes *lanes, struct ntp_flight *flight) {
  lanes->descriptors -= flight->fd >= 0;
  ntp_flight_close(flight);
}

static void close_flights(struct ntp_lanes *lanes, size_t i) {
  for (unsigned a = 0; a < NTP_POLL_ADDRESSES; a++) {
    close_flight(lanes, &lanes->lane[i].flight[a]);
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

/* This address is not asked again, for what server->remark says. */
static void give_up(struct ntp_lanes *lanes, size_t i, unsigned address) {
  struct ntp_lane *lane = &lanes->lane[i];
  const struct ntp_server *server = &lanes->plan->servers[i];
  char text[SAMPLE_ADDRESS_BYTES];
  trace_add(lanes->plan->trace, "ntp: %s: %s is not asked again: %s", server->name,
            ntp_poll_address(&server->address[address], text), server->remark);
  close_flight(lanes, &lane->flight[address]);
  lane->open &= ~(1U << address);
  if (lane->open == 0) {
    finish(lanes, i);
  }
}

/* What connect(2), send(2) or recvmsg(2) says: 0 where it is no matter. */
static void failed(struct ntp_lanes *lanes, size_t i, unsigned address, int error) {
  struct ntp_server *server = &lanes->plan->servers[i];
  if (error == -ECONNREFUSED) {
    say(server, REASON_NO_SERVICE, "port unreachable: no NTP server runs there");
  } else {
    say(server, REASON_NO_SOURCE, "cannot be asked: %s", net_words(error));
  }
  give_up(lanes, i, address);
}

/* Opens what may be asked; -EMFILE, with all closed again, where waiting for others can help. */
static int open_flights(struct ntp_lanes *lanes, size_t i) {
  struct ntp_lane *lane = &lanes->lane[i];
  size_t others = lanes->descriptors;
  for (unsigned a = 0; a < NTP_POLL_ADDRESSES && lane->open != 0; a++) {
    struct ntp_flight *flight = &lane->flight[a];
    struct epoll_event event = {.events = EPOLLIN, .data.u64 = i * NTP_POLL_ADDRESSES + a};
    if ((lane->open & 1U << a) == 0) {
      continue;
    }
    int error = ntp_flight_open(flight, &lanes->plan->servers[i].address[a]);
    lanes->descriptors += error == 0;
    if ((error == -EMFILE || error == -ENFILE) && others > 0) {
      close_flights(lanes, i);
      return -EMFILE;
    }
    if (error == 0 && epoll_ctl(lanes->epoll, EPOLL_CTL_ADD, flight->fd, &event) != 0) {
      error = -errno;
    }
    if (error != 0) {
      failed(lanes, i, a, error);
    }
  }
  return 0;
}

int ntp_lane_ask(struct ntp_lanes *lanes, size_t i) {
  const struct ntp_plan *plan = lanes->plan;
  struct ntp_lane *lane = &lanes->lane[i];
  struct ntp_server *server = &plan->servers[i];
  int error = open_flights(lanes, i);
  if (error != 0 || lane->over) {
    return error;
  }
  lane->asking = true;
  server->sent++;
  for (unsigned a = 0; a < NTP_POLL_ADDRESSES && !lane->over; a++) {
    struct ntp_flight *flight = &lane->flight[a];
    if (flight->fd < 0) {
      continue;
    }
    error = ntp_flight_send(flight);
    if (error != 0) {
      failed(lanes, i, a, error);
      continue;
    }
    char text[SAMPLE_ADDRESS_BYTES];
    lane->due_ns = flight->times.sent_monotonic_ns + plan->interval_ns;
    trace_add(
        plan->trace, "ntp: %s: request %u to %s, T1=%" PRId64 ".%09" PRId64 " transmit=%016" PRIx64,
        server->name, server->sent, ntp_poll_address(&server->address[a], text),
        flight->times.sent_ns / 1000000000, flight->times.sent_ns % 1000000000, flight->cookie);
  }
  if (!lane->over) {
    ntp_timers_set(&lanes->timers, i, clock_monotonic_ns() + plan->wait_ns);
  }
  return 0;
}

/* Waits for the moment of the next request, if that lies before the end. */
static void ask_later(struct ntp_lanes *lanes, size_t i) {
  const struct ntp_lane *lane = &lanes->lane[i];
  if (lane->due_ns + LAST_WAIT_NS > lanes->plan->deadline_ns) {
    finish(lanes, i);
    return;
  }
  ntp_timers_set(&lanes->timers, i, lane->due_ns);
}

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

/* A good reply; the first one decides which address is asked from now on. */
static void accept_reply(struct ntp_lanes *lanes, size_t i, unsigned address,
                         const struct ntp_reply *reply) {
  const struct ntp_plan *plan = lanes->plan;
  struct ntp_lane *lane = &lanes->lane[i];
  struct ntp_server *server = &plan->servers[i];
  const struct ntp_flight *flight = &lane->flight[address];
  trace_reply(plan, server, &flight->times, reply);
  server->chosen = address;
  server->follows_us |= reply->stratum > 1 && ntp_flight_is_ours(flight, reply->reference);
  server->replies[server->reply_count] = *reply;
  server->received_ns[server->reply_count++] = flight->times.received_monotonic_ns;
  server->reason = REASON_OK;
  server->remark[0] = '\0';
  lane->open = 1U << address;
  close_flights(lanes, i);
  if (server->reply_count == plan->samples) {
    finish(lanes, i);
  } else {
    ask_later(lanes, i);
  }
}

void ntp_lane_receive(struct ntp_lanes *lanes, size_t i, unsigned address) {
  struct ntp_server *server = &lanes->plan->servers[i];
  struct ntp_flight *flight = &lanes->lane[i].flight[address];
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
    failed(lanes, i, address, (int)bytes);
    return;
  }
  if (bytes >= 0) {
    answer = ntp_packet_read(data, (size_t)bytes, flight->cookie, &flight->times, &reply, why);
  }
  if (answer == NTP_GOOD) {
    accept_reply(lanes, i, address, &reply);
  } else if (answer == NTP_DROPPED) {
    trace_add(lanes->plan->trace, "ntp: %s: dropped: %s", server->name, why);
    say(server, REASON_BAD_REPLY, "no good reply: %s", why);
    if (flight->looked_at == DATAGRAMS_MAX) {
      close_flight(lanes, flight); /* the rest of the wait passes without it */
    }
  } else {
    bool kiss = answer != NTP_UNSYNCHRONISED; /* of the server, by whatever address it is asked */
    say(server, kiss ? REASON_DENIED : REASON_NOT_SYNCHRONISED, "%s", why);
    if (kiss) {
      trace_add(lanes->plan->trace, "ntp: %s: is not asked again: %s", server->name, why);
      finish(lanes, i);
    } else {
      give_up(lanes, i, address);
    }
  }
}

/* The words for a request without a good reply; what came instead stands there already. */
static void say_lost(struct ntp_server *server) {
  if (server->reason == REASON_BAD_REPLY) {
    return;
  }
  if (server->reply_count == 0) {
    say(server, REASON_TIMEOUT, "no reply to %u request%s", server->sent,
        server->sent == 1 ? "" : "s");
  } else {
    say(server, REASON_TIMEOUT, "%u of %u requests had no reply",
        server->sent - server->reply_count, server->sent);
  }
}

bool ntp_lane_due(struct ntp_lanes *lanes, size_t i) {
  struct ntp_lane *lane = &lanes->lane[i];
  if (!lane->asking) {
    return true;
  }
  close_flights(lanes, i);
  say_lost(&lanes->plan->servers[i]);
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
    say_lost(server);
  } else if (server->sent == 0) {
    say(server, REASON_TIMEOUT, "not asked: no descriptor became free in time");
  }
  finish(lanes, i);
}

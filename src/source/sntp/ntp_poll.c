/*
 * The one poll loop: many NTP servers asked side by side, several times each, under a deadline.
 *
 * The cost depends on the replies and due requests, not on the number of servers: each has one
 * timer, and the events of its sockets name it. If descriptors run out, servers wait in line until
 * others have their answers.
 */
#include "source/sntp/ntp_poll.h"

#include <errno.h>
#include <limits.h>
#include <netdb.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/resource.h>
#include <unistd.h>

#include "ntp_monitor/clock.h"
#include "ntp_monitor/duration.h"
#include "ntp_monitor/trace.h"
#include "source/sntp/ntp_exchange.h"
#include "source/sntp/ntp_packet.h"

enum {
  BATCH = 64, /* requests between two looks at what came in, and the other way round */
  DESCRIPTORS_BESIDE = 64
};

/* Servers that wait for a descriptor, first come first served: a ring. */
struct line {
  size_t *server;
  size_t size, first, count;
};

struct loop {
  struct ntp_exchanges exchanges;
  struct line line;
  struct rlimit limit; /* as it was */
  bool raised;
  int interrupted; /* how often in a row */
};

/* Consecutive EINTR results before the wait counts as failed; unbounded, it would spin. */
enum { INTERRUPTED_MAX = 100 };

const char *ntp_poll_address(const struct net_address *address, char out[SAMPLE_ADDRESS_BYTES]) {
  if (getnameinfo((const struct sockaddr *)&address->socket, address->length_bytes, out,
                  SAMPLE_ADDRESS_BYTES, NULL, 0, NI_NUMERICHOST) != 0) {
    out[0] = '\0';
  }
  return out;
}

static int line_init(struct line *line, size_t size) {
  *line = (struct line){.server = calloc(size, sizeof *line->server), .size = size};
  if (line->server == NULL) {
    return -ENOMEM;
  }
  return 0;
}

static void line_add(struct line *line, size_t server) {
  line->server[(line->first + line->count++) % line->size] = server;
}

static size_t line_take(struct line *line) {
  size_t server = line->server[line->first];
  line->first = (line->first + 1) % line->size;
  line->count--;
  return server;
}

/* A descriptor for each address at once, and some that are open already. */
static void raise_limit(struct loop *loop) {
  const struct ntp_plan *plan = loop->exchanges.plan;
  struct rlimit wanted;
  rlim_t needed = DESCRIPTORS_BESIDE;
  for (size_t i = 0; i < plan->count; i++) {
    unsigned addresses = plan->servers[i].address_count;
    needed += addresses < NTP_POLL_AT_ONCE ? addresses : NTP_POLL_AT_ONCE;
  }
  if (getrlimit(RLIMIT_NOFILE, &loop->limit) == 0 && needed > loop->limit.rlim_cur) {
    wanted = (struct rlimit){.rlim_cur = loop->limit.rlim_max, .rlim_max = loop->limit.rlim_max};
    loop->raised = setrlimit(RLIMIT_NOFILE, &wanted) == 0;
  }
}

static void stand_in_line(struct loop *loop, size_t i) {
  timers_clear(&loop->exchanges.timers, i);
  line_add(&loop->line, i);
}

static void ntp_poll_ask(struct loop *loop, size_t i) {
  struct ntp_plan *plan = loop->exchanges.plan;
  if (ntp_exchange_ask(&loop->exchanges, i) == 0) {
    return;
  }
  if (plan->at_once == 0) {
    trace_add(plan->trace, "ntp: only %zu file descriptors: asking the servers in batches",
              loop->exchanges.descriptors);
  }
  plan->at_once = loop->exchanges.descriptors;
  stand_in_line(loop, i);
}

static void ask_line(struct loop *loop) {
  const struct ntp_exchanges *exchanges = &loop->exchanges;
  while (loop->line.count > 0 &&
         (exchanges->descriptors == 0 ||
          exchanges->descriptors + NTP_POLL_AT_ONCE <= exchanges->plan->at_once)) {
    ntp_poll_ask(loop, line_take(&loop->line));
  }
}

static void run_due(struct loop *loop, int64_t now_ns) {
  struct timers *timers = &loop->exchanges.timers;
  for (int n = 0; n < BATCH; n++) {
    size_t i = timers_first(timers);
    if (i == TIMERS_NONE || timers->when_ns[i] > now_ns) {
      return;
    }
    if (!ntp_exchange_due(&loop->exchanges, i)) {
      continue;
    }
    if (loop->line.count == 0) {
      ntp_poll_ask(loop, i);
    } else {
      stand_in_line(loop, i);
    }
  }
}

/* Waits for datagrams until something is due, and reads them: 0 or a negative errno. */
static int take_in(struct loop *loop) {
  struct ntp_exchanges *exchanges = &loop->exchanges;
  struct epoll_event events[BATCH];
  size_t next = timers_first(&exchanges->timers);
  int64_t until_ns = exchanges->plan->deadline_ns;
  if (next != TIMERS_NONE && exchanges->timers.when_ns[next] < until_ns) {
    until_ns = exchanges->timers.when_ns[next];
  }
  int count = epoll_wait(exchanges->epoll, events, BATCH, clock_left_ms(until_ns));
  if (count < 0) {
    if (errno == EINTR && ++loop->interrupted < INTERRUPTED_MAX) {
      return 0;
    }
    return -errno;
  }
  loop->interrupted = 0;
  for (int n = 0; n < count; n++) {
    size_t whose = (size_t)events[n].data.u64; /* as ntp_exchange.c put it in */
    ntp_exchange_receive(exchanges, whose / NTP_POLL_AT_ONCE, (unsigned)(whose % NTP_POLL_AT_ONCE));
  }
  return 0;
}

static int run(struct loop *loop) {
  struct ntp_exchanges *exchanges = &loop->exchanges;
  int error = 0;
  while (exchanges->left > 0 && error == 0) {
    int64_t now_ns = clock_monotonic_ns();
    if (now_ns >= exchanges->plan->deadline_ns) {
      break;
    }
    run_due(loop, now_ns);
    ask_line(loop);
    if (exchanges->left > 0) {
      error = take_in(loop);
    }
  }
  for (size_t i = 0; i < exchanges->plan->count; i++) {
    if (!exchanges->exchange[i].over) {
      ntp_exchange_end(exchanges, i);
    }
  }
  return error;
}

/* Allocates one block for the replies of all servers and one for their times. */
static int give_room(struct ntp_plan *plan) {
  plan->replies = calloc(plan->count * plan->samples, sizeof *plan->replies);
  plan->received_ns = calloc(plan->count * plan->samples, sizeof *plan->received_ns);
  if (plan->replies == NULL || plan->received_ns == NULL) {
    return -ENOMEM;
  }
  for (size_t i = 0; i < plan->count; i++) {
    plan->servers[i].replies = plan->replies + i * plan->samples;
    plan->servers[i].received_ns = plan->received_ns + i * plan->samples;
  }
  return 0;
}

void ntp_poll_free(struct ntp_plan *plan) {
  free(plan->replies);
  free(plan->received_ns);
  plan->replies = NULL;
  plan->received_ns = NULL;
}

/* Makes every server with an address due at once, in order. */
static void line_up(struct ntp_exchanges *exchanges, int64_t now_ns) {
  for (size_t i = 0; i < exchanges->plan->count; i++) {
    struct ntp_exchange *exchange = &exchanges->exchange[i];
    unsigned addresses = exchanges->plan->servers[i].address_count;
    *exchange = (struct ntp_exchange){.request = {{.fd = -1}, {.fd = -1}}, .over = addresses == 0};
    if (addresses > 0) {
      exchange->open = (1U << addresses) - 1;
      timers_set(&exchanges->timers, i, now_ns + (int64_t)i);
      exchanges->left++;
    }
  }
}

static void trace_plan(struct ntp_plan *plan, int64_t now_ns) {
  char span[DURATION_TEXT_BYTES];
  int64_t left_ns = plan->deadline_ns - NTP_EXCHANGE_LAST_WAIT_NS - now_ns;
  int64_t fit = 0;
  if (left_ns > 0) {
    fit = left_ns / plan->interval_ns + 1;
  }
  plan->one_fits = fit < 2 && plan->samples > 1;
  trace_add(plan->trace, "ntp: %zu servers, %u samples of each, %s apart%s", plan->count,
            plan->samples, duration_print(span, plan->interval_ns),
            fit < plan->samples ? "; the time left allows fewer" : "");
}

int ntp_poll(struct ntp_plan *plan) {
  struct loop loop = {.exchanges = {.plan = plan, .epoll = -1}};
  struct ntp_exchanges *exchanges = &loop.exchanges;
  int64_t now_ns = clock_monotonic_ns();
  plan->at_once = 0;
  if (plan->interval_ns < NTP_POLL_INTERVAL_LEAST_NS) {
    plan->interval_ns = NTP_POLL_INTERVAL_LEAST_NS;
  }
  trace_plan(plan, now_ns);
  int error = give_room(plan);
  exchanges->exchange = calloc(plan->count, sizeof *exchanges->exchange);
  if (error != 0 || exchanges->exchange == NULL || line_init(&loop.line, plan->count) != 0 ||
      timers_init(&exchanges->timers, plan->count) != 0) {
    error = -ENOMEM;
    goto out;
  }
  raise_limit(&loop);
  exchanges->epoll = epoll_create1(EPOLL_CLOEXEC);
  if (exchanges->epoll < 0) {
    error = -errno;
  } else {
    line_up(exchanges, now_ns);
    error = run(&loop);
    (void)close(exchanges->epoll);
  }
  if (loop.raised) {
    (void)setrlimit(RLIMIT_NOFILE, &loop.limit);
  }
out:
  timers_free(&exchanges->timers);
  free(loop.line.server);
  free(exchanges->exchange);
  return error;
}

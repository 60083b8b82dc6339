/*
 * The source sntp: NTP servers asked directly, without a daemon in between.
 *
 * Only configured servers are asked, each at intervals. Two names of one address are one server,
 * and this machine is none. The addresses of a name belong to one server, those of a pool to as
 * many servers. Names are resolved in parallel in half of the time left, servers asked in parallel
 * in the rest.
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "ntp_monitor/ask.h"
#include "ntp_monitor/clock.h"
#include "ntp_monitor/config.h"
#include "ntp_monitor/env.h"
#include "ntp_monitor/net.h"
#include "ntp_monitor/net_hostport.h"
#include "ntp_monitor/net_own.h"
#include "ntp_monitor/sample.h"
#include "ntp_monitor/source.h"
#include "ntp_monitor/text.h"
#include "ntp_monitor/trace.h"
#include "ntp_monitor/why.h"
#include "source/sntp/ntp_poll.h"
#include "source/sntp/ntp_sample.h"
#include "source/sntp/ntp_unique.h"

enum { PORT = 123, POOL_MAX = 4 /* votes of one name, as chronyd's pool */ };

static const char between[] = ", \t";

/* A configured server or pool. */
struct item {
  struct net_hostport server;
  char text[SAMPLE_SERVER_BYTES]; /* as written, escaped */
  bool pool;
};

struct list {
  size_t count;
  struct item *item;
  struct net_name *name; /* by the same index */
  struct ntp_server *server;
  size_t server_count; /* a pool counts as several */
};

static void list_free(struct list *list) {
  free(list->item);
  free(list->name);
  free(list->server);
}

static size_t count_words(const char *text) {
  size_t count = 0;
  for (text += strspn(text, between); *text != '\0'; text += strspn(text, between)) {
    text += strcspn(text, between);
    count++;
  }
  return count;
}

/* Adds the next word of *text to list, which has room for it: 0, or -EINVAL with why. */
static int add_word(struct list *list, const char **text, struct why *why) {
  char word[NET_HOST_BYTES + 16]; /* pool:[host]:12345 */
  struct item *item = &list->item[list->count];
  *text += strspn(*text, between);
  size_t length = strcspn(*text, between);
  if (length >= sizeof word) {
    return why_set(why, REASON_NO_SOURCE, -EINVAL, "'%.40s...' is too long for a host name", *text);
  }
  memcpy(word, *text, length);
  word[length] = '\0';
  *text += length;
  const char *server = net_hostport_skip_pool(word, &item->pool);
  int error = net_hostport_parse(server, PORT, NULL, &item->server, why);
  if (error != 0) {
    why->reason = REASON_NO_SOURCE; /* not the file's fault: the command line may have it */
    return error;
  }
  text_escape(item->text, sizeof item->text, server, strlen(server));
  list->name[list->count++] =
      (struct net_name){.host = item->server.host, .port = item->server.port};
  return 0;
}

static int read_list(const char *text, struct list *list, struct why *why) {
  size_t count = count_words(text);
  if (count == 0) {
    return why_set(
        why, REASON_NO_SOURCE, -EINVAL,
        "no NTP server is configured" WHY_ADVICE
        "use -s sntp:HOST,HOST,..., or servers = HOST ... in section [sntp] of the configuration");
  }
  if (count > SAMPLE_MAX) {
    return why_set(why, REASON_NO_SOURCE, -E2BIG,
                   "%zu NTP servers are configured" WHY_ADVICE "the maximum is %d", count,
                   SAMPLE_MAX);
  }
  list->item = calloc(count, sizeof *list->item);
  list->name = calloc(count, sizeof *list->name);
  if (list->item == NULL || list->name == NULL) {
    return why_set(why, REASON_NO_SOURCE, -ENOMEM, "no memory for %zu NTP servers", count);
  }
  while (list->count < count) {
    int error = add_word(list, &text, why);
    if (error != 0) {
      return error;
    }
  }
  return 0;
}

/* --- addresses ---------------------------------------------------------------- */

/* Returns the number of servers that the i-th name stands for. */
static size_t servers_of(const struct list *list, size_t i) {
  size_t count = (size_t)list->name[i].count;
  if (!list->item[i].pool || count == 0) {
    return 1;
  }
  return count < POOL_MAX ? count : POOL_MAX;
}

/* Adds the servers of the i-th name. A pool's addresses beyond its votes are spares for these. */
static void add_servers(struct trace *trace, struct list *list, size_t i) {
  const struct net_name *name = &list->name[i];
  size_t begin = list->server_count;
  list->server_count += servers_of(list, i);
  for (size_t k = begin; k < list->server_count; k++) {
    list->server[k].name = list->item[i].text;
  }
  if (name->count == 0) {
    struct ntp_server *server = &list->server[begin];
    server->lookup = name->problem;
    (void)snprintf(server->remark, sizeof server->remark, "looking it up: %s", name->problem);
    server->reason = name->reason;
    trace_add(trace, "sntp: %s: %s", server->name, server->remark);
  }
  for (int a = 0; a < name->count; a++) {
    struct ntp_server *server = &list->server[begin + (size_t)a % (list->server_count - begin)];
    server->address[server->address_count++] = name->addresses[a];
  }
}

/* Finds the addresses of all servers, or the reason why one has none. */
static int find_addresses(const struct ask *ask, struct list *list, const struct net_own *own,
                          struct why *why) {
  int64_t now_ns = clock_monotonic_ns();
  size_t servers = 0;
  int error = net_resolve_all(list->name, list->count, now_ns + (ask->deadline_ns - now_ns) / 2);
  if (error != 0) {
    return why_set(why, REASON_NO_SOURCE, error, "looking up %zu NTP servers: %s", list->count,
                   strerror(-error));
  }
  for (size_t i = 0; i < list->count; i++) {
    servers += servers_of(list, i);
  }
  if (servers > SAMPLE_MAX) {
    return why_set(why, REASON_NO_SOURCE, -E2BIG,
                   "%zu NTP servers are configured" WHY_ADVICE "the maximum is %d", servers,
                   SAMPLE_MAX);
  }
  list->server = calloc(servers + 1, sizeof *list->server); /* calloc of 0 may return NULL */
  if (list->server == NULL) {
    return why_set(why, REASON_NO_SOURCE, -ENOMEM, "no memory for %zu NTP servers", servers);
  }
  for (size_t i = 0; i < list->count; i++) {
    add_servers(ask->env->trace, list, i);
  }
  if (ntp_unique(list->server, list->server_count, own, ask->env->trace) != 0) {
    return why_set(why, REASON_NO_SOURCE, -ENOMEM, "no memory for %zu NTP servers", servers);
  }
  return 0;
}

/* --- the source ----------------------------------------------------------------- */

static int sntp_ask(const struct ask *ask, struct list *list, const struct net_own *own,
                    struct samples *samples, struct why *why) {
  struct ntp_plan plan = {.servers = list->server,
                          .count = list->server_count,
                          .samples = (unsigned)ask->config->sntp_samples,
                          .interval_ns = ask->config->sntp_interval_ns,
                          .wait_ns = NTP_POLL_WAIT_NS,
                          .deadline_ns = ask->deadline_ns,
                          .own = own,
                          .trace = ask->env->trace};
  int error = ntp_poll(&plan);
  if (error != 0) {
    (void)why_set(why, REASON_NO_SOURCE, error, "asking %zu NTP servers: %s", list->server_count,
                  strerror(-error));
  } else {
    error = ntp_sample_read(&plan, clock_monotonic_ns(), samples, why);
  }
  ntp_poll_free(&plan);
  return error;
}

static int measure_sntp(const struct ask *ask, struct samples *samples, struct why *why) {
  struct list list = {.count = 0};
  struct net_own own = {.count = 0};
  const char *servers = ask->config->sntp_servers;
  if (ask->argument != NULL) {
    servers = ask->argument;
  }
  int error = read_list(servers, &list, why);
  if (error == 0 && net_own_find(&own, ask->env->trace) != 0) {
    error = why_set(why, REASON_NO_SOURCE, -ENOMEM, "no memory for this machine's addresses");
  }
  if (error == 0) {
    error = find_addresses(ask, &list, &own, why);
  }
  if (error == 0) {
    error = sntp_ask(ask, &list, &own, samples, why);
  }
  net_own_free(&own);
  list_free(&list);
  return error;
}

const struct source source_sntp = {
    .name = "sntp",
    .argument = "HOST,...",
    .optional = true,
    .automatic = true,
    .summary = "NTP servers, queried directly",
    .measure = measure_sntp,
};

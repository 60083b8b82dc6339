/*
 * The source sntp: NTP servers, each asked itself, with no daemon in between.
 *
 * Only those that somebody named are asked, and each once in a while: two names for one address are
 * one server. Names are looked up side by side in half of the time left, servers asked side by side
 * in the rest.
 */
#include <errno.h>
#include <netinet/in.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "ntp_monitor/address.h"
#include "ntp_monitor/clock.h"
#include "ntp_monitor/config.h"
#include "ntp_monitor/env.h"
#include "ntp_monitor/net.h"
#include "ntp_monitor/ntp_poll.h"
#include "ntp_monitor/ntp_reading.h"
#include "ntp_monitor/sample.h"
#include "ntp_monitor/source.h"
#include "ntp_monitor/text.h"
#include "ntp_monitor/trace.h"
#include "ntp_monitor/why.h"

enum { PORT = 123 };

static const char between[] = ", \t";

/* An address in a form that can be compared; an IPv4 address as its IPv6 form (RFC 4291 section
 * 2.5.5.2), for it may be written so. */
struct key {
  struct in6_addr address;
  uint32_t scope;
  uint16_t port;
  unsigned which; /* of the server's addresses */
  size_t server;
};

/* The servers as they were named, all by the same index. */
struct list {
  size_t count;
  struct address *address;
  char (*text)[SAMPLE_SERVER_BYTES]; /* as it was written, escaped */
  struct net_name *name;
  struct ntp_server *server;
  struct key *key; /* of all their addresses, at most NET_FAMILIES each */
  size_t key_count;
};

static void list_free(struct list *list) {
  free(list->address);
  free(list->text);
  free(list->name);
  free(list->server);
  free(list->key);
}

static size_t count_words(const char *text) {
  size_t count = 0;
  for (text += strspn(text, between); *text != '\0'; text += strspn(text, between)) {
    text += strcspn(text, between);
    count++;
  }
  return count;
}

/* The next word of *text into list, which has room for it: 0 or -EINVAL with why filled. */
static int add_word(struct list *list, const char **text, struct why *why) {
  char word[ADDRESS_TEXT_BYTES + 8]; /* [host]:12345 */
  size_t i = list->count;
  *text += strspn(*text, between);
  size_t length = strcspn(*text, between);
  if (length >= sizeof word) {
    return why_set(why, REASON_NO_SOURCE, -EINVAL, "'%.40s...' is too long for a host name", *text);
  }
  memcpy(word, *text, length);
  word[length] = '\0';
  *text += length;
  int error = address_parse_server(word, PORT, &list->address[i], why);
  if (error != 0) {
    why->reason = REASON_NO_SOURCE; /* not the file's fault: the command line may have it */
    return error;
  }
  text_escape(list->text[i], sizeof list->text[i], word, length);
  list->name[i] = (struct net_name){.host = list->address[i].text, .port = list->address[i].port};
  list->server[i].name = list->text[i];
  list->count++;
  return 0;
}

static int read_list(const char *text, struct list *list, struct why *why) {
  size_t count = count_words(text);
  if (count == 0) {
    return why_set(why, REASON_NO_SOURCE, -EINVAL,
                   "no NTP server is named; write -s sntp:HOST,HOST..., or servers = HOST ... in "
                   "the section [sntp] of the configuration");
  }
  if (count > SAMPLE_MAX) {
    return why_set(why, REASON_NO_SOURCE, -E2BIG, "%zu NTP servers are named; at most %d can be",
                   count, SAMPLE_MAX);
  }
  list->address = calloc(count, sizeof *list->address);
  list->text = calloc(count, sizeof *list->text);
  list->name = calloc(count, sizeof *list->name);
  list->server = calloc(count, sizeof *list->server);
  list->key = calloc(count * NET_FAMILIES, sizeof *list->key);
  if (list->address == NULL || list->text == NULL || list->name == NULL || list->server == NULL ||
      list->key == NULL) {
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

static struct key key_of(const struct net_address *address, size_t server, unsigned which) {
  const struct sockaddr_in *v4 = (const struct sockaddr_in *)&address->socket;
  const struct sockaddr_in6 *v6 = (const struct sockaddr_in6 *)&address->socket;
  struct key key = {.server = server, .which = which};
  if (address->socket.ss_family == AF_INET) {
    key.address.s6_addr[10] = key.address.s6_addr[11] = 0xff;
    memcpy(&key.address.s6_addr[12], &v4->sin_addr, sizeof v4->sin_addr);
    key.port = v4->sin_port;
  } else {
    key.address = v6->sin6_addr;
    key.scope = v6->sin6_scope_id;
    key.port = v6->sin6_port;
  }
  return key;
}

static int compare_addresses(const struct key *a, const struct key *b) {
  int order = memcmp(&a->address, &b->address, sizeof a->address);
  if (order != 0) {
    return order;
  }
  return a->port != b->port ? a->port - b->port : (a->scope > b->scope) - (a->scope < b->scope);
}

/* Equal addresses in the order of their servers. */
static int compare(const void *a, const void *b) {
  const struct key *left = a;
  const struct key *right = b;
  int order = compare_addresses(left, right);
  return order != 0 ? order : (left->server > right->server) - (left->server < right->server);
}

/* Whether one server can be at it: a group of hosts is never asked (RFC 4330 section 10), and the
 * unspecified address would be ourselves. */
static bool is_host(const struct key *key) {
  static const uint8_t broadcast[] = {0xff, 0xff, 0xff, 0xff};
  const uint8_t *v4 = &key->address.s6_addr[12];
  if (!IN6_IS_ADDR_V4MAPPED(&key->address)) {
    return !IN6_IS_ADDR_MULTICAST(&key->address) && !IN6_IS_ADDR_UNSPECIFIED(&key->address);
  }
  return v4[0] != 0 && v4[0] >> 4 != 0xe && memcmp(v4, broadcast, sizeof broadcast) != 0;
}

static void drop_address(struct ntp_server *server, const struct key *key) {
  if (key->which == 0) {
    server->address[0] = server->address[1];
  }
  server->address_count--;
}

/* Takes from a server the addresses that none may be asked at, and those that another has. */
static void drop_addresses(struct trace *trace, struct list *list) {
  const struct key *first = NULL;
  const struct key *keys = list->key;
  if (list->key_count == 0) {
    return;
  }
  qsort(list->key, list->key_count, sizeof *keys, compare);
  for (size_t i = 0; i < list->key_count; i++) {
    struct ntp_server *server = &list->server[keys[i].server];
    bool again = first != NULL && compare_addresses(first, &keys[i]) == 0;
    if (!is_host(&keys[i])) {
      (void)snprintf(server->remark, sizeof server->remark, "not the address of one host");
      server->reason = REASON_NO_SOURCE;
    } else if (again) {
      (void)snprintf(server->remark, sizeof server->remark,
                     "the same address as %.100s: asked once", list->text[first->server]);
      server->reason = REASON_OK;
      server->duplicate = server->address_count == 1;
      trace_add(trace, "sntp: %s: %s", server->name, server->remark);
    } else {
      first = &keys[i];
      continue;
    }
    /* Two of one server are not equal: they are of two families. */
    drop_address(server, &keys[i]);
  }
}

/* Addresses for all that have some, and the reason for those that have none. */
static int find_addresses(const struct env *env, struct list *list, struct why *why) {
  int64_t now_ns = clock_monotonic_ns();
  int error =
      net_resolve_all(list->name, list->count, now_ns + (env->measure_deadline_ns - now_ns) / 2);
  if (error != 0) {
    return why_set(why, REASON_NO_SOURCE, error, "looking up %zu NTP servers: %s", list->count,
                   strerror(-error));
  }
  for (size_t i = 0; i < list->count; i++) {
    const struct net_name *name = &list->name[i];
    struct ntp_server *server = &list->server[i];
    if (name->count == 0) {
      (void)snprintf(server->remark, sizeof server->remark, "looking it up: %s", name->problem);
      server->reason = name->reason;
      trace_add(env->trace, "sntp: %s: %s", server->name, server->remark);
    }
    server->address_count = (unsigned)name->count;
    for (unsigned a = 0; a < server->address_count; a++) {
      server->address[a] = name->addresses[a];
      list->key[list->key_count++] = key_of(&name->addresses[a], i, a);
    }
  }
  drop_addresses(env->trace, list);
  return 0;
}

/* --- the source ----------------------------------------------------------------- */

static int ask(const struct env *env, const struct config *config, struct list *list,
               struct samples *samples, struct why *why) {
  struct ntp_plan plan = {.servers = list->server,
                          .count = list->count,
                          .samples = (unsigned)config->sntp_samples,
                          .interval_ns = config->sntp_interval_ns,
                          .wait_ns = NTP_POLL_WAIT_NS,
                          .deadline_ns = env->measure_deadline_ns,
                          .trace = env->trace};
  int error = ntp_poll(&plan);
  if (error != 0) {
    (void)why_set(why, REASON_NO_SOURCE, error, "asking %zu NTP servers: %s", list->count,
                  strerror(-error));
  } else {
    error = ntp_reading(&plan, clock_monotonic_ns(), samples, why);
  }
  ntp_poll_free(&plan);
  return error;
}

static int measure_sntp(const struct env *env, const struct config *config, const char *argument,
                        struct samples *samples, struct why *why) {
  struct list list = {.count = 0};
  int error = read_list(argument != NULL ? argument : config->sntp_servers, &list, why);
  error = error == 0 ? find_addresses(env, &list, why) : error;
  error = error == 0 ? ask(env, config, &list, samples, why) : error;
  list_free(&list);
  return error;
}

const struct source source_sntp = {
    .name = "sntp",
    .argument = "HOST,...",
    .optional = true,
    .automatic = true,
    .summary = "NTP servers, each asked itself",
    .measure = measure_sntp,
};

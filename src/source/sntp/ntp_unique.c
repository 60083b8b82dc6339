/*
 * Selects the addresses to ask: each once, whatever its names, and only those of other hosts.
 */
#include "source/sntp/ntp_unique.h"

#include <errno.h>
#include <netinet/in.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "ntp_monitor/net.h"
#include "ntp_monitor/net_own.h"
#include "ntp_monitor/trace.h"
#include "source/sntp/ntp_poll.h"

/* An address in a form that can be compared. */
struct key {
  struct in6_addr address;
  uint32_t scope;
  uint16_t port;
  unsigned which; /* of the server's addresses */
  size_t server;
};

static struct key key_of(const struct net_address *address, size_t server, unsigned which) {
  const struct sockaddr_in *v4 = (const struct sockaddr_in *)&address->socket;
  const struct sockaddr_in6 *v6 = (const struct sockaddr_in6 *)&address->socket;
  struct key key = {.address = net_own_form(&address->socket), .which = which, .server = server};
  if (address->socket.ss_family == AF_INET6) {
    key.scope = v6->sin6_scope_id;
    key.port = v6->sin6_port;
  } else {
    key.port = v4->sin_port;
  }
  return key;
}

static int compare_addresses(const struct key *a, const struct key *b) {
  int order = memcmp(&a->address, &b->address, sizeof a->address);
  if (order != 0) {
    return order;
  }
  if (a->port != b->port) {
    return a->port - b->port;
  }
  return (a->scope > b->scope) - (a->scope < b->scope);
}

/* Sorts equal addresses in the order of their servers. */
static int ntp_unique_compare(const void *a, const void *b) {
  const struct key *left = a;
  const struct key *right = b;
  int order = compare_addresses(left, right);
  if (order != 0) {
    return order;
  }
  return (left->server > right->server) - (left->server < right->server);
}

/* Returns whether the address is one host's. A group of hosts is never asked (RFC 4330 section 10),
 * and the unspecified address would be ourselves. */
static bool is_host(const struct key *key) {
  static const uint8_t broadcast[] = {0xff, 0xff, 0xff, 0xff};
  const uint8_t *v4 = &key->address.s6_addr[12];
  if (!IN6_IS_ADDR_V4MAPPED(&key->address)) {
    return !IN6_IS_ADDR_MULTICAST(&key->address) && !IN6_IS_ADDR_UNSPECIFIED(&key->address);
  }
  return v4[0] != 0 && v4[0] >> 4 != 0xe && memcmp(v4, broadcast, sizeof broadcast) != 0;
}

/* Removes the addresses marked by a length of 0. */
static void close_up(struct ntp_server *server) {
  unsigned left = 0;
  for (unsigned a = 0; a < server->address_count; a++) {
    if (server->address[a].length_bytes > 0) {
      server->address[left++] = server->address[a];
    }
  }
  server->address_count = left;
}

/* Marks the address of key as not to be asked, and remarks why. */
static void drop_address(struct trace *trace, struct ntp_server *servers, const struct key *key,
                         bool ours, const struct key *first) {
  struct ntp_server *server = &servers[key->server];
  server->address[key->which].length_bytes = 0;
  server->reason = REASON_NO_SOURCE;
  server->ourselves = ours;
  server->duplicate = false;
  if (!is_host(key)) {
    (void)snprintf(server->remark, sizeof server->remark, "not a unicast address");
  } else if (server->ourselves) {
    (void)snprintf(server->remark, sizeof server->remark, "this machine itself: not asked");
  } else if (first != NULL) {
    (void)snprintf(server->remark, sizeof server->remark, "same address as %.100s: asked once",
                   servers[first->server].name);
    server->reason = REASON_OK;
    server->duplicate = true;
  }
  trace_add(trace, "sntp: %s: %s", server->name, server->remark);
}

/* Marks the addresses to drop; keys are sorted. */
static void drop_addresses(struct trace *trace, struct ntp_server *servers, const struct key *keys,
                           size_t key_count, const struct net_own *own) {
  const struct key *first = NULL;
  for (size_t i = 0; i < key_count; i++) {
    bool again = first != NULL && compare_addresses(first, &keys[i]) == 0;
    bool ours = net_own_has(own, &keys[i].address);
    if (again || ours || !is_host(&keys[i])) {
      drop_address(trace, servers, &keys[i], ours, first);
    } else {
      first = &keys[i];
    }
  }
}

int ntp_unique(struct ntp_server *servers, size_t count, const struct net_own *own,
               struct trace *trace) {
  size_t key_count = 0;
  struct key *keys = calloc(count, NTP_POLL_ADDRESSES * sizeof *keys);
  if (keys == NULL) {
    return -ENOMEM;
  }
  for (size_t i = 0; i < count; i++) {
    for (unsigned a = 0; a < servers[i].address_count; a++) {
      keys[key_count++] = key_of(&servers[i].address[a], i, a);
    }
  }
  qsort(keys, key_count, sizeof *keys, ntp_unique_compare);
  drop_addresses(trace, servers, keys, key_count, own);
  free(keys);
  for (size_t i = 0; i < count; i++) {
    close_up(&servers[i]);
    if (servers[i].address_count > 0) {
      servers[i].duplicate = servers[i].ourselves = false;
    }
  }
  return 0;
}

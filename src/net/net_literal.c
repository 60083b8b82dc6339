/*
 * Addresses that need no look-up: numbers, and localhost.
 *
 * A link-local IPv6 address is meaningless without its zone, the interface that it is on, given by
 * name, as in fe80::1%eth0, or by number (RFC 4007 section 11).
 */
#include <arpa/inet.h>
#include <errno.h>
#include <net/if.h>
#include <netinet/in.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "ntp_monitor/net.h"

/* Returns the number of an interface, given by name or number, or 0 if there is none. */
static uint32_t find_zone(const char *zone) {
  char *end = NULL;
  size_t digits = strspn(zone, "0123456789");
  if (digits == 0 || zone[digits] != '\0') {
    return if_nametoindex(zone);
  }
  unsigned long number = strtoul(zone, &end, 10);
  if (number > UINT32_MAX) {
    return 0;
  }
  return (uint32_t)number;
}

/* Parses host: 1 with *address filled, 0 if it is no IPv6 address, -ENODEV if its zone is unknown.
 */
static int parse_v6(const char *host, uint16_t port, struct net_address *address) {
  struct sockaddr_in6 *v6 = (struct sockaddr_in6 *)&address->socket;
  char number[INET6_ADDRSTRLEN];
  size_t length = strcspn(host, "%");
  if (length >= sizeof number) {
    return 0;
  }
  memcpy(number, host, length);
  number[length] = '\0';
  if (inet_pton(AF_INET6, number, &v6->sin6_addr) != 1) {
    return 0;
  }
  v6->sin6_family = AF_INET6;
  v6->sin6_port = htons(port);
  address->length_bytes = sizeof *v6;
  if (host[length] == '\0') {
    return 1;
  }
  v6->sin6_scope_id = find_zone(host + length + 1);
  if (v6->sin6_scope_id == 0) {
    return -ENODEV;
  }
  return 1;
}

static int parse_address(const char *host, uint16_t port, struct net_address *address) {
  *address = (struct net_address){.length_bytes = 0};
  struct sockaddr_in *v4 = (struct sockaddr_in *)&address->socket;
  if (inet_pton(AF_INET, host, &v4->sin_addr) == 1) {
    v4->sin_family = AF_INET;
    v4->sin_port = htons(port);
    address->length_bytes = sizeof *v4;
    return 1;
  }
  return parse_v6(host, port, address);
}

int net_literal(const char *host, uint16_t port, struct net_address addresses[2]) {
  if (strcasecmp(host, "localhost") != 0) {
    return parse_address(host, port, &addresses[0]);
  }
  (void)parse_address("127.0.0.1", port, &addresses[0]);
  (void)parse_address("::1", port, &addresses[1]);
  return 2;
}

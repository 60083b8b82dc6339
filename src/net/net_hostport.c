/* A host and its port, as users write them. */
#include "ntp_monitor/net_hostport.h"

#include <arpa/inet.h>
#include <errno.h>
#include <net/if.h>
#include <netinet/in.h>
#include <string.h>
#include <strings.h>

#include "ntp_monitor/why.h"

/* Returns the port if text is nothing but a decimal number from 1 to 65535, else 0. */
static uint16_t parse_port(const char *text) {
  unsigned long port = 0;
  size_t digits = strspn(text, "0123456789");
  if (digits == 0 || digits > 5 || text[digits] != '\0') {
    return 0;
  }
  for (size_t i = 0; i < digits; i++) {
    port = port * 10 + (unsigned long)(text[i] - '0');
  }
  if (port > UINT16_MAX) {
    return 0;
  }
  return (uint16_t)port;
}

/* The letters of interface names that are accepted in an address. */
static const char zone_letters[] = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ"
                                   "0123456789.-_";

/* Parses an IPv6 address that may have a zone: fe80::1%eth0 (RFC 4007 section 11). */
static bool parse_v6(const char *text, struct in6_addr *address, bool *zone) {
  char number[INET6_ADDRSTRLEN];
  size_t length = strcspn(text, "%");
  const char *name = text[length] == '%' ? text + length + 1 : NULL;
  if (length >= sizeof number) {
    return false;
  }
  memcpy(number, text, length);
  number[length] = '\0';
  *zone = name != NULL;
  if (name != NULL && (name[0] == '\0' || strlen(name) >= IF_NAMESIZE ||
                       name[strspn(name, zone_letters)] != '\0')) {
    return false;
  }
  return inet_pton(AF_INET6, number, address) == 1;
}

static bool is_v6(const char *text) {
  struct in6_addr unused;
  bool zone = false;
  return parse_v6(text, &unused, &zone);
}

/* Returns what is wrong with the zone of an IPv6 address, which may be that it has none; or NULL.
 */
static const char *object_to_zone(const char *host) {
  struct in6_addr address;
  bool zone = false;
  if (!parse_v6(host, &address, &zone) || zone == (bool)IN6_IS_ADDR_LINKLOCAL(&address)) {
    return NULL;
  }
  if (!zone) {
    return "is link-local: append its interface, as in fe80::1%eth0";
  }
  return "has an interface after %, which only a link-local address may have (fe80::1%eth0)";
}

/* Accepts the letters of RFC 952 and RFC 1123 section 2.1, and _, which sites use. */
static bool is_host(const char *text) {
  static const char letters[] = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ"
                                "0123456789.-_";
  return text[0] != '\0' && text[0] != '-' && text[strspn(text, letters)] == '\0';
}

/* Splits [IPv6] or [IPv6]:port. *port points into text, or stays as it was. Returns what is wrong,
 * or NULL. */
static const char *split_brackets(const char *text, char host[NET_HOST_BYTES], const char **port) {
  const char *end = strchr(text, ']');
  if (end == NULL || (end[1] != '\0' && end[1] != ':')) {
    return "is not [IPv6 address]:port";
  }
  memcpy(host, text + 1, (size_t)(end - text - 1));
  host[end - text - 1] = '\0';
  if (end[1] == ':') {
    *port = end + 2;
  }
  if (!is_v6(host)) {
    return "has no IPv6 address between its brackets";
  }
  return NULL;
}

/* Splits host, host:port or IPv6. *port points into host, or stays as it was. Returns what is
 * wrong, or NULL; unknown if it is none of these. */
static const char *split_colon(const char *text, const char *unknown, char host[NET_HOST_BYTES],
                               const char **port) {
  (void)strcpy(host, text);
  char *colon = NULL;
  if (!is_v6(text)) {
    colon = strchr(host, ':');
  }
  if (colon != NULL) {
    *colon = '\0';
    *port = colon + 1;
  }
  if (strstr(text, "://") != NULL) {
    return "is a URL: write host, host:port or [IPv6]:port";
  }
  if (colon != NULL && strchr(colon + 1, ':') != NULL) {
    return "is neither host:port nor an IPv6 address; write [IPv6]:port";
  }
  if (!is_v6(host) && !is_host(host)) {
    return unknown;
  }
  return NULL;
}

/* Parses text, which fits into host. Returns what is wrong, or NULL. */
static const char *parse_hostport(const char *text, uint16_t port, const char *unknown,
                                  struct net_hostport *out) {
  const char *port_text = NULL;
  const char *objection = NULL;
  out->port = port;
  if (text[0] == '[') {
    objection = split_brackets(text, out->host, &port_text);
  } else {
    objection = split_colon(text, unknown, out->host, &port_text);
  }
  if (objection == NULL) {
    objection = object_to_zone(out->host);
  }
  if (objection == NULL && port_text != NULL) {
    out->port = parse_port(port_text);
  }
  if (objection == NULL && out->port == 0) {
    return "has no port from 1 to 65535";
  }
  return objection;
}

int net_hostport_parse(const char *text, uint16_t port, const char *unknown,
                       struct net_hostport *hostport, struct why *why) {
  struct net_hostport parsed = {.host = ""};
  const char *objection = "is too long for a host name";
  if (unknown == NULL) {
    unknown = "is not a server; write host, host:port, IPv6 or [IPv6]:port";
  }
  if (strlen(text) < sizeof parsed.host) {
    objection = parse_hostport(text, port, unknown, &parsed);
  }
  if (objection != NULL) {
    return why_set(why, REASON_CONFIG, -EINVAL, "'%.80s' %s", text, objection);
  }
  *hostport = parsed;
  return 0;
}

const char *net_hostport_skip_pool(const char *text, bool *pool) {
  static const char before[] = "pool:";
  const char *name = text + sizeof before - 1;
  /* pool:123 is a host called pool and its port. */
  *pool = strncasecmp(text, before, sizeof before - 1) == 0 && parse_port(name) == 0;
  if (*pool) {
    return name;
  }
  return text;
}

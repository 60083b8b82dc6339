/* Where log lines go, as people write it. */
#include "ntp_monitor/log_address.h"

#include <arpa/inet.h>
#include <errno.h>
#include <net/if.h>
#include <netinet/in.h>
#include <stdbool.h>
#include <string.h>
#include <strings.h>
#include <sys/un.h>

#include "ntp_monitor/why.h"

static int log_address_refuse(struct why *why, const char *text, const char *reason) {
  return why_set(why, REASON_CONFIG, -EINVAL, "'%.80s' %s", text, reason);
}

/* 1 to 65535 in decimal and nothing else, or 0. */
static uint16_t parse_port(const char *text) {
  unsigned long port = 0;
  size_t digits = strspn(text, "0123456789");
  if (digits == 0 || digits > 5 || text[digits] != '\0') {
    return 0;
  }
  for (size_t i = 0; i < digits; i++) {
    port = port * 10 + (unsigned long)(text[i] - '0');
  }
  return port <= UINT16_MAX ? (uint16_t)port : 0;
}

/* The letters of interface names that can stand in an address. */
static const char zone_letters[] = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ"
                                   "0123456789.-_";

/* An IPv6 address, behind which a zone may stand: fe80::1%eth0 (RFC 4007 section 11). */
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

/* What is wrong with the zone of an IPv6 address, or that it has none; NULL: nothing. */
static const char *object_to_zone(const char *host) {
  struct in6_addr address;
  bool zone = false;
  if (!parse_v6(host, &address, &zone) || zone == (bool)IN6_IS_ADDR_LINKLOCAL(&address)) {
    return NULL;
  }
  return zone ? "has an interface behind its %, which only a link-local address has (fe80::1%eth0)"
              : "is link-local: write its interface behind it, as in fe80::1%eth0";
}

/* The letters of RFC 952 and RFC 1123 section 2.1, and _, which sites use. */
static bool is_host(const char *text) {
  static const char letters[] = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ"
                                "0123456789.-_";
  return text[0] != '\0' && text[0] != '-' && text[strspn(text, letters)] == '\0';
}

/* Splits host and port, which is otherwise that given; text fits into address->text. */
static int parse_udp(const char *text, uint16_t usual_port, const char *otherwise,
                     struct log_address *address, struct why *why) {
  struct log_address parsed = {.kind = ADDRESS_UDP, .port = usual_port};
  char *host = parsed.text;
  const char *port = NULL;
  if (text[0] == '[') {
    const char *end = strchr(text, ']');
    if (end == NULL || (end[1] != '\0' && end[1] != ':')) {
      return log_address_refuse(why, text, "is not [IPv6 address]:port");
    }
    memcpy(host, text + 1, (size_t)(end - text - 1));
    host[end - text - 1] = '\0';
    port = end[1] == ':' ? end + 2 : NULL;
    if (!is_v6(host)) {
      return log_address_refuse(why, text, "has no IPv6 address between its brackets");
    }
  } else {
    (void)strcpy(host, text);
    char *colon = is_v6(text) ? NULL : strchr(host, ':');
    if (colon != NULL) {
      *colon = '\0';
      port = colon + 1;
    }
    if (strstr(text, "://") != NULL) {
      return log_address_refuse(why, text, "is a URL: write host, host:port or [IPv6]:port");
    }
    if (port != NULL && strchr(port, ':') != NULL) {
      return log_address_refuse(why, text,
                                "is neither host:port nor an IPv6 address; write [IPv6]:port");
    }
    if (!is_v6(host) && !is_host(host)) {
      return log_address_refuse(why, text, otherwise);
    }
  }
  const char *objection = object_to_zone(host);
  if (objection != NULL) {
    return log_address_refuse(why, text, objection);
  }
  if (port != NULL) {
    parsed.port = parse_port(port);
  }
  if (parsed.port == 0) {
    return log_address_refuse(why, text, "has no port from 1 to 65535");
  }
  *address = parsed;
  return 0;
}

int log_address_parse(const char *text, struct log_address *address, struct why *why) {
  static const struct {
    const char *name;
    enum address_kind kind;
  } words[] = {{"journal", ADDRESS_JOURNAL}, {"stderr", ADDRESS_STDERR}, {"none", ADDRESS_NONE}};
  struct log_address parsed = {.kind = ADDRESS_LOCAL};
  size_t most = text[0] == '/' ? sizeof((struct sockaddr_un *)0)->sun_path : sizeof parsed.text;
  if (strlen(text) >= most) {
    return log_address_refuse(why, text,
                              text[0] == '/' ? "is too long for the path of a socket (107 bytes)"
                                             : "is too long for a host name");
  }
  for (size_t i = 0; i < sizeof words / sizeof *words; i++) {
    if (strcasecmp(text, words[i].name) == 0) {
      parsed.kind = words[i].kind;
      *address = parsed;
      return 0;
    }
  }
  if (text[0] == '/') {
    (void)strcpy(parsed.text, text);
    *address = parsed;
    return 0;
  }
  /* As other programs want it written. */
  return parse_udp(strncmp(text, "udp://", 6) == 0 ? text + 6 : text, ADDRESS_SYSLOG_PORT,
                   "is no log address; write /path, host, host:port, [IPv6]:port, journal, stderr "
                   "or none",
                   address, why);
}

const char *log_address_skip_pool(const char *text, bool *pool) {
  static const char before[] = "pool:";
  const char *name = text + sizeof before - 1;
  /* pool:123 is a host of that name. */
  *pool = strncasecmp(text, before, sizeof before - 1) == 0 && parse_port(name) == 0;
  return *pool ? name : text;
}

int log_address_parse_server(const char *text, uint16_t port, struct log_address *address,
                             struct why *why) {
  return strlen(text) < sizeof address->text
             ? parse_udp(text, port, "is no server; write host, host:port, IPv6 or [IPv6]:port",
                         address, why)
             : log_address_refuse(why, text, "is too long for a host name");
}

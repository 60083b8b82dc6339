/*
 * This machine's own addresses.
 *
 * A clock can't vouch for itself: neither asked by one of its own addresses, nor through a server
 * that has its time from it.
 */
#include "ntp_monitor/ntp_own.h"

#include <arpa/inet.h>
#include <errno.h>
#include <ifaddrs.h>
#include <netinet/in.h>
#include <stdlib.h>
#include <string.h>

#include "ntp_monitor/md5.h"
#include "ntp_monitor/trace.h"

struct in6_addr ntp_own_form(const struct sockaddr_storage *socket) {
  const struct sockaddr_in *v4 = (const struct sockaddr_in *)socket;
  struct in6_addr form = {.s6_addr = {[10] = 0xff, [11] = 0xff}};
  if (socket->ss_family == AF_INET6) {
    return ((const struct sockaddr_in6 *)socket)->sin6_addr;
  }
  memcpy(&form.s6_addr[12], &v4->sin_addr, sizeof v4->sin_addr);
  return form;
}

static bool has_address(const struct ifaddrs *at) {
  return at->ifa_addr != NULL &&
         (at->ifa_addr->sa_family == AF_INET || at->ifa_addr->sa_family == AF_INET6);
}

static void take(const struct ifaddrs *at, struct in6_addr *into) {
  struct sockaddr_storage socket = {.ss_family = AF_UNSPEC};
  bool v4 = at->ifa_addr->sa_family == AF_INET;
  memcpy(&socket, at->ifa_addr, v4 ? sizeof(struct sockaddr_in) : sizeof(struct sockaddr_in6));
  *into = ntp_own_form(&socket);
}

int ntp_own_find(struct ntp_own *own, struct trace *trace) {
  struct ifaddrs *list = NULL;
  size_t count = 0;
  *own = (struct ntp_own){.count = 0};
  if (getifaddrs(&list) != 0) {
    trace_add(trace, "sntp: this machine's addresses: %s; only 127.0.0.1 and ::1 are known",
              strerror(errno));
    list = NULL;
  }
  for (const struct ifaddrs *at = list; at != NULL; at = at->ifa_next) {
    count += has_address(at);
  }
  own->address = calloc(count + 2, sizeof *own->address);
  if (own->address != NULL) {
    own->address[own->count++] = in6addr_loopback;
    own->address[own->count++] =
        (struct in6_addr){.s6_addr = {[10] = 0xff, [11] = 0xff, [12] = 127, [15] = 1}};
    for (const struct ifaddrs *at = list; at != NULL; at = at->ifa_next) {
      if (has_address(at)) {
        take(at, &own->address[own->count++]);
      }
    }
  }
  freeifaddrs(list);
  return own->address != NULL ? 0 : -ENOMEM;
}

void ntp_own_free(struct ntp_own *own) {
  free(own->address);
  *own = (struct ntp_own){.count = 0};
}

bool ntp_own_has(const struct ntp_own *own, const struct in6_addr *address) {
  for (size_t i = 0; i < own->count; i++) {
    if (memcmp(&own->address[i], address, sizeof *address) == 0) {
      return true;
    }
  }
  return false;
}

uint32_t ntp_own_reference(const struct in6_addr *address) {
  uint8_t digest[MD5_BYTES];
  uint32_t reference = 0;
  if (IN6_IS_ADDR_V4MAPPED(address)) {
    memcpy(&reference, &address->s6_addr[12], sizeof reference);
  } else {
    md5(address->s6_addr, sizeof address->s6_addr, digest);
    memcpy(&reference, digest, sizeof reference);
  }
  return ntohl(reference);
}

static bool is_loopback(const struct in6_addr *address) {
  return IN6_IS_ADDR_LOOPBACK(address) ||
         (IN6_IS_ADDR_V4MAPPED(address) && address->s6_addr[12] == 127);
}

bool ntp_own_is_reference(const struct ntp_own *own, uint32_t reference) {
  for (size_t i = 0; i < own->count; i++) {
    if (!is_loopback(&own->address[i]) && ntp_own_reference(&own->address[i]) == reference) {
      return true;
    }
  }
  return false;
}

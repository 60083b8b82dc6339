/*
 * This machine's own addresses.
 *
 * A clock cannot vouch for itself, whether it is asked at one of its own addresses or through a
 * server that takes its time from it.
 */
#include "ntp_monitor/net_own.h"

#include <arpa/inet.h>
#include <errno.h>
#include <net/if.h>
#include <netinet/in.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include "ntp_monitor/md5.h"
#include "ntp_monitor/trace.h"
#include "ntp_monitor/why.h"

struct in6_addr net_own_form(const struct sockaddr_storage *socket) {
  const struct sockaddr_in *v4 = (const struct sockaddr_in *)socket;
  struct in6_addr form = {.s6_addr = {[10] = 0xff, [11] = 0xff}};
  if (socket->ss_family == AF_INET6) {
    return ((const struct sockaddr_in6 *)socket)->sin6_addr;
  }
  memcpy(&form.s6_addr[12], &v4->sin_addr, sizeof v4->sin_addr);
  return form;
}

/* --- the list ------------------------------------------------------------------------- */

/* SIOCGIFCONF and if_inet6 list the same as getifaddrs(3), which needs AF_NETLINK, denied by
 * sandboxes, repeats an interrupted call without end and calls abort(3) on an unknown error. */

enum { FIRST_ADDRESSES = 16, LINE_BYTES = 128, V6_DIGITS = 32 };

static int net_own_add(struct net_own *own, const struct in6_addr *address) {
  if (own->count == own->space) {
    size_t space = own->space > 0 ? 2 * own->space : FIRST_ADDRESSES;
    struct in6_addr *larger = reallocarray(own->address, space, sizeof *larger);
    if (larger == NULL) {
      return -ENOMEM;
    }
    own->address = larger;
    own->space = space;
  }
  own->address[own->count++] = *address;
  return 0;
}

/* Lists the IPv4 addresses: 0 or a negative errno; the caller frees ifc_buf. Without a buffer the
 * kernel returns the size that it needs, netdevice(7). */
static int list_v4(int fd, struct ifconf *list) {
  *list = (struct ifconf){.ifc_len = 0};
  if (ioctl(fd, SIOCGIFCONF, list) != 0) {
    return -errno;
  }
  int spare = FIRST_ADDRESSES * (int)sizeof(struct ifreq); /* for addresses added meanwhile */
  list->ifc_len += spare;
  list->ifc_buf = malloc((size_t)list->ifc_len);
  if (list->ifc_buf == NULL) {
    return -ENOMEM;
  }
  return why_errno(ioctl(fd, SIOCGIFCONF, list));
}

static int add_v4(struct net_own *own) {
  struct ifconf list = {.ifc_len = 0};
  int fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
  if (fd < 0) {
    return -errno;
  }
  int error = list_v4(fd, &list);
  size_t count = (size_t)list.ifc_len / sizeof(struct ifreq);
  for (size_t i = 0; i < count && error == 0; i++) {
    struct sockaddr_storage socket = {.ss_family = AF_UNSPEC};
    memcpy(&socket, &list.ifc_req[i].ifr_addr, sizeof list.ifc_req[i].ifr_addr);
    struct in6_addr form = net_own_form(&socket);
    error = net_own_add(own, &form);
  }
  free(list.ifc_buf);
  (void)close(fd);
  return error;
}

/* Parses a line of if_inet6: 32 hexadecimal digits of the address, a blank, the interface,
 * proc_pid_net(5). */
static bool read_v6(const char *line, struct in6_addr *out) {
  if (strspn(line, "0123456789abcdef") != V6_DIGITS || line[V6_DIGITS] != ' ') {
    return false;
  }
  for (size_t i = 0; i < sizeof out->s6_addr; i++) {
    const char byte[] = {line[2 * i], line[2 * i + 1], '\0'};
    out->s6_addr[i] = (uint8_t)strtoul(byte, NULL, 16);
  }
  return true;
}

/* Adds the IPv6 addresses: 0 or a negative errno. A kernel without IPv6 has neither the file nor
 * any such address. */
static int add_v6(struct net_own *own) {
  char line[LINE_BYTES];
  int error = 0;
  FILE *list = fopen("/proc/self/net/if_inet6", "re");
  if (list == NULL) {
    return errno == ENOENT ? 0 : -errno;
  }
  while (error == 0 && fgets(line, sizeof line, list) != NULL) {
    struct in6_addr address;
    if (read_v6(line, &address)) {
      error = net_own_add(own, &address);
    }
  }
  if (error == 0 && ferror(list)) {
    error = -EIO;
  }
  (void)fclose(list);
  return error;
}

int net_own_find(struct net_own *own, struct trace *trace) {
  static const struct in6_addr v4_loopback = {
      .s6_addr = {[10] = 0xff, [11] = 0xff, [12] = 127, [15] = 1}};
  static const struct in6_addr own_name = {
      /* 127.0.1.1: Debian's installer gives it to the host's name */
      .s6_addr = {[10] = 0xff, [11] = 0xff, [12] = 127, [14] = 1, [15] = 1}};
  *own = (struct net_own){.count = 0};
  if (net_own_add(own, &in6addr_loopback) != 0 || net_own_add(own, &v4_loopback) != 0 ||
      net_own_add(own, &own_name) != 0) {
    return -ENOMEM;
  }
  int v4_error = add_v4(own);
  int v6_error = add_v6(own);
  if (v4_error == -ENOMEM || v6_error == -ENOMEM) {
    net_own_free(own);
    return -ENOMEM;
  }
  if (v4_error != 0) {
    trace_add(trace, "sntp: this machine's IPv4 addresses: %s; only 127.0.0.1 is known",
              strerror(-v4_error));
  }
  if (v6_error != 0) {
    trace_add(trace, "sntp: this machine's IPv6 addresses: %s; only ::1 is known",
              strerror(-v6_error));
  }
  return 0;
}

void net_own_free(struct net_own *own) {
  free(own->address);
  *own = (struct net_own){.count = 0};
}

bool net_own_has(const struct net_own *own, const struct in6_addr *address) {
  for (size_t i = 0; i < own->count; i++) {
    if (memcmp(&own->address[i], address, sizeof *address) == 0) {
      return true;
    }
  }
  return false;
}

uint32_t net_own_reference(const struct in6_addr *address) {
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

bool net_own_is_reference(const struct net_own *own, uint32_t reference) {
  for (size_t i = 0; i < own->count; i++) {
    if (!is_loopback(&own->address[i]) && net_own_reference(&own->address[i]) == reference) {
      return true;
    }
  }
  return false;
}

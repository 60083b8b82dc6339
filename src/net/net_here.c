/* Recognising sockets whose peer is this machine. */
#include <netinet/in.h>
#include <string.h>

#include "ntp_monitor/net.h"

bool net_is_here(int fd) {
  struct sockaddr_storage peer = {.ss_family = AF_UNSPEC};
  struct sockaddr_storage own = {.ss_family = AF_UNSPEC};
  socklen_t peer_bytes = sizeof peer;
  socklen_t own_bytes = sizeof own;
  if (net_is_loopback(fd)) {
    return true;
  }
  if (getpeername(fd, (struct sockaddr *)&peer, &peer_bytes) != 0 ||
      getsockname(fd, (struct sockaddr *)&own, &own_bytes) != 0 ||
      peer.ss_family != own.ss_family) {
    return false;
  }
  if (peer.ss_family == AF_INET) {
    return ((const struct sockaddr_in *)&peer)->sin_addr.s_addr ==
           ((const struct sockaddr_in *)&own)->sin_addr.s_addr;
  }
  return peer.ss_family == AF_INET6 &&
         memcmp(&((const struct sockaddr_in6 *)&peer)->sin6_addr,
                &((const struct sockaddr_in6 *)&own)->sin6_addr, sizeof(struct in6_addr)) == 0;
}

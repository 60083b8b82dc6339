/*
 * A datagram to a host by its name, and whether it arrived.
 *
 * UDP says nothing when nobody listens, unless the socket is connected: then the ICMP
 * refusal comes back as an error, if one waits for it.
 */
#include <errno.h>
#include <inttypes.h>
#include <string.h>
#include <unistd.h>

#include "ntp_monitor/clock.h"
#include "ntp_monitor/duration.h"
#include "ntp_monitor/net.h"
#include "ntp_monitor/why.h"

/* How long a refusal is waited for: loopback answers at once, another machine has to
 * be reached. */
#define REFUSAL_LOOPBACK_NS (5 * DURATION_MS)
#define REFUSAL_ELSEWHERE_NS (100 * DURATION_MS)

int net_udp_send(int fd, const void *data, size_t length_bytes, bool wait, int64_t deadline_ns) {
  int error = net_send(fd, data, length_bytes, deadline_ns);
  if (error != 0 || !wait) {
    return error;
  }
  return net_refusal(fd, net_is_loopback(fd) ? REFUSAL_LOOPBACK_NS : REFUSAL_ELSEWHERE_NS,
                     deadline_ns);
}

/* To one address: the socket, or a negative errno. */
static int try_address(const struct net_address *address, const void *data, size_t length_bytes,
                       int64_t deadline_ns) {
  int fd = net_connect_udp(address);
  int error = fd < 0 ? fd : net_udp_send(fd, data, length_bytes, true, deadline_ns);
  if (error != 0 && fd >= 0) {
    (void)close(fd);
  }
  return error != 0 ? error : fd;
}

int net_udp_host(const char *host, uint16_t port, const void *data, size_t length_bytes,
                 int64_t deadline_ns, struct why *why) {
  struct net_address addresses[NET_ADDRESSES];
  int64_t now_ns = clock_monotonic_ns();
  int count = net_resolve(host, port, now_ns + (deadline_ns - now_ns) / 2, addresses, why);
  int fd = count < 0 ? count : -EADDRNOTAVAIL;
  for (int i = 0; i < count && fd < 0; i++) {
    fd = try_address(&addresses[i], data, length_bytes, deadline_ns);
  }
  if (count >= 0 && fd < 0) {
    (void)why_set(why, REASON_NO_SOURCE, fd, "UDP port %" PRIu16 ": %s", port, net_words(fd));
  }
  return fd;
}

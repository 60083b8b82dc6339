/*
 * Sending a datagram to a host by name, and learning whether it was refused.
 *
 * UDP reports nothing if nobody listens, unless the socket is connected: then the ICMP refusal
 * comes back as an error to a sender that waits for it.
 */
#include <errno.h>
#include <inttypes.h>
#include <string.h>
#include <unistd.h>

#include "ntp_monitor/clock.h"
#include "ntp_monitor/duration.h"
#include "ntp_monitor/net.h"
#include "ntp_monitor/why.h"

/* Wait for a refusal: loopback answers at once, another machine has to be reached first. */
#define REFUSAL_LOOPBACK_NS (5 * DURATION_MS)
#define REFUSAL_ELSEWHERE_NS (100 * DURATION_MS)

int net_udp_send(int fd, const void *data, size_t length_bytes, bool wait, int64_t deadline_ns) {
  int error = net_send(fd, data, length_bytes, deadline_ns);
  if (error != 0 || !wait) {
    return error;
  }
  if (net_is_loopback(fd)) {
    return net_refusal(fd, REFUSAL_LOOPBACK_NS, deadline_ns);
  }
  return net_refusal(fd, REFUSAL_ELSEWHERE_NS, deadline_ns);
}

/* Sends to one address: the connected socket, or a negative errno. */
static int try_address(const struct net_address *address, const void *data, size_t length_bytes,
                       int64_t deadline_ns) {
  int fd = net_connect_udp(address);
  if (fd < 0) {
    return fd;
  }
  int error = net_udp_send(fd, data, length_bytes, true, deadline_ns);
  if (error == 0) {
    return fd;
  }
  (void)close(fd);
  return error;
}

int net_udp_host(const char *host, uint16_t port, const void *data, size_t length_bytes,
                 int64_t deadline_ns, struct why *why) {
  struct net_address addresses[NET_ADDRESSES];
  int64_t now_ns = clock_monotonic_ns();
  int count = net_resolve(host, port, now_ns + (deadline_ns - now_ns) / 2, addresses, why);
  if (count < 0) {
    return count;
  }
  int fd = -EADDRNOTAVAIL;
  for (int i = 0; i < count && fd < 0; i++) {
    fd = try_address(&addresses[i], data, length_bytes, deadline_ns);
  }
  if (fd < 0) {
    (void)why_set(why, REASON_NO_SOURCE, fd, "UDP port %" PRIu16 ": %s", port, net_words(fd));
  }
  return fd;
}

/*
 * One NTP request on its way: a socket of its own, until its answer is there.
 *
 * Connected, so that what others send is not seen, and a closed port is told at once (udp(7)); a
 * fresh port for each request leaves less to guess for who would forge an answer (RFC 9109). The
 * kernel stamps what comes in (SO_TIMESTAMPNS, socket(7)), for a reply that waited until it was
 * read would seem to have travelled longer.
 */
#include "source/sntp/ntp_request.h"

#include <errno.h>
#include <netinet/in.h>
#include <string.h>
#include <sys/random.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#include "ntp_monitor/clock.h"
#include "ntp_monitor/net.h"
#include "ntp_monitor/net_own.h"

int ntp_flight_open(struct ntp_flight *flight, const struct net_address *address) {
  static const int on = 1;
  *flight = (struct ntp_flight){.fd = net_connect_udp(address)};
  if (flight->fd < 0) {
    int error = flight->fd;
    flight->fd = -1;
    return error;
  }
  /* Where it fails, the clock is read when the reply is. */
  (void)setsockopt(flight->fd, SOL_SOCKET, SO_TIMESTAMPNS, &on, sizeof on);
  return 0;
}

int ntp_flight_send(struct ntp_flight *flight) {
  uint8_t request[NTP_PACKET_BYTES];
  do {
    ssize_t bytes = getrandom(&flight->cookie, sizeof flight->cookie, GRND_NONBLOCK);
    if (bytes != (ssize_t)sizeof flight->cookie) {
      return bytes < 0 ? -errno : -EIO;
    }
  } while (flight->cookie == 0);
  ntp_packet_request(request, flight->cookie);
  flight->times.sent_monotonic_ns = clock_monotonic_ns();
  flight->times.sent_ns = clock_realtime_ns();
  ssize_t sent = send(flight->fd, request, sizeof request, MSG_NOSIGNAL | MSG_DONTWAIT);
  return sent == (ssize_t)sizeof request ? 0 : sent < 0 ? -errno : -EIO;
}

/* When the datagram came in by the kernel's stamp, else now_ns; both CLOCK_REALTIME. */
static int64_t stamp_ns(struct msghdr *message, int64_t now_ns) {
  struct timespec stamp;
  for (struct cmsghdr *at = CMSG_FIRSTHDR(message); at != NULL; at = CMSG_NXTHDR(message, at)) {
    if (at->cmsg_level == SOL_SOCKET && at->cmsg_type == SO_TIMESTAMPNS &&
        at->cmsg_len == CMSG_LEN(sizeof stamp)) {
      memcpy(&stamp, CMSG_DATA(at), sizeof stamp);
      return (int64_t)stamp.tv_sec * 1000000000 + stamp.tv_nsec;
    }
  }
  return now_ns;
}

ssize_t ntp_flight_receive(struct ntp_flight *flight, uint8_t data[NTP_PACKET_REPLY_BYTES_MAX]) {
  union {
    struct cmsghdr align;
    char bytes[CMSG_SPACE(sizeof(struct timespec))];
  } control;
  struct iovec into = {data, NTP_PACKET_REPLY_BYTES_MAX};
  struct msghdr message = {
      .msg_iov = &into, .msg_iovlen = 1, .msg_control = &control, .msg_controllen = sizeof control};
  ssize_t bytes = recvmsg(flight->fd, &message, MSG_DONTWAIT);
  if (bytes < 0) {
    return errno == EINTR ? -EAGAIN : -errno;
  }
  int64_t now_ns = clock_realtime_ns();
  flight->times.received_ns = stamp_ns(&message, now_ns);
  flight->times.received_monotonic_ns = clock_monotonic_ns() - (now_ns - flight->times.received_ns);
  flight->looked_at++;
  return (message.msg_flags & MSG_TRUNC) == 0 ? bytes : -EMSGSIZE;
}

bool ntp_flight_is_ours(const struct ntp_flight *flight, uint32_t reference) {
  struct sockaddr_storage socket = {.ss_family = AF_UNSPEC};
  socklen_t size = sizeof socket;
  if (getsockname(flight->fd, (struct sockaddr *)&socket, &size) != 0) {
    return false;
  }
  struct in6_addr own = ntp_own_form(&socket);
  return ntp_own_reference(&own) == reference;
}

void ntp_flight_close(struct ntp_flight *flight) {
  if (flight->fd >= 0) {
    (void)close(flight->fd);
  }
  flight->fd = -1;
}

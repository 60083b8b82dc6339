/*
 * One NTP request: a socket of its own, until its answer arrives.
 *
 * The socket is connected, so that datagrams of others are dropped and a closed port is reported at
 * once (udp(7)). A fresh port for each request is harder to guess for a forger (RFC 9109). The
 * kernel stamps arrivals (SO_TIMESTAMPNS, socket(7)), because a reply that waits to be read would
 * seem to have travelled longer.
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

int ntp_request_open(struct ntp_request *request, const struct net_address *address) {
  static const int on = 1;
  *request = (struct ntp_request){.fd = net_connect_udp(address)};
  if (request->fd < 0) {
    int error = request->fd;
    request->fd = -1;
    return error;
  }
  /* If this fails, the clock is read together with the reply. */
  (void)setsockopt(request->fd, SOL_SOCKET, SO_TIMESTAMPNS, &on, sizeof on);
  return 0;
}

int ntp_request_send(struct ntp_request *request) {
  uint8_t packet[NTP_PACKET_BYTES];
  do {
    ssize_t bytes = getrandom(&request->cookie, sizeof request->cookie, GRND_NONBLOCK);
    if (bytes != (ssize_t)sizeof request->cookie) {
      return bytes < 0 ? -errno : -EIO;
    }
  } while (request->cookie == 0);
  ntp_packet_request(packet, request->cookie);
  request->times.sent_monotonic_ns = clock_monotonic_ns();
  request->times.sent_ns = clock_realtime_ns();
  ssize_t sent = send(request->fd, packet, sizeof packet, MSG_NOSIGNAL | MSG_DONTWAIT);
  if (sent < 0) {
    return -errno;
  }
  return sent == (ssize_t)sizeof packet ? 0 : -EIO;
}

/* Returns the kernel's stamp of the datagram's arrival, else now_ns; both CLOCK_REALTIME. */
static int64_t read_stamp_ns(struct msghdr *message, int64_t now_ns) {
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

ssize_t ntp_request_receive(struct ntp_request *request, uint8_t data[NTP_PACKET_REPLY_BYTES_MAX]) {
  union {
    struct cmsghdr align;
    char bytes[CMSG_SPACE(sizeof(struct timespec))];
  } control;
  struct iovec into = {data, NTP_PACKET_REPLY_BYTES_MAX};
  struct msghdr message = {
      .msg_iov = &into, .msg_iovlen = 1, .msg_control = &control, .msg_controllen = sizeof control};
  ssize_t bytes = recvmsg(request->fd, &message, MSG_DONTWAIT);
  if (bytes < 0) {
    return errno == EINTR ? -EAGAIN : -errno;
  }
  int64_t now_ns = clock_realtime_ns();
  request->times.received_ns = read_stamp_ns(&message, now_ns);
  request->times.received_monotonic_ns =
      clock_monotonic_ns() - (now_ns - request->times.received_ns);
  request->looked_at++;
  return (message.msg_flags & MSG_TRUNC) == 0 ? bytes : -EMSGSIZE;
}

bool ntp_request_is_ours(const struct ntp_request *request, uint32_t reference) {
  struct sockaddr_storage socket = {.ss_family = AF_UNSPEC};
  socklen_t size = sizeof socket;
  if (getsockname(request->fd, (struct sockaddr *)&socket, &size) != 0) {
    return false;
  }
  struct in6_addr own = net_own_form(&socket);
  return net_own_reference(&own) == reference;
}

void ntp_request_close(struct ntp_request *request) {
  if (request->fd >= 0) {
    (void)close(request->fd);
  }
  request->fd = -1;
}

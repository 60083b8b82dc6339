/* Simulated NTP servers: a child answers on ports of the loopback, each in its own way. */
#ifndef TESTS_UNIT_NTP_PEER_H
#define TESTS_UNIT_NTP_PEER_H

#include <arpa/inet.h>
#include <linux/sockios.h>
#include <netinet/in.h>
#include <poll.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "ntp_monitor/net.h"

enum { NTP_PEERS_MAX = 8, NTP_PEER_REQUESTS_MAX = 128 };

struct ntp_peer {
  int family;            /* AF_INET (0, too) or AF_INET6 */
  int64_t offset_ns;     /* its clock minus ours */
  int bad;               /* answers to a different request before each answer */
  int long_ones;         /* datagrams of 4,000 bytes before each answer */
  int64_t lost;          /* requests without an answer, a bit each: 1 is the first */
  int64_t kiss, leap3;   /* requests answered with a kiss code, or "not synchronised" */
  const char *reference; /* four bytes, or NULL: LAB */
  unsigned stratum;      /* 0: 1 */
  /* Written by the child, into shared memory. */
  volatile int requests;
  volatile int64_t at_ns[NTP_PEER_REQUESTS_MAX]; /* CLOCK_REALTIME, the kernel's timestamp */
  volatile uint16_t port_of[NTP_PEER_REQUESTS_MAX];
  volatile uint64_t cookie[NTP_PEER_REQUESTS_MAX];
  uint16_t port;
  int fd;
};

static struct ntp_peer *ntp_peers; /* NTP_PEERS_MAX of them; fill, then ntp_peers_begin() */
static pid_t ntp_peers_child;

static inline int64_t ntp_peer_now_ns(clockid_t clock) {
  struct timespec now;
  (void)clock_gettime(clock, &now);
  return (int64_t)now.tv_sec * 1000000000 + now.tv_nsec;
}

static inline void ntp_peer_put(uint8_t *to, uint64_t value, int bytes) {
  for (int i = 0; i < bytes; i++) {
    to[i] = (uint8_t)(value >> 8 * (bytes - 1 - i));
  }
}

static inline void ntp_peer_stamp(uint8_t *to, int64_t ns) {
  ntp_peer_put(to, (uint64_t)(ns / 1000000000 + INT64_C(2208988800)), 4);
  ntp_peer_put(to + 4, ((uint64_t)(ns % 1000000000) << 32) / 1000000000, 4);
}

/* RFC 5905 section 7.3. */
static inline void ntp_peer_answer(struct ntp_peer *peer) {
  static uint8_t reply[4000];
  uint8_t request[256];
  struct sockaddr_in6 from; /* room for both families */
  socklen_t size = sizeof from;
  ssize_t bytes = recvfrom(peer->fd, request, sizeof request, 0, (struct sockaddr *)&from, &size);
  int n = peer->requests < NTP_PEER_REQUESTS_MAX ? peer->requests : NTP_PEER_REQUESTS_MAX - 1;
  if (bytes != 48 || request[0] != 0x23) {
    return;
  }
  struct timespec stamp;
  if (ioctl(peer->fd, SIOCGSTAMPNS, &stamp) != 0) {
    (void)clock_gettime(CLOCK_REALTIME, &stamp);
  }
  peer->at_ns[n] = (int64_t)stamp.tv_sec * 1000000000 + stamp.tv_nsec;
  peer->port_of[n] = from.sin6_port; /* at the same place in both */
  memcpy((void *)(uintptr_t)&peer->cookie[n], request + 40, 8);
  peer->requests = n + 1;
  if ((peer->lost >> n & 1) != 0) {
    return;
  }
  int64_t now_ns = ntp_peer_now_ns(CLOCK_REALTIME) + peer->offset_ns;
  memset(reply, 0, sizeof reply);
  reply[0] = (peer->leap3 >> n & 1) != 0 ? 0xe4 : 0x24;
  reply[1] = (uint8_t)((peer->kiss >> n & 1) != 0 ? 0 : peer->stratum != 0 ? peer->stratum : 1);
  reply[3] = 0xec; /* 2^-20 s */
  memcpy(reply + 12, peer->reference != NULL ? peer->reference : "LAB", 4);
  if ((peer->kiss >> n & 1) != 0) {
    memcpy(reply + 12, "RATE", 4);
  }
  ntp_peer_stamp(reply + 16, now_ns - 1000000000);
  memcpy(reply + 24, request + 40, 8);
  ntp_peer_stamp(reply + 32, now_ns);
  ntp_peer_stamp(reply + 40, now_ns);
  reply[24] ^= 1;
  for (int i = 0; i < peer->bad; i++) {
    (void)sendto(peer->fd, reply, 48, 0, (struct sockaddr *)&from, size);
  }
  reply[24] ^= 1;
  for (int i = 0; i < peer->long_ones; i++) {
    (void)sendto(peer->fd, reply, sizeof reply, 0, (struct sockaddr *)&from, size);
  }
  (void)sendto(peer->fd, reply, 48, 0, (struct sockaddr *)&from, size);
}

static inline void ntp_peers_serve(int count) {
  struct pollfd fds[NTP_PEERS_MAX];
  for (int i = 0; i < count; i++) {
    struct timespec none;
    fds[i] = (struct pollfd){.fd = ntp_peers[i].fd, .events = POLLIN};
    (void)ioctl(fds[i].fd, SIOCGSTAMPNS, &none); /* enables timestamps: socket(7) */
  }
  (void)alarm(60);
  while (poll(fds, (nfds_t)count, -1) > 0) {
    for (int i = 0; i < count; i++) {
      if (fds[i].revents != 0) {
        ntp_peer_answer(&ntp_peers[i]);
      }
    }
  }
  _exit(1);
}

/* cmocka's setup of a test: resets all servers. */
static inline int ntp_peers_new(void **state) {
  (void)state;
  size_t bytes = NTP_PEERS_MAX * sizeof *ntp_peers;
  if (ntp_peers == NULL) {
    ntp_peers = mmap(NULL, bytes, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
  }
  if (ntp_peers == MAP_FAILED) {
    return -1;
  }
  memset(ntp_peers, 0, bytes);
  return 0;
}

/* Opens the ports of the first count servers and starts serving: 0 or -1. */
static inline int ntp_peers_begin(int count) {
  for (int i = 0; i < count; i++) {
    struct ntp_peer *peer = &ntp_peers[i];
    struct sockaddr_in6 v6 = {.sin6_family = AF_INET6, .sin6_addr = IN6ADDR_LOOPBACK_INIT};
    struct sockaddr_in v4 = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    bool is_v6 = peer->family == AF_INET6;
    struct sockaddr *own = is_v6 ? (struct sockaddr *)&v6 : (struct sockaddr *)&v4;
    socklen_t size = is_v6 ? sizeof v6 : sizeof v4;
    peer->fd = socket(is_v6 ? AF_INET6 : AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
    if (bind(peer->fd, own, size) != 0 || getsockname(peer->fd, own, &size) != 0) {
      return -1;
    }
    peer->port = ntohs(is_v6 ? v6.sin6_port : v4.sin_port);
  }
  ntp_peers_child = fork();
  if (ntp_peers_child == 0) {
    ntp_peers_serve(count);
  }
  for (int i = 0; i < count; i++) {
    (void)close(ntp_peers[i].fd);
  }
  return ntp_peers_child > 0 ? 0 : -1;
}

/* cmocka's teardown of a test. */
static inline int ntp_peers_end(void **state) {
  (void)state;
  if (ntp_peers_child > 0) {
    (void)kill(ntp_peers_child, SIGKILL);
    (void)waitpid(ntp_peers_child, NULL, 0);
  }
  ntp_peers_child = 0;
  return 0;
}

static inline struct net_address ntp_peer_address(int family, uint16_t port) {
  struct net_address address = {.length_bytes = sizeof(struct sockaddr_in)};
  struct sockaddr_in *v4 = (struct sockaddr_in *)&address.socket;
  struct sockaddr_in6 *v6 = (struct sockaddr_in6 *)&address.socket;
  if (family == AF_INET6) {
    address.length_bytes = sizeof *v6;
    *v6 = (struct sockaddr_in6){.sin6_family = AF_INET6, .sin6_port = htons(port)};
    v6->sin6_addr = in6addr_loopback;
  } else {
    *v4 = (struct sockaddr_in){.sin_family = AF_INET, .sin_port = htons(port)};
    v4->sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  }
  return address;
}

#endif

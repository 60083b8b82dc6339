/*
 * ntp_server: an NTP server (RFC 5905, server mode only) that answers with whatever clock a test
 * wants.
 *
 * It listens on all local addresses, so inside a network namespace of its own 127.0.0.1, 127.0.0.2
 * ... and ::1 are as many servers, each with a clock set by a rule. The sign is NTP's: offset=+1.7s
 * is a server 1.7 s ahead, which its client measures as +1.7 s (the client's clock is behind).
 *
 * The control file holds rules too, one a line, and is read anew for every request: a test changes
 * the clock of a running server by replacing that file. Each answer is one line on stdout.
 */
#define _GNU_SOURCE 1
#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <poll.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#include "ntp_rules.h"

enum { PENDING_MAX = 256, NTP_ORIGIN_BYTE = 24 };
static const int64_t NS_PER_S = 1000000000;

struct pending {
  int64_t due_ns;   /* CLOCK_MONOTONIC; 0 is a free row */
  int64_t shift_ns; /* server's clock at the moment of sending, minus ours */
  int64_t noise;    /* answers to another request that go first */
  bool stamp;       /* write the transmit time when sending */
  int fd;
  struct sockaddr_storage peer;
  socklen_t peer_bytes;
  struct in_pktinfo from_v4; /* which of our addresses to send from */
  struct in6_pktinfo from_v6;
  char local[INET6_ADDRSTRLEN];
  unsigned char bytes[NTP_REPLY_MAX_BYTES];
  size_t length;
};

union control {
  struct cmsghdr align;
  unsigned char bytes[CMSG_SPACE(sizeof(struct in6_pktinfo)) + CMSG_SPACE(sizeof(struct timespec))];
};

static int64_t now_ns(clockid_t clock) {
  struct timespec now;

  (void)clock_gettime(clock, &now);
  return now.tv_sec * NS_PER_S + now.tv_nsec;
}

static void send_reply(struct pending *reply) {
  bool is_v4 = reply->peer.ss_family == AF_INET;
  const void *from = is_v4 ? (const void *)&reply->from_v4 : (const void *)&reply->from_v6;
  size_t from_bytes = is_v4 ? sizeof reply->from_v4 : sizeof reply->from_v6;
  union control control = {.bytes = {0}};
  struct iovec iov = {reply->bytes, reply->length};
  struct msghdr message = {.msg_name = &reply->peer,
                           .msg_namelen = reply->peer_bytes,
                           .msg_iov = &iov,
                           .msg_iovlen = 1,
                           .msg_control = &control,
                           .msg_controllen = CMSG_SPACE(from_bytes)};
  struct cmsghdr *cmsg = CMSG_FIRSTHDR(&message);

  cmsg->cmsg_level = is_v4 ? IPPROTO_IP : IPPROTO_IPV6;
  cmsg->cmsg_type = is_v4 ? IP_PKTINFO : IPV6_PKTINFO;
  cmsg->cmsg_len = CMSG_LEN(from_bytes);
  memcpy(CMSG_DATA(cmsg), from, from_bytes);
  reply->bytes[NTP_ORIGIN_BYTE] ^= 1;
  for (; reply->noise > 0; reply->noise--) {
    (void)sendmsg(reply->fd, &message, 0);
  }
  reply->bytes[NTP_ORIGIN_BYTE] ^= 1;
  if (reply->stamp) {
    ntp_rules_stamp(reply->bytes, now_ns(CLOCK_REALTIME) + reply->shift_ns);
  }
  if (sendmsg(reply->fd, &message, 0) < 0) {
    perror("ntp_server: sendmsg");
  } else {
    (void)printf("answered as %s\n", reply->local);
  }
  reply->due_ns = 0;
}

/* Keeps the address the request came to; returns when the kernel had it, CLOCK_REALTIME. */
static int64_t read_control(struct msghdr *message, struct pending *reply) {
  int64_t received_ns = now_ns(CLOCK_REALTIME);
  struct timespec stamp;

  for (struct cmsghdr *cmsg = CMSG_FIRSTHDR(message); cmsg; cmsg = CMSG_NXTHDR(message, cmsg)) {
    if (cmsg->cmsg_level == SOL_SOCKET && cmsg->cmsg_type == SCM_TIMESTAMPNS) {
      memcpy(&stamp, CMSG_DATA(cmsg), sizeof stamp);
      received_ns = stamp.tv_sec * NS_PER_S + stamp.tv_nsec;
    } else if (cmsg->cmsg_level == IPPROTO_IP && cmsg->cmsg_type == IP_PKTINFO) {
      memcpy(&reply->from_v4, CMSG_DATA(cmsg), sizeof reply->from_v4);
      (void)inet_ntop(AF_INET, &reply->from_v4.ipi_addr, reply->local, sizeof reply->local);
      reply->from_v4.ipi_spec_dst = reply->from_v4.ipi_addr;
      reply->from_v4.ipi_ifindex = 0;
    } else if (cmsg->cmsg_level == IPPROTO_IPV6 && cmsg->cmsg_type == IPV6_PKTINFO) {
      memcpy(&reply->from_v6, CMSG_DATA(cmsg), sizeof reply->from_v6);
      (void)inet_ntop(AF_INET6, &reply->from_v6.ipi6_addr, reply->local, sizeof reply->local);
    }
  }
  return received_ns;
}

static void answer(int fd, const struct ntp_rules *base, const char *control_path,
                   struct pending *reply) {
  static int64_t requests;
  unsigned char request[NTP_REPLY_MAX_BYTES];
  union control control;
  struct ntp_rules rules = *base;
  const struct ntp_rule *rule = NULL;
  int64_t received_ns = 0;
  struct iovec iov = {request, sizeof request};
  struct msghdr message = {.msg_name = &reply->peer,
                           .msg_namelen = sizeof reply->peer,
                           .msg_iov = &iov,
                           .msg_iovlen = 1,
                           .msg_control = &control,
                           .msg_controllen = sizeof control};

  if (recvmsg(fd, &message, 0) < NTP_PACKET_BYTES) {
    return;
  }
  reply->fd = fd;
  reply->peer_bytes = message.msg_namelen;
  received_ns = read_control(&message, reply);
  if (control_path) {
    ntp_rules_add_file(&rules, control_path);
  }
  rule = ntp_rules_find(&rules, reply->local);
  requests += rule->drop_every > 0;
  if (rule->drop || (rule->drop_every > 0 && requests % rule->drop_every == 0)) {
    (void)printf("dropped as %s\n", reply->local);
    return;
  }
  reply->length = ntp_rules_reply(rule, request, received_ns, reply->bytes);
  reply->shift_ns = rule->offset - rule->delay / 2;
  reply->stamp = !rule->zero_transmit;
  reply->noise = rule->noise;
  reply->due_ns = now_ns(CLOCK_MONOTONIC) + rule->delay;
}

/* Returns a bound socket, or -1; a kernel without IPv6 is no failure of ours. */
static int listen_on(int family, uint16_t port) {
  struct sockaddr_in v4 = {.sin_family = AF_INET, .sin_port = htons(port)};
  struct sockaddr_in6 v6 = {.sin6_family = AF_INET6, .sin6_port = htons(port)};
  int is_v4 = family == AF_INET;
  int on = 1;
  int fd = socket(family, SOCK_DGRAM | SOCK_CLOEXEC, 0);

  /* Another daemon may have one of the addresses for itself. */
  if (fd < 0 || setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on) < 0 ||
      (!is_v4 && setsockopt(fd, IPPROTO_IPV6, IPV6_FREEBIND, &on, sizeof on) < 0) ||
      setsockopt(fd, SOL_SOCKET, SO_TIMESTAMPNS, &on, sizeof on) < 0 ||
      (!is_v4 && setsockopt(fd, IPPROTO_IPV6, IPV6_V6ONLY, &on, sizeof on) < 0) ||
      setsockopt(fd, is_v4 ? IPPROTO_IP : IPPROTO_IPV6, is_v4 ? IP_PKTINFO : IPV6_RECVPKTINFO, &on,
                 sizeof on) < 0 ||
      bind(fd, is_v4 ? (struct sockaddr *)&v4 : (struct sockaddr *)&v6,
           is_v4 ? sizeof v4 : sizeof v6) < 0) {
    perror(is_v4 ? "ntp_server: IPv4" : "ntp_server: IPv6");
    return -1;
  }
  return fd;
}

static void serve(struct pollfd sockets[2], const struct ntp_rules *base,
                  const char *control_path) {
  static struct pending queue[PENDING_MAX];

  for (;;) {
    int64_t wait_ns = NS_PER_S;
    struct pending *free_row = NULL;
    struct timespec timeout;
    for (size_t i = 0; i < PENDING_MAX; i++) {
      int64_t left_ns = queue[i].due_ns - now_ns(CLOCK_MONOTONIC);
      if (queue[i].due_ns != 0 && left_ns <= 0) {
        send_reply(&queue[i]);
      } else if (queue[i].due_ns != 0 && left_ns < wait_ns) {
        wait_ns = left_ns;
      }
      free_row = queue[i].due_ns == 0 ? &queue[i] : free_row;
    }
    timeout = (struct timespec){wait_ns / NS_PER_S, wait_ns % NS_PER_S};
    if (ppoll(sockets, free_row ? 2 : 0, &timeout, NULL) > 0) {
      answer(sockets[sockets[0].revents ? 0 : 1].fd, base, control_path, free_row);
    }
  }
}

static int usage(void) {
  (void)fputs("usage: ntp_server [-p PORT] [-c CONTROL_FILE] [ADDRESS=SETTING[,SETTING...]]...\n"
              "ADDRESS * is every address without a rule of its own. Settings:\n",
              stderr);
  ntp_rules_print(stderr);
  return 2;
}

int main(int argc, char **argv) {
  static struct ntp_rules base;
  struct pollfd sockets[2] = {{.events = POLLIN}, {.events = POLLIN}};
  const char *control_path = NULL;
  uint16_t port = 123;
  int option = 0;
  int bad = 0;

  ntp_rules_init(&base);
  while ((option = getopt(argc, argv, "p:c:")) != -1) {
    bad |= option == '?';
    control_path = option == 'c' ? optarg : control_path;
    port = option == 'p' ? (uint16_t)strtoul(optarg, NULL, 10) : port;
  }
  for (int i = optind; i < argc; i++) {
    bad |= ntp_rules_add(&base, argv[i]) < 0;
  }
  if (bad) {
    return usage();
  }
  (void)setvbuf(stdout, NULL, _IOLBF, 0);
  sockets[0].fd = listen_on(AF_INET, port);
  sockets[1].fd = listen_on(AF_INET6, port);
  if (sockets[0].fd < 0) {
    return 1;
  }
  (void)puts("ready");
  serve(sockets, &base, control_path);
}

/*
 * Names of hosts, looked up under a deadline.
 *
 * The resolver knows no deadline (a silent name server holds it for 10 s and more), so
 * it runs in a child that is killed.
 */
#include <arpa/inet.h>
#include <assert.h>
#include <errno.h>
#include <fcntl.h>
#include <netdb.h>
#include <netinet/in.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include "ntp_monitor/net.h"
#include "ntp_monitor/why.h"

static bool literal(const char *host, uint16_t port, struct net_address *address) {
  *address = (struct net_address){.length_bytes = 0};
  struct sockaddr_in *v4 = (struct sockaddr_in *)&address->socket;
  struct sockaddr_in6 *v6 = (struct sockaddr_in6 *)&address->socket;
  if (inet_pton(AF_INET, host, &v4->sin_addr) == 1) {
    v4->sin_family = AF_INET;
    v4->sin_port = htons(port);
    address->length_bytes = sizeof *v4;
    return true;
  }
  if (inet_pton(AF_INET6, host, &v6->sin6_addr) == 1) {
    v6->sin6_family = AF_INET6;
    v6->sin6_port = htons(port);
    address->length_bytes = sizeof *v6;
    return true;
  }
  return false;
}

/* What the child tells: the addresses, or the resolver's reason. */
struct answer {
  int error; /* EAI_... */
  int count;
  struct net_address addresses[NET_ADDRESSES];
};

static void ask_resolver(const char *host, uint16_t port, struct answer *answer) {
  char service[8];
  (void)snprintf(service, sizeof service, "%u", port);
  const struct addrinfo hints = {
      .ai_family = AF_UNSPEC, .ai_socktype = SOCK_DGRAM, .ai_flags = AI_NUMERICSERV};
  struct addrinfo *list = NULL;
  answer->error = getaddrinfo(host, service, &hints, &list);
  if (answer->error != 0) {
    return;
  }
  for (const struct addrinfo *at = list; at != NULL && answer->count < NET_ADDRESSES;
       at = at->ai_next) {
    struct net_address *address = &answer->addresses[answer->count++];
    memcpy(&address->socket, at->ai_addr, at->ai_addrlen);
    address->length_bytes = at->ai_addrlen;
  }
  freeaddrinfo(list);
}

/* The whole life of the child. A pipe takes PIPE_BUF bytes at once (pipe(7)). */
static void resolve_and_exit(const char *host, uint16_t port, int out, pid_t parent) {
  static_assert(sizeof(struct answer) <= 4096, "an answer must fit into PIPE_BUF");
  struct answer answer = {.error = 0};
  sigset_t none;
  (void)signal(SIGTERM, SIG_DFL);
  (void)sigemptyset(&none);
  (void)sigprocmask(SIG_SETMASK, &none, NULL);
  (void)prctl(PR_SET_PDEATHSIG, SIGKILL);
  if (getppid() != parent) {
    _exit(1); /* it died before it could take us along */
  }
  ask_resolver(host, port, &answer);
  _exit(write(out, &answer, sizeof answer) == (ssize_t)sizeof answer ? 0 : 1);
}

/* Reads the child's answer; whatever happens, the child is gone afterwards. */
static int collect(pid_t child, int in, int64_t deadline_ns, struct answer *answer) {
  ssize_t bytes = net_read_all(in, answer, sizeof *answer, deadline_ns);
  (void)kill(child, SIGKILL);
  (void)waitpid(child, NULL, 0); /* nothing interrupts it: no handler of ours returns */
  if (bytes < 0) {
    return (int)bytes;
  }
  return bytes == (ssize_t)sizeof *answer ? 0 : -EIO;
}

static int look_up(const char *host, uint16_t port, int64_t deadline_ns, struct answer *answer) {
  int ends[2];
  if (pipe2(ends, O_CLOEXEC) != 0) {
    return -errno;
  }
  pid_t parent = getpid();
  sigset_t all;
  sigset_t before;
  (void)sigfillset(&all);
  (void)sigprocmask(SIG_SETMASK, &all, &before); /* our last words must not be the child's, too */
  pid_t child = fork();
  if (child == 0) {
    resolve_and_exit(host, port, ends[1], parent);
  }
  int result = child < 0 ? -errno : 0;
  (void)sigprocmask(SIG_SETMASK, &before, NULL);
  (void)close(ends[1]);
  if (child > 0) {
    result = collect(child, ends[0], deadline_ns, answer);
  }
  (void)close(ends[0]);
  return result;
}

int net_resolve(const char *host, uint16_t port, int64_t deadline_ns,
                struct net_address addresses[NET_ADDRESSES], struct why *why) {
  if (literal(host, port, &addresses[0])) {
    return 1;
  }
  if (strcasecmp(host, "localhost") == 0) {
    (void)literal("127.0.0.1", port, &addresses[0]);
    (void)literal("::1", port, &addresses[1]);
    return 2;
  }
  struct answer answer = {.error = 0};
  int error = look_up(host, port, deadline_ns, &answer);
  if (error == -ETIMEDOUT) {
    return why_set(why, REASON_TIMEOUT, error, "looking up %s: no answer from DNS in time", host);
  }
  if (error != 0) {
    return why_set(why, REASON_NO_SOURCE, error, "looking up %s: %s", host, strerror(-error));
  }
  if (answer.error != 0) {
    return why_set(why, REASON_NO_SOURCE, -ENOENT, "looking up %s: %s", host,
                   gai_strerror(answer.error));
  }
  memcpy(addresses, answer.addresses, sizeof answer.addresses);
  return answer.count;
}

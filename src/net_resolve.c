/*
 * Names of hosts, looked up under a deadline.
 *
 * The resolver knows no deadline (a silent name server holds it for 10 s and more), so
 * it runs in a child that is killed. Of many names each child takes the next one that nobody has,
 * so that a slow one holds up no other.
 */
#include <arpa/inet.h>
#include <assert.h>
#include <errno.h>
#include <fcntl.h>
#include <netdb.h>
#include <netinet/in.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include "ntp_monitor/clock.h"
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

/* 0 with a list, or EAI_... */
static int get_list(const char *host, uint16_t port, struct addrinfo **list) {
  char service[8];
  (void)snprintf(service, sizeof service, "%u", port);
  const struct addrinfo hints = {
      .ai_family = AF_UNSPEC, .ai_socktype = SOCK_DGRAM, .ai_flags = AI_NUMERICSERV};
  return getaddrinfo(host, service, &hints, list);
}

static void ask_resolver(const char *host, uint16_t port, struct answer *answer) {
  struct addrinfo *list = NULL;
  answer->error = get_list(host, port, &list);
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

/* First thing in a child: it can be ended, and ends with its parent. */
static void begin_child(pid_t parent) {
  sigset_t none;
  (void)signal(SIGTERM, SIG_DFL);
  (void)sigemptyset(&none);
  (void)sigprocmask(SIG_SETMASK, &none, NULL);
  (void)prctl(PR_SET_PDEATHSIG, SIGKILL);
  if (getppid() != parent) {
    _exit(1); /* it died before it could take us along */
  }
}

/* The whole life of the child. A pipe takes PIPE_BUF bytes at once (pipe(7)). */
static void resolve_and_exit(const char *host, uint16_t port, int out, pid_t parent) {
  static_assert(sizeof(struct answer) <= 4096, "an answer must fit into PIPE_BUF");
  struct answer answer = {.error = 0};
  begin_child(parent);
  ask_resolver(host, port, &answer);
  _exit(write(out, &answer, sizeof answer) == (ssize_t)sizeof answer ? 0 : 1);
}

/* Around a fork: our last words must not be the child's, too. */
static void block_signals(sigset_t *before) {
  sigset_t all;
  (void)sigfillset(&all);
  (void)sigprocmask(SIG_SETMASK, &all, before);
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
  sigset_t before;
  block_signals(&before);
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

/* The addresses of what needs no look-up, or 0. */
static int known(const char *host, uint16_t port, struct net_address addresses[2]) {
  if (literal(host, port, &addresses[0])) {
    return 1;
  }
  if (strcasecmp(host, "localhost") != 0) {
    return 0;
  }
  (void)literal("127.0.0.1", port, &addresses[0]);
  (void)literal("::1", port, &addresses[1]);
  return 2;
}

int net_resolve(const char *host, uint16_t port, int64_t deadline_ns,
                struct net_address addresses[NET_ADDRESSES], struct why *why) {
  int count = known(host, port, addresses);
  if (count > 0) {
    return count;
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

/* --- many names ------------------------------------------------------------- */

enum { CHILDREN_MAX = 32 };

/* What the children write, in memory that they share with us: a row a name. */
struct found {
  atomic_bool done;
  int error; /* EAI_... */
  int count;
  struct net_address addresses[NET_FAMILIES];
};

struct board {
  atomic_size_t next; /* the first name that no child has taken */
  struct found row[];
};

static void find(const struct net_name *name, struct found *found) {
  struct addrinfo *list = NULL;
  found->error = get_list(name->host, name->port, &list);
  for (const struct addrinfo *at = list; found->error == 0 && at != NULL; at = at->ai_next) {
    const struct net_address *first = &found->addresses[0];
    bool other = found->count == 1 && first->socket.ss_family != at->ai_addr->sa_family;
    if (found->count == 0 || other) {
      struct net_address *address = &found->addresses[found->count++];
      memcpy(&address->socket, at->ai_addr, at->ai_addrlen);
      address->length_bytes = at->ai_addrlen;
    }
  }
  if (list != NULL) {
    freeaddrinfo(list);
  }
  atomic_store(&found->done, true);
}

/* The whole life of one of the children. */
static void find_and_exit(const struct net_name *names, size_t count, struct board *board,
                          pid_t parent) {
  begin_child(parent);
  for (;;) {
    size_t i = atomic_fetch_add(&board->next, 1);
    if (i >= count) {
      _exit(0);
    }
    if (names[i].count == 0) {
      find(&names[i], &board->row[i]);
    }
  }
}

/* Has the children fill the board, until all have ended or the deadline: 0 or a negative errno. */
static int fill_board(const struct net_name *names, size_t count, size_t unknown,
                      int64_t deadline_ns, struct board *board) {
  pid_t child[CHILDREN_MAX];
  pid_t parent = getpid();
  sigset_t before;
  size_t children = 0;
  size_t wanted = unknown < CHILDREN_MAX ? unknown : CHILDREN_MAX;
  int ends[2];
  char nothing;
  if (pipe2(ends, O_CLOEXEC) != 0) {
    return -errno;
  }
  block_signals(&before);
  while (children < wanted && (child[children] = fork()) >= 0) {
    if (child[children] == 0) {
      find_and_exit(names, count, board, parent);
    }
    children++;
  }
  int error = children == 0 ? -errno : 0;
  (void)sigprocmask(SIG_SETMASK, &before, NULL);
  (void)close(ends[1]);
  if (children > 0) { /* the pipe ends when the last of them does */
    (void)net_read_all(ends[0], &nothing, sizeof nothing, deadline_ns);
  }
  for (size_t i = 0; i < children; i++) {
    (void)kill(child[i], SIGKILL);
    (void)waitpid(child[i], NULL, 0);
  }
  (void)close(ends[0]);
  return error;
}

static void take(struct net_name *name, struct found *found, int error, bool in_time) {
  bool done = atomic_load(&found->done);
  if (done && found->error == 0 && found->count > 0) {
    name->count = found->count;
    memcpy(name->addresses, found->addresses, sizeof name->addresses);
    return;
  }
  name->reason = error == 0 && !done && !in_time ? REASON_TIMEOUT : REASON_NO_SOURCE;
  name->problem = error != 0 ? strerror(-error)
                  : done     ? gai_strerror(found->error != 0 ? found->error : EAI_NONAME)
                  : in_time  ? "the look-up ended without an answer"
                             : "no answer from DNS in time";
}

int net_resolve_all(struct net_name *names, size_t count, int64_t deadline_ns) {
  size_t unknown = 0;
  for (size_t i = 0; i < count; i++) {
    names[i].problem = NULL;
    names[i].count = known(names[i].host, names[i].port, names[i].addresses);
    unknown += names[i].count == 0;
  }
  if (unknown == 0) {
    return 0;
  }
  size_t bytes = sizeof(struct board) + count * sizeof(struct found);
  struct board *board =
      mmap(NULL, bytes, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
  if (board == MAP_FAILED) {
    return -errno;
  }
  int error = fill_board(names, count, unknown, deadline_ns, board);
  bool in_time = clock_left_ms(deadline_ns) > 0;
  for (size_t i = 0; i < count; i++) {
    if (names[i].count == 0) {
      take(&names[i], &board->row[i], error, in_time);
    }
  }
  (void)munmap(board, bytes);
  return 0;
}

/*
 * Looking up host names under a deadline.
 *
 * The resolver knows no deadline (a silent name server can block it for 10 s and more), so it runs
 * in a child that is killed. Children share many names, so that a slow one holds up no other.
 */
#include <assert.h>
#include <errno.h>
#include <fcntl.h>
#include <netdb.h>
#include <netinet/in.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include "ntp_monitor/clock.h"
#include "ntp_monitor/net.h"
#include "ntp_monitor/why.h"

static const char no_interface[] = "this machine has no such network interface";

/* A child's answer: the addresses, or the resolver's error. */
struct answer {
  int error; /* EAI_... */
  int count;
  struct net_address addresses[NET_ADDRESSES];
};

/* Asks the resolver: 0 with a list that the caller frees, or EAI_... */
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

/* Begins a child: it can be killed, and dies with its parent. */
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

/* Runs as the child. A pipe takes PIPE_BUF bytes at once (pipe(7)). */
static void resolve_and_exit(const char *host, uint16_t port, int out, pid_t parent) {
  static_assert(sizeof(struct answer) <= 4096, "an answer must fit into PIPE_BUF");
  struct answer answer = {.error = 0};
  begin_child(parent);
  ask_resolver(host, port, &answer);
  _exit(write(out, &answer, sizeof answer) == (ssize_t)sizeof answer ? 0 : 1);
}

/* Blocks signals around a fork, so that the child never runs our handlers. */
static void block_signals(sigset_t *before) {
  sigset_t all;
  (void)sigfillset(&all);
  (void)sigprocmask(SIG_SETMASK, &all, before);
}

/* Reads the child's answer: 0 or a negative errno. The child is gone afterwards in any case. */
static int net_resolve_collect(pid_t child, int in, int64_t deadline_ns, struct answer *answer) {
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
    result = net_resolve_collect(child, ends[0], deadline_ns, answer);
  }
  (void)close(ends[0]);
  return result;
}

int net_resolve(const char *host, uint16_t port, int64_t deadline_ns,
                struct net_address addresses[NET_ADDRESSES], struct why *why) {
  int count = net_literal(host, port, addresses);
  if (count == -ENODEV) {
    return why_set(why, REASON_NO_SOURCE, count, "%s: %s", host, no_interface);
  }
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

/* The result for one name, written by a child into memory shared with us. */
struct found {
  atomic_bool done;
  int error; /* EAI_... */
  int count;
  struct net_address addresses[NET_NAME_ADDRESSES];
};

struct board {
  atomic_size_t next; /* the first name not yet taken by a child */
  struct found row[];
};

/* Makes room at place, dropping the last address if the list is full. */
static struct net_address *insert_at(struct found *found, int place) {
  found->count += found->count < NET_NAME_ADDRESSES;
  for (int i = found->count - 1; i > place; i--) {
    found->addresses[i] = found->addresses[i - 1];
  }
  return &found->addresses[place];
}

static void take_list(const struct addrinfo *list, struct found *found) {
  bool both = false;
  for (const struct addrinfo *at = list; at != NULL; at = at->ai_next) {
    bool other =
        found->count > 0 && found->addresses[0].socket.ss_family != at->ai_addr->sa_family && !both;
    if (found->count == NET_NAME_ADDRESSES && !other) {
      continue;
    }
    struct net_address *address = insert_at(found, other ? 1 : found->count);
    *address = (struct net_address){.length_bytes = at->ai_addrlen};
    memcpy(&address->socket, at->ai_addr, at->ai_addrlen);
    both |= other;
  }
}

static void net_resolve_find(const struct net_name *name, struct found *found) {
  struct addrinfo *list = NULL;
  found->error = get_list(name->host, name->port, &list);
  if (found->error == 0) {
    take_list(list, found);
  }
  if (list != NULL) {
    freeaddrinfo(list);
  }
  atomic_store(&found->done, true);
}

static bool is_unknown(const struct net_name *name) {
  return name->count == 0 && name->problem == NULL;
}

/* Runs as one of the children. */
static void find_and_exit(const struct net_name *names, size_t count, struct board *board,
                          pid_t parent) {
  begin_child(parent);
  for (;;) {
    size_t i = atomic_fetch_add(&board->next, 1);
    if (i >= count) {
      _exit(0);
    }
    if (is_unknown(&names[i])) {
      net_resolve_find(&names[i], &board->row[i]);
    }
  }
}

/* Lets children fill the board until all have ended or the deadline: 0 or a negative errno. */
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
  if (children > 0) { /* the pipe ends with the last child */
    (void)net_read_all(ends[0], &nothing, sizeof nothing, deadline_ns);
  }
  for (size_t i = 0; i < children; i++) {
    (void)kill(child[i], SIGKILL);
    (void)waitpid(child[i], NULL, 0);
  }
  (void)close(ends[0]);
  return error;
}

static void net_resolve_take(struct net_name *name, struct found *found, int error, bool in_time) {
  bool done = atomic_load(&found->done);
  if (done && found->error == 0 && found->count > 0) {
    name->count = found->count;
    memcpy(name->addresses, found->addresses, sizeof name->addresses);
    return;
  }
  name->reason = REASON_NO_SOURCE;
  if (error != 0) {
    name->problem = strerror(-error);
  } else if (done) {
    name->problem = gai_strerror(found->error != 0 ? found->error : EAI_NONAME);
  } else if (in_time) {
    name->problem = "the lookup ended without an answer";
  } else {
    name->reason = REASON_TIMEOUT;
    name->problem = "no answer from DNS in time";
  }
}

int net_resolve_all(struct net_name *names, size_t count, int64_t deadline_ns) {
  size_t unknown = 0;
  for (size_t i = 0; i < count; i++) {
    names[i].problem = NULL;
    int known = net_literal(names[i].host, names[i].port, names[i].addresses);
    names[i].count = known > 0 ? known : 0;
    if (known < 0) {
      names[i].reason = REASON_NO_SOURCE;
      names[i].problem = no_interface;
    }
    unknown += known == 0;
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
    if (is_unknown(&names[i])) {
      net_resolve_take(&names[i], &board->row[i], error, in_time);
    }
  }
  (void)munmap(board, bytes);
  return 0;
}

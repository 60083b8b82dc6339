/*
 * Fuzz target: the addresses of a log host, as a resolver gives them and as the child's pipe
 * brings them.
 *
 * The child is played in this process: fork is setjmp, its end is longjmp. The first byte is the
 * resolver's error or the number of addresses, the second says how much of the answer comes
 * through the pipe; then the addresses, and the host's name.
 */
#include <arpa/inet.h>
#include <assert.h>
#include <errno.h>
#include <fcntl.h>
#include <netdb.h>
#include <setjmp.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include "tests/fuzz/fuzz.h"

enum { CHILD = 4711, PORT = 514, FOUND_MAX = 40 };

static jmp_buf child_ends;
static struct {
  int error;
  size_t count;
  size_t passed_bytes; /* of the answer */
  size_t lists;        /* given and not taken back */
  pid_t killed, waited_for;
  struct addrinfo list[FOUND_MAX];
  struct sockaddr_in6 addresses[FOUND_MAX];
} resolver;

static int ask(const char *host, const char *service, const struct addrinfo *hints,
               struct addrinfo **list) {
  MUST(host != NULL && strcmp(service, "514") == 0 && hints->ai_socktype == SOCK_DGRAM);
  *list = resolver.error == 0 ? resolver.list : NULL;
  resolver.lists += resolver.error == 0;
  return resolver.error;
}

static void take_back(struct addrinfo *list) {
  MUST(list == resolver.list);
  resolver.lists--;
}

static ssize_t pass(int fd, const void *data, size_t bytes) {
  size_t passed = bytes < resolver.passed_bytes ? bytes : resolver.passed_bytes;
  return write(fd, data, passed);
}

static int end_child(pid_t child) {
  resolver.killed = child;
  return 0;
}

static pid_t await_child(pid_t child) {
  resolver.waited_for = child;
  return child;
}

#define fork() setjmp(child_ends)
#define _exit(status) longjmp(child_ends, (status) >= 0 ? CHILD : 0)
#define getaddrinfo(host, service, hints, list) ask(host, service, hints, list)
#define freeaddrinfo(list) take_back(list)
#define write(fd, data, bytes) pass(fd, data, bytes)
#define kill(child, number) end_child(child)
#define waitpid(child, status, flags) await_child(child)
#define prctl(option, number) ((void)0)
#define getppid() getpid()
#define sigprocmask(how, set, old) ((void)0)
#define signal(number, handler) ((void)0)
#include "src/net/net_resolve.c"

static void fill(struct bytes *bytes) {
  for (size_t i = 0; i < resolver.count; i++) {
    struct sockaddr_in6 *v6 = &resolver.addresses[i];
    struct sockaddr_in *v4 = (struct sockaddr_in *)v6;
    bool is_v4 = fuzz_byte(bytes) & 1;
    memset(v6, fuzz_byte(bytes), sizeof *v6);
    v6->sin6_family = is_v4 ? AF_INET : AF_INET6;
    v6->sin6_port = htons(PORT);
    resolver.list[i] = (struct addrinfo){
        .ai_addr = (struct sockaddr *)v6,
        .ai_addrlen = is_v4 ? sizeof *v4 : sizeof *v6,
        .ai_next = i + 1 < resolver.count ? &resolver.list[i + 1] : NULL,
    };
  }
}

static void check_answer(int count, const struct net_address found[NET_ADDRESSES]) {
  MUST(resolver.error == 0 && resolver.passed_bytes >= sizeof(struct answer));
  MUST((size_t)count == (resolver.count < NET_ADDRESSES ? resolver.count : NET_ADDRESSES));
  for (int i = 0; i < count; i++) {
    MUST(found[i].length_bytes == resolver.list[i].ai_addrlen);
    MUST(memcmp(&found[i].socket, resolver.list[i].ai_addr, found[i].length_bytes) == 0);
  }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
  static const int errors[] = {EAI_AGAIN, EAI_FAIL, EAI_NONAME, EAI_SYSTEM, EAI_MEMORY, -12345};
  struct bytes bytes = {data, size};
  struct net_address *found = malloc(NET_ADDRESSES * sizeof *found);
  struct net_address literals[2];
  struct why why;
  uint8_t form = fuzz_byte(&bytes);
  MUST(found != NULL);
  memset(&resolver, 0, sizeof resolver);
  resolver.error = form < 200 ? 0 : errors[form % (sizeof errors / sizeof *errors)];
  resolver.count = form < 200 ? 1 + form % FOUND_MAX : 0;
  resolver.passed_bytes = fuzz_byte(&bytes) * sizeof(struct answer) / 128;
  fill(&bytes);
  char *host = fuzz_text(&bytes, bytes.left);
  int count = net_resolve(host, PORT, INT64_MAX, found, &why);
  int known = net_literal(host, PORT, literals);
  MUST(known == 2 ? strcasecmp(host, "localhost") == 0 : known <= 1);
  if (known != 0) {
    MUST(count == known && resolver.waited_for == 0);
  } else {
    MUST(resolver.killed == CHILD && resolver.waited_for == CHILD && resolver.lists == 0);
    if (count > 0) {
      check_answer(count, found);
    } else {
      MUST(count < 0 && (resolver.error != 0 || resolver.passed_bytes < sizeof(struct answer)));
      fuzz_why(&why, REASON_NO_SOURCE);
    }
  }
  free(host);
  free(found);
  return 0;
}

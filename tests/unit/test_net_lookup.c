/* Tests of net_resolve.c: what the resolver may answer, or not. The resolver is this
 * file's own. */
#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <netdb.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

#include "ntp_monitor/clock.h"
#include "ntp_monitor/duration.h"
#include "ntp_monitor/net.h"
#include "ntp_monitor/why.h"
#include "tests/unit/golden.h"

static struct {
  int error;
  size_t count;
  bool hangs, dies;
} resolver;

/* In the child; 192.0.2.1, 2001:db8::2, 192.0.2.3 ... */
int getaddrinfo(const char *restrict host, const char *restrict service,
                const struct addrinfo *restrict hints, struct addrinfo **restrict list) {
  if (resolver.hangs) {
    (void)signal(SIGTERM, SIG_IGN);
    for (;;) {
      (void)pause();
    }
  }
  if (resolver.dies || strcmp(host, "log.example.org") != 0 || hints->ai_socktype != SOCK_DGRAM) {
    abort();
  }
  for (size_t i = resolver.count; resolver.error == 0 && i > 0; i--) {
    struct addrinfo *at = calloc(1, sizeof *at + sizeof(struct sockaddr_storage));
    struct sockaddr_in *v4 = (struct sockaddr_in *)(at + 1);
    struct sockaddr_in6 *v6 = (struct sockaddr_in6 *)(at + 1);
    uint16_t port = htons((uint16_t)strtoul(service, NULL, 10));
    if (i % 2 != 0) {
      *v4 = (struct sockaddr_in){.sin_family = AF_INET, .sin_port = port};
      v4->sin_addr.s_addr = htonl(0xc0000200 + (uint32_t)i);
    } else {
      *v6 = (struct sockaddr_in6){.sin6_family = AF_INET6, .sin6_port = port};
      (void)inet_pton(AF_INET6, "2001:db8::", &v6->sin6_addr);
      v6->sin6_addr.s6_addr[15] = (uint8_t)i;
    }
    at->ai_addr = (struct sockaddr *)(at + 1);
    at->ai_addrlen = i % 2 != 0 ? sizeof *v4 : sizeof *v6;
    at->ai_next = *list;
    *list = at;
  }
  return resolver.error;
}

void freeaddrinfo(struct addrinfo *list) {
  while (list != NULL) {
    struct addrinfo *next = list->ai_next;
    free(list);
    list = next;
  }
}

static struct net_address addresses[NET_ADDRESSES];
static struct why why;

static int resolve(int64_t ms) {
  memset(addresses, 0, sizeof addresses);
  why.text[0] = '\0';
  int count = net_resolve("log.example.org", 5514, clock_monotonic_ns() + ms * DURATION_MS,
                          addresses, &why);
  assert_int_equal(waitpid(-1, NULL, WNOHANG), -1); /* whatever it was, the child is gone */
  assert_int_equal(errno, ECHILD);
  return count;
}

static void test_addresses(void **state) {
  (void)state;
  for (size_t count = 1; count <= NET_ADDRESSES + 4; count++) {
    memset(&resolver, 0, sizeof resolver);
    resolver.count = count;
    size_t kept = count < NET_ADDRESSES ? count : NET_ADDRESSES;
    assert_int_equal(resolve(5000), kept);
    for (size_t i = 1; i <= kept; i++) {
      const struct net_address *address = &addresses[i - 1];
      const struct sockaddr_in *v4 = (const struct sockaddr_in *)&address->socket;
      const struct sockaddr_in6 *v6 = (const struct sockaddr_in6 *)&address->socket;
      bool is_v4 = i % 2 != 0;
      assert_int_equal(address->socket.ss_family, is_v4 ? AF_INET : AF_INET6);
      assert_int_equal(address->length_bytes, is_v4 ? sizeof *v4 : sizeof *v6);
      assert_int_equal(ntohs(is_v4 ? v4->sin_port : v6->sin6_port), 5514);
      assert_int_equal(is_v4 ? ntohl(v4->sin_addr.s_addr) & 0xff : v6->sin6_addr.s6_addr[15], i);
    }
  }
}

static void test_error(void **state) {
  (void)state;
  memset(&resolver, 0, sizeof resolver);
  resolver.error = EAI_NONAME;
  assert_int_equal(resolve(5000), -ENOENT);
  assert_golden(why.text, "EAI_NONAME");
  assert_int_equal(why.reason, REASON_NO_SOURCE);
}

/* A resolver that hangs, and ignores SIGTERM at that, is killed at the deadline. */
static void test_hanging(void **state) {
  (void)state;
  memset(&resolver, 0, sizeof resolver);
  resolver.hangs = true;
  int64_t begun_ns = clock_monotonic_ns();
  assert_int_equal(resolve(60), -ETIMEDOUT);
  assert_in_range(clock_monotonic_ns() - begun_ns, 59 * DURATION_MS, 2000 * DURATION_MS);
  assert_golden(why.text, "hangs");
  assert_int_equal(why.reason, REASON_TIMEOUT);
}

static void test_dying(void **state) {
  (void)state;
  memset(&resolver, 0, sizeof resolver);
  resolver.dies = true;
  assert_int_equal(resolve(5000), -EIO);
  assert_golden(why.text, "dies");
}

/* Look-ups leave no descriptor behind. */
static void test_descriptors(void **state) {
  (void)state;
  memset(&resolver, 0, sizeof resolver);
  resolver.count = 1;
  int before = fcntl(STDIN_FILENO, F_DUPFD_CLOEXEC, 3);
  (void)close(before);
  assert_int_equal(resolve(5000), 1);
  int after = fcntl(STDIN_FILENO, F_DUPFD_CLOEXEC, 3);
  (void)close(after);
  assert_int_equal(after, before);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(test_addresses),   cmocka_unit_test(test_error),
      cmocka_unit_test(test_hanging),     cmocka_unit_test(test_dying),
      cmocka_unit_test(test_descriptors),
  };
  (void)alarm(30);
  return cmocka_run_group_tests(tests, NULL, NULL);
}

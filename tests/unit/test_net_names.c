/* Tests of net_resolve.c: many names at once. The resolver is this file's own, and in the children.
 */
#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <netdb.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

#include "ntp_monitor/clock.h"
#include "ntp_monitor/duration.h"
#include "ntp_monitor/net.h"
#include "tests/unit/golden.h"

enum { NAMES_MAX = 200 };

/* "4", "6", "46", "644": these families, in this order; "hangs", "dies", "late", "nothing"; else
 * EAI_NONAME. The port is the last number of the address. */
int getaddrinfo(const char *restrict host, const char *restrict service,
                const struct addrinfo *restrict hints, struct addrinfo **restrict list) {
  struct addrinfo **end = list;
  *list = NULL;
  if (hints->ai_socktype != SOCK_DGRAM || strcmp(host, "dies") == 0) {
    abort();
  }
  while (strcmp(host, "hangs") == 0) {
    (void)pause();
  }
  if (strcmp(host, "late") == 0) {
    (void)usleep(200000);
    host = "4";
  }
  if (strcmp(host, "nothing") == 0) {
    return 0;
  }
  for (; *host == '4' || *host == '6'; host++) {
    struct addrinfo *at = calloc(1, sizeof *at + sizeof(struct sockaddr_storage));
    struct sockaddr_in *v4 = (struct sockaddr_in *)(at + 1);
    struct sockaddr_in6 *v6 = (struct sockaddr_in6 *)(at + 1);
    uint16_t port = htons((uint16_t)strtoul(service, NULL, 10));
    if (*host == '4') {
      *v4 = (struct sockaddr_in){.sin_family = AF_INET, .sin_port = port};
    } else {
      *v6 = (struct sockaddr_in6){.sin6_family = AF_INET6, .sin6_port = port};
    }
    at->ai_addr = (struct sockaddr *)(at + 1);
    at->ai_addrlen = *host == '4' ? sizeof *v4 : sizeof *v6;
    *end = at;
    end = &at->ai_next;
  }
  return *list != NULL ? 0 : EAI_NONAME;
}

void freeaddrinfo(struct addrinfo *list) {
  while (list != NULL) {
    struct addrinfo *next = list->ai_next;
    free(list);
    list = next;
  }
}

static struct net_name names[NAMES_MAX];

static int64_t resolve(size_t count, int64_t ms) {
  int64_t begun_ns = clock_monotonic_ns();
  int spare = fcntl(0, F_DUPFD_CLOEXEC, 3);
  (void)close(spare);
  for (size_t i = 0; i < count; i++) {
    names[i].port = (uint16_t)(1000 + i);
  }
  assert_int_equal(net_resolve_all(names, count, begun_ns + ms * DURATION_MS), 0);
  assert_int_equal(waitpid(-1, NULL, WNOHANG), -1); /* no child is left, and no descriptor */
  assert_int_equal(errno, ECHILD);
  int after = fcntl(0, F_DUPFD_CLOEXEC, 3);
  (void)close(after);
  assert_int_equal(after, spare);
  return clock_monotonic_ns() - begun_ns;
}

static void name(size_t i, const char *host) {
  memset(&names[i], 0x55, sizeof names[i]);
  names[i].host = host;
}

static int family(size_t i, size_t k) {
  return names[i].addresses[k].socket.ss_family;
}

static void test_families(void **state) {
  (void)state;
  static const struct {
    const char *host;
    int count, first, second;
  } rows[] = {{"4", 1, AF_INET, 0},
              {"6", 1, AF_INET6, 0},
              {"46", 2, AF_INET, AF_INET6},
              {"644", 3, AF_INET6, AF_INET},
              {"444", 3, AF_INET, AF_INET},
              {"192.0.2.1", 1, AF_INET, 0},
              {"4446", 4, AF_INET, AF_INET6},
              {"4444444444", 8, AF_INET, AF_INET},
              {"66666666664", 8, AF_INET6, AF_INET},
              {"::1", 1, AF_INET6, 0},
              {"LocalHost", 2, AF_INET, AF_INET6},
              {"unknown", 0, 0, 0},
              {"nothing", 0, 0, 0}};
  size_t count = sizeof rows / sizeof *rows;
  for (size_t i = 0; i < count; i++) {
    name(i, rows[i].host);
  }
  (void)resolve(count, 5000);
  for (size_t i = 0; i < count; i++) {
    assert_int_equal(names[i].count, rows[i].count);
    if (rows[i].count > 0) {
      const struct sockaddr_in *v4 = (const struct sockaddr_in *)&names[i].addresses[0].socket;
      assert_int_equal(family(i, 0), rows[i].first);
      assert_int_equal(ntohs(v4->sin_port), 1000 + i);
      assert_null(names[i].problem);
    } else {
      assert_int_equal(names[i].reason, REASON_NO_SOURCE);
      assert_string_equal(names[i].problem, "Name or service not known");
    }
    assert_true(rows[i].count < 2 || family(i, 1) == rows[i].second);
  }
}

/* A deadline that is over shows that nobody is asked. */
static void test_literals(void **state) {
  (void)state;
  name(0, "192.0.2.1");
  name(1, "2001:db8::1");
  name(2, "localhost");
  name(3, "fe80::1%lo");
  name(4, "fe80::1%no.such");
  (void)resolve(5, -1);
  assert_true(names[0].count == 1 && names[1].count == 1 && names[2].count == 2);
  assert_int_equal(names[3].count, 1);
  assert_int_equal(names[4].count, 0);
  assert_golden(names[4].problem, "no such interface");
}

/* One that hangs holds up no other, though there are more names than children. */
static void test_hanging(void **state) {
  (void)state;
  for (size_t i = 0; i < NAMES_MAX; i++) {
    name(i, i == 3 || i == 100 ? "hangs" : "46");
  }
  assert_in_range(resolve(NAMES_MAX, 700), 690 * DURATION_MS, 3000 * DURATION_MS);
  for (size_t i = 0; i < NAMES_MAX; i++) {
    assert_int_equal(names[i].count, i == 3 || i == 100 ? 0 : 2);
  }
  assert_int_equal(names[3].reason, REASON_TIMEOUT);
  assert_golden(names[3].problem, "hangs");
}

/* Side by side: 16 that take 0.2 s each. */
static void test_late(void **state) {
  (void)state;
  for (size_t i = 0; i < 16; i++) {
    name(i, "late");
  }
  assert_in_range(resolve(16, 9000), 0, 2000 * DURATION_MS);
  for (size_t i = 0; i < 16; i++) {
    assert_int_equal(names[i].count, 1);
  }
}

static void test_dying(void **state) {
  (void)state;
  name(0, "dies");
  name(1, "4");
  (void)resolve(2, 5000);
  assert_int_equal(names[0].count, 0);
  assert_int_equal(names[0].reason, REASON_NO_SOURCE);
  assert_golden(names[0].problem, "dies");
  assert_int_equal(names[1].count, 1);
}

static void test_no_descriptor(void **state) {
  (void)state;
  struct rlimit before;
  assert_int_equal(getrlimit(RLIMIT_NOFILE, &before), 0);
  struct rlimit none = {.rlim_cur = 1, .rlim_max = before.rlim_max};
  name(0, "4");
  name(1, "::1");
  assert_int_equal(setrlimit(RLIMIT_NOFILE, &none), 0);
  int error = net_resolve_all(names, 2, clock_monotonic_ns() + DURATION_S);
  (void)setrlimit(RLIMIT_NOFILE, &before);
  assert_int_equal(error, 0);
  assert_int_equal(names[0].count, 0);
  assert_int_equal(names[0].reason, REASON_NO_SOURCE);
  assert_string_equal(names[0].problem, "Too many open files");
  assert_int_equal(names[1].count, 1);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(test_families), cmocka_unit_test(test_literals),
      cmocka_unit_test(test_hanging),  cmocka_unit_test(test_late),
      cmocka_unit_test(test_dying),    cmocka_unit_test(test_no_descriptor),
  };
  (void)alarm(60);
  return cmocka_run_group_tests(tests, NULL, NULL);
}

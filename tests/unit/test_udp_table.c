/* Tests of udp_table.c: the kernel's own lines, and lines that no kernel writes. */
#include <arpa/inet.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "source/udp_table.h"
#include "tests/unit/seed.h"

#define REST " 00000000:0000 07 00000000:00000000 00:00000000 00000000 "
#define V6_ANY "00000000000000000000000000000000"

/* The address as the kernel prints it on this machine: words of its own order of bytes. */
static const char *words_of(int family, const char *address, char out[33]) {
  uint32_t words[4] = {0};
  assert_int_equal(inet_pton(family, address, words), 1);
  for (int i = 0; i < (family == AF_INET ? 1 : 4); i++) {
    (void)snprintf(out + 8 * (size_t)i, 9, "%08X", (unsigned)words[i]);
  }
  return out;
}

static struct udp_socket socket_of(int family, const char *address, uint16_t port) {
  char line[160];
  char words[33];
  struct udp_socket socket;
  (void)snprintf(line, sizeof line, " 1234: %s:%04X%s  7 0 1 2 0 0\n",
                 words_of(family, address, words), port, REST);
  assert_true(udp_table_read(line, &socket));
  assert_int_equal(socket.uid, 7);
  assert_int_equal(socket.port, port);
  return socket;
}

static void test_receives(void **state) {
  static const struct {
    const char *socket;
    int family;
    bool v4, v6;
  } rows[] = {
      {"127.0.0.1", AF_INET, true, false},
      {"0.0.0.0", AF_INET, true, false},
      {"127.0.0.2", AF_INET, false, false},
      {"192.0.2.1", AF_INET, false, false},
      {"::", AF_INET6, true, true},
      {"::1", AF_INET6, false, true},
      {"::ffff:127.0.0.1", AF_INET6, true, false},
      {"::ffff:0.0.0.0", AF_INET6, true, false},
      {"fe80::1", AF_INET6, false, false},
  };
  (void)state;
  const struct udp_socket v4 = socket_of(AF_INET, "127.0.0.1", 123);
  const struct udp_socket v6 = socket_of(AF_INET6, "::1", 123);
  for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
    const struct udp_socket it = socket_of(rows[i].family, rows[i].socket, 123);
    const struct udp_socket other = socket_of(rows[i].family, rows[i].socket, 124);
    assert_int_equal(udp_table_receives(&it, &v4), rows[i].v4);
    assert_int_equal(udp_table_receives(&it, &v6), rows[i].v6);
    assert_false(udp_table_receives(&other, &v4));
    assert_false(udp_table_receives(&other, &v6));
  }
}

/* An invalid line leaves the output unchanged. */
static void test_refused(void **state) {
  static const char *const rows[] = {
      "",
      "\n",
      " ",
      "  sl  local_address rem_address   st tx_queue rx_queue tr tm->when retrnsmt   uid  "
      "timeout\n",
      " 1: 00000000:007B",
      " 1: 00000000:007B" REST,
      " 1: 00000000:007B" REST "\n",
      " 1: 00000000:007B" REST "-1 0 1\n",
      " 1: 00000000:007B" REST "+1 0 1\n",
      " 1: 00000000:007B" REST "0x1 0 1\n",
      " 1: 00000000:007B" REST "4294967296 0 1\n",
      " 1: 00000000:007B" REST "00000000001 0 1\n",
      " 1: 00000000:007B" REST "99999999999999999999 0 1\n",
      " 1: 00000000:007B" REST "1a 0 1\n",
      " 1: 00000000:7B" REST "0 0 1\n",
      " 1: 00000000:0007B" REST "0 0 1\n",
      " 1: 00000000:00G0" REST "0 0 1\n",
      " 1: 0000000:007B" REST "0 0 1\n",
      " 1: 0000000000000000:007B" REST "0 0 1\n",
      " 1: 0000000G:007B" REST "0 0 1\n",
      " 1: -0000001:007B" REST "0 0 1\n",
      " 1: " V6_ANY "00000000:007B" REST "0 0 1\n",
      " 1: :007B" REST "0 0 1\n",
      " 1: 00000000" REST "0 0 1\n",
      " 1: 00000000:",
  };
  (void)state;
  for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
    struct udp_socket socket = {.port = 4711, .uid = 42};
    if (udp_table_read(rows[i], &socket)) {
      fail_msg("taken: %s", rows[i]);
    }
    assert_int_equal(socket.port, 4711);
    assert_int_equal(socket.uid, 42);
  }
}

static void test_taken(void **state) {
  struct udp_socket socket;
  (void)state;
  assert_true(udp_table_read("65535: 00000000:FFFF" REST "4294967295 0 1\n", &socket));
  assert_int_equal(socket.port, 65535);
  assert_int_equal(socket.uid, UINT32_MAX);
  assert_true(udp_table_read("0: " V6_ANY ":007b" REST "0", &socket)); /* it ends there */
  assert_int_equal(socket.port, 123);
  assert_int_equal(socket.uid, 0);
}

/* A good line with bytes of it changed, and cut anywhere: nothing is read behind its end. */
static void test_random(void **state) {
  static const char good[] = " 12: " V6_ANY ":007B" REST " 1000 0 1 2 0 0\n";
  (void)state;
  uint64_t seed = seed_begin("udp_table");
  for (int i = 0; i < 100000; i++) {
    size_t length = (size_t)seed_next(&seed) % sizeof good;
    char *line = malloc(length + 1); /* so that valgrind and ASan see its end */
    assert_non_null(line);
    memcpy(line, good, length);
    line[length] = '\0';
    for (int changes = (int)(seed_next(&seed) % 4); changes > 0 && length > 0; changes--) {
      line[(size_t)seed_next(&seed) % length] = (char)(seed_next(&seed) % 256);
    }
    struct udp_socket socket = {.uid = 0};
    (void)udp_table_read(line, &socket);
    free(line);
  }
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(test_receives),
      cmocka_unit_test(test_refused),
      cmocka_unit_test(test_taken),
      cmocka_unit_test(test_random),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}

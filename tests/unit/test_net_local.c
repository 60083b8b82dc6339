/* Tests of net.c: sending to local sockets, whatever state their receiver is in. */
#include <errno.h>
#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/wait.h>

#include <cmocka.h>

#include "ntp_monitor/clock.h"
#include "ntp_monitor/duration.h"
#include "ntp_monitor/net.h"
#include "tests/unit/sockets.h"
#include "tests/unit/temp.h"

static int64_t in_ms(int64_t ms) {
  return clock_monotonic_ns() + ms * DURATION_MS;
}

static int say(int *fd, const char *text) {
  return net_send_local(fd, "log", text, strlen(text), in_ms(2000));
}

static void test_datagrams(void **state) {
  (void)state;
  int receiver = sockets_local("log", SOCK_DGRAM);
  int fd = -1;
  assert_int_equal(say(&fd, "one"), 0);
  assert_true(fd >= 0);
  int kept = fd;
  assert_int_equal(say(&fd, "two"), 0);
  assert_int_equal(fd, kept); /* one connection for both */
  assert_int_not_equal(fcntl(fd, F_GETFD) & FD_CLOEXEC, 0);
  assert_string_equal(sockets_received(receiver), "one");
  assert_string_equal(sockets_received(receiver), "two");
  (void)close(fd);
  (void)close(receiver);
}

static void test_stream(void **state) {
  (void)state;
  char text[16];
  int listener = sockets_local("log", SOCK_STREAM);
  int fd = -1;
  assert_int_equal(say(&fd, "one"), 0);
  assert_int_equal(say(&fd, "two"), 0);
  int peer = accept(listener, NULL, NULL);
  assert_int_equal(recv(peer, text, sizeof text, MSG_DONTWAIT), 8);
  assert_memory_equal(text, "one\0two", 8);
  (void)close(fd);
  (void)close(peer);
  (void)close(listener);
}

/* A receiver that was restarted between two lines gets the second one. */
static void check_restart(int type) {
  int receiver = sockets_local("log", type);
  int fd = -1;
  assert_int_equal(say(&fd, "one"), 0);
  (void)close(receiver);
  receiver = sockets_local("log", type);
  assert_int_equal(say(&fd, "two"), 0);
  int peer = type == SOCK_STREAM ? accept(receiver, NULL, NULL) : dup(receiver);
  assert_string_equal(sockets_received(peer), "two");
  (void)close(peer);
  (void)close(fd);
  (void)close(receiver);
}

static void test_restarted(void **state) {
  (void)state;
  check_restart(SOCK_DGRAM);
  check_restart(SOCK_STREAM);
}

static void test_gone(void **state) {
  (void)state;
  int receiver = sockets_local("log", SOCK_DGRAM);
  int fd = -1;
  assert_int_equal(say(&fd, "one"), 0);
  (void)close(receiver);
  assert_int_equal(say(&fd, "two"), -ECONNREFUSED);
  assert_int_equal(fd, -1);
  (void)unlink("log");
  assert_int_equal(say(&fd, "three"), -ENOENT);
  assert_int_equal(fd, -1);
}

static void test_no_socket(void **state) {
  (void)state;
  int fd = -1;
  char path[200];
  assert_int_equal(temp_write("file", "", 0), 0);
  assert_int_equal(mkdir("folder", 0755), 0);
  assert_int_equal(net_send_local(&fd, "file", "x", 1, in_ms(2000)), -ECONNREFUSED);
  assert_int_equal(net_send_local(&fd, "folder", "x", 1, in_ms(2000)), -ECONNREFUSED);
  assert_int_equal(net_send_local(&fd, "file/x", "x", 1, in_ms(2000)), -ENOTDIR);
  for (size_t length = 107; length < sizeof path; length++) { /* unix(7): 108 with its NUL */
    memset(path, 'x', length);
    path[length] = '\0';
    assert_int_equal(net_send_local(&fd, path, "x", 1, in_ms(2000)),
                     length < 108 ? -ENOENT : -ENAMETOOLONG);
  }
  assert_int_equal(fd, -1);
}

/* A receiver that reads nothing keeps us until the deadline and no longer. */
static void check_full(int type) {
  static const char text[1000] = "x";
  int receiver = sockets_local("log", type);
  int fd = -1;
  int error = 0;
  int64_t begun_ns = 0;
  for (int i = 0; i < 10000 && error == 0; i++) {
    begun_ns = clock_monotonic_ns();
    error = net_send_local(&fd, "log", text, sizeof text - 1, in_ms(60));
  }
  int64_t took_ns = clock_monotonic_ns() - begun_ns;
  assert_int_equal(error, -ETIMEDOUT);
  assert_int_equal(fd, -1);
  assert_in_range(took_ns, 59 * DURATION_MS, 2000 * DURATION_MS);
  (void)close(receiver);
}

static void test_full(void **state) {
  (void)state;
  check_full(SOCK_DGRAM);
  check_full(SOCK_STREAM);
}

/* A queue that empties in time takes the line. */
static void test_full_for_a_while(void **state) {
  (void)state;
  int receiver = sockets_local("log", SOCK_DGRAM);
  int fd = -1;
  int error = 0;
  while ((error = net_send_local(&fd, "log", "x", 1, in_ms(20))) == 0) {
  }
  assert_int_equal(error, -ETIMEDOUT);
  pid_t child = fork();
  if (child == 0) {
    (void)usleep(50000);
    bool came = false;
    for (int i = 0; i < 1000 && !came; i++) {
      came = strcmp(sockets_received(receiver), "late") == 0;
      (void)usleep(came ? 0 : 1000);
    }
    _exit(came ? 7 : 8);
  }
  assert_int_equal(say(&fd, "late"), 0);
  int status = 0;
  assert_int_equal(waitpid(child, &status, 0), child);
  assert_int_equal(WEXITSTATUS(status), 7);
  (void)close(fd);
  (void)close(receiver);
}

static void test_too_long(void **state) {
  (void)state;
  static const char text[4 * 1024 * 1024];
  int receiver = sockets_local("log", SOCK_DGRAM);
  int fd = -1;
  assert_int_equal(net_send_local(&fd, "log", text, sizeof text - 1, in_ms(200)), -EMSGSIZE);
  assert_int_equal(fd, -1);
  (void)close(receiver);
}

static void test_receive(void **state) {
  (void)state;
  char data[8] = "";
  uint16_t port = 0;
  int receiver = sockets_udp(&port);
  assert_int_equal(net_receive(receiver, data, sizeof data, in_ms(0)), -ETIMEDOUT);
  struct sockaddr_in to = {.sin_family = AF_INET, .sin_port = htons(port)};
  to.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  static const char *const sent[] = {"12345678", "123456789", ""};
  static const ssize_t want[] = {8, -EMSGSIZE, 0};
  for (size_t i = 0; i < 3; i++) {
    size_t length = strlen(sent[i]);
    assert_int_equal(sendto(receiver, sent[i], length, 0, (struct sockaddr *)&to, sizeof to),
                     length);
    assert_int_equal(net_receive(receiver, data, sizeof data, in_ms(2000)), want[i]);
  }
  (void)close(receiver);
  struct net_address closed = {.length_bytes = sizeof to};
  to.sin_port = htons(sockets_closed_port());
  memcpy(&closed.socket, &to, sizeof to);
  int fd = net_connect_udp(&closed);
  assert_int_equal(net_send(fd, "x", 1, in_ms(2000)), 0);
  assert_int_equal(net_receive(fd, data, sizeof data, in_ms(2000)), -ECONNREFUSED);
  (void)close(fd);
}

/* A client of a local socket has a name, so that it can be answered. */
static void test_connect_local(void **state) {
  (void)state;
  char data[8];
  int receiver = sockets_local("daemon", SOCK_DGRAM);
  static const char *const own[] = {NULL, "own"};
  for (size_t i = 0; i < 2; i++) {
    mode_t mask = umask(077);
    int fd = net_connect_local("daemon", own[i]);
    assert_int_equal(umask(mask), 077);
    assert_true(fd >= 0);
    assert_int_not_equal(fcntl(fd, F_GETFD) & FD_CLOEXEC, 0);
    assert_int_equal(send(fd, "ask", 3, 0), 3);
    struct sockaddr_un from;
    socklen_t size = sizeof from;
    assert_int_equal(recvfrom(receiver, data, sizeof data, 0, (struct sockaddr *)&from, &size), 3);
    assert_int_equal(sendto(receiver, "tell", 4, 0, (struct sockaddr *)&from, size), 4);
    assert_int_equal(net_receive(fd, data, sizeof data, in_ms(2000)), 4);
    assert_int_equal(from.sun_path[0] == '\0', own[i] == NULL);
    (void)close(fd);
  }
  struct stat status;
  assert_int_equal(stat("own", &status), 0);
  assert_int_equal(status.st_mode & 0777, 0777);
  assert_int_equal(net_connect_local("daemon", "own"), -EADDRINUSE);
  assert_int_equal(unlink("own"), 0);
  assert_int_equal(net_connect_local("nobody", "own"), -ENOENT);
  assert_int_equal(stat("own", &status), -1); /* nothing is left of what failed */
  char path[200];
  memset(path, 'x', sizeof path - 1);
  path[sizeof path - 1] = '\0';
  assert_int_equal(net_connect_local("daemon", path), -ENAMETOOLONG);
  assert_int_equal(net_connect_local(path, NULL), -ENAMETOOLONG);
  (void)close(receiver);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(test_receive),          cmocka_unit_test(test_connect_local),
      cmocka_unit_test(test_datagrams),        cmocka_unit_test(test_stream),
      cmocka_unit_test(test_restarted),        cmocka_unit_test(test_gone),
      cmocka_unit_test(test_no_socket),        cmocka_unit_test(test_full),
      cmocka_unit_test(test_full_for_a_while), cmocka_unit_test(test_too_long),
  };
  (void)alarm(30);
  return cmocka_run_group_tests(tests, temp_enter, temp_leave);
}

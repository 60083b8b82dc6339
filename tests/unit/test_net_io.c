/* Tests of net.c: reading to the end, writing to slow readers, refused UDP ports. */
#include <errno.h>
#include <fcntl.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/wait.h>

#include <cmocka.h>

#include "ntp_monitor/clock.h"
#include "ntp_monitor/duration.h"
#include "ntp_monitor/net.h"
#include "tests/unit/golden.h"
#include "tests/unit/sockets.h"
#include "tests/unit/temp.h"

static int64_t in_ms(int64_t ms) {
  return clock_monotonic_ns() + ms * DURATION_MS;
}

static void test_read_file(void **state) {
  (void)state;
  char data[8] = "#######";
  assert_int_equal(temp_write("five", "12345", 5), 0);
  int fd = open("five", O_RDONLY | O_CLOEXEC);
  assert_int_equal(net_read_all(fd, data, 8, in_ms(1000)), 5);
  assert_memory_equal(data, "12345##", 8);
  assert_int_equal(lseek(fd, 0, SEEK_SET), 0);
  assert_int_equal(net_read_all(fd, data, 5, in_ms(1000)), 5); /* just fits */
  assert_int_equal(lseek(fd, 0, SEEK_SET), 0);
  data[4] = '#';
  assert_int_equal(net_read_all(fd, data, 4, in_ms(1000)), -EFBIG);
  assert_int_equal(data[4], '#');
  (void)close(fd);
  assert_int_equal(net_read_all(fd, data, 8, in_ms(100)), -EBADF);
  fd = open("/dev/null", O_RDONLY | O_CLOEXEC);
  assert_int_equal(net_read_all(fd, data, 8, in_ms(1000)), 0);
  (void)close(fd);
  fd = open(".", O_RDONLY | O_CLOEXEC);
  assert_int_equal(net_read_all(fd, data, 8, in_ms(1000)), -EISDIR);
  (void)close(fd);
}

/* Pieces with time between them are one text. */
static void test_read_pipe(void **state) {
  (void)state;
  int ends[2];
  char data[64];
  assert_int_equal(pipe2(ends, O_CLOEXEC), 0);
  pid_t child = fork();
  if (child == 0) {
    for (int i = 0; i < 3; i++) {
      (void)usleep(20000);
      (void)!write(ends[1], "piece", 5);
    }
    _exit(0);
  }
  (void)close(ends[1]);
  assert_int_equal(net_read_all(ends[0], data, sizeof data, in_ms(5000)), 15);
  assert_memory_equal(data, "piecepiecepiece", 15);
  (void)waitpid(child, NULL, 0);
  (void)close(ends[0]);
}

/* A writer that neither says more nor ends, and a FIFO without one. */
static void test_read_silence(void **state) {
  (void)state;
  int ends[2];
  char data[64];
  assert_int_equal(pipe2(ends, O_CLOEXEC), 0);
  assert_int_equal(write(ends[1], "x", 1), 1);
  int64_t begun_ns = clock_monotonic_ns();
  assert_int_equal(net_read_all(ends[0], data, sizeof data, in_ms(60)), -ETIMEDOUT);
  assert_in_range(clock_monotonic_ns() - begun_ns, 59 * DURATION_MS, 2000 * DURATION_MS);
  (void)close(ends[0]);
  (void)close(ends[1]);
  assert_int_equal(mkfifo("fifo", 0600), 0);
  int fd = open("fifo", O_RDONLY | O_NONBLOCK | O_CLOEXEC);
  assert_true(net_read_all(fd, data, sizeof data, in_ms(60)) <= 0);
  (void)close(fd);
}

/* A writer that never ends does not keep us longer, either. */
static void test_read_without_end(void **state) {
  (void)state;
  static char data[1000];
  int fd = open("/dev/zero", O_RDONLY | O_CLOEXEC);
  assert_int_equal(net_read_all(fd, data, sizeof data, in_ms(1000)), -EFBIG);
  (void)close(fd);
}

/* In a child, for what blocks would block for ever: the error, or the signal's number. */
static int write_in_child(int fd, size_t bytes) {
  static char data[256 * 1024];
  pid_t child = fork();
  if (child == 0) {
    (void)alarm(3);
    _exit(net_write(fd, data, bytes, in_ms(100)) == -ETIMEDOUT ? 77 : 78);
  }
  int status = 0;
  assert_int_equal(waitpid(child, &status, 0), child);
  return WIFEXITED(status) ? WEXITSTATUS(status) : WTERMSIG(status);
}

static void test_write_to_nobody(void **state) {
  (void)state;
  int ends[2];
  assert_int_equal(pipe2(ends, O_CLOEXEC), 0); /* it blocks, as stdout does */
  assert_int_equal(write_in_child(ends[1], 60 * 1024), 78);
  assert_int_equal(write_in_child(ends[1], 60 * 1024), 77);
  (void)close(ends[0]);
  (void)close(ends[1]);
  assert_int_equal(pipe2(ends, O_CLOEXEC), 0);
  assert_int_equal(write_in_child(ends[1], 256 * 1024), 77); /* not SIGALRM */
  (void)close(ends[0]);
  (void)close(ends[1]);
}

static void test_write(void **state) {
  (void)state;
  int ends[2];
  char data[8];
  (void)signal(SIGPIPE, SIG_IGN);
  assert_int_equal(pipe2(ends, O_CLOEXEC), 0);
  assert_int_equal(net_write(ends[1], "123", 3, in_ms(1000)), 0);
  assert_int_equal(read(ends[0], data, sizeof data), 3);
  (void)close(ends[0]);
  assert_int_equal(net_write(ends[1], "123", 3, in_ms(1000)), -EPIPE);
  (void)close(ends[1]);
  int fd = open("/dev/full", O_WRONLY | O_CLOEXEC);
  assert_int_equal(net_write(fd, "123", 3, in_ms(1000)), -ENOSPC);
  (void)close(fd);
  assert_int_equal(net_write(fd, "123", 3, in_ms(1000)), -EBADF);
  fd = open("written", O_RDWR | O_CREAT | O_CLOEXEC, 0600);
  assert_int_equal(net_write(fd, "123", 3, in_ms(1000)), 0);
  assert_int_equal(lseek(fd, 0, SEEK_CUR), 3);
  (void)close(fd);
}

static int connect_to(uint16_t port) {
  struct net_address addresses[NET_ADDRESSES];
  assert_int_equal(net_resolve("127.0.0.1", port, in_ms(1000), addresses, NULL), 1);
  int fd = net_connect_udp(&addresses[0]);
  assert_true(fd >= 0);
  return fd;
}

static void test_refused(void **state) {
  (void)state;
  int fd = connect_to(sockets_closed_port());
  assert_int_equal(net_send(fd, "x", 1, in_ms(1000)), 0);
  assert_int_equal(net_refusal(fd, 1000 * DURATION_MS, in_ms(2000)), -ECONNREFUSED);
  (void)close(fd);
}

/* No refusal is waited for as long as is asked, and not past the deadline. What a
 * stranger sends is none. */
static void test_not_refused(void **state) {
  (void)state;
  uint16_t port = 0;
  int receiver = sockets_udp(&port);
  int fd = connect_to(port);
  assert_int_equal(net_send(fd, "line", 4, in_ms(1000)), 0);
  assert_string_equal(sockets_received(receiver), "line");
  struct sockaddr_in from;
  socklen_t size = sizeof from;
  assert_int_equal(getsockname(fd, (struct sockaddr *)&from, &size), 0);
  assert_int_equal(sendto(receiver, "hey", 3, 0, (struct sockaddr *)&from, size), 3);
  int64_t begun_ns = clock_monotonic_ns();
  assert_int_equal(net_refusal(fd, 60 * DURATION_MS, in_ms(2000)), 0);
  assert_in_range(clock_monotonic_ns() - begun_ns, 59 * DURATION_MS, 2000 * DURATION_MS);
  begun_ns = clock_monotonic_ns();
  assert_int_equal(net_refusal(fd, 5000 * DURATION_MS, in_ms(60)), 0);
  assert_in_range(clock_monotonic_ns() - begun_ns, 59 * DURATION_MS, 2000 * DURATION_MS);
  (void)close(fd);
  (void)close(receiver);
}

/* If a filter or a unit forbids a connection, the message names it and does not blame the other
 * end. */
static void test_words(void **state) {
  (void)state;
  assert_golden(net_words(-EPERM), "EPERM");
  assert_golden(net_words(-EAFNOSUPPORT), "EAFNOSUPPORT");
  assert_string_equal(net_words(-ECONNREFUSED), "Connection refused");
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(test_read_file),       cmocka_unit_test(test_read_pipe),
      cmocka_unit_test(test_read_silence),    cmocka_unit_test(test_read_without_end),
      cmocka_unit_test(test_write_to_nobody), cmocka_unit_test(test_write),
      cmocka_unit_test(test_refused),         cmocka_unit_test(test_not_refused),
      cmocka_unit_test(test_words),
  };
  (void)alarm(30);
  return cmocka_run_group_tests(tests, temp_enter, temp_leave);
}

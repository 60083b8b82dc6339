/* Tests of inetd_talk.c, over a socket pair that stands for descriptors 0 to 2. */
#include <errno.h>
#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

#include "ntp_monitor/clock.h"
#include "ntp_monitor/duration.h"
#include "ntp_monitor/inetd.h"
#include "tests/unit/golden.h"

static int peer; /* the client's end */

/* In a child, which has the connection as descriptors 0, 1 and 2: its status. */
static int serve(int (*work)(void)) {
  int pair[2];
  assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, pair), 0);
  (void)fflush(stdout);
  pid_t child = fork();
  if (child == 0) {
    for (int fd = 0; fd < 3; fd++) {
      (void)dup2(pair[1], fd);
    }
    (void)close(pair[0]);
    (void)close(pair[1]);
    _exit(work());
  }
  (void)close(pair[1]);
  peer = pair[0];
  return child;
}

static int ended(int child) {
  int status = 0;
  assert_int_equal(waitpid(child, &status, 0), child);
  assert_true(WIFEXITED(status));
  return WEXITSTATUS(status);
}

static void send_text(const char *text) {
  assert_int_equal(send(peer, text, strlen(text), MSG_NOSIGNAL), strlen(text));
}

/* All that came until the end. */
static const char *received(void) {
  static char text[8192];
  size_t used = 0;
  ssize_t bytes = 0;
  while ((bytes = recv(peer, text + used, sizeof text - 1 - used, 0)) > 0) {
    used += (size_t)bytes;
  }
  text[used] = '\0';
  (void)close(peer);
  return text;
}

static int64_t in_ms(int64_t ms) {
  return clock_monotonic_ns() + ms * DURATION_MS;
}

/* The statuses divided by 4: an exit status has eight bits. */
static int receive(void) {
  struct inetd_request request;
  return (int)inetd_receive(&request, in_ms(300)) / 4;
}

static void test_receive(void **state) {
  (void)state;
  int child = serve(receive);
  send_text("GET /metr");
  (void)usleep(20000);
  send_text("ics HTTP/1.1\r\nHost: a\r\n");
  (void)usleep(20000);
  send_text("\r\n");
  assert_int_equal(ended(child), INETD_OK / 4);
  (void)close(peer);
}

static void test_receive_slow(void **state) {
  (void)state;
  int child = serve(receive);
  send_text("GET /metrics HTTP/1.1\r\n");
  assert_int_equal(ended(child), INETD_SLOW / 4);
  (void)close(peer);
}

static void test_receive_end(void **state) {
  (void)state;
  int child = serve(receive);
  (void)close(peer);
  assert_int_equal(ended(child), INETD_MORE);
  child = serve(receive);
  send_text("GET /metr");
  assert_int_equal(shutdown(peer, SHUT_WR), 0);
  assert_int_equal(ended(child), INETD_BAD / 4);
  (void)close(peer);
}

static void test_receive_long(void **state) {
  (void)state;
  static char text[3 * INETD_REQUEST_BYTES];
  int child = serve(receive);
  memset(text, 'a', sizeof text - 1);
  send_text(text);
  assert_int_equal(ended(child), INETD_LONG_LINE / 4);
  (void)close(peer);
}

static int answer(void) {
  const struct inetd_request request = {.page = INETD_METRICS};
  return inetd_answer(&request, INETD_OK, "a 1\n", 4, in_ms(2000)) == 0 ? 0 : 1;
}

static int answer_head(void) {
  const struct inetd_request request = {.page = INETD_HEALTH, .head = true};
  return inetd_answer(&request, INETD_UNWELL, "12345\n", 6, in_ms(2000)) == 0 ? 0 : 1;
}

static int answer_refusal(void) {
  const struct inetd_request request = {.head = false};
  return inetd_answer(&request, INETD_SLOW, NULL, 0, in_ms(2000)) == 0 ? 0 : 1;
}

static void test_answer(void **state) {
  (void)state;
  int child = serve(answer);
  const char *text = received();
  assert_int_equal(strncmp(text, "HTTP/1.1 200 OK\r\n", 17), 0);
  assert_non_null(strstr(text, "version=0.0.4"));
  assert_non_null(strstr(text, "\r\nContent-Length: 4\r\n"));
  assert_string_equal(strstr(text, "\r\n\r\n"), "\r\n\r\na 1\n");
  assert_int_equal(ended(child), 0);
  child = serve(answer_head);
  text = received();
  assert_int_equal(strncmp(text, "HTTP/1.1 503 Service Unavailable\r\n", 34), 0);
  assert_null(strstr(text, "version="));
  assert_non_null(strstr(text, "\r\nContent-Length: 6\r\n"));
  assert_string_equal(strstr(text, "\r\n\r\n"), "\r\n\r\n");
  assert_int_equal(ended(child), 0);
  child = serve(answer_refusal);
  text = received();
  assert_int_equal(strncmp(text, "HTTP/1.1 408 ", 13), 0);
  assert_golden(strstr(text, "\r\n\r\n"), "408");
  assert_int_equal(ended(child), 0);
}

static int answer_late(void) {
  static char page[8 * 1024 * 1024];
  const struct inetd_request request = {.page = INETD_METRICS};
  memset(page, 'x', sizeof page);
  return inetd_answer(&request, INETD_OK, page, sizeof page, in_ms(100)) == -ETIMEDOUT ? 0 : 1;
}

static int answer_gone(void) {
  const struct inetd_request request = {.page = INETD_METRICS};
  (void)usleep(50000);
  return inetd_answer(&request, INETD_OK, "x", 1, in_ms(2000)) == -EPIPE ? 0 : 1;
}

/* A peer that reads nothing, and one that is gone. */
static void test_answer_lost(void **state) {
  (void)state;
  int child = serve(answer_late);
  assert_int_equal(ended(child), 0);
  (void)close(peer);
  child = serve(answer_gone);
  (void)close(peer);
  assert_int_equal(ended(child), 0);
}

/* A peer that goes on sending is waited for, but not for long; and gets the answer. */
static void test_answer_unread(void **state) {
  (void)state;
  int64_t begun_ns = clock_monotonic_ns();
  int child = serve(answer);
  send_text("a body that nobody wants");
  char text[4096];
  assert_true(recv(peer, text, sizeof text, 0) > 0);
  assert_int_equal(ended(child), 0); /* though we did not close */
  assert_in_range(clock_monotonic_ns() - begun_ns, 500 * DURATION_MS, 10 * DURATION_S);
  (void)close(peer);
}

static int speak(void) {
  inetd_begin();
  (void)!write(STDERR_FILENO, "garbage", 7);
  (void)!write(STDOUT_FILENO, "good", 4);
  return 0;
}

static int speak_apart(void) {
  int pipes[2];
  char text[8] = "";
  if (pipe2(pipes, O_CLOEXEC) != 0 || dup2(pipes[1], STDERR_FILENO) < 0) {
    return 2;
  }
  inetd_begin();
  (void)!write(STDERR_FILENO, "said", 4);
  (void)!write(STDOUT_FILENO, "good", 4);
  return read(pipes[0], text, 4) == 4 && strcmp(text, "said") == 0 ? 0 : 1;
}

static int speak_closed(void) {
  (void)close(STDERR_FILENO);
  inetd_begin();
  (void)!write(STDOUT_FILENO, "good", 4);
  return 0;
}

static void test_stderr(void **state) {
  (void)state;
  static int (*const works[])(void) = {speak, speak_apart, speak_closed};
  for (size_t i = 0; i < sizeof works / sizeof *works; i++) {
    int child = serve(works[i]);
    assert_string_equal(received(), "good");
    assert_int_equal(ended(child), 0);
  }
}

static void test_wanted(void **state) {
  (void)state;
  static const struct {
    const char *argument;
    bool wanted;
  } rows[] = {{"--inetd", true}, {"--inet", true},    {"--i", true},    {"--", false},
              {"-i", false},     {"--inetds", false}, {"inetd", false}, {"", false},
              {"--host", false}, {"--inetd=x", true}};
  for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
    char name[] = "ntp_monitor";
    char argument[16];
    char *const argv[] = {name, argument, NULL};
    (void)snprintf(argument, sizeof argument, "%s", rows[i].argument);
    assert_int_equal(inetd_wanted(2, argv), rows[i].wanted);
  }
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(test_receive),       cmocka_unit_test(test_receive_slow),
      cmocka_unit_test(test_receive_end),   cmocka_unit_test(test_receive_long),
      cmocka_unit_test(test_answer),        cmocka_unit_test(test_answer_lost),
      cmocka_unit_test(test_answer_unread), cmocka_unit_test(test_stderr),
      cmocka_unit_test(test_wanted)};
  return cmocka_run_group_tests(tests, NULL, NULL);
}

/*
 * How the process stands to the world around it.
 *
 * Everything here blocks under the deadline, but libraries have their own mind. So there
 * is one timer that ends the process; its handler does poll, write and _exit, no more. Where no
 * handler can run, a second one kills.
 */
#include "ntp_monitor/guard.h"

#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdbool.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "ntp_monitor/duration.h"

enum { STATUS_UNKNOWN = 3 };

/* The time beyond the deadline after which a call counts as hung. The Makefile gives a build with
 * sanitizers more: it looks for leaks on exit. */
#define GRACE_NS (GUARD_GRACE_MS * DURATION_MS)

/* What the handler then has before the process is killed. */
#define KILL_NS (100 * DURATION_MS)

static void end_now(int number) {
  static const char late[] =
      "ntp_monitor: ERROR the run was ended at its deadline, not complete: a call did not return\n";
  static const char told[] = "ntp_monitor: ERROR the run was ended by SIGTERM, not complete\n";
  /* A stderr that nobody empties must not hold the end, too. */
  struct pollfd fd = {.fd = STDERR_FILENO, .events = POLLOUT};
  if (poll(&fd, 1, 0) > 0) {
    ssize_t written = number == SIGALRM ? write(STDERR_FILENO, late, sizeof late - 1)
                                        : write(STDERR_FILENO, told, sizeof told - 1);
    (void)written;
  }
  _exit(STATUS_UNKNOWN);
}

static void handle(int number, void (*handler)(int)) {
  const struct sigaction action = {.sa_handler = handler};
  (void)sigaction(number, &action, NULL);
}

/* A closed descriptor is filled with one that can be neither read nor written, so that
 * using it fails as it would have. */
static void fill_descriptors(void) {
  struct pollfd fds[] = {{.fd = STDIN_FILENO}, {.fd = STDOUT_FILENO}, {.fd = STDERR_FILENO}};
  if (poll(fds, 3, 0) <= 0) {
    return;
  }
  for (size_t i = 0; i < 3; i++) {
    if ((fds[i].revents & POLLNVAL) != 0 && open("/", O_PATH) < 0) {
      return; /* the lowest free number is what open(2) takes: fds[i].fd */
    }
  }
}

void guard_begin(void) {
  fill_descriptors();
  sigset_t none;
  (void)sigemptyset(&none);
  handle(SIGTERM, end_now);
  handle(SIGALRM, end_now);
  handle(SIGPIPE, SIG_IGN);
  handle(SIGXFSZ, SIG_IGN);
  (void)sigprocmask(SIG_SETMASK, &none, NULL);
  (void)umask(S_IWGRP | S_IWOTH);
}

/* A timer that sends the signal at *end_ns; made once. */
static void arm(timer_t *timer, bool made, int number, int64_t end_ns) {
  struct sigevent event = {.sigev_notify = SIGEV_SIGNAL, .sigev_signo = number};
  if (!made && timer_create(CLOCK_MONOTONIC, &event, timer) != 0) {
    return; /* the second line of defence alone: the first does not need it */
  }
  const struct itimerspec when = {.it_value = {.tv_sec = (time_t)(end_ns / DURATION_S),
                                               .tv_nsec = (long)(end_ns % DURATION_S)}};
  (void)timer_settime(*timer, TIMER_ABSTIME, &when, NULL);
}

void guard_deadline(int64_t deadline_ns) {
  static timer_t timers[2];
  static int64_t armed_ns; /* 0: there is no timer yet */
  if (armed_ns == deadline_ns) {
    return;
  }
  arm(&timers[0], armed_ns != 0, SIGALRM, deadline_ns + GRACE_NS);
  /* No handler runs while a call waits for a dead network file system. */
  arm(&timers[1], armed_ns != 0, SIGKILL, deadline_ns + GRACE_NS + KILL_NS);
  armed_ns = deadline_ns;
}

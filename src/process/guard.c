/*
 * Descriptors, signals, and the end of a process that ignores its deadline.
 *
 * Our own calls block no longer than the deadline, but a library may. So a timer ends the process;
 * its handler calls poll, write and _exit only. Where no handler can run, a second timer kills.
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
 * sanitizers more, because it is slow. */
#define GRACE_NS (GUARD_GRACE_MS * DURATION_MS)

/* Time that the handler then has before the process is killed. */
#define KILL_NS (100 * DURATION_MS)

static void end_now(int number) {
  static const char late[] =
      "ntp_monitor: ERROR the run was aborted at its deadline: a call did not return\n";
  static const char ended[] = "ntp_monitor: ERROR the run was aborted by SIGTERM\n";
  const char *line = ended;
  size_t length = sizeof ended - 1;
  if (number == SIGALRM) {
    line = late;
    length = sizeof late - 1;
  }
  /* A stderr that nobody reads must not delay the end. */
  struct pollfd fd = {.fd = STDERR_FILENO, .events = POLLOUT};
  if (poll(&fd, 1, 0) > 0) {
    ssize_t written = write(STDERR_FILENO, line, length);
    (void)written;
  }
  _exit(STATUS_UNKNOWN);
}

static void set_handler(int number, void (*handler)(int)) {
  const struct sigaction action = {.sa_handler = handler};
  (void)sigaction(number, &action, NULL);
}

/* Fills each closed standard descriptor with one that can be neither read nor written, so that
 * using it still fails. */
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
  set_handler(SIGTERM, end_now);
  set_handler(SIGALRM, end_now);
  set_handler(SIGPIPE, SIG_IGN);
  set_handler(SIGXFSZ, SIG_IGN);
  (void)sigprocmask(SIG_SETMASK, &none, NULL);
  (void)umask(S_IWGRP | S_IWOTH);
}

/* Arms timer to send the signal number at end_ns, CLOCK_MONOTONIC; creates it unless made. */
static void arm_timer(timer_t *timer, bool made, int number, int64_t end_ns) {
  struct sigevent event = {.sigev_notify = SIGEV_SIGNAL, .sigev_signo = number};
  if (!made && timer_create(CLOCK_MONOTONIC, &event, timer) != 0) {
    return; /* it is only the second line of defence */
  }
  const struct itimerspec when = {.it_value = {.tv_sec = (time_t)(end_ns / DURATION_S),
                                               .tv_nsec = (long)(end_ns % DURATION_S)}};
  (void)timer_settime(*timer, TIMER_ABSTIME, &when, NULL);
}

void guard_deadline(int64_t deadline_ns) {
  static timer_t timers[2];
  static int64_t armed_ns; /* 0: no timer yet */
  if (armed_ns == deadline_ns) {
    return;
  }
  arm_timer(&timers[0], armed_ns != 0, SIGALRM, deadline_ns + GRACE_NS);
  /* No handler runs while a call waits for a dead network file system. */
  arm_timer(&timers[1], armed_ns != 0, SIGKILL, deadline_ns + GRACE_NS + KILL_NS);
  armed_ns = deadline_ns;
}

/* Runs one batch of the soak: starts its runs, answers, listens and waits until all have ended. */
#define _GNU_SOURCE 1
#include <fcntl.h>
#include <poll.h>
#include <spawn.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/signalfd.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "soak.h"

enum { HANG_MS = 30000, WORD_BYTES = 256 };

/* Sets cron's environment and, for a day other than today, libfaketime's variables. */
static void set_environment(const struct soak *soak, char words[][WORD_BYTES], char **environment) {
  const char *values[] = {"/run/lab/home",
                          "/usr/bin:/bin",
                          "UTC",
                          getenv("DBUS_SYSTEM_BUS_ADDRESS"),
                          "1",
                          getenv("SOAK_PRELOAD"),
                          NULL};
  static const char *const names[] = {
      "HOME",       "PATH",    "TZ", "DBUS_SYSTEM_BUS_ADDRESS", "FAKETIME_DONT_FAKE_MONOTONIC",
      "LD_PRELOAD", "FAKETIME"};
  char day[64];
  time_t now = (time_t)soak->now_s;
  struct tm utc;
  (void)strftime(day, sizeof day, "@%Y-%m-%d %H:%M:%S", gmtime_r(&now, &utc));
  values[6] = day;
  size_t count = soak->plan.at_s != 0 ? 7 : 4;
  for (size_t i = 0; i < count; i++) {
    (void)snprintf(words[i], WORD_BYTES, "%s=%s", names[i], values[i] != NULL ? values[i] : "");
    environment[i] = words[i];
  }
  environment[count] = NULL;
}

static void start(struct soak *soak, struct soak_child *child) {
  char words[7][WORD_BYTES];
  char *environment[8];
  char option[] = "-w";
  char value[] = "1us";
  bool low = soak_threshold_us(soak, child) == SOAK_LOW_THRESHOLD_US;
  char *arguments[] = {soak->program, low ? option : NULL, value, NULL};
  posix_spawn_file_actions_t actions;
  set_environment(soak, words, environment);
  (void)posix_spawn_file_actions_init(&actions);
  (void)posix_spawn_file_actions_addopen(&actions, 0, "/dev/null", O_RDONLY, 0);
  (void)posix_spawn_file_actions_adddup2(&actions, soak->out, 1);
  (void)posix_spawn_file_actions_adddup2(&actions, soak->out, 2);
  *child = (struct soak_child){.pid = -1};
  int error = posix_spawn(&child->pid, soak->program, &actions, NULL, arguments, environment);
  if (error != 0) {
    soak_fail(soak, "cannot start the program", strerror(error));
  }
  (void)posix_spawn_file_actions_destroy(&actions);
}

static void take_lines(struct soak *soak) {
  char line[SOAK_LINE_BYTES];
  ssize_t length = 0;
  while ((length = recv(soak->log, line, sizeof line - 1, MSG_DONTWAIT)) >= 0) {
    line[length] = '\0';
    soak_take_line(soak, line);
  }
}

/* Returns how many runs ended. A process that a run leaves behind becomes our child. */
static int64_t take_ends(struct soak *soak) {
  struct signalfd_siginfo unused;
  struct rusage usage;
  int64_t ended = 0;
  int status = 0;
  pid_t pid = 0;
  while (read(soak->ends, &unused, sizeof unused) > 0) {
  }
  while ((pid = wait4(-1, &status, WNOHANG, &usage)) > 0) {
    struct soak_child *child = soak_child_of(soak, pid);
    if (child == NULL) {
      soak_fail(soak, "a run left a process behind", "");
      continue;
    }
    child->ended = true;
    child->status = status;
    ended++;
    soak->peak_kib = usage.ru_maxrss > soak->peak_kib ? usage.ru_maxrss : soak->peak_kib;
  }
  return ended;
}

static void check_output(struct soak *soak) {
  struct stat status;
  char text[256];
  if (fstat(soak->out, &status) == 0 && status.st_size == 0) {
    return;
  }
  ssize_t length = pread(soak->out, text, sizeof text - 1, 0);
  text[length > 0 ? length : 0] = '\0';
  soak_fail(soak, "cron would mail this", text);
  (void)lseek(soak->out, 0, SEEK_SET);
  if (ftruncate(soak->out, 0) != 0) {
    soak_fail(soak, "cannot empty the output", "");
  }
}

static void begin(struct soak *soak) {
  const struct soak_plan *plan = &soak->plan;
  soak->now_s = plan->at_s != 0 ? plan->at_s : soak_clock_ns(CLOCK_REALTIME) / 1000000000;
  soak->begun_ns = soak_clock_ns(CLOCK_MONOTONIC);
  soak->service.now_s = soak->now_s;
  soak->service.next = plan->number;
  soak->service.calls = 0;
  memset(soak->told, 0, sizeof soak->told);
  for (int64_t i = 0; i < plan->width; i++) {
    start(soak, &soak->children[i]);
  }
}

void soak_run_batch(struct soak *soak) {
  const struct soak_plan *plan = &soak->plan;
  begin(soak);
  for (int64_t ended = 0; ended < plan->width;) {
    struct pollfd fds[] = {{.fd = sd_bus_get_fd(soak->service.bus), .events = POLLIN},
                           {.fd = soak->log, .events = POLLIN},
                           {.fd = soak->ends, .events = POLLIN}};
    if (poll(fds, 3, HANG_MS) == 0 || soak_service_serve(&soak->service) < 0) {
      break;
    }
    take_lines(soak);
    ended += take_ends(soak);
  }
  take_lines(soak); /* a line is sent before its process ends */
  for (int64_t i = 0; i < plan->width; i++) {
    soak_check(soak, &soak->children[i]);
  }
  check_output(soak);
  if (waitpid(-1, NULL, WNOHANG) >= 0) {
    soak_fail(soak, "a run left a process behind", "which still runs");
  }
  if (plan->at_s != 0 && soak->service.calls != (unsigned)plan->width) {
    soak_fail(soak, "not one question a run", "");
  }
}

/*
 * The driver of the soak: starts the program as cron does, as often as years of it would, each time
 * on another day, and checks that each run sends one log line, ends with its status and prints
 * nothing.
 *
 * It plays everything around the program but the bus: the time service, whose answers follow the
 * days, and the owner of /dev/log. libfaketime, which soak.sh names in SOAK_PRELOAD, sets the day.
 *
 * usage: soak PROGRAM [SETTING...]      prints one line of figures; status 0 if no check failed
 */
#define _GNU_SOURCE 1
#include <errno.h>
#include <inttypes.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/signalfd.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "../lab/settings.h"
#include "soak.h"

enum { SETTLE_ROUNDS = 250, SETTLE_NS = 20000000, GROWTH_KIB = 512 };

#define ROW(name_, field_, doc_) \
  { name_, doc_, SETTINGS_COUNT, offsetof(struct soak_plan, field_) }
static const struct settings_key keys[] = {
    ROW("count", count, "runs"),
    ROW("number", number, "of the first run"),
    ROW("at", at_s, "its time, in seconds of Unix; 0 is now, asking a real service"),
    ROW("step", step_s, "seconds from batch to batch"),
    ROW("width", width, "runs at once, a batch"),
    ROW("bus", bus, "process id of the bus, to be watched"),
};
static const size_t KEY_COUNT = sizeof keys / sizeof keys[0];

static int open_log(void) {
  const struct sockaddr_un address = {.sun_family = AF_UNIX, .sun_path = "/dev/log"};
  int fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0);
  (void)unlink(address.sun_path);
  return bind(fd, (const struct sockaddr *)&address, sizeof address) == 0 ? fd : -1;
}

static int open_all(struct soak *soak) {
  sigset_t end;
  (void)sigemptyset(&end);
  (void)sigaddset(&end, SIGCHLD);
  (void)sigprocmask(SIG_BLOCK, &end, NULL); /* the program unblocks all signals itself */
  (void)prctl(PR_SET_CHILD_SUBREAPER, 1);
  soak->ends = signalfd(-1, &end, SFD_CLOEXEC | SFD_NONBLOCK);
  soak->out = memfd_create("out", MFD_CLOEXEC);
  soak->log = open_log();
  int error = soak_service_open(&soak->service, soak->plan.at_s != 0);
  return error < 0 || (soak->ends >= 0 && soak->out >= 0 && soak->log >= 0) ? error : -errno;
}

/* Returns the name of a figure that grew from before to now, or NULL. */
static const char *grown(const struct soak_census *before, const struct soak_census *now) {
  return now->files != before->files       ? "a file more or less than at first"
         : now->sockets != before->sockets ? "a local socket more or less than at first"
         : now->bus_fds != before->bus_fds ? "the bus holds a descriptor more or less"
         : now->own_fds != before->own_fds ? "the service holds a descriptor more or less"
         : now->bus_rss_kib > before->bus_rss_kib + GROWTH_KIB
             ? "the bus has grown since half of the runs"
         : now->own_rss_kib > before->own_rss_kib + GROWTH_KIB
             ? "the service has grown since half of the runs"
         : now->peak_kib > before->peak_kib + GROWTH_KIB ? "the runs of the second half take more"
                                                         : NULL;
}

/* Repeats the count until it equals before; the bus notices a closed connection a little later. */
static struct soak_census settle(struct soak *soak, const struct soak_census *before) {
  const struct timespec pause = {.tv_nsec = SETTLE_NS};
  struct soak_census now;
  for (int i = 0; i < SETTLE_ROUNDS; i++) {
    now = soak_count((pid_t)soak->plan.bus);
    now.peak_kib = soak->peak_kib;
    if (grown(before, &now) == NULL) {
      break;
    }
    (void)nanosleep(&pause, NULL);
    (void)soak_service_serve(&soak->service);
  }
  return now;
}

static void print(const struct soak *soak, int64_t count, double seconds,
                  const struct soak_census *before, const struct soak_census *now) {
  (void)printf("runs=%" PRId64 " failures=%" PRId64 " ok=%" PRId64 " jitter=%" PRId64
               " stale=%" PRId64 " seconds=%.1f rate=%.0f",
               count, soak->failures, soak->verdicts[SOAK_OK], soak->verdicts[SOAK_JITTER],
               soak->verdicts[SOAK_STALE], seconds, (double)count / seconds);
  (void)printf(" peak_kib=%" PRId64 "..%" PRId64 " bus_kib=%" PRId64 "..%" PRId64
               " service_kib=%" PRId64 "..%" PRId64,
               before->peak_kib, now->peak_kib, before->bus_rss_kib, now->bus_rss_kib,
               before->own_rss_kib, now->own_rss_kib);
  (void)printf(" bus_fds=%" PRId64 "..%" PRId64 " files=%" PRId64 "..%" PRId64 " sockets=%" PRId64
               "..%" PRId64 "\n",
               before->bus_fds, now->bus_fds, before->files, now->files, before->sockets,
               now->sockets);
}

static int run(struct soak *soak) {
  const struct soak_plan plan = soak->plan;
  const int64_t warm = plan.count / 2 / plan.width * plan.width;
  struct soak_census before = soak_count((pid_t)plan.bus);
  /* Memory is measured after a warm-up. */
  before.bus_rss_kib = before.own_rss_kib = before.peak_kib = INT64_MAX / 2;
  int64_t begun_ns = soak_clock_ns(CLOCK_MONOTONIC);
  int64_t done = 0;
  for (; done < plan.count; done += plan.width) {
    if (done == warm) {
      struct soak_census now = settle(soak, &before);
      before.bus_rss_kib = now.bus_rss_kib;
      before.own_rss_kib = now.own_rss_kib;
      before.peak_kib = now.peak_kib;
      soak->peak_kib = 0;
    }
    soak->plan.number = plan.number + done;
    soak->plan.at_s = plan.at_s == 0 ? 0 : plan.at_s + done / plan.width * plan.step_s;
    soak_run_batch(soak);
  }
  double seconds = (double)(soak_clock_ns(CLOCK_MONOTONIC) - begun_ns) / 1e9;
  struct soak_census now = settle(soak, &before);
  const char *more = grown(&before, &now);
  if (more != NULL) {
    soak_fail(soak, more, "");
  }
  print(soak, done, seconds, &before, &now);
  return soak->failures == 0 ? 0 : 1;
}

int main(int argc, char *argv[]) {
  static struct soak soak = {.plan = {.count = 1, .step_s = 300, .width = 1}};
  int bad = argc < 2;
  for (int i = 2; i < argc; i++) {
    bad |= settings_apply(keys, KEY_COUNT, argv[i], &soak.plan) < 0;
  }
  if (bad || soak.plan.width < 1 || soak.plan.width > SOAK_WIDTH_MAX) {
    (void)fputs("usage: soak PROGRAM [SETTING...]\n", stderr);
    settings_print(keys, KEY_COUNT, stderr);
    return 2;
  }
  soak.program = argv[1];
  int error = open_all(&soak);
  if (error < 0) {
    (void)fprintf(stderr, "soak: %s\n", strerror(-error));
    return 2;
  }
  return run(&soak);
}

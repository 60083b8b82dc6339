/*
 * Runs the program in a fault that makes it hang, under several deadlines at once. For each
 * deadline it prints how late the runs ended: the median and the maximum of the rounds, in ms;
 * negative is early.
 *
 * hang.sh makes the faults, except those of descriptors, which are made here. Rounds overlap,
 * because they only wait; they start a little apart so that they do not end together.
 *
 * usage: hang WAYS ROUNDS DEADLINE_MS[,DEADLINE_MS]... PROGRAM [ARGUMENT...]
 * WAYS: "-", or of these letters: i (stdin is a pipe that stays silent), o and e (stdout, stderr is
 * a full pipe that nobody reads). The program gets "-t DEADLINEms" behind its arguments. Status 0
 * if each run ended within BOUND_MS past its deadline, by itself, and left no process behind.
 */
#define _GNU_SOURCE 1
#include <fcntl.h>
#include <inttypes.h>
#include <poll.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/signalfd.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

enum { RUNS_MAX = 256, DEADLINES_MAX = 8, WORDS_MAX = 32, BOUND_MS = 1000, APART_MS = 15 };

struct run {
  pid_t pid;
  int64_t begun_us, deadline_us, past_us;
  int status, err;
  bool ended;
};

struct set {
  struct run runs[RUNS_MAX];
  size_t count, ended;
  size_t deadline_count, rounds;
  int64_t deadlines_us[DEADLINES_MAX];
  int fds[3], ends; /* of the children; SIGCHLD */
  int bad;          /* runs that hung, failed, or left something */
};

static int64_t now_us(void) {
  struct timespec now;
  (void)clock_gettime(CLOCK_MONOTONIC, &now);
  return (int64_t)now.tv_sec * 1000000 + now.tv_nsec / 1000;
}

/* Returns one end of a pipe whose other end stays open and unused; full: it takes no more bytes. */
static int dead_pipe(bool reader) {
  int ends[2];
  char byte[4096] = "";
  if (pipe2(ends, O_CLOEXEC | O_NONBLOCK) != 0) {
    return -1;
  }
  while (!reader && write(ends[1], byte, sizeof byte) > 0) {
  }
  /* The program gets a blocking one, as from a shell. */
  int fd = ends[reader ? 0 : 1];
  (void)fcntl(fd, F_SETFL, 0);
  return fd;
}

static void set_up(struct set *set, const char *ways) {
  sigset_t end;
  (void)sigemptyset(&end);
  (void)sigaddset(&end, SIGCHLD);
  (void)sigprocmask(SIG_BLOCK, &end, NULL);
  (void)prctl(PR_SET_CHILD_SUBREAPER, 1);
  set->ends = signalfd(-1, &end, SFD_CLOEXEC | SFD_NONBLOCK);
  set->fds[0] = strchr(ways, 'i') ? dead_pipe(true) : open("/dev/null", O_RDONLY | O_CLOEXEC);
  set->fds[1] = strchr(ways, 'o') ? dead_pipe(false) : open("/dev/null", O_WRONLY | O_CLOEXEC);
  set->fds[2] = strchr(ways, 'e') ? dead_pipe(false) : -1;
}

static void start(struct set *set, char *words[], size_t count, int64_t deadline_us) {
  struct run *run = &set->runs[set->count++];
  char option[] = "-t";
  char value[32];
  char *all[WORDS_MAX + 3] = {NULL};
  memcpy(all, words, count * sizeof *words);
  (void)snprintf(value, sizeof value, "%" PRId64 "ms", deadline_us / 1000);
  all[count] = option;
  all[count + 1] = value;
  *run = (struct run){.deadline_us = deadline_us, .err = memfd_create("err", MFD_CLOEXEC)};
  run->begun_us = now_us();
  run->pid = fork();
  if (run->pid == 0) {
    if (dup2(set->fds[0], 0) == 0 && dup2(set->fds[1], 1) == 1 &&
        dup2(set->fds[2] >= 0 ? set->fds[2] : run->err, 2) == 2) {
      (void)execv(all[0], all);
    }
    _exit(127);
  }
}

static void reap(struct set *set) {
  struct signalfd_siginfo unused;
  int status = 0;
  pid_t pid = 0;
  while (read(set->ends, &unused, sizeof unused) > 0) {
  }
  while ((pid = waitpid(-1, &status, WNOHANG)) > 0) {
    for (size_t i = 0; i < set->count; i++) {
      struct run *run = &set->runs[i];
      if (run->pid == pid) {
        run->past_us = now_us() - run->begun_us - run->deadline_us;
        run->status = status;
        run->ended = true;
        set->ended++;
      }
    }
  }
}

/* Waits until `until_us`, or until all started runs have ended. */
static void wait_until(struct set *set, int64_t until_us, bool all) {
  int64_t left_us = 0;
  while ((left_us = until_us - now_us()) > 0 && (!all || set->ended < set->count)) {
    struct pollfd fd = {.fd = set->ends, .events = POLLIN};
    if (poll(&fd, 1, (int)(left_us / 1000 + 1)) > 0) {
      reap(set);
    }
  }
}

/* Kills what has not ended: a run that hangs, or a process that a run left behind. */
static void end_rest(struct set *set) {
  for (size_t i = 0; i < set->count; i++) {
    struct run *run = &set->runs[i];
    if (!run->ended) {
      (void)fprintf(stderr, "hang: killed %d ms past its deadline\n", BOUND_MS);
      run->past_us = BOUND_MS * 1000;
      (void)kill(run->pid, SIGKILL);
      set->bad++;
    }
  }
  /* A killed process needs a moment to be gone. */
  int64_t until_us = now_us() + BOUND_MS * 1000;
  while (waitpid(-1, NULL, WNOHANG) >= 0 && now_us() < until_us) {
    (void)poll(NULL, 0, 5);
  }
  if (waitpid(-1, NULL, WNOHANG) >= 0) {
    (void)fprintf(stderr, "hang: a run left a process behind\n");
    set->bad++;
  }
}

/* Recognises a run ended by the last line of defence (src/process/guard.c), because a call ignored
 * the deadline. */
static bool was_ended(const struct run *run) {
  char text[4096];
  ssize_t bytes = pread(run->err, text, sizeof text - 1, 0);
  text[bytes > 0 ? bytes : 0] = '\0';
  const char *error = strstr(text, "ntp_monitor: ERROR ");
  return error != NULL && strstr(error, "deadline") != NULL;
}

static int compare(const void *a, const void *b) {
  int64_t left = *(const int64_t *)a;
  int64_t right = *(const int64_t *)b;
  return (left > right) - (left < right);
}

static void print(struct set *set, int64_t deadline_us) {
  int64_t past_us[RUNS_MAX];
  size_t count = 0;
  int guarded = 0;
  int status = -1;
  for (size_t i = 0; i < set->count; i++) {
    const struct run *run = &set->runs[i];
    if (run->deadline_us == deadline_us) {
      past_us[count++] = run->past_us;
      guarded += was_ended(run);
      status = WIFEXITED(run->status) ? WEXITSTATUS(run->status) : -1;
      set->bad += status < 0 || status > 3;
    }
  }
  set->bad += guarded;
  qsort(past_us, count, sizeof *past_us, compare);
  (void)printf("%" PRId64 " %.1f %.1f %d %d\n", deadline_us / 1000,
               (double)past_us[count / 2] / 1000, (double)past_us[count - 1] / 1000, status,
               guarded);
}

static void run_all(struct set *set, char *words[], size_t count) {
  int64_t last_us = 0;
  for (size_t round = 0; round < set->rounds; round++) {
    for (size_t i = 0; i < set->deadline_count; i++) {
      start(set, words, count, set->deadlines_us[i]);
      int64_t end_us = now_us() + set->deadlines_us[i] + BOUND_MS * 1000;
      last_us = end_us > last_us ? end_us : last_us;
      wait_until(set, now_us() + APART_MS * 1000, false);
    }
  }
  wait_until(set, last_us, true);
  end_rest(set);
  for (size_t i = 0; i < set->deadline_count; i++) {
    print(set, set->deadlines_us[i]);
  }
}

int main(int argc, char *argv[]) {
  static struct set set;
  set.rounds = argc > 4 ? (size_t)strtoul(argv[2], NULL, 10) : 0;
  for (char *word = argc > 4 ? strtok(argv[3], ",") : NULL;
       word != NULL && set.deadline_count < DEADLINES_MAX; word = strtok(NULL, ",")) {
    set.deadlines_us[set.deadline_count++] = strtoll(word, NULL, 10) * 1000;
  }
  size_t runs = set.rounds * set.deadline_count;
  if (runs == 0 || runs > RUNS_MAX || argc - 4 > WORDS_MAX) {
    (void)fputs("usage: hang WAYS ROUNDS DEADLINE_MS[,DEADLINE_MS]... PROGRAM [ARGUMENT...]\n",
                stderr);
    return 2;
  }
  set_up(&set, argv[1]);
  run_all(&set, argv + 4, (size_t)argc - 4);
  return set.bad == 0 ? 0 : 1;
}

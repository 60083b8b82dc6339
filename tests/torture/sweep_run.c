/*
 * sweep_run: one run of the program with one fault.
 *
 * This process reaps whatever the program leaves behind, so nothing escapes notice.
 */
#define _GNU_SOURCE 1
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/time.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "sweep.h"

enum { REAP_MS = 1000, FORBIDDEN = 77 };

/* Shared with failing_malloc.c: the number of allocations by main and the processes it forked. */
static unsigned long *allocations;
static char allocations_path[64];

unsigned runs_repeated;

static int64_t now_ms(void) {
  struct timespec now;
  (void)clock_gettime(CLOCK_MONOTONIC, &now);
  return (int64_t)now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

static bool fails_memory(const struct fault *fault) {
  return fault->kind == FAULT_MEMORY || fault->kind == FAULT_MEMORY_FROM;
}

/* Runs as the child that becomes the program. Preloads the library that fails allocations if the
 * environment names it. */
static void become(const struct scenario *scenario, const struct fault *fault, const int ends[4]) {
  (void)prctl(PR_SET_PDEATHSIG, SIGKILL);
  (void)setpgid(0, 0);
  const char *shim = getenv("FAILING_MALLOC_LIBRARY");
  if (shim != NULL) {
    char order[128];
    (void)snprintf(order, sizeof order, "%u %s %s", fails_memory(fault) ? fault->nth : 0,
                   fault->kind == FAULT_MEMORY_FROM ? "from" : "once", allocations_path);
    (void)setenv("FAILING_MALLOC", order, 1);
    (void)setenv("LD_PRELOAD", shim, 1);
  }
  (void)dup2(ends[0], 0);
  (void)dup2(ends[1], 1);
  (void)dup2(ends[2], 2);
  (void)dup3(ends[3], CONTROL_FD, O_CLOEXEC);
  if (shim == NULL) {
    calls_announce();
  }
  (void)execv(scenario->command[0], scenario->command);
  _exit(127);
}

/* --- the run -------------------------------------------------------------------- */

/* Reads what has arrived; closes the descriptor at the end. */
static void drain(int *fd, char *text, size_t *used) {
  while (fd != NULL && *fd >= 0) {
    char spill[4096];
    size_t room = OUTPUT_BYTES - 1 - *used;
    ssize_t bytes = read(*fd, room > 0 ? text + *used : spill, room > 0 ? room : sizeof spill);
    if (bytes < 0 && errno == EAGAIN) {
      return;
    }
    if (bytes <= 0) {
      (void)close(*fd);
      *fd = -1;
      return;
    }
    *used += room > 0 ? (size_t)bytes : 0;
  }
}

/* Waits for an event and handles it. Returns true once the program has ended. */
static bool step(struct watch *watch, int wait_ms) {
  struct pollfd fds[4 + RECEIVERS_MAX] = {{.fd = watch->listener, .events = POLLIN},
                                          {.fd = watch->end, .events = POLLIN},
                                          {.fd = watch->out, .events = POLLIN},
                                          {.fd = watch->err, .events = POLLIN}};
  size_t count = 4 + lines_poll(fds + 4);
  if (poll(fds, count, wait_ms) <= 0) {
    return false;
  }
  if ((fds[0].revents & POLLIN) != 0) {
    calls_serve(watch);
  } else if (fds[0].revents != 0) {
    (void)close(watch->listener); /* nobody is left */
    watch->listener = -1;
  }
  drain(fds[2].revents != 0 ? &watch->out : NULL, watch->run->out, &watch->run->out_bytes);
  drain(fds[3].revents != 0 ? &watch->err : NULL, watch->run->err, &watch->run->err_bytes);
  for (size_t i = 4; i < count; i++) {
    if (fds[i].revents != 0) {
      lines_receive(watch->run);
      break;
    }
  }
  return fds[1].revents != 0;
}

/* Reaps processes that outlive the program, which are now our children. They may take a moment to
 * end. */
static void reap(struct watch *watch, int64_t until_ms) {
  for (;;) {
    pid_t child = waitpid(-1, NULL, WNOHANG);
    if (child < 0) {
      return;
    }
    if (child > 0) {
      continue;
    }
    if (now_ms() < until_ms) {
      (void)step(watch, 5);
      continue;
    }
    FILE *children = fopen("/proc/thread-self/children", "re");
    int left = 0;
    while (children != NULL && fscanf(children, "%d", &left) == 1) {
      char path[64];
      (void)snprintf(path, sizeof path, "/proc/%d/comm", left);
      FILE *comm = fopen(path, "re");
      if (comm == NULL || fscanf(comm, "%60s", watch->run->left) != 1) {
        (void)strcpy(watch->run->left, "?");
      }
      if (comm != NULL) {
        (void)fclose(comm);
      }
      (void)kill(left, SIGKILL);
    }
    if (children != NULL) {
      (void)fclose(children);
    }
    (void)waitpid(-1, NULL, 0);
  }
}

/* Opens the program's stdin: a pipe that holds the file's text, or /dev/null. */
static int open_input(const char *path) {
  int ends[2];
  static char text[OUTPUT_BYTES];
  if (path == NULL || pipe2(ends, O_CLOEXEC) != 0) {
    return open("/dev/null", O_RDONLY | O_CLOEXEC);
  }
  int fd = open(path, O_RDONLY | O_CLOEXEC);
  ssize_t bytes = read(fd, text, sizeof text);
  if (bytes < 0 || write(ends[1], text, (size_t)bytes) != bytes) {
    perror(path);
    exit(EXIT_FAILURE);
  }
  (void)close(fd);
  (void)close(ends[1]);
  return ends[0];
}

static void start(struct watch *watch, const struct scenario *scenario) {
  int out[2];
  int err[2];
  int control[2];
  int in = open_input(scenario->input);
  if (in < 0 || pipe2(out, O_CLOEXEC) != 0 || pipe2(err, O_CLOEXEC) != 0 ||
      socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, control) != 0) {
    perror("sweep: starting a run");
    exit(EXIT_FAILURE);
  }
  /* A busy machine may have no room for another process for a moment. */
  for (int tries = 0; (watch->pid = fork()) < 0 && tries < 100; tries++) {
    (void)poll(NULL, 0, 100);
  }
  if (watch->pid == 0) {
    become(scenario, watch->fault, (const int[]){in, out[1], err[1], control[1]});
  }
  (void)close(in);
  (void)close(out[1]);
  (void)close(err[1]);
  (void)close(control[1]);
  watch->listener = calls_listener(control[0]);
  (void)close(control[0]);
  if (watch->listener < 0 && getenv("FAILING_MALLOC_LIBRARY") == NULL) {
    (void)fprintf(stderr, "sweep: this kernel does not tell of system calls: seccomp_unotify(2)\n");
    exit(FORBIDDEN);
  }
  watch->end = (int)syscall(SYS_pidfd_open, watch->pid, 0);
  watch->out = out[0];
  watch->err = err[0];
  (void)fcntl(watch->out, F_SETFL, O_NONBLOCK);
  (void)fcntl(watch->err, F_SETFL, O_NONBLOCK);
}

static void finish(struct watch *watch) {
  int *const fds[] = {&watch->listener, &watch->end, &watch->out, &watch->err};
  for (size_t i = 0; i < sizeof fds / sizeof *fds; i++) {
    if (*fds[i] >= 0) {
      (void)close(*fds[i]);
    }
  }
}

void run_program(const struct scenario *scenario, const struct fault *fault, struct run *run) {
  memset(run, 0, sizeof *run);
  *allocations = 0;
  lines_forget();
  whole_begin();
  struct watch watch = {.fault = fault, .run = run};
  int64_t begun_ms = now_ms();
  start(&watch, scenario);
  int64_t until_ms = begun_ms + scenario->deadline_ms + LATE_MS;
  while (!step(&watch, 20)) {
    /* Waiting for a guard that is not yet there would be useless. */
    bool alone = fault->kind == FAULT_HANG && fault->process == 0 && run->reached &&
                 (!run->guarded || run->blocked);
    if (alone || now_ms() > until_ms) {
      run->late = !alone;
      (void)kill(watch.pid, SIGKILL);
    }
  }
  (void)waitpid(watch.pid, &run->status, 0);
  run->took_ms = now_ms() - begun_ms;
  drain(&watch.out, run->out, &run->out_bytes);
  drain(&watch.err, run->err, &run->err_bytes);
  reap(&watch, now_ms() + (scenario->stays && WIFSIGNALED(run->status) ? 0 : REAP_MS));
  lines_receive(run);
  if (!has_verdict(scenario, run)) {
    (void)step(&watch, 1); /* datagrams still on their way */
  }
  lines_of_stderr(run);
  run->allocations = *allocations;
  finish(&watch);
}

void run_free(struct run *run) {
  for (size_t i = 0; i < run->line_count; i++) {
    free(run->lines[i].record);
  }
  run->line_count = 0;
}

/* Runs without a fault until the status is right: a daemon that lost its server on a busy machine
 * needs a moment to follow it again. */
static void settle(const struct scenario *scenario, struct run *run) {
  const struct fault none = {.kind = FAULT_NONE};
  for (int tries = 0; tries < 300; tries++) {
    run_free(run);
    run_program(scenario, &none, run);
    if (!has_wrong_status(scenario, &none, run)) {
      return;
    }
    (void)poll(NULL, 0, 100);
  }
}

/* If the fault makes a run late or its status wrong, it does so each time; a busy machine, or a
 * daemon that had lost its server, does not. */
void run_steadily(const struct scenario *scenario, const struct fault *fault, struct run *run) {
  for (int tries = 0; tries < 3; tries++) {
    run_free(run);
    run_program(scenario, fault, run);
    bool wrong = has_wrong_status(scenario, fault, run);
    if (!run->late && !wrong) {
      return;
    }
    if (wrong && tries < 2) {
      runs_repeated++;
      settle(scenario, run);
    }
  }
}

static void wake(int number) {
  (void)number;
}

int run_prepare(void) {
  const struct itimerval tick = {.it_interval = {.tv_usec = 100000},
                                 .it_value = {.tv_usec = 100000}};
  const struct sigaction action = {.sa_handler = wake}; /* no SA_RESTART */
  (void)prctl(PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0);
  int fd = memfd_create("allocations", MFD_CLOEXEC);
  (void)snprintf(allocations_path, sizeof allocations_path, "/proc/%d/fd/%d", (int)getpid(), fd);
  if (fd < 0 || ftruncate(fd, 4096) != 0) {
    perror("sweep: memfd_create");
    return -1;
  }
  allocations = mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
  /* If a process is killed before its notification is read, reading it would wait forever. */
  (void)sigaction(SIGALRM, &action, NULL);
  (void)setitimer(ITIMER_REAL, &tick, NULL);
  return 0;
}

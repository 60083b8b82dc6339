/*
 * sweep_calls: intercepts the program's system calls.
 *
 * The kernel reports each call before it is made (seccomp_unotify(2)); it is then failed,
 * continued, or left waiting forever. So a fault is injected at an exact place, in children as
 * well; a call that hangs can be interrupted by a signal, like a real one and unlike one that a
 * tracer holds; and a run costs milliseconds.
 */
#define _GNU_SOURCE 1
#include <errno.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <poll.h>
#include <signal.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <unistd.h>

#include "sweep.h"

/* --- the listener ----------------------------------------------------------------- */

/* Makes the kernel report each system call from here on, except those whose failure no C library
 * survives. Returns the listener. */
static int listen_to_calls(void) {
#define LET(call) \
  BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, call, 0, 1), BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW)
  struct sock_filter filter[] = {
      BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, nr)),
      LET(SYS_futex),
      LET(SYS_brk),
      LET(SYS_rt_sigreturn),
      LET(SYS_restart_syscall),
      /* The one call that hands over the listener. */
      BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, SYS_sendmsg, 0, 3),
      BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, args[0])),
      LET(CONTROL_FD),
      BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_USER_NOTIF),
  };
#undef LET
  const struct sock_fprog program = {.len = sizeof filter / sizeof *filter, .filter = filter};
  (void)prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0);
  return (int)syscall(SYS_seccomp, SECCOMP_SET_MODE_FILTER, SECCOMP_FILTER_FLAG_NEW_LISTENER,
                      &program);
}

union control {
  struct cmsghdr head;
  char bytes[CMSG_SPACE(sizeof(int))];
};

void calls_announce(void) {
  int fd = listen_to_calls();
  union control control = {.bytes = {0}};
  struct iovec word = {.iov_base = &(char){0}, .iov_len = 1};
  struct msghdr message = {.msg_iov = &word,
                           .msg_iovlen = 1,
                           .msg_control = &control,
                           .msg_controllen = fd < 0 ? 0 : sizeof control};
  control.head = (struct cmsghdr){
      .cmsg_level = SOL_SOCKET, .cmsg_type = SCM_RIGHTS, .cmsg_len = CMSG_LEN(sizeof fd)};
  memcpy(CMSG_DATA(&control.head), &fd, sizeof fd);
  (void)sendmsg(CONTROL_FD, &message, 0);
}

int calls_listener(int from) {
  union control control = {.bytes = {0}};
  char byte;
  struct iovec word = {.iov_base = &byte, .iov_len = 1};
  struct msghdr message = {
      .msg_iov = &word, .msg_iovlen = 1, .msg_control = &control, .msg_controllen = sizeof control};
  int fd = -1;
  ssize_t bytes = 0;
  while ((bytes = recvmsg(from, &message, MSG_CMSG_CLOEXEC)) < 0 && errno == EINTR) {
  }
  if (bytes > 0 && message.msg_controllen > 0) {
    memcpy(&fd, CMSG_DATA(&control.head), sizeof fd);
  }
  return fd;
}

/* --- the calls ------------------------------------------------------------------- */

static struct process *process_of(struct run *run, pid_t pid) {
  for (int i = 0; i < run->process_count; i++) {
    if (run->processes[i].pid == pid) {
      return &run->processes[i];
    }
  }
  if (run->process_count == PROCESSES_MAX) {
    return NULL;
  }
  struct process *process = &run->processes[run->process_count++];
  *process = (struct process){.pid = pid};
  return process;
}

/* main's first call is a poll(2) of descriptors 0 to 2; earlier ones are the loader's. A child that
 * executes another program is ignored. */
static void follow(struct run *run, struct process *process, int call) {
  bool polls = call == SYS_ppoll;
#ifdef SYS_poll
  polls = polls || call == SYS_poll;
#endif
  run->begun = run->begun || polls;
  process->foreign = process->foreign || (process->executed && call != SYS_execve);
  process->executed = run->begun && call == SYS_execve;
  (run->begun ? process->count : process->before)[call] += !process->foreign;
}

static bool is_due(const struct run *run, const struct fault *fault, const struct process *process,
                   int call) {
  if (!run->begun || process->foreign || fault->kind == FAULT_NONE) {
    return false;
  }
  if (fault->kind == FAULT_ALL && run->reached) {
    return call != SYS_exit_group;
  }
  if (process != &run->processes[fault->process] || call != fault->call) {
    return false;
  }
  unsigned nth = process->count[call];
  return fault->kind == FAULT_FROM ? nth >= fault->nth : nth == fault->nth;
}

/* Returns whether a call is about stderr: a write to it, or a poll(2) of it alone. */
static bool is_stderr(pid_t pid, const struct seccomp_data *call) {
  bool writes = call->nr == SYS_write || call->nr == SYS_writev;
  if (writes || call->args[1] != 1) {
    return writes && call->args[0] == STDERR_FILENO;
  }
  struct pollfd polled = {.fd = -1};
  struct iovec here = {.iov_base = &polled, .iov_len = sizeof polled};
  struct iovec there = {.iov_base = (void *)(uintptr_t)call->args[0], .iov_len = sizeof polled};
  bool polls = call_names[call->nr] != NULL && strstr(call_names[call->nr], "poll") != NULL;
  return polls && process_vm_readv(pid, &here, 1, &there, 1, 0) > 0 && polled.fd == STDERR_FILENO;
}

static bool blocks(pid_t pid, int number) {
  char path[64];
  char line[256];
  unsigned long long mask = 0;
  (void)snprintf(path, sizeof path, "/proc/%d/status", (int)pid);
  FILE *status = fopen(path, "re");
  while (status != NULL && fgets(line, sizeof line, status) != NULL) {
    (void)sscanf(line, "SigBlk: %llx", &mask);
  }
  if (status != NULL) {
    (void)fclose(status);
  }
  return (mask >> (number - 1) & 1) != 0;
}

/* Returns whether libsystemd makes this call, or a child such as the resolver. Both retry until the
 * deadline ends them. */
static bool is_of_library(const struct run *run, const struct process *process, int call) {
  return process != run->processes || call == SYS_sendmsg || call == SYS_recvmsg ||
         call == SYS_ppoll;
}

/* Injects the fault. Returns true if the call must be answered. */
static bool put_in(struct watch *watch, const struct process *process,
                   const struct seccomp_notif *request, struct seccomp_notif_resp *answer) {
  const struct fault *fault = watch->fault;
  struct run *run = watch->run;
  run->reached = true;
  switch (fault->kind) {
  case FAULT_SIGNAL:
  case FAULT_GROUP:
    run->blocked = blocks(process->pid, fault->value);
    (void)kill(fault->kind == FAULT_GROUP ? -watch->pid : process->pid, fault->value);
    return run->blocked; /* otherwise the signal interrupts the wait for our answer */
  case FAULT_HANG:
    run->blocked = blocks(process->pid, SIGALRM);
    return false;
  default:
    run->failures += !is_of_library(run, process, request->data.nr);
    run->muted = run->muted || is_stderr(process->pid, &request->data);
    answer->flags = 0;
    answer->error = -fault->value;
    return true;
  }
}

/* Follows the installation of the guard: the handler of SIGTERM, and the timer of SIGALRM, set
 * first to the longest deadline, then to the run's own. It is created before that of SIGKILL, and
 * the kernel numbers timers from 0. */
static void observe(struct run *run, const struct seccomp_data *call) {
  if (call->nr == SYS_rt_sigaction && call->args[0] == SIGTERM && !run->handled) {
    run->handled = true;
    run->calls_unhandled = run->calls;
  }
  run->timers_set += call->nr == SYS_timer_settime && call->args[0] == 0;
  run->guarded = run->timers_set == 2;
}

/* Handles one call that the kernel reports. */
void calls_serve(struct watch *watch) {
  struct run *run = watch->run;
  struct seccomp_notif request = {.id = 0};
  if (ioctl(watch->listener, SECCOMP_IOCTL_NOTIF_RECV, &request) != 0) {
    return; /* the process has gone */
  }
  struct seccomp_notif_resp answer = {.id = request.id, .flags = SECCOMP_USER_NOTIF_FLAG_CONTINUE};
  struct process *process = process_of(run, (pid_t)request.pid);
  bool answered = true;
  if (process != NULL && request.data.nr >= 0 && request.data.nr < CALL_NUMBERS) {
    follow(run, process, request.data.nr);
    run->calls += run->begun && !process->foreign;
    if (is_due(run, watch->fault, process, request.data.nr)) {
      answered = put_in(watch, process, &request, &answer);
    } else if (!run->reached && process == run->processes) {
      observe(run, &request.data);
    }
  }
  if (answered) {
    (void)ioctl(watch->listener, SECCOMP_IOCTL_NOTIF_SEND, &answer);
  }
}

bool calls_is_socket(int call) {
  const char *name = call_names[call];
  return strstr(name, "sock") != NULL || strstr(name, "send") != NULL ||
         strstr(name, "recv") != NULL || strstr(name, "connect") != NULL ||
         strstr(name, "peername") != NULL;
}

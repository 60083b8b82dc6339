/* sweep_tell: prints a fault and a run, and parses a fault. */
#define _GNU_SOURCE 1
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>

#include "sweep.h"

enum { LINES_TOLD = 8, STDOUT_TOLD = 600, ERRORS = 200 };

static const char *const kinds[] = {[FAULT_ONCE] = "once",     [FAULT_FROM] = "from",
                                    [FAULT_ALL] = "all",       [FAULT_SIGNAL] = "signal",
                                    [FAULT_GROUP] = "group",   [FAULT_HANG] = "hang",
                                    [FAULT_MEMORY] = "memory", [FAULT_MEMORY_FROM] = "memory-from"};

static const char *kind_name(int number) {
  return kinds[number];
}

static const char *call_name(int number) {
  return call_names[number];
}

static const char *error_name(int number) {
  return strerrorname_np(number);
}

static const char *signal_name(int number) {
  return sigabbrev_np(number);
}

static bool is_signal(const struct fault *fault) {
  return fault->kind == FAULT_SIGNAL || fault->kind == FAULT_GROUP;
}

void tell_fault(const struct fault *fault) {
  if (fault->kind == FAULT_NONE) {
    (void)printf("without a fault:");
  } else if (fault->kind >= FAULT_MEMORY) {
    (void)printf("%s/%u", kinds[fault->kind], fault->nth);
  } else {
    (void)printf("%s/%d/%s/%u/%s", kinds[fault->kind], fault->process, call_names[fault->call],
                 fault->nth,
                 fault->kind == FAULT_HANG ? "-"
                 : is_signal(fault)        ? signal_name(fault->value)
                                           : error_name(fault->value));
  }
}

static int number_of(const char *name, const char *(*name_of)(int number), int end) {
  for (int i = 0; i < end; i++) {
    const char *known = name_of(i);
    if (known != NULL && strcmp(known, name) == 0) {
      return i;
    }
  }
  (void)fprintf(stderr, "sweep: what is '%s'?\n", name);
  exit(EXIT_FAILURE);
}

struct fault fault_of(const char *text) {
  char kind[16] = "";
  char call[32] = "";
  char value[32] = "";
  struct fault fault = {.nth = 0};
  if (sscanf(text, "%15[^/]/%d/%31[^/]/%u/%31s", kind, &fault.process, call, &fault.nth, value) <
      5) {
    (void)sscanf(text, "%15[^/]/%u", kind, &fault.nth);
  }
  fault.kind = (enum fault_kind)number_of(kind, kind_name, sizeof kinds / sizeof *kinds);
  if (fault.kind < FAULT_MEMORY) {
    fault.call = number_of(call, call_name, CALL_NUMBERS);
  }
  if (is_signal(&fault)) {
    fault.value = number_of(value, signal_name, NSIG);
  } else if (fault.kind < FAULT_HANG) {
    fault.value = number_of(value, error_name, ERRORS);
  }
  return fault;
}

void tell_strace(const struct fault *fault, const unsigned before[CALL_NUMBERS],
                 char *const *command) {
  if (fault->process != 0 || (fault->kind != FAULT_ONCE && fault->kind != FAULT_FROM)) {
    return;
  }
  const char *name = call_names[fault->call];
  (void)printf("#     strace -D -o /dev/null -e trace=%s -e inject=%s:error=%s:when=%u%s", name,
               name, error_name(fault->value), before[fault->call] + fault->nth,
               fault->kind == FAULT_FROM ? "+" : "");
  for (; *command != NULL; command++) {
    (void)printf(" %s", *command);
  }
  (void)printf("\n");
}

void tell_run(const struct run *run) {
  static const char *const places[] = {"local", "udp", "journal", "stderr"};
  (void)printf(
      "#     %s %d after %ld ms, %u calls%s%s\n", WIFEXITED(run->status) ? "status" : "signal",
      WIFEXITED(run->status) ? WEXITSTATUS(run->status) : WTERMSIG(run->status), (long)run->took_ms,
      run->calls, run->left[0] != '\0' ? ", left behind: " : "", run->left);
  for (size_t i = 0; i < run->line_count && i < LINES_TOLD; i++) {
    (void)printf("#     %s: %.400s\n", places[run->lines[i].place], run->lines[i].record);
  }
  bool ended = run->out_bytes <= STDOUT_TOLD && strchr(run->out, '\n') != NULL;
  (void)printf("#     stdout: %.*s%s", STDOUT_TOLD, run->out, ended ? "" : "\n");
}

/*
 * sweep: makes a program fail in every possible place, one per run, and checks each run against the
 * rules.
 *
 * usage: sweep [OPTION...] SWEEP PROGRAM [ARGUMENT...]
 *   calls    each system call fails, with each errno: once, from there on, with all later calls
 *   signals  SIGTERM and SIGKILL at each call, to the program, a child, all of them
 *   hangs    each system call never returns
 *   memory   each allocation fails: once, and from there on (with $FAILING_MALLOC_LIBRARY)
 *
 * PROGRAM gets -t DEADLINE. Without a fault it ends with STATUS and sends a line whose text matches
 * VERDICT.
 *   -e STATUS  -v VERDICT  -t DEADLINE in ms  -i FILE: stdin, through a pipe
 *   -s  /dev/log is a stream              -w  127.0.0.1's port 53 takes questions, never answers
 *   -m  a mode that logs no verdict       -b  only SIGKILL ends its child
 *   -o  only calls of the program itself  -r FAULT  only this one, with all that came of it
 *
 * Prints each violation of a rule and the FAULT that repeats it; the last line is the summary. Ends
 * with 1 if a rule was broken, 77 if the kernel does not allow the sweep.
 */
#define _GNU_SOURCE 1
#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "sweep.h"

enum { BASELINES = 5, LEARNING_MS = 2000, TOLD_MAX = 8, COMMAND_MAX = 24 };

static struct sweep {
  struct scenario scenario;
  struct run run;
  unsigned counts[PROCESSES_MAX][CALL_NUMBERS], before[CALL_NUMBERS];
  unsigned long allocations;
  int processes; /* whose calls are swept: those before this one */
  unsigned runs, broken, exempt, missed, harmless, told;
} sweep;

static void judge(const struct fault *fault) {
  const struct run *run = &sweep.run;
  bool broken = false;
  for (const struct rule *rule = rules; rule->name != NULL; rule++) {
    if (!rule->is_broken(&sweep.scenario, fault, run)) {
      continue;
    }
    if (!broken && sweep.told++ < TOLD_MAX) {
      (void)printf("# ");
      tell_fault(fault);
    }
    if (sweep.told <= TOLD_MAX) {
      (void)printf(" %s", rule->name);
    }
    broken = true;
  }
  if (broken && sweep.told <= TOLD_MAX) {
    (void)printf("\n");
    tell_strace(fault, sweep.before, sweep.scenario.command);
    tell_run(run);
    (void)fflush(stdout);
  }
  sweep.broken += broken;
  sweep.exempt += is_exempt(&sweep.scenario, fault, run);
  sweep.harmless += WIFEXITED(run->status) && WEXITSTATUS(run->status) == sweep.scenario.expected;
}

/* --- the sweeps ---------------------------------------------------------------------- */

static void try(const struct fault *fault) {
  run_steadily(&sweep.scenario, fault, &sweep.run);
  bool reached = sweep.run.reached || sweep.run.allocations >= fault->nth;
  sweep.runs++;
  sweep.missed += !reached;
  judge(fault);
  run_free(&sweep.run);
}

static void fail_call(struct fault fault) {
  static const int errors[] = {EIO, EINTR, ENOMEM, EAGAIN, EPERM, ENOSPC, ECONNREFUSED, ENOBUFS};
  if (fault.call == SYS_exit_group) {
    return;
  }
  for (size_t i = 0; i < sizeof errors / sizeof *errors; i++) {
    bool socket_error = errors[i] == ECONNREFUSED || errors[i] == ENOBUFS;
    if (socket_error && !calls_is_socket(fault.call)) {
      continue;
    }
    fault.value = errors[i];
    for (fault.kind = FAULT_ONCE; fault.kind <= FAULT_FROM; fault.kind++) {
      try(&fault);
    }
  }
  fault.kind = FAULT_ALL;
  fault.value = EIO;
  try(&fault);
  fault.value = EINTR;
  try(&fault);
}

static void signal_call(struct fault fault) {
  static const int numbers[] = {SIGTERM, SIGKILL};
  for (size_t i = 0; i < 2; i++) {
    fault.value = numbers[i];
    for (fault.kind = FAULT_SIGNAL; fault.kind <= FAULT_GROUP; fault.kind++) {
      try(&fault);
    }
  }
}

static void hang_call(struct fault fault) {
  fault.kind = FAULT_HANG;
  try(&fault);
}

static void each_call(void (*put)(struct fault fault)) {
  for (int process = 0; process < sweep.processes; process++) {
    for (int call = 0; call < CALL_NUMBERS; call++) {
      for (unsigned nth = 1; nth <= sweep.counts[process][call]; nth++) {
        put((struct fault){.process = process, .call = call, .nth = nth});
      }
    }
  }
}

static void sweep_calls(void) {
  each_call(fail_call);
}

static void sweep_signals(void) {
  each_call(signal_call);
}

static void sweep_hangs(void) {
  each_call(hang_call);
}

static void sweep_memory(void) {
  for (unsigned nth = 1; nth <= sweep.allocations; nth++) {
    try(&(struct fault){.kind = FAULT_MEMORY, .nth = nth});
    try(&(struct fault){.kind = FAULT_MEMORY_FROM, .nth = nth});
  }
}

static const struct {
  const char *name;
  void (*run)(void);
} sweeps[] = {{"calls", sweep_calls},
              {"signals", sweep_signals},
              {"hangs", sweep_hangs},
              {"memory", sweep_memory}};

/* --- a run without a fault --------------------------------------------------- */

static void count_calls(const struct run *run) {
  for (int process = 0; process < run->process_count; process++) {
    for (int call = 0; call < CALL_NUMBERS; call++) {
      unsigned *most = &sweep.counts[process][call];
      unsigned count = call_names[call] != NULL ? run->processes[process].count[call] : 0;
      *most = count > *most ? count : *most;
    }
  }
  memcpy(sweep.before, run->processes[0].before, sizeof sweep.before);
  sweep.allocations = run->allocations > sweep.allocations ? run->allocations : sweep.allocations;
}

static char deadline_text[32]; /* the value of -t */

static int64_t set_deadline(int64_t deadline_ms) {
  int64_t before_ms = sweep.scenario.deadline_ms;
  sweep.scenario.deadline_ms = deadline_ms;
  (void)snprintf(deadline_text, sizeof deadline_text, "%ldms", (long)deadline_ms);
  return before_ms;
}

/* Learns which calls the program makes. They vary a little from run to run, so several runs find
 * more of them. All get the time they need on a loaded machine. */
static int learn(void) {
  const struct fault none = {.kind = FAULT_NONE};
  /* Except a run that always waits for its deadline, or prints it. */
  bool same = sweep.scenario.stays || sweep.scenario.no_verdict;
  int64_t deadline_ms = set_deadline(same ? sweep.scenario.deadline_ms : LEARNING_MS);
  for (int i = 0; i < BASELINES; i++) {
    run_steadily(&sweep.scenario, &none, &sweep.run);
    if (i == 0) {
      rules_learn(&sweep.run, &sweep.scenario);
    }
    judge(&none);
    bool good = sweep.broken == 0 && sweep.harmless == (unsigned)i + 1;
    if (!good && sweep.broken == 0) {
      (void)printf("# without a fault it ends otherwise:\n");
      tell_run(&sweep.run);
    }
    count_calls(&sweep.run);
    run_free(&sweep.run);
    if (!good) {
      return -1;
    }
  }
  sweep.harmless = 0;
  (void)set_deadline(deadline_ms);
  return 0;
}

/* --- the command line --------------------------------------------------------------- */

/* Returns the program's own arguments, with -t added. */
static char *const *command_of(char *const *words, int count) {
  static char *command[COMMAND_MAX];
  static char option[] = "-t";
  if (count < 1 || count + 3 > COMMAND_MAX) {
    (void)fprintf(stderr, "usage: see the head of tests/torture/sweep.c\n");
    exit(EXIT_FAILURE);
  }
  memcpy(command, words, (size_t)count * sizeof *words);
  command[count] = option;
  command[count + 1] = deadline_text;
  return command;
}

static void take_options(int argc, char *argv[], const char **verdict, const char **fault,
                         bool *stream) {
  struct scenario *scenario = &sweep.scenario;
  for (int letter; (letter = getopt(argc, argv, "+e:v:t:i:smbowr:")) != -1;) {
    switch (letter) {
    case 'e':
      scenario->expected = (int)strtol(optarg, NULL, 10);
      break;
    case 'v':
      *verdict = optarg;
      break;
    case 't':
      scenario->deadline_ms = strtol(optarg, NULL, 10);
      break;
    case 'i':
      scenario->input = optarg;
      break;
    case 'r':
      *fault = optarg;
      break;
    case 'w':
      (void)lines_ask_nobody();
      break;
    case '?':
      exit(EXIT_FAILURE);
    default:
      *stream = *stream || letter == 's';
      scenario->no_verdict = scenario->no_verdict || letter == 'm';
      scenario->stays = scenario->stays || letter == 'b';
      sweep.processes = letter == 'o' ? 1 : sweep.processes;
    }
  }
}

int main(int argc, char *argv[]) {
  const char *verdict = ".";
  const char *words = NULL;
  bool stream = false;
  sweep.processes = PROCESSES_MAX;
  take_options(argc, argv, &verdict, &words, &stream);
  sweep.scenario.command = command_of(argv + optind + 1, argc - optind - 1);
  char pattern[1024];
  (void)snprintf(pattern, sizeof pattern, "^%s$", verdict);
  rules_prepare(&sweep.scenario);
  if (regcomp(&sweep.scenario.verdict, pattern, REG_EXTENDED | REG_NOSUB) != 0 ||
      run_prepare() != 0 || lines_listen(stream) != 0 || learn() != 0) {
    (void)printf("not begun\n");
    return EXIT_FAILURE;
  }
  if (words != NULL) {
    const struct fault fault = fault_of(words);
    run_program(&sweep.scenario, &fault, &sweep.run);
    judge(&fault);
    tell_run(&sweep.run);
    (void)printf("#     stderr: %s\n", sweep.run.err);
  }
  for (size_t i = 0; words == NULL && i < sizeof sweeps / sizeof *sweeps; i++) {
    if (strcmp(sweeps[i].name, argv[optind]) == 0) {
      sweeps[i].run();
    }
  }
  (void)printf("%u runs, %u violations (%u ended as without a fault, %u exempt, %u not reached, "
               "%u times a wrong status was tried again)\n",
               sweep.runs, sweep.broken, sweep.harmless, sweep.exempt, sweep.missed, runs_repeated);
  bool ran = sweep.runs > 0 || words != NULL;
  return ran && sweep.broken == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}

/*
 * sweep_rules: the rules for every run, whatever failed in it.
 */
#define _GNU_SOURCE 1
#include <ctype.h>
#include <dirent.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "sweep.h"

enum { UNKNOWN = 3, FAILURES_MAX = 1000 };

static size_t files_before;

static bool exited(const struct run *run) {
  return WIFEXITED(run->status);
}

static int status(const struct run *run) {
  return exited(run) ? WEXITSTATUS(run->status) : -1;
}

static bool is_signal(const struct fault *fault) {
  return fault->kind == FAULT_SIGNAL || fault->kind == FAULT_GROUP;
}

/* Returns whether the program itself was sent a signal. */
static bool was_sent(const struct fault *fault, const struct run *run, int number) {
  return run->reached && is_signal(fault) && fault->value == number &&
         (fault->process == 0 || fault->kind == FAULT_GROUP);
}

/* Counts the lines that are an ERROR with this word. */
static unsigned count_errors(const struct run *run, const char *word) {
  unsigned count = 0;
  for (size_t i = 0; i < run->line_count; i++) {
    const char *at = line_text(&run->lines[i]);
    count += at != NULL && strncmp(at, "ERROR ", 6) == 0 && strstr(at, word) != NULL;
  }
  return count;
}

static unsigned count_verdicts(const struct scenario *scenario, const struct run *run) {
  unsigned count = 0;
  for (size_t i = 0; i < run->line_count; i++) {
    char text[8192] = "";
    const char *at = line_text(&run->lines[i]);
    if (at != NULL) {
      (void)snprintf(text, sizeof text, "%.*s", (int)strcspn(at, "\n"), at);
    }
    count += at != NULL && regexec(&scenario->verdict, text, 0, NULL, 0) == 0;
  }
  return count;
}

bool has_verdict(const struct scenario *scenario, const struct run *run) {
  return scenario->no_verdict || count_verdicts(scenario, run) > 0;
}

static bool has_line(const struct scenario *scenario, const struct run *run) {
  return run->line_count > 0 || (scenario->no_verdict && run->out_bytes + run->err_bytes > 0);
}

/* Returns the length of a part that varies: the host's name (uname(2) may have failed) or a date,
 * up to a mark.
 */
static size_t count_varying(const char *at) {
  static const char *const varying[] = {"\"host\":\"", "\"", ",host=", ", ", "\nDate: ", "\r"};
  for (size_t i = 0; i < sizeof varying / sizeof *varying; i += 2) {
    size_t bytes = strlen(varying[i]);
    if (strncmp(at, varying[i], bytes) == 0) {
      return bytes + strcspn(at + bytes, varying[i + 1]);
    }
  }
  return 0;
}

void shape_of(const char *text, char shape[OUTPUT_BYTES]) {
  size_t used = 0;
  for (const char *at = text; *at != '\0';) {
    size_t varying = count_varying(at);
    if (varying > 0) {
      at += varying;
    } else if (isdigit((unsigned char)*at)) {
      at += strspn(at, "0123456789.");
      shape[used++] = '0';
    } else {
      shape[used++] = *at++;
    }
  }
  shape[used] = '\0';
}

/* --- exceptions --------------------------------------------------------------------- */

/* Until the handler is installed, SIGTERM ends the program as it ends any other. */
static bool is_early(const struct fault *fault, const struct run *run) {
  return was_sent(fault, run, SIGTERM) && !run->handled;
}

/* No guard helps if a call hangs before the timer is set, or while signals are blocked around the
 * start of ssh. */
static bool is_unguarded(const struct fault *fault, const struct run *run) {
  return fault->kind == FAULT_HANG && run->reached && fault->process == 0 &&
         (!run->guarded || run->blocked);
}

static bool is_killed(const struct fault *fault, const struct run *run) {
  return was_sent(fault, run, SIGKILL);
}

bool is_exempt(const struct scenario *scenario, const struct fault *fault, const struct run *run) {
  return is_early(fault, run) || is_unguarded(fault, run) ||
         (run->muted && status(run) == UNKNOWN && !has_line(scenario, run));
}

/* --- rules -------------------------------------------------------------------------- */

static bool dies(const struct scenario *scenario, const struct fault *fault,
                 const struct run *run) {
  (void)scenario;
  bool allowed = is_early(fault, run) || is_unguarded(fault, run) || is_killed(fault, run);
  return run->late ? false : allowed ? exited(run) && is_killed(fault, run) : !exited(run);
}

static bool is_late(const struct scenario *scenario, const struct fault *fault,
                    const struct run *run) {
  (void)scenario;
  (void)fault;
  return run->late;
}

/* Rule: the status is the expected one, or 3, "unknown", which also marks an incomplete report. */
bool has_wrong_status(const struct scenario *scenario, const struct fault *fault,
                      const struct run *run) {
  (void)fault;
  return exited(run) && status(run) != scenario->expected && status(run) != UNKNOWN;
}

static bool is_ok_falsely(const struct scenario *scenario, const struct fault *fault,
                          const struct run *run) {
  (void)fault;
  return status(run) == 0 && !has_verdict(scenario, run);
}

static bool has_no_line(const struct scenario *scenario, const struct fault *fault,
                        const struct run *run) {
  return exited(run) && status(run) != 0 && !has_line(scenario, run) &&
         !is_exempt(scenario, fault, run);
}

/* Recognises the last words of the C library in the child that resolves names, when memory runs
 * out. */
static bool is_last_word(const struct fault *fault, const struct line *line) {
  return fault->kind >= FAULT_MEMORY && line->place == PLACE_STDERR &&
         (strstr(line->record, ": Assertion `") != NULL ||
          strcmp(line->record, "Unexpected error.") == 0);
}

static bool is_torn(const struct scenario *scenario, const struct fault *fault,
                    const struct run *run) {
  for (size_t i = 0; i < run->line_count; i++) {
    const struct line *line = &run->lines[i];
    bool word = scenario->no_verdict && line->place == PLACE_STDERR;
    if (line_text(line) == NULL && !word && !is_last_word(fault, line)) {
      return true;
    }
  }
  return false;
}

static bool is_cut(const struct scenario *scenario, const struct fault *fault,
                   const struct run *run) {
  (void)fault;
  static char shape[OUTPUT_BYTES];
  shape_of(run->out, shape);
  return status(run) == 0 &&
         (scenario->answers ? !whole_is_answer(run->out) : strcmp(shape, scenario->shape) != 0);
}

/* A run needs some hundred calls; a loop around a call that always fails makes thousands. */
static bool spins(const struct scenario *scenario, const struct fault *fault,
                  const struct run *run) {
  (void)scenario;
  (void)fault;
  return run->failures > FAILURES_MAX;
}

static bool leaves_child(const struct scenario *scenario, const struct fault *fault,
                         const struct run *run) {
  bool killed = is_killed(fault, run) || is_unguarded(fault, run);
  return run->left[0] != '\0' && !(scenario->stays && killed);
}

static size_t count_files(void) {
  size_t count = 0;
  const char *const folders[] = {".", getenv("HOME"), getenv("TMPDIR")};
  for (size_t i = 0; i < sizeof folders / sizeof *folders; i++) {
    DIR *folder = folders[i] != NULL ? opendir(folders[i]) : NULL;
    while (folder != NULL && readdir(folder) != NULL) {
      count++;
    }
    if (folder != NULL) {
      (void)closedir(folder);
    }
  }
  return count;
}

static bool leaves_file(const struct scenario *scenario, const struct fault *fault,
                        const struct run *run) {
  (void)scenario;
  (void)fault;
  (void)run;
  return count_files() != files_before;
}

static bool says_twice(const struct scenario *scenario, const struct fault *fault,
                       const struct run *run) {
  return (is_signal(fault) || fault->kind == FAULT_HANG) && count_verdicts(scenario, run) > 1;
}

/* Rule: SIGTERM ends the program with one line on stderr and status 3. */
static bool is_not_ended_so(const struct scenario *scenario, const struct fault *fault,
                            const struct run *run) {
  (void)scenario;
  return was_sent(fault, run, SIGTERM) && !is_early(fault, run) &&
         (status(run) != UNKNOWN || count_errors(run, "SIGTERM") != 1);
}

static bool is_not_guarded(const struct scenario *scenario, const struct fault *fault,
                           const struct run *run) {
  (void)scenario;
  return fault->kind == FAULT_HANG && fault->process == 0 && run->reached &&
         !is_unguarded(fault, run) &&
         (status(run) != UNKNOWN || count_errors(run, "deadline") != 1);
}

/* Rule for a run without a fault: the handler is installed right after the first poll(2), and there
 * is a timer.
 */
static bool is_careless(const struct scenario *scenario, const struct fault *fault,
                        const struct run *run) {
  (void)scenario;
  return fault->kind == FAULT_NONE && run->calls > 0 &&
         (!run->handled || run->calls_unhandled > 2 || !run->guarded);
}

const struct rule rules[] = {
    {"dies of a signal", dies},
    {"runs past its deadline", is_late},
    {"has a status that is neither true nor 3", has_wrong_status},
    {"says OK, and no line with the verdict arrived", is_ok_falsely},
    {"ends badly, and no line tells of it anywhere", has_no_line},
    {"sent a line that is not whole", is_torn},
    {"ends with 0, and stdout is not whole", is_cut},
    {"leaves a file that is half of one, or ends with 0 and wrote none", whole_is_half},
    {"leaves what it was writing", whole_is_littered},
    {"spins", spins},
    {"leaves a process behind", leaves_child},
    {"leaves a file behind", leaves_file},
    {"sent the verdict twice", says_twice},
    {"SIGTERM does not end it with one line and 3", is_not_ended_so},
    {"the guard does not end it with one line and 3", is_not_guarded},
    {"sets no handler of SIGTERM at once, or no timer", is_careless},
    {NULL, NULL},
};

void rules_prepare(struct scenario *scenario) {
  for (char *const *word = scenario->command; *word != NULL; word++) {
    scenario->answers = scenario->answers || strcmp(*word, "--inetd") == 0;
  }
  scenario->no_verdict = scenario->no_verdict || scenario->answers;
  files_before = count_files();
  whole_prepare(scenario->command);
}

void rules_learn(const struct run *run, struct scenario *scenario) {
  shape_of(run->out, scenario->shape);
  whole_learn();
}

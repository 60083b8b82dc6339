/* Checks one run of the soak against what it was told: one line, the expected text and status, and
 * no other output. */
#define _GNU_SOURCE 1
#include <fnmatch.h>
#include <inttypes.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <time.h>

#include "soak.h"

enum { FAILURES_SHOWN = 5 };

int64_t soak_clock_ns(int clock) {
  struct timespec now;
  (void)clock_gettime(clock, &now);
  return now.tv_sec * INT64_C(1000000000) + now.tv_nsec;
}

void soak_fail(struct soak *soak, const char *what, const char *detail) {
  if (soak->failures++ < FAILURES_SHOWN) {
    (void)fprintf(stderr, "soak: run %" PRId64 ": %s: %s\n", soak->plan.number, what, detail);
  }
}

int64_t soak_threshold_us(const struct soak *soak, const struct soak_child *child) {
  int64_t number = soak->plan.number + (child - soak->children);
  return soak->plan.at_s == 0 && number % 10 == 3 ? SOAK_LOW_THRESHOLD_US : SOAK_THRESHOLD_US;
}

struct soak_child *soak_child_of(struct soak *soak, pid_t pid) {
  for (int64_t i = 0; i < soak->plan.width; i++) {
    if (soak->children[i].pid == pid) {
      return &soak->children[i];
    }
  }
  return NULL;
}

/* Returns whether line states this truth; the clock went on since the start, so seconds may have
 * passed. */
static bool is_line_of(const struct soak *soak, const struct soak_truth *truth, pid_t pid,
                       const char *line) {
  char wanted[SOAK_LINE_BYTES];
  int64_t most_s = (soak_clock_ns(CLOCK_MONOTONIC) - soak->begun_ns) / 1000000000 + 1;
  for (int64_t logged_s = 0; logged_s <= most_s; logged_s++) {
    for (int64_t late_s = 0; late_s <= logged_s; late_s++) {
      soak_line(wanted, truth, pid, soak->now_s, late_s, logged_s);
      if (fnmatch(wanted, line, 0) == 0) {
        return true;
      }
    }
  }
  return false;
}

/* Returns whether the child's line states what the real service said when last asked. */
static bool is_real(const struct soak *soak, struct soak_child *child, const char *line) {
  int64_t threshold_us = child->truth.threshold_us;
  child->truth = soak->real;
  child->truth.threshold_us = threshold_us;
  child->truth.verdict = soak_judge(&child->truth);
  return is_line_of(soak, &child->truth, child->pid, line);
}

/* Returns whether the child's line states a truth of this batch that no other run has stated. */
static bool find_truth(struct soak *soak, struct soak_child *child, const char *line) {
  struct soak_truth *truth = &child->truth;
  if (soak->plan.at_s == 0) {
    truth->threshold_us = soak_threshold_us(soak, child);
    return is_real(soak, child, line) ||
           (soak_service_ask(&soak->service, &soak->real) == 0 && is_real(soak, child, line));
  }
  for (int64_t i = 0; i < soak->plan.width; i++) {
    *truth = soak_truth_of(soak->plan.number + i);
    if (!soak->told[i] && is_line_of(soak, truth, child->pid, line)) {
      soak->told[i] = true;
      return true;
    }
  }
  return false;
}

void soak_take_line(struct soak *soak, const char *line) {
  static const char ident[] = "ntp_monitor[";
  const char *name = strstr(line, ident);
  struct soak_child *child =
      soak_child_of(soak, name != NULL ? (pid_t)strtol(name + strlen(ident), NULL, 10) : -1);
  if (child == NULL || child->said) {
    soak_fail(soak, child == NULL ? "a line of nobody's" : "a second line", line);
    return;
  }
  child->said = true;
  if (!find_truth(soak, child, line)) {
    soak_fail(soak, "not the line of its reading", line);
    child->truth.verdict = SOAK_VERDICTS;
  }
}

void soak_check(struct soak *soak, const struct soak_child *child) {
  char detail[64];
  (void)snprintf(detail, sizeof detail, "wait status 0x%x", (unsigned)child->status);
  if (!child->ended) {
    soak_fail(soak, "does not end", "killed");
    (void)kill(child->pid, SIGKILL);
    (void)waitpid(child->pid, NULL, 0);
  } else if (!child->said) {
    soak_fail(soak, "no line in /dev/log", detail);
  } else if (child->truth.verdict != SOAK_VERDICTS) {
    soak->verdicts[child->truth.verdict]++;
    if (!WIFEXITED(child->status) || WEXITSTATUS(child->status) != soak_status(&child->truth)) {
      soak_fail(soak, "not the status of its reading", detail);
    }
  }
}

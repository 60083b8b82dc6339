/* Collects what config_read() and config_check() report as one text: "P|" a problem, "W|" a
 * warning. */
#ifndef TESTS_UNIT_NOTES_H
#define TESTS_UNIT_NOTES_H

#include <errno.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>

#include "ntp_monitor/clock.h"
#include "ntp_monitor/config.h"
#include "ntp_monitor/env.h"
#include "ntp_monitor/trace.h"
#include "ntp_monitor/why.h"
#include "tests/unit/golden.h"

enum { NOTES_BYTES = 16 * 1024, NOTES_DEADLINE_NS = 2000000000 };

struct config_problems {
  struct config_listener to;
  char text[NOTES_BYTES];
};

static inline void config_problems_keep(void *user, bool problem, const char *text) {
  struct config_problems *notes = user;
  size_t used = strlen(notes->text);
  (void)snprintf(notes->text + used, sizeof notes->text - used, "%s|%s\n", problem ? "P" : "W",
                 text);
}

static inline void notes_begin(struct config_problems *notes) {
  notes->text[0] = '\0';
  notes->to = (struct config_listener){.say = config_problems_keep, .user = notes};
}

/* Counts the lines that begin with kind. */
static inline unsigned notes_count(const struct config_problems *notes, char kind) {
  unsigned count = 0;
  for (const char *line = notes->text; *line != '\0'; line = strchr(line, '\n') + 1) {
    count += *line == kind;
  }
  return count;
}

/* Checks that each line reported begins with the same line of want, and that the golden file has
 * all of them under label. */
static inline void notes_check(const struct config_problems *notes, const char *want,
                               const char *label) {
  const char *said = notes->text;
  const char *line = want;
  for (; *line != '\0' && strncmp(said, line, strcspn(line, "\n")) == 0;
       line = strchr(line, '\n') + 1) {
    said = strchr(said, '\n') + 1;
  }
  if (*line != '\0' || *said != '\0') {
    fail_msg("%s: notes:\n%s\nwanted:\n%s", label, notes->text, want);
  }
  assert_int_equal(notes->to.problem_count, notes_count(notes, 'P'));
  if (*want != '\0') {
    assert_golden(notes->text, "%s", label);
  }
}

/* Accepts any word but "bad" as a source. */
static inline int notes_check_source(const char *text, struct why *why) {
  return strcmp(text, "bad") != 0 ? 0 : why_set(why, REASON_CONFIG, -EINVAL, "'bad' is bad");
}

/* Reads one file over config as uid, discarding the trace. */
static inline void notes_read(struct config_problems *notes, struct config *config,
                              const char *path, bool named, uid_t uid) {
  static struct trace trace = {.fd = -1, .off = true};
  static struct env env;
  env.uid = uid;
  env.trace = &trace;
  env.measure_deadline_ns = clock_monotonic_ns() + NOTES_DEADLINE_NS;
  notes_begin(notes);
  config_read(config, path, named, &env, &notes->to);
}

#endif

/* One run of the program, from its configuration to its exit status. */
#ifndef RUN_H
#define RUN_H

#include "ntp_monitor/config.h"
#include "ntp_monitor/config_problems.h"
#include "ntp_monitor/env.h"
#include "ntp_monitor/log.h"
#include "ntp_monitor/options.h"
#include "ntp_monitor/report.h"

struct why;

/* The state of one run. */
struct run {
  struct env env;
  struct options options;
  struct config config;
  struct log log;
  struct config_problems notes; /* on the configuration */
  unsigned problem_count;       /* of the configuration */
  struct reading readings[READING_MAX];
  size_t reading_count;
  char source[256];
  struct report report;
  bool lost;      /* no log took one of our lines */
  bool unprinted; /* an output failed */
};

/* Reads the settings. Returns 0, or -EINVAL with why if the command line is wrong. */
int run_configure(struct run *run, struct why *why);

/* Measures, judges, logs and prints. Returns the exit status. */
int run_check(struct run *run);

/* Does the same for one HTTP request on stdin, and answers it on stdout. Returns 0 if it was
 * answered, else 3. */
int run_inetd(struct run *run);

#endif

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

/* All that one run holds. */
struct run {
  struct env env;
  struct options options;
  struct config config;
  struct log log;
  struct config_problems notes; /* on the configuration */
  unsigned problem_count;
  struct reading readings[REPORT_READINGS_MAX];
  size_t reading_count;
  char source[256];
  struct report report;
  bool lost;      /* a line of ours reached nobody */
  bool unprinted; /* nor did a report */
};

/* Reads the settings: 0, or -EINVAL with why where the command line is wrong. */
int run_configure(struct run *run, struct why *why);

/* Measures, judges, logs and prints: the exit status. */
int run_check(struct run *run);

/* The same for one HTTP request on stdin, answered on stdout: 0 once it is answered, else 3. */
int run_inetd(struct run *run);

#endif

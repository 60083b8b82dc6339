/*
 * ntp_monitor takes one reading of how well this machine's clock is kept, judges it, reports the
 * result through a log that is known to accept it, and exits. This file has the modes of the
 * program; run.c has the check.
 */
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "ntp_monitor/config_print.h"
#include "ntp_monitor/env.h"
#include "ntp_monitor/guard.h"
#include "ntp_monitor/inetd.h"
#include "ntp_monitor/options.h"
#include "ntp_monitor/text.h"
#include "ntp_monitor/trace.h"
#include "ntp_monitor/usage.h"
#include "ntp_monitor/why.h"
#include "run.h"

static int status_of_config(const struct run *run) {
  return run->problem_count == 0 ? VERDICT_OK : VERDICT_UNKNOWN;
}

static int check_config(struct run *run) {
  unsigned warnings = run->notes.warning_count;
  (void)printf("%u problem%s in the configuration", run->problem_count,
               text_plural(run->problem_count));
  if (warnings > 0) {
    (void)printf(", %u warning%s", warnings, text_plural(warnings));
  }
  (void)putchar('\n');
  return status_of_config(run);
}

static void print_problem(void *user, bool problem, const char *text) {
  (void)user;
  (void)problem;
  (void)fprintf(stderr, "ntp_monitor: %s\n", text);
}

static int print_config(struct run *run) {
  config_print_all(stdout, &run->config);
  config_problems_tell(&run->notes, print_problem, NULL);
  return status_of_config(run);
}

static int print_help(struct run *run) {
  options_help(stdout, run->options.mode == MODE_HELP_ALL);
  return VERDICT_OK;
}

static int print_version(struct run *run) {
  (void)run;
  (void)puts("ntp_monitor " NTP_MONITOR_VERSION);
  return VERDICT_OK;
}

static const struct {
  int (*run)(struct run *run); /* returns the exit status */
  bool configured;             /* needs the configuration */
} modes[] = {
    [MODE_CHECK] = {run_check, true},           [MODE_INETD] = {run_inetd, true},
    [MODE_CHECK_CONFIG] = {check_config, true}, [MODE_PRINT_CONFIG] = {print_config, true},
    [MODE_HELP] = {print_help, false},          [MODE_HELP_ALL] = {print_help, false},
    [MODE_VERSION] = {print_version, false},
};

/* Applies -t at once: it limits the time for reading the configuration as well. */
static void limit_time(struct run *run) {
  int64_t timeout_ns = options_timeout_ns(&run->options);
  if (timeout_ns > 0) {
    env_set_timeout(&run->env, timeout_ns);
    guard_deadline(run->env.deadline_ns);
  }
}

int main(int argc, char *argv[]) {
  /* Static, since pages that a run does not touch then cost nothing. */
  static struct run run;
  static struct trace trace = {.fd = -1};
  struct why why;
  bool served = inetd_wanted(argc, argv);
  guard_begin();
  if (served) {
    inetd_begin();
  }
  env_init(&run.env, &trace);
  guard_deadline(run.env.deadline_ns);
  int error = options_parse(argc, argv, &run.options, &why);
  limit_time(&run);
  if (error != 0 || (modes[run.options.mode].configured && run_configure(&run, &why) != 0)) {
    usage_refuse(&run.env, &why, run.options.format, served);
    return VERDICT_UNKNOWN;
  }
  int status = modes[run.options.mode].run(&run);
  if (fflush(stdout) != 0 || ferror(stdout) != 0) {
    (void)fprintf(stderr, "ntp_monitor: cannot write to stdout: %s\n", strerror(errno));
    if (status == VERDICT_OK) {
      status = VERDICT_UNKNOWN;
    }
  }
  return status;
}

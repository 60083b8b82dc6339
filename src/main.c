/*
 * ntp_monitor: takes one reading of how well this machine's clock is kept, judges it,
 * says so in one place that surely arrives, and ends. This file is the arrows, of which each
 * makes a value that the next only reads:
 *   argv -> options -> config -> readings -> report -> log + format -> exit status
 */
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "ntp_monitor/clock.h"
#include "ntp_monitor/comparison.h"
#include "ntp_monitor/config.h"
#include "ntp_monitor/config_print.h"
#include "ntp_monitor/config_problems.h"
#include "ntp_monitor/duration.h"
#include "ntp_monitor/env.h"
#include "ntp_monitor/format.h"
#include "ntp_monitor/guard.h"
#include "ntp_monitor/inetd.h"
#include "ntp_monitor/judge.h"
#include "ntp_monitor/layers.h"
#include "ntp_monitor/log.h"
#include "ntp_monitor/measure.h"
#include "ntp_monitor/message.h"
#include "ntp_monitor/options.h"
#include "ntp_monitor/output.h"
#include "ntp_monitor/trace.h"
#include "ntp_monitor/usage.h"
#include "ntp_monitor/why.h"

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

/* --- configuration ------------------------------------------------------ */

/* 0, or -EINVAL with why where the command line is wrong. */
static int configure(struct run *run, struct why *why) {
  struct config_listener notes = {.say = config_problems_keep, .user = &run->notes};
  run->notes.trace = run->env.trace;
  run->notes.now = run->options.mode == MODE_CHECK_CONFIG;
  int error = layers_read(&run->options, &run->env, &run->config, &notes, why);
  if (error == 0) {
    config_print_direct(&run->env, &run->config);
  }
  run->problem_count = notes.problem_count;
  return error;
}

/* --- the check ---------------------------------------------------------- */

static void main_say(struct run *run, enum severity severity, const char *text,
                     const struct report *report) {
  if (log_write(&run->log, severity, text, report) != 0) {
    run->lost = true;
  }
}

/* What is wrong with the configuration, in the log and to whoever sits there. */
static void say_note(void *user, bool problem, const char *text) {
  struct run *run = user;
  main_say(run, problem ? SEVERITY_ERROR : SEVERITY_WARNING, text, NULL);
  if (env_stderr_tty() && !log_is_stderr(&run->log)) {
    (void)fprintf(stderr, "ntp_monitor: %s\n", text);
  }
}

/* "timesyncd", or the names of all readings between blanks. */
static const char *source_names(struct run *run) {
  for (size_t i = 0; i < run->reading_count; i++) {
    size_t used = strlen(run->source);
    (void)snprintf(run->source + used, sizeof run->source - used, "%s%s", i > 0 ? " " : "",
                   run->readings[i].source);
  }
  return run->source;
}

static void main_judge(struct run *run) {
  struct report *report = &run->report;
  *report = (struct report){.now_ns = clock_realtime_ns(),
                            .version = NTP_MONITOR_VERSION,
                            .host = run->env.host,
                            .source = source_names(run),
                            .config = &run->config};
  message_name_host(report);
  comparison_write(report, run->readings, run->reading_count);
  if (judge_report(report, run->readings, run->reading_count, run->problem_count) == 0) {
    message_write(report, run->readings, run->reading_count, run->problem_count);
  } else {
    report->verdict = VERDICT_UNKNOWN;
    report->reason = REASON_NO_SOURCE;
    (void)snprintf(report->message, sizeof report->message,
                   "NTP jitter unavailable: no memory to judge the reading");
  }
  report->run_duration_ns = clock_monotonic_ns() - run->env.start_ns;
  for (size_t i = 0; i < report->finding_count; i++) {
    judge_trace(run->env.trace, &run->config, &report->findings[i]);
  }
  trace_add(run->env.trace, "verdict: %s, reason: %s: %s", verdict_name(report->verdict),
            reason_name(report->reason), report->message);
}

/* A report that could not be printed. */
static void tell_failed(void *user, const struct why *why) {
  struct run *run = user;
  main_say(run, SEVERITY_ERROR, why->text, NULL);
  message_add_failure(&run->report, why->text); /* for what is printed after it */
  run->unprinted = true;
  if (run->report.exit_status == VERDICT_OK) {
    run->report.exit_status = VERDICT_UNKNOWN;
  }
}

/* Where there is someone to read it: the report on stdout; and all that is wanted elsewhere. */
static void main_print(struct run *run) {
  const struct format *format = run->options.format;
  if (format == NULL && run->env.stdout_tty && !run->options.quiet) {
    format = &format_text;
  }
  struct why why;
  output_all(&run->options.outputs, &run->config, &run->report, &run->env, tell_failed, run);
  if (format != NULL && format_print(format, &run->report, &run->env, &why) != 0) {
    tell_failed(run, &why);
  }
  if (run->unprinted) {
    output_files_again(&run->options.outputs, &run->config, &run->report, &run->env);
  }
}

static void trace_step(struct run *run, const char *name, int64_t *begun_ns) {
  char span[DURATION_TEXT_BYTES];
  int64_t now_ns = clock_monotonic_ns();
  int64_t took_ns = now_ns - *begun_ns;
  trace_add(run->env.trace, "step: %s took %s", name,
            duration_print(span, took_ns - took_ns % DURATION_US));
  *begun_ns = now_ns;
}

/* From the configuration to the verdict in the log. */
static void main_find(struct run *run, int64_t *begun_ns) {
  trace_step(run, "configuration", begun_ns);
  run->reading_count = measure(&run->env, &run->config, run->readings);
  trace_step(run, "measuring", begun_ns);
  main_judge(run);
  log_init(&run->log, &run->env, &run->config);
  config_problems_tell(&run->notes, say_note, run);
  main_say(run, judge_severity(&run->report), run->report.message, &run->report);
  run->report.exit_status = run->lost ? VERDICT_UNKNOWN : (int)run->report.verdict;
  if (run->lost) {
    message_add_failure(&run->report, "no log took this line: see --log");
  }
  trace_step(run, "logging", begun_ns);
}

static void main_finish(struct run *run) {
  log_trace(&run->log, run->env.trace);
  log_close(&run->log);
  for (size_t i = 0; i < run->reading_count; i++) {
    samples_free(&run->readings[i].samples);
  }
  judge_free(&run->report);
}

static void main_begin(struct run *run) {
  env_set_timeout(&run->env, run->config.timeout_ns);
  guard_deadline(run->env.deadline_ns);
}

static int main_check(struct run *run) {
  int64_t begun_ns = run->env.start_ns;
  main_begin(run);
  main_find(run, &begun_ns);
  main_print(run);
  trace_step(run, "printing", &begun_ns);
  main_finish(run);
  return run->lost ? VERDICT_UNKNOWN : run->report.exit_status;
}

/* --- the check for a request --------------------------------------------- */

/* Half of the time is for the request; nothing is logged but what is wrong with the clock. */
static int inetd(struct run *run) {
  int64_t begun_ns = run->env.start_ns;
  struct inetd_request request;
  struct why why;
  main_begin(run);
  enum inetd_status status = inetd_receive(&request, begun_ns + run->config.timeout_ns / 2);
  if (status == INETD_FAILED) {
    log_init(&run->log, &run->env, &run->config);
    main_say(run, SEVERITY_ERROR, "no request could be read from stdin: is it a connection?", NULL);
    log_close(&run->log);
  }
  if (status != INETD_OK) { /* whoever only looks whether the port is open asks nothing */
    bool answered =
        status == INETD_MORE || inetd_answer(&request, status, NULL, 0, run->env.deadline_ns) == 0;
    return answered && status != INETD_FAILED ? VERDICT_OK : VERDICT_UNKNOWN;
  }
  if (run->config.log_level > SEVERITY_WARNING) {
    run->config.log_level = SEVERITY_WARNING;
  }
  main_find(run, &begun_ns);
  run->report.exit_status = (int)run->report.verdict; /* the answer says it, whatever the log did */
  int error = inetd_serve(&request, &run->report, &run->env, &why);
  if (error != 0) {
    main_say(run, SEVERITY_ERROR, why.text, NULL);
  }
  trace_step(run, "answering", &begun_ns);
  main_finish(run);
  return error == 0 ? VERDICT_OK : VERDICT_UNKNOWN;
}

/* --- the other modes ---------------------------------------------------- */

static int check_config(struct run *run) {
  (void)printf("%u problem%s in the configuration", run->problem_count,
               run->problem_count == 1 ? "" : "s");
  (void)printf(run->notes.warning_count > 0 ? ", %u warning%s\n" : "\n", run->notes.warning_count,
               run->notes.warning_count == 1 ? "" : "s");
  return run->problem_count == 0 ? VERDICT_OK : VERDICT_UNKNOWN;
}

static int print_config(struct run *run) {
  config_print_all(stdout, &run->config);
  for (size_t i = 0; i < run->notes.count; i++) {
    (void)fprintf(stderr, "ntp_monitor: %s\n", run->notes.kept[i].text);
  }
  return run->problem_count == 0 ? VERDICT_OK : VERDICT_UNKNOWN;
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
  int (*run)(struct run *run); /* the exit status */
  bool configured;             /* wants the configuration read */
} modes[] = {
    [MODE_CHECK] = {main_check, true},          [MODE_INETD] = {inetd, true},
    [MODE_CHECK_CONFIG] = {check_config, true}, [MODE_PRINT_CONFIG] = {print_config, true},
    [MODE_HELP] = {print_help, false},          [MODE_HELP_ALL] = {print_help, false},
    [MODE_VERSION] = {print_version, false},
};

/* -t holds from here on, for reading the configuration, too. */
static void limit_time(struct run *run) {
  int64_t timeout_ns = options_timeout_ns(&run->options);
  if (timeout_ns > 0) {
    env_set_timeout(&run->env, timeout_ns);
    guard_deadline(run->env.deadline_ns);
  }
}

int main(int argc, char *argv[]) {
  /* Static: pages that a run does not touch cost nothing. */
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
  if (error != 0 || (modes[run.options.mode].configured && configure(&run, &why) != 0)) {
    usage_refuse(&run.env, &why, run.options.format, served);
    return VERDICT_UNKNOWN;
  }
  int status = modes[run.options.mode].run(&run);
  if (fflush(stdout) != 0 || ferror(stdout) != 0) {
    (void)fprintf(stderr, "ntp_monitor: cannot write to stdout: %s\n", strerror(errno));
    status = status == VERDICT_OK ? VERDICT_UNKNOWN : status;
  }
  return status;
}

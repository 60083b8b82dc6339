/*
 * One run: configure, measure, judge, log, print. Each step makes a value that the next only reads:
 * options -> config -> readings -> report -> log + format -> exit status
 */
#include "run.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "ntp_monitor/clock.h"
#include "ntp_monitor/comparison.h"
#include "ntp_monitor/config.h"
#include "ntp_monitor/config_print.h"
#include "ntp_monitor/duration.h"
#include "ntp_monitor/env.h"
#include "ntp_monitor/format.h"
#include "ntp_monitor/guard.h"
#include "ntp_monitor/inetd.h"
#include "ntp_monitor/judge.h"
#include "ntp_monitor/log.h"
#include "ntp_monitor/measure.h"
#include "ntp_monitor/message.h"
#include "ntp_monitor/options.h"
#include "ntp_monitor/output.h"
#include "ntp_monitor/source.h"
#include "ntp_monitor/text.h"
#include "ntp_monitor/trace.h"
#include "ntp_monitor/why.h"

/* --- configuration ------------------------------------------------------ */

/* Fills config from the defaults, then the file that options name or those in /etc and ~, then
 * options. Returns 0, or -EINVAL with why if the command line is wrong. Reports all other problems
 * to notes. */
static int read_layers(const struct options *options, struct env *env, struct config *config,
                       struct config_listener *notes, struct why *why) {
  static char user_path[ENV_HOME_BYTES + 32]; /* config keeps it */
  config_init(config, source_check);
  if (options->config_path != NULL) {
    config_read(config, options->config_path, true, env, notes);
  } else {
    config_read(config, "/etc/ntp_monitor.conf", false, env, notes);
    env_find_home(env);
    (void)snprintf(user_path, sizeof user_path, "%s/.ntp_monitor.conf", env->home);
    if (env->home[0] != '\0') {
      config_read(config, user_path, false, env, notes);
    }
  }
  int error = options_apply(options, config, why);
  if (error == 0) {
    config_settle(config);
    config_check(config, notes);
  }
  return error;
}

/* Decides who gets the trace, and drops it if nobody does. Traces the settings. */
static void direct_trace(const struct env *env, const struct config *config) {
  const struct config_key *key = CONFIG_KEY(debug_mode);
  bool asked = config->origin[key - config_keys].path == config_command_line.path;
  if (config->debug_mode && (asked || env_stderr_tty())) {
    trace_show(env->trace, STDERR_FILENO);
  }
  env->trace->off = !config->debug_mode && config->log_level != SEVERITY_DEBUG;
  config_print_trace(env->trace, config);
}

int run_configure(struct run *run, struct why *why) {
  struct config_listener notes = {.say = config_problems_keep, .user = &run->notes};
  run->notes.trace = run->env.trace;
  run->notes.now = run->options.mode == MODE_CHECK_CONFIG;
  int error = read_layers(&run->options, &run->env, &run->config, &notes, why);
  if (error == 0) {
    direct_trace(&run->env, &run->config);
  }
  run->problem_count = notes.problem_count;
  return error;
}

/* --- the check ---------------------------------------------------------- */

static void run_say(struct run *run, enum severity severity, const char *text,
                    const struct report *report) {
  if (log_write(&run->log, severity, text, report) != 0) {
    run->lost = true;
  }
}

/* Reports a problem of the configuration in the log, and to the user at a terminal. */
static void say_note(void *user, bool problem, const char *text) {
  struct run *run = user;
  run_say(run, problem ? SEVERITY_ERROR : SEVERITY_WARNING, text, NULL);
  if (env_stderr_tty() && !log_is_stderr(&run->log)) {
    (void)fprintf(stderr, "ntp_monitor: %s\n", text);
  }
}

/* Lists the sources of all readings, with blanks between them. Returns the list. */
static const char *list_sources(struct run *run) {
  for (size_t i = 0; i < run->reading_count; i++) {
    text_list(run->source, sizeof run->source, " ", "%s", run->readings[i].source);
  }
  return run->source;
}

static void run_judge(struct run *run) {
  struct report *report = &run->report;
  *report = (struct report){.now_ns = clock_realtime_ns(),
                            .version = NTP_MONITOR_VERSION,
                            .host = run->env.host,
                            .source = list_sources(run),
                            .config = &run->config};
  message_name_host(report);
  comparison_write(report, run->readings, run->reading_count);
  if (judge_report(report, run->readings, run->reading_count, run->problem_count) == 0) {
    message_write(report, run->readings, run->reading_count, run->problem_count);
  } else {
    report->verdict = VERDICT_UNKNOWN;
    report->reason = REASON_NO_SOURCE;
    (void)snprintf(report->message, sizeof report->message,
                   REPORT_SUBJECT "jitter unavailable: no memory to judge the reading");
  }
  report->run_duration_ns = clock_monotonic_ns() - run->env.start_ns;
  for (size_t i = 0; i < report->finding_count; i++) {
    judge_trace(run->env.trace, &run->config, &report->findings[i]);
  }
  trace_add(run->env.trace, "verdict: %s, reason: %s: %s", verdict_name(report->verdict),
            reason_name(report->reason), report->message);
}

/* Reports an output that failed. */
static void tell_failed(void *user, const struct why *why) {
  struct run *run = user;
  run_say(run, SEVERITY_ERROR, why->text, NULL);
  message_add_failure(&run->report, why->text); /* for the outputs that follow */
  run->unprinted = true;
  if (run->report.exit_status == VERDICT_OK) {
    run->report.exit_status = VERDICT_UNKNOWN;
  }
}

/* Writes all outputs, and prints the report on stdout if a format was chosen or a user is at the
 * terminal. */
static void run_print(struct run *run) {
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

/* Runs the steps from the configuration to the verdict in the log. */
static void run_find(struct run *run, int64_t *begun_ns) {
  trace_step(run, "configuration", begun_ns);
  run->reading_count = measure(&run->env, &run->config, run->readings);
  trace_step(run, "measuring", begun_ns);
  run_judge(run);
  log_init(&run->log, &run->env, &run->config);
  config_problems_tell(&run->notes, say_note, run);
  run_say(run, judge_severity(&run->report), run->report.message, &run->report);
  run->report.exit_status = run->lost ? VERDICT_UNKNOWN : (int)run->report.verdict;
  if (run->lost) {
    message_add_failure(&run->report, "no log accepted this line: see --log");
  }
  trace_step(run, "logging", begun_ns);
}

static void run_finish(struct run *run) {
  log_trace(&run->log, run->env.trace);
  log_close(&run->log);
  for (size_t i = 0; i < run->reading_count; i++) {
    samples_free(&run->readings[i].samples);
  }
  judge_free(&run->report);
}

static void run_begin(struct run *run) {
  env_set_timeout(&run->env, run->config.timeout_ns);
  guard_deadline(run->env.deadline_ns);
}

int run_check(struct run *run) {
  int64_t begun_ns = run->env.start_ns;
  run_begin(run);
  run_find(run, &begun_ns);
  run_print(run);
  trace_step(run, "printing", &begun_ns);
  run_finish(run);
  return run->lost ? VERDICT_UNKNOWN : run->report.exit_status;
}

/* --- the check for a request --------------------------------------------- */

/* Answers a request that is no valid one, and returns the exit status. */
static int refuse_request(struct run *run, const struct inetd_request *request,
                          enum inetd_status status) {
  if (status == INETD_MORE) { /* a port probe asks nothing, so it needs no answer */
    return VERDICT_OK;
  }
  if (inetd_answer(request, status, NULL, 0, run->env.deadline_ns) != 0 || status == INETD_FAILED) {
    return VERDICT_UNKNOWN;
  }
  return VERDICT_OK;
}

/* Gives the request half of the time. Logs only what is wrong with the clock. */
int run_inetd(struct run *run) {
  int64_t begun_ns = run->env.start_ns;
  struct inetd_request request;
  struct why why;
  run_begin(run);
  enum inetd_status status = inetd_receive(&request, begun_ns + run->config.timeout_ns / 2);
  if (status == INETD_FAILED) {
    log_init(&run->log, &run->env, &run->config);
    run_say(run, SEVERITY_ERROR, "cannot read a request from stdin: is it a connection?", NULL);
    log_close(&run->log);
  }
  if (status != INETD_OK) {
    return refuse_request(run, &request, status);
  }
  if (run->config.log_level > SEVERITY_WARNING) {
    run->config.log_level = SEVERITY_WARNING;
  }
  run_find(run, &begun_ns);
  run->report.exit_status = (int)run->report.verdict; /* delivered by the answer, log or not */
  int error = inetd_serve(&request, &run->report, &run->env, &why);
  if (error != 0) {
    run_say(run, SEVERITY_ERROR, why.text, NULL);
  }
  trace_step(run, "answering", &begun_ns);
  run_finish(run);
  return error == 0 ? VERDICT_OK : VERDICT_UNKNOWN;
}

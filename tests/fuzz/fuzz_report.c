/* From readings to all that is shown of them: see fuzz.h. */
#include <stdlib.h>
#include <string.h>

#include "ntp_monitor/config.h"
#include "ntp_monitor/config_print.h"
#include "ntp_monitor/duration.h"
#include "ntp_monitor/env.h"
#include "ntp_monitor/format.h"
#include "ntp_monitor/judge.h"
#include "ntp_monitor/message.h"
#include "tests/fuzz/fuzz.h"
#include "tests/fuzz/fuzz_report.h"

static char *print(const struct format *format, const struct report *report, bool colour) {
  FILE *stream = fuzz_stream();
  format->print(stream, report, colour);
  return fuzz_printed(stream);
}

static void check_text(const struct report *report) {
  char *plain = print(&format_text, report, false);
  char *coloured = print(&format_text, report, true);
  const char *name = verdict_name(report_shown(report));
  MUST(fuzz_is_safe_lines(plain) && strncmp(plain, name, strlen(name)) == 0);
  MUST(strncmp(plain + strlen(name) + 2, report->message, strlen(report->message)) == 0);
  /* The colour is around the verdict and nowhere else. */
  MUST(strncmp(coloured, "\033[3", 3) == 0 && coloured[4] == 'm');
  MUST(strncmp(coloured + 5, name, strlen(name)) == 0);
  MUST(strncmp(coloured + 5 + strlen(name), "\033[0m", 4) == 0);
  MUST(strcmp(coloured + 9 + strlen(name), plain + strlen(name)) == 0);
  free(coloured);
  free(plain);
}

static void check_json_text(const char *json, const char *key, const char *want) {
  char text[4 * REPORT_MESSAGE_BYTES];
  bool there = fuzz_json_text(json, key, text, sizeof text);
  MUST(there == (want[0] != '\0') && (!there || strcmp(text, want) == 0));
}

static void check_json(const struct report *report) {
  char *json = print(&format_json, report, true);
  MUST(fuzz_is_safe_lines(json) && fuzz_json(json));
  check_json_text(json, "host", report->host);
  check_json_text(json, "message", report->message);
  check_json_text(json, "verdict", verdict_word(report->verdict));
  if (report->finding_count > 0) {
    check_json_text(json, "server", report->findings[0].sample->server);
    check_json_text(json, "address", report->findings[0].sample->address);
  }
  free(json);
}

/* "age=12.045131s;-1.000479:6144;" as a plug-in's reader takes it: outside is an alert. */
static void check_age(const struct report *report, const char *data) {
  const struct sample *sample = report->findings[0].sample;
  const char *at = strstr(data, " age=");
  if (at == NULL) {
    MUST(!sample_has(sample, METRIC_AGE));
    return;
  }
  long double age = 0;
  long double least = 0;
  long double most = 0;
  MUST(sscanf(at, " age=%Lfs;%Lf:%Lf;", &age, &least, &most) == 3);
  long double edge = (long double)DURATION_US / DURATION_S;
  bool inside = age >= least - edge && age <= most + edge;
  bool outside = age <= least + edge || age >= most - edge;
  MUST(report->findings[0].stale ? outside : inside);
}

static void check_nagios(const struct report *report) {
#define NUMBER "-?[0-9]+(\\.[0-9]+)?"
#define RANGE "(" NUMBER "(:" NUMBER ")?)?"
  static void *line;
  char *text = print(&format_nagios, report, true);
  MUST(fuzz_is_safe_lines(text) && strchr(text, '\n')[1] == '\0');
  MUST(fuzz_matches(&line,
                    "NTP (OK|WARNING|CRITICAL|UNKNOWN): [^|]*\\|( [a-z_]+(_[0-9]+)?=(U|" NUMBER
                    "s|[0-9]+);" RANGE ";" RANGE "(;0(;[0-9]+)?)?)+\n",
                    text));
  if (report->finding_count == 1) {
    check_age(report, strchr(text, '|'));
  }
  free(text);
}

/* Both are read anew, from their grammars. */
static void check_series(const struct report *report, const struct format *format,
                         void (*check)(const char *text, const struct report *report)) {
  char *text = print(format, report, true);
  MUST(fuzz_is_safe_lines(text));
  check(text, report);
  free(text);
}

void fuzz_formats(const struct report *report) {
  check_text(report);
  check_json(report);
  check_nagios(report);
  check_series(report, &format_prometheus, fuzz_prometheus);
  check_series(report, &format_influx, fuzz_influx);
}

void fuzz_report(const struct reading *readings, size_t count, const struct config *config,
                 unsigned problems, const char *host) {
  struct env *env = fuzz_env();
  struct report report = {.now_ns = FUZZ_NOW_NS,
                          .run_duration_ns = 7,
                          .version = "1",
                          .host = host,
                          .source = "timesyncd text",
                          .config = config};
  MUST(judge_report(&report, readings, count, problems) == 0);
  fuzz_verdict(&report, readings, count, problems);
  message_write(&report, readings, count, problems);
  MUST(strlen(report.message) < REPORT_MESSAGE_BYTES && fuzz_is_safe(report.message));
  MUST(strncmp(report.message, "NTP ", 4) == 0);
  for (size_t i = 0; i < report.finding_count; i++) {
    judge_trace(env->trace, config, &report.findings[i]);
  }
  fuzz_trace(env->trace);
  struct frame_line line = {.severity = judge_severity(&report),
                            .facility = config->facility,
                            .now_ns = report.now_ns,
                            .pid = 4711,
                            .host = host,
                            .text = report.message,
                            .report = &report};
  fuzz_frames(&line);
  line.report = NULL;
  fuzz_frames(&line);
  report.exit_status = (int)report.verdict;
  fuzz_formats(&report);
  message_add_failure(&report, "no log accepted this line: see --log");
  report.exit_status = VERDICT_UNKNOWN;
  MUST(strlen(report.message) < REPORT_MESSAGE_BYTES && fuzz_is_safe(report.message));
  fuzz_formats(&report);
  judge_free(&report);
}

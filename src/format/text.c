/* The format text, read at a terminal: the verdict, then the figures of each server. */
#include <inttypes.h>
#include <string.h>

#include "ntp_monitor/config.h"
#include "ntp_monitor/duration.h"
#include "ntp_monitor/format.h"
#include "ntp_monitor/report.h"
#include "ntp_monitor/text.h"

static void print_row(FILE *out, const char *label, const char *value, const char *remark) {
  if (remark[0] != '\0') {
    (void)fprintf(out, "  %-15s %-14s %s\n", label, value, remark);
  } else {
    (void)fprintf(out, "  %-15s %s\n", label, value);
  }
}

/* Writes "warning above 2s, critical above 5s" to out, or "" if neither is set. */
static void write_limits(const struct report *report, enum metric metric, char *out,
                         size_t size_bytes) {
  const struct limit *limit = &report->config->limit[metric];
  const char *side = metric_side(metric);
  char value[METRIC_TEXT_BYTES];
  out[0] = '\0';
  if (limit->warning != CONFIG_NONE) {
    (void)snprintf(out, size_bytes, "warning %s %s", side,
                   metric_print(value, metric, limit->warning));
  }
  if (limit->critical != CONFIG_NONE) {
    text_list(out, size_bytes, ", ", "critical %s %s", side,
              metric_print(value, metric, limit->critical));
  }
}

/* Returns what a value means, "" if that is clear. */
static const char *explain_value(const struct finding *finding, enum metric metric) {
  int64_t value = finding->sample->value[metric];
  if (metric == METRIC_OFFSET && value != 0) {
    return value > 0 ? "the clock was behind" : "the clock was ahead";
  }
  if (metric == METRIC_JITTER && (finding->judged & 1U << metric) == 0) {
    return "not judged yet";
  }
  if (metric == METRIC_REACH) {
    return "of the last 8 polls";
  }
  return "";
}

static void text_print_metric(FILE *out, const struct report *report, const struct finding *finding,
                              enum metric metric) {
  const struct sample *sample = finding->sample;
  char value[METRIC_TEXT_BYTES];
  char limits[3 * METRIC_TEXT_BYTES];
  char remark[4 * METRIC_TEXT_BYTES];
  if (!sample_has(sample, metric)) {
    return;
  }
  const char *meaning = explain_value(finding, metric);
  write_limits(report, metric, limits, sizeof limits);
  if ((finding->judged & 1U << metric) == 0) {
    limits[0] = '\0';
  }
  (void)snprintf(remark, sizeof remark, "%s", meaning);
  if (limits[0] != '\0') {
    text_list(remark, sizeof remark, ", ", "%s", limits);
  }
  print_row(out, metric_table[metric].name,
            metric_print_short(value, metric, sample->value[metric]), remark);
}

static void print_age(FILE *out, const struct sample *sample) {
  char span[DURATION_TEXT_BYTES];
  char value[DURATION_TEXT_BYTES + 16] = "just now";
  char remark[DURATION_TEXT_BYTES + 16] = "";
  if (!sample_has(sample, METRIC_AGE)) {
    return;
  }
  int64_t age_ns = duration_round(sample->value[METRIC_AGE]);
  if (age_ns != 0) {
    (void)snprintf(value, sizeof value, age_ns < 0 ? "in %s" : "%s ago",
                   duration_print_short(span, duration_abs(age_ns)));
  }
  if (sample_has(sample, FIELD_POLL_INTERVAL)) {
    (void)snprintf(remark, sizeof remark, "asked every %s",
                   duration_print(span, sample->poll_interval_ns));
  }
  print_row(out, "last reply", value, remark);
}

/* Writes "NAME (ADDRESS)", as much of it as is known. Returns out. */
static const char *name_server(const struct sample *sample, char *out, size_t size_bytes) {
  const char *name = sample->server;
  const char *address = sample->address;
  if (name[0] == '\0' || strcmp(name, address) == 0) {
    (void)snprintf(out, size_bytes, "%s", address);
  } else if (address[0] == '\0') {
    (void)snprintf(out, size_bytes, "%s", name);
  } else {
    (void)snprintf(out, size_bytes, "%s (%s)", name, address);
  }
  return out;
}

static void print_replies(FILE *out, const struct sample *sample) {
  char number[64];
  const char *remark = "";
  if (!sample_has(sample, FIELD_REPLIES)) {
    return;
  }
  (void)snprintf(number, sizeof number, "%" PRIu64, sample->replies);
  if (sample_has(sample, FIELD_SENT)) {
    text_append(number, sizeof number, " of %" PRIu64, sample->sent);
  }
  if (sample_has(sample, FIELD_SPIKE) && sample->spike) {
    remark = "the last one was an outlier";
  }
  print_row(out, "replies", number, remark);
}

static void print_finding(FILE *out, const struct report *report, const struct finding *finding) {
  static const enum metric before_age[] = {METRIC_JITTER, METRIC_OFFSET, METRIC_DELAY,
                                           METRIC_ROOT_DISTANCE, METRIC_ERROR_BOUND};
  const struct sample *sample = finding->sample;
  char both[SAMPLE_SERVER_BYTES + SAMPLE_ADDRESS_BYTES + 4];
  (void)fputc('\n', out);
  if (name_server(sample, both, sizeof both)[0] != '\0') {
    print_row(out, "server", both, sample_state_word(sample->state));
  }
  for (size_t i = 0; i < sizeof before_age / sizeof *before_age; i++) {
    text_print_metric(out, report, finding, before_age[i]);
  }
  print_age(out, sample);
  print_replies(out, sample);
  text_print_metric(out, report, finding, METRIC_REACH);
  text_print_metric(out, report, finding, METRIC_STRATUM);
  text_print_metric(out, report, finding, METRIC_CLOCK_CLASS);
  if (sample_has(sample, FIELD_LEAP) && sample->leap != LEAP_NONE) {
    print_row(out, "leap second", sample_leap_meaning(sample->leap), "");
  }
  if (sample->remark[0] != '\0') {
    print_row(out, "remark", sample->remark, "");
  }
  print_row(out, "source", finding->source, "");
}

/* Prints one line about a server that is only listed. */
static void print_listed(FILE *out, const struct finding *finding) {
  const struct sample *sample = finding->sample;
  char text[METRIC_TEXT_BYTES];
  char both[SAMPLE_SERVER_BYTES + SAMPLE_ADDRESS_BYTES + 4];
  (void)fprintf(out, "  %-15s %s", sample_state_word(sample->state),
                name_server(sample, both, sizeof both));
  if (sample_has(sample, METRIC_OFFSET)) {
    (void)fprintf(out, ", offset %s",
                  metric_print_short(text, METRIC_OFFSET, sample->value[METRIC_OFFSET]));
  }
  for (enum metric m = METRIC_STRATUM; m <= METRIC_CLOCK_CLASS; m++) {
    if (sample_has(sample, m)) {
      (void)fprintf(out, ", %s %s", metric_table[m].name, metric_print(text, m, sample->value[m]));
    }
  }
  if (sample->remark[0] != '\0') {
    (void)fprintf(out, ", %s", sample->remark);
  }
  (void)fputc('\n', out);
}

static void print_all_listed(FILE *out, const struct report *report,
                             const struct reading *reading) {
  bool first = true;
  for (size_t i = 0; i < report->finding_count; i++) {
    const struct finding *finding = &report->findings[i];
    if (finding->reading != reading || !finding->sample->listed) {
      continue;
    }
    if (first) {
      (void)fputc('\n', out);
      first = false;
    }
    print_listed(out, finding);
  }
}

static void text_print(FILE *out, const struct report *report, bool colour) {
  /* Green, yellow, red, magenta: ECMA-48 section 8.3.117. */
  static const char *const colours[] = {[VERDICT_OK] = "\033[32m",
                                        [VERDICT_WARNING] = "\033[33m",
                                        [VERDICT_CRITICAL] = "\033[31m",
                                        [VERDICT_UNKNOWN] = "\033[35m"};
  enum verdict verdict = report_shown(report);
  if (colour) {
    (void)fprintf(out, "%s%s\033[0m  %s\n", colours[verdict], verdict_name(verdict),
                  report->message);
  } else {
    (void)fprintf(out, "%s  %s\n", verdict_name(verdict), report->message);
  }
  for (size_t i = 0; i < report->finding_count; i++) {
    if (!report->findings[i].sample->listed) {
      print_finding(out, report, &report->findings[i]);
      print_all_listed(out, report, report->findings[i].reading);
    }
  }
}

const struct format format_text = {
    .name = "text",
    .summary = "report for people; default on a terminal",
    .print = text_print,
};

/* The format text: for a person at a terminal. The verdict first, then the few numbers. */
#include <inttypes.h>
#include <string.h>

#include "ntp_monitor/config.h"
#include "ntp_monitor/duration.h"
#include "ntp_monitor/format.h"
#include "ntp_monitor/report.h"
#include "ntp_monitor/text.h"

static void print_row(FILE *out, const char *label, const char *value, const char *remark) {
  (void)fprintf(out, remark[0] != '\0' ? "  %-15s %-14s %s\n" : "  %-15s %s%s\n", label, value,
                remark);
}

/* "warning above 2s, critical above 5s"; "" where neither is set. */
static void write_limits(const struct report *report, enum metric metric, char *out,
                         size_t size_bytes) {
  const struct limit *limit = &report->config->limit[metric];
  const char *side = metric_table[metric].below ? "below" : "above";
  char value[METRIC_TEXT_BYTES];
  bool warns = limit->warning != CONFIG_NONE;
  out[0] = '\0';
  if (warns) {
    (void)snprintf(out, size_bytes, "warning %s %s", side,
                   metric_print(value, metric, limit->warning));
  }
  if (limit->critical != CONFIG_NONE) {
    text_append(out, size_bytes, "%scritical %s %s", warns ? ", " : "", side,
                metric_print(value, metric, limit->critical));
  }
}

/* What to say of a value beside its limits. */
static const char *meaning(const struct finding *finding, enum metric metric) {
  int64_t value = finding->sample->value[metric];
  if (metric == METRIC_OFFSET && value != 0) {
    return value > 0 ? "the clock was behind" : "the clock was ahead";
  }
  if (metric == METRIC_JITTER && (finding->judged & 1U << metric) == 0) {
    return "not judged yet";
  }
  return metric == METRIC_REACH ? "of the last 8 polls" : "";
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
  const char *means = meaning(finding, metric);
  write_limits(report, metric, limits, sizeof limits);
  if ((finding->judged & 1U << metric) == 0) {
    limits[0] = '\0';
  }
  (void)snprintf(remark, sizeof remark, "%s%s%s", means,
                 means[0] != '\0' && limits[0] != '\0' ? ", " : "", limits);
  print_row(out, metric_table[metric].name,
            metric_print_short(value, metric, sample->value[metric]), remark);
}

static void print_age(FILE *out, const struct sample *sample) {
  char span[DURATION_TEXT_BYTES];
  char value[DURATION_TEXT_BYTES + 16];
  char remark[DURATION_TEXT_BYTES + 16] = "";
  if (sample_has(sample, METRIC_AGE)) {
    int64_t age_ns = duration_round(sample->value[METRIC_AGE]);
    (void)snprintf(value, sizeof value,
                   age_ns < 0   ? "in %s"
                   : age_ns > 0 ? "%s ago"
                                : "just now",
                   duration_print_short(span, duration_abs(age_ns)));
    if (sample_has(sample, FIELD_POLL_INTERVAL)) {
      (void)snprintf(remark, sizeof remark, "asked every %s",
                     duration_print(span, sample->poll_interval_ns));
    }
    print_row(out, "last reply", value, remark);
  }
}

/* "NAME (ADDRESS)", as much of it as is known. */
static const char *name_server(const struct sample *sample, char *out, size_t size_bytes) {
  bool named = sample->server[0] != '\0' && strcmp(sample->server, sample->address) != 0;
  bool addressed = sample->address[0] != '\0';
  (void)snprintf(out, size_bytes, "%s%s%s%s", named ? sample->server : "",
                 named && addressed ? " (" : "", sample->address, named && addressed ? ")" : "");
  return out;
}

static void print_replies(FILE *out, const struct sample *sample) {
  char number[64];
  if (!sample_has(sample, FIELD_REPLIES)) {
    return;
  }
  (void)snprintf(number, sizeof number,
                 sample_has(sample, FIELD_SENT) ? "%" PRIu64 " of %" PRIu64 : "%" PRIu64,
                 sample->replies, sample->sent);
  bool spike = sample_has(sample, FIELD_SPIKE) && sample->spike;
  print_row(out, "replies", number, spike ? "the last one was an outlier" : "");
}

static void print_finding(FILE *out, const struct report *report, const struct finding *finding) {
  static const char *const leaps[] = {"none", "a second will be inserted",
                                      "a second will be deleted", "not synchronised"};
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
    print_row(out, "leap second", leaps[sample->leap], "");
  }
  if (sample->remark[0] != '\0') {
    print_row(out, "remark", sample->remark, "");
  }
  print_row(out, "source", finding->source, "");
}

/* One line of a server that is listed only. */
static void print_bystander(FILE *out, const struct finding *finding) {
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
  (void)fprintf(out, "%s%s\n", sample->remark[0] != '\0' ? ", " : "", sample->remark);
}

static void print_bystanders(FILE *out, const struct report *report,
                             const struct reading *reading) {
  bool first = true;
  for (size_t i = 0; i < report->finding_count; i++) {
    const struct finding *finding = &report->findings[i];
    if (finding->reading == reading && finding->sample->bystander) {
      (void)fputs(first ? "\n" : "", out);
      print_bystander(out, finding);
      first = false;
    }
  }
}

static void text_print(FILE *out, const struct report *report, bool colour) {
  /* Green, yellow, red, magenta: ECMA-48 section 8.3.117. */
  static const char *const colours[] = {[VERDICT_OK] = "\033[32m",
                                        [VERDICT_WARNING] = "\033[33m",
                                        [VERDICT_CRITICAL] = "\033[31m",
                                        [VERDICT_UNKNOWN] = "\033[35m"};
  (void)fprintf(out, "%s%s%s  %s\n", colour ? colours[report_shown(report)] : "",
                verdict_name(report_shown(report)), colour ? "\033[0m" : "", report->message);
  for (size_t i = 0; i < report->finding_count; i++) {
    if (!report->findings[i].sample->bystander) {
      print_finding(out, report, &report->findings[i]);
      print_bystanders(out, report, report->findings[i].reading);
    }
  }
}

const struct format format_text = {
    .name = "text",
    .summary = "for people; the default on a terminal",
    .print = text_print,
};

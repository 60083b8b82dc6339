/* The format text: for a person at a terminal. The verdict first, then the few numbers. */
#include <inttypes.h>
#include <string.h>

#include "ntp_monitor/config.h"
#include "ntp_monitor/duration.h"
#include "ntp_monitor/format.h"
#include "ntp_monitor/judge.h"
#include "ntp_monitor/report.h"

static void print_row(FILE *out, const char *label, const char *value, const char *remark) {
  (void)fprintf(out, remark[0] != '\0' ? "  %-15s %-14s %s\n" : "  %-15s %s%s\n", label, value,
                remark);
}

/* "warning above 2s   critical above 5s"; "" where neither is set. */
static void write_limits(const struct limit *limit, char *out, size_t size_bytes) {
  char span[DURATION_TEXT_BYTES];
  bool warns = limit->warning_ns != CONFIG_NONE;
  out[0] = '\0';
  if (warns) {
    (void)snprintf(out, size_bytes, "warning above %s", duration_print(span, limit->warning_ns));
  }
  if (limit->critical_ns != CONFIG_NONE) {
    size_t used = strlen(out);
    (void)snprintf(out + used, size_bytes - used, "%scritical above %s", warns ? ", " : "",
                   duration_print(span, limit->critical_ns));
  }
}

static void print_metric(FILE *out, const struct report *report, const struct finding *finding,
                         enum metric metric, const char *label) {
  const struct sample *sample = finding->sample;
  char value[DURATION_TEXT_BYTES + 1];
  char span[DURATION_TEXT_BYTES];
  char limits[3 * DURATION_TEXT_BYTES];
  char remark[4 * DURATION_TEXT_BYTES];
  if (!sample_has(sample, metric)) {
    return;
  }
  int64_t value_ns = sample->value_ns[metric];
  bool signed_value = metric == METRIC_OFFSET && value_ns != 0;
  const char *side = !signed_value  ? ""
                     : value_ns > 0 ? "the clock was behind"
                                    : "the clock was ahead";
  (void)snprintf(value, sizeof value, "%s%s", signed_value && value_ns > 0 ? "+" : "",
                 duration_print(span, value_ns));
  write_limits(&report->config->limit[metric], limits, sizeof limits);
  if (metric == METRIC_JITTER && finding->reason == REASON_WARMING_UP) {
    (void)strcpy(limits, "not judged yet");
  }
  (void)snprintf(remark, sizeof remark, "%s%s%s", side,
                 side[0] != '\0' && limits[0] != '\0' ? ", " : "", limits);
  print_row(out, label, value, remark);
}

static void print_age(FILE *out, const struct sample *sample) {
  char span[DURATION_TEXT_BYTES];
  char value[DURATION_TEXT_BYTES + 16];
  char remark[DURATION_TEXT_BYTES + 16] = "";
  if (sample_has(sample, METRIC_AGE)) {
    int64_t age_ns = duration_round(sample->value_ns[METRIC_AGE]);
    (void)snprintf(value, sizeof value,
                   age_ns < 0   ? "in %s"
                   : age_ns > 0 ? "%s ago"
                                : "just now",
                   duration_print(span, age_ns < 0 ? -age_ns : age_ns));
    if (sample_has(sample, FIELD_POLL_INTERVAL)) {
      (void)snprintf(remark, sizeof remark, "asked every %s",
                     duration_print(span, sample->poll_interval_ns));
    }
    print_row(out, "last reply", value, remark);
  }
}

static void print_server(FILE *out, const struct sample *sample) {
  char both[SAMPLE_SERVER_BYTES + SAMPLE_ADDRESS_BYTES + 4];
  bool named = sample->server[0] != '\0' && strcmp(sample->server, sample->address) != 0;
  bool addressed = sample->address[0] != '\0';
  (void)snprintf(both, sizeof both, "%s%s%s%s", named ? sample->server : "",
                 named && addressed ? " (" : "", sample->address, named && addressed ? ")" : "");
  if (named || addressed) {
    print_row(out, "server", both, "");
  }
}

static void print_finding(FILE *out, const struct report *report, const struct finding *finding) {
  static const char *const leaps[] = {"none", "a second will be inserted",
                                      "a second will be deleted", "not synchronised"};
  const struct sample *sample = finding->sample;
  char number[32];
  (void)fputc('\n', out);
  print_server(out, sample);
  print_metric(out, report, finding, METRIC_JITTER, "jitter");
  print_metric(out, report, finding, METRIC_OFFSET, "offset");
  print_metric(out, report, finding, METRIC_DELAY, "delay");
  print_metric(out, report, finding, METRIC_ROOT_DISTANCE, "root distance");
  print_age(out, sample);
  if (sample_has(sample, FIELD_REPLIES)) {
    (void)snprintf(number, sizeof number, "%" PRIu64, sample->replies);
    print_row(out, "replies", number,
              sample_has(sample, FIELD_SPIKE) && sample->spike ? "the last one was an outlier"
                                                               : "");
  }
  if (sample_has(sample, FIELD_STRATUM)) {
    (void)snprintf(number, sizeof number, "%u", sample->stratum);
    print_row(out, "stratum", number, "");
  }
  if (sample_has(sample, FIELD_LEAP) && sample->leap != LEAP_NONE) {
    print_row(out, "leap second", leaps[sample->leap], "");
  }
  print_row(out, "source", finding->source, "");
}

static void print(FILE *out, const struct report *report, bool colour) {
  /* Green, yellow, red, magenta: ECMA-48 section 8.3.117. */
  static const char *const colours[] = {[VERDICT_OK] = "\033[32m",
                                        [VERDICT_WARNING] = "\033[33m",
                                        [VERDICT_CRITICAL] = "\033[31m",
                                        [VERDICT_UNKNOWN] = "\033[35m"};
  (void)fprintf(out, "%s%s%s  %s\n", colour ? colours[judge_shown(report)] : "",
                verdict_name(judge_shown(report)), colour ? "\033[0m" : "", report->message);
  for (size_t i = 0; i < report->finding_count; i++) {
    print_finding(out, report, &report->findings[i]);
  }
}

const struct format format_text = {
    .name = "text",
    .summary = "for people; the default on a terminal",
    .print = print,
};

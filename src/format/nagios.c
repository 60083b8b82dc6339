/*
 * The format nagios: one line with performance data, as monitoring-plugins'
 * developer guidelines have it.
 */
#include <inttypes.h>
#include <string.h>

#include "ntp_monitor/config.h"
#include "ntp_monitor/duration.h"
#include "ntp_monitor/format.h"
#include "ntp_monitor/report.h"

/* A range: outside of it is an alert. The offset goes either way. */
static void print_range(FILE *out, enum metric metric, int64_t limit) {
  char text[METRIC_TEXT_BYTES];
  (void)fputc(';', out);
  if (limit == CONFIG_NONE) {
    return;
  }
  metric_print_plain(text, metric, limit);
  (void)fprintf(out,
                metric == METRIC_OFFSET      ? "-%s:%s"
                : metric_table[metric].below ? "%s:"
                                             : "%s",
                text, text);
}

/* nth: servers after the first have their number in the label, which must be unique in
 * its first 19 characters. U: could not be determined. */
static void nagios_print_metric(FILE *out, const struct report *report,
                                const struct finding *finding, size_t nth, enum metric metric) {
  char text[METRIC_TEXT_BYTES];
  const struct sample *sample = finding != NULL ? finding->sample : NULL;
  bool known = sample != NULL && sample_has(sample, metric);
  if (!known && metric != METRIC_JITTER) {
    return;
  }
  (void)fprintf(out, " %s", metric_table[metric].word);
  if (nth > 0) {
    (void)fprintf(out, "_%zu", nth + 1);
  }
  (void)fprintf(out, "=%s%s", known ? metric_print_plain(text, metric, sample->value[metric]) : "U",
                known && !metric_table[metric].is_count ? "s" : "");
  if (metric == METRIC_AGE) {
    char most[DURATION_TEXT_BYTES];
    (void)fprintf(out, ";%s:%s;", duration_print_seconds(text, finding->age_least_us * DURATION_US),
                  duration_print_seconds(most, finding->age_most_us * DURATION_US));
    return;
  }
  const struct limit *limit = &report->config->limit[metric];
  bool judged = !known || (finding->judged & 1U << metric) != 0;
  print_range(out, metric, judged ? limit->warning : CONFIG_NONE);
  print_range(out, metric, judged ? limit->critical : CONFIG_NONE);
  (void)fputs(metric == METRIC_OFFSET ? "" : ";0", out);
  if (metric_table[metric].is_count) {
    (void)fprintf(out, ";%" PRId64, metric_table[metric].most);
  }
}

static void nagios_print(FILE *out, const struct report *report, bool colour) {
  const char *message = report->message + strlen(REPORT_SUBJECT); /* this line has its own */
  (void)colour;
  (void)fprintf(out, "NTP %s: ", verdict_name(report_shown(report)));
  for (; *message != '\0'; message++) {
    (void)fputc(*message == '|' ? '/' : *message, out); /* a bar begins the data */
  }
  (void)fputs(" |", out);
  if (report->finding_count == 0) {
    nagios_print_metric(out, report, NULL, 0, METRIC_JITTER);
  }
  size_t nth = 0;
  for (size_t i = 0; i < report->finding_count; i++) {
    if (report->findings[i].sample->bystander) {
      continue;
    }
    for (enum metric m = METRIC_JITTER; m < METRIC_COUNT; m++) {
      nagios_print_metric(out, report, &report->findings[i], nth, m);
    }
    nth++;
  }
  (void)fputc('\n', out);
}

const struct format format_nagios = {
    .name = "nagios",
    .summary = "one line with performance data (Nagios, Icinga)",
    .print = nagios_print,
};

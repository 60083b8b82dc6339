/*
 * The format nagios: one line with performance data, as the developer guidelines of
 * monitoring-plugins describe it.
 */
#include <inttypes.h>
#include <string.h>

#include "ntp_monitor/config.h"
#include "ntp_monitor/duration.h"
#include "ntp_monitor/format.h"
#include "ntp_monitor/report.h"

/* Prints the range outside of which Nagios alerts. An offset may go either way. */
static void print_range(FILE *out, enum metric metric, int64_t limit) {
  char text[METRIC_TEXT_BYTES];
  (void)fputc(';', out);
  if (limit == CONFIG_NONE) {
    return;
  }
  metric_print_plain(text, metric, limit);
  if (metric == METRIC_OFFSET) {
    (void)fprintf(out, "-%s:%s", text, text);
  } else {
    (void)fprintf(out, metric_table[metric].below ? "%s:" : "%s", text);
  }
}

/* Prints label and value. Servers after the first have their number in the label, which must be
 * unique in its first 19 characters. U means that the value could not be determined. */
static void print_value(FILE *out, const struct sample *sample, size_t nth, enum metric metric,
                        bool known) {
  char text[METRIC_TEXT_BYTES];
  (void)fprintf(out, " %s", metric_table[metric].word);
  if (nth > 0) {
    (void)fprintf(out, "_%zu", nth + 1);
  }
  if (!known) {
    (void)fputs("=U", out);
    return;
  }
  (void)fprintf(out, "=%s%s", metric_print_plain(text, metric, sample->value[metric]),
                metric_table[metric].is_count ? "" : "s");
}

static void nagios_print_metric(FILE *out, const struct report *report,
                                const struct finding *finding, size_t nth, enum metric metric) {
  const struct sample *sample = finding != NULL ? finding->sample : NULL;
  bool known = sample != NULL && sample_has(sample, metric);
  if (!known && metric != METRIC_JITTER) {
    return;
  }
  print_value(out, sample, nth, metric, known);
  if (metric == METRIC_AGE) {
    char least[DURATION_TEXT_BYTES];
    char most[DURATION_TEXT_BYTES];
    (void)fprintf(out, ";%s:%s;",
                  duration_print_seconds(least, finding->age_least_us * DURATION_US),
                  duration_print_seconds(most, finding->age_most_us * DURATION_US));
    return;
  }
  const struct limit *limit = &report->config->limit[metric];
  bool judged = !known || (finding->judged & 1U << metric) != 0;
  const struct limit none = {.warning = CONFIG_NONE, .critical = CONFIG_NONE};
  if (!judged) {
    limit = &none;
  }
  print_range(out, metric, limit->warning);
  print_range(out, metric, limit->critical);
  if (metric != METRIC_OFFSET) {
    (void)fputs(";0", out); /* the least value */
  }
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
    if (report->findings[i].sample->listed) {
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

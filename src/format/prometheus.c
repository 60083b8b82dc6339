/*
 * The format prometheus: the text exposition format 0.0.4
 * (prometheus.io/docs/instrumenting/exposition_formats). node_exporter's textfile collector reads
 * it, or Prometheus itself from any program that serves the file.
 *
 * Lines carry no time stamps: node_exporter would skip the whole file. Unknown values are left out,
 * because a 0 or a NaN would be graphed.
 */
#include <inttypes.h>
#include <stdlib.h>

#include "format/series.h"
#include "ntp_monitor/config.h"
#include "ntp_monitor/duration.h"
#include "ntp_monitor/format.h"
#include "ntp_monitor/report.h"

/* The report being printed. */
struct page {
  FILE *out;
  const struct report *report;
  const struct series *series; /* of its findings; NULL: show no servers */
  unsigned labels;             /* printed so far on the present line */
};

/* All lines of one name, which follow its help. */
struct family {
  const char *name; /* after "ntp_monitor_" */
  const char *help;
  void (*print)(struct page *page, const struct family *family);
  unsigned figure; /* the enum metric or enum field it shows */
};

enum { VALUE_BYTES = METRIC_TEXT_BYTES };

static void print_label(struct page *page, const char *name, const char *value) {
  (void)fprintf(page->out, "%c%s=\"", page->labels++ == 0 ? '{' : ',', name);
  for (; *value != '\0'; value++) {
    if (*value == '\n') {
      (void)fputs("\\n", page->out);
    } else {
      (void)fprintf(page->out, *value == '"' || *value == '\\' ? "\\%c" : "%c", *value);
    }
  }
  (void)fputc('"', page->out);
}

/* Begins a line, up to its own labels. Prometheus attributes it to the machine it is scraped from,
 * so a report about another machine carries a label with its name. */
static void begin_line(struct page *page, const struct family *family, unsigned *lines) {
  if ((*lines)++ == 0) {
    (void)fprintf(page->out, "# HELP ntp_monitor_%s %s\n# TYPE ntp_monitor_%s gauge\n",
                  family->name, family->help, family->name);
  }
  (void)fprintf(page->out, "ntp_monitor_%s", family->name);
  page->labels = 0;
  if (page->report->elsewhere[0] != '\0') {
    print_label(page, "host", page->report->elsewhere);
  }
}

static void prometheus_end_line(struct page *page, const char *value) {
  (void)fprintf(page->out, "%s %s\n", page->labels > 0 ? "}" : "", value);
}

/* --- of the run ----------------------------------------------------------- */

static void prometheus_print_verdict(struct page *page, const struct family *family) {
  char text[VALUE_BYTES];
  unsigned lines = 0;
  begin_line(page, family, &lines);
  (void)snprintf(text, sizeof text, "%d", (int)report_shown(page->report));
  prometheus_end_line(page, text);
}

static void print_fact(struct page *page, const struct family *family, const char *label,
                       const char *value, unsigned *lines) {
  begin_line(page, family, lines);
  print_label(page, label, value);
  prometheus_end_line(page, "1");
}

/* A family being printed. */
struct lines {
  struct page *page;
  const struct family *family;
  unsigned count;
};

static void print_one_reason(void *user, enum reason reason) {
  struct lines *lines = user;
  print_fact(lines->page, lines->family, "reason", reason_name(reason), &lines->count);
}

static void prometheus_print_reasons(struct page *page, const struct family *family) {
  struct lines lines = {.page = page, .family = family};
  report_each_reason(page->report->reason, page->report->reasons, print_one_reason, &lines);
}

static void print_build(struct page *page, const struct family *family) {
  unsigned lines = 0;
  print_fact(page, family, "version", page->report->version, &lines);
}

static void prometheus_print_span(struct page *page, const struct family *family, int64_t span_ns) {
  char text[VALUE_BYTES];
  unsigned lines = 0;
  begin_line(page, family, &lines);
  prometheus_end_line(page, duration_print_seconds(text, span_ns));
}

static void print_run(struct page *page, const struct family *family) {
  prometheus_print_span(page, family, page->report->now_ns);
}

static void print_took(struct page *page, const struct family *family) {
  prometheus_print_span(page, family, page->report->run_duration_ns);
}

/* --- metrics -------------------------------------------------------------- */

/* Prints a value. The reach becomes a share of 8 polls, which is exact in decimals. */
static const char *prometheus_print_metric(char *text, enum metric metric, int64_t value) {
  if (metric == METRIC_REACH) {
    return duration_print_seconds(text, value * (DURATION_S / 8));
  }
  return metric_print_plain(text, metric, value);
}

static void prometheus_print_limit(struct page *page, const struct family *family,
                                   enum metric metric, const char *level, int64_t limit,
                                   unsigned *lines) {
  char text[VALUE_BYTES];
  if (limit == CONFIG_NONE) {
    return;
  }
  begin_line(page, family, lines);
  if (!metric_table[metric].is_count) {
    print_label(page, "limit", metric_table[metric].word);
  }
  print_label(page, "level", level);
  prometheus_end_line(page, prometheus_print_metric(text, metric, limit));
}

/* Prints the limits of the count that family shows, or those of all spans, which share one family
 * and differ in a label. */
static void prometheus_print_limits(struct page *page, const struct family *family) {
  unsigned lines = 0;
  bool spans = !metric_table[family->figure].is_count;
  for (enum metric m = METRIC_JITTER; m < METRIC_COUNT; m++) {
    const struct limit *limit = &page->report->config->limit[m];
    if (m == family->figure || (spans && !metric_table[m].is_count)) {
      prometheus_print_limit(page, family, m, "warning", limit->warning, &lines);
      prometheus_print_limit(page, family, m, "critical", limit->critical, &lines);
    }
  }
}

/* --- of each server ------------------------------------------------------- */

static void begin_server(struct page *page, const struct family *family,
                         const struct series *series, unsigned *lines) {
  begin_line(page, family, lines);
  print_label(page, "source", series->finding->source);
  print_label(page, "server", series->server);
}

/* Prints a figure of sample. Returns text, or NULL if it is not known. */
static const char *prometheus_print_figure(char *text, const struct sample *sample, unsigned figure,
                                           int64_t now_ns) {
  int64_t then_ns = 0;
  if (!sample_has(sample, figure)) {
    return NULL;
  }
  switch (figure) {
  case METRIC_AGE:
    if (__builtin_sub_overflow(now_ns, sample->value[METRIC_AGE], &then_ns)) {
      return NULL;
    }
    return duration_print_seconds(text, then_ns);
  case FIELD_POLL_INTERVAL:
    return duration_print_seconds(text, sample->poll_interval_ns);
  case FIELD_LEAP:
    (void)snprintf(text, VALUE_BYTES, "%d", (int)sample->leap);
    return text;
  case FIELD_REPLIES:
    (void)snprintf(text, VALUE_BYTES, "%" PRIu64, sample->replies);
    return text;
  default:
    return prometheus_print_metric(text, (enum metric)figure, sample->value[figure]);
  }
}

static void print_figures(struct page *page, const struct family *family) {
  unsigned lines = 0;
  for (size_t i = 0; page->series != NULL && i < page->report->finding_count; i++) {
    char text[VALUE_BYTES];
    const struct series *series = &page->series[i];
    if (prometheus_print_figure(text, series->finding->sample, family->figure,
                                page->report->now_ns) != NULL) {
      begin_server(page, family, series, &lines);
      prometheus_end_line(page, text);
    }
  }
}

static void print_servers(struct page *page, const struct family *family) {
  unsigned lines = 0;
  for (size_t i = 0; page->series != NULL && i < page->report->finding_count; i++) {
    const struct sample *sample = page->series[i].finding->sample;
    begin_server(page, family, &page->series[i], &lines);
    print_label(page, "address", sample->address);
    print_label(page, "state", sample_state_word(sample->state));
    print_label(page, "jitter_kind", sample_jitter_word(sample->jitter_kind));
    prometheus_end_line(page, "1");
  }
}

static const struct family families[] = {
    {"verdict", "Exit status: 0 OK, 1 WARNING, 2 CRITICAL, 3 UNKNOWN.", prometheus_print_verdict,
     0},
    {"reason", "Why the verdict is what it is: 1 for each reason that applies.",
     prometheus_print_reasons, 0},
    {"jitter_seconds", "Spread of the offsets, of the kind in server_info.", print_figures,
     METRIC_JITTER},
    {"offset_seconds", "Offset at the last reply; positive: the local clock was behind.",
     print_figures, METRIC_OFFSET},
    {"delay_seconds", "Round trip of the last reply.", print_figures, METRIC_DELAY},
    {"root_distance_seconds", "How far from true time the server may be.", print_figures,
     METRIC_ROOT_DISTANCE},
    {"error_bound_seconds", "How wrong the local clock can be.", print_figures, METRIC_ERROR_BOUND},
    {"poll_interval_seconds", "Time between two requests at present.", print_figures,
     FIELD_POLL_INTERVAL},
    {"last_update_timestamp_seconds", "When the last reply came.", print_figures, METRIC_AGE},
    {"stratum", "Distance of the server from a reference clock.", print_figures, METRIC_STRATUM},
    {"reach_ratio", "Share of the last 8 polls that got a reply.", print_figures, METRIC_REACH},
    {"clock_class", "Class of the PTP grandmaster's clock; 6: it follows a primary reference.",
     print_figures, METRIC_CLOCK_CLASS},
    {"leap", "Leap second: 0 none, 1 insert, 2 delete, 3 not synchronised.", print_figures,
     FIELD_LEAP},
    {"replies", "Replies since the time service was started, or of this run.", print_figures,
     FIELD_REPLIES},
    {"server_info", "A server, its state in the time service, and its kind of jitter.",
     print_servers, 0},
    {"limit_seconds", "Limit of the figure that limit names; above it the state is level.",
     prometheus_print_limits, METRIC_JITTER},
    {"limit_stratum", "Limit of the stratum; above it the state is level.", prometheus_print_limits,
     METRIC_STRATUM},
    {"limit_reach_ratio", "Limit of the reach; below it the state is level.",
     prometheus_print_limits, METRIC_REACH},
    {"limit_clock_class", "Limit of the clock class; above it the state is level.",
     prometheus_print_limits, METRIC_CLOCK_CLASS},
    {"last_run_timestamp_seconds", "When this was measured.", print_run, 0},
    {"run_duration_seconds", "How long measuring and judging took.", print_took, 0},
    {"build_info", "The version of ntp_monitor.", print_build, 0},
};

static void prometheus_print(FILE *out, const struct report *report, bool colour) {
  struct series *series = series_make(report);
  struct page page = {.out = out, .report = report, .series = series};
  (void)colour;
  if (series == NULL) {
    (void)fputs("# no memory to show the servers\n", out);
  }
  for (size_t i = 0; i < sizeof families / sizeof *families; i++) {
    families[i].print(&page, &families[i]);
  }
  free(series);
}

const struct format format_prometheus = {
    .name = "prometheus",
    .summary = "metrics for Prometheus (node_exporter's textfile collector)",
    .print = prometheus_print,
};

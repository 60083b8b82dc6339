/*
 * The format influx: InfluxDB's line protocol (docs.influxdata.com,
 * reference/syntax/line-protocol). The first line describes the run, and has neither source nor
 * server; one line for each server follows.
 *
 * InfluxDB refuses a line in which a field changes its type: spans are always floats, with a point,
 * and counts always integers. Unknown values are left out.
 */
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "format/series.h"
#include "ntp_monitor/duration.h"
#include "ntp_monitor/format.h"
#include "ntp_monitor/report.h"

/* A line being written. It begins with its first field, since a line needs at least one. */
struct line {
  FILE *out;
  const struct report *report;
  const struct series *series; /* NULL: the line describes the run */
  unsigned fields;
};

static const struct {
  const char *key;
  unsigned figure; /* enum metric or enum field */
} figures[] = {
    {"jitter_s", METRIC_JITTER},
    {"offset_s", METRIC_OFFSET},
    {"delay_s", METRIC_DELAY},
    {"root_distance_s", METRIC_ROOT_DISTANCE},
    {"age_s", METRIC_AGE},
    {"error_bound_s", METRIC_ERROR_BOUND},
    {"poll_interval_s", FIELD_POLL_INTERVAL},
    {"stratum", METRIC_STRATUM},
    {"reach", METRIC_REACH},
    {"clock_class", METRIC_CLOCK_CLASS},
    {"leap", FIELD_LEAP},
    {"replies", FIELD_REPLIES},
};

/* Prints text with a backslash before each character of special, and a blank for a newline, which
 * the protocol cannot express. */
static void print_escaped(FILE *out, const char *text, const char *special) {
  for (; *text != '\0'; text++) {
    char c = *text;
    if (c == '\n') {
      c = ' ';
    }
    if (strchr(special, c) != NULL) {
      (void)fputc('\\', out);
    }
    (void)fputc(c, out);
  }
}

/* Prints a tag unless it is empty, which the protocol cannot express. A backslash at its end would
 * escape what follows, so it becomes \x5c. */
static void print_tag(FILE *out, const char *key, const char *value) {
  size_t length = strlen(value);
  if (length > 0) {
    (void)fprintf(out, ",%s=", key);
    print_escaped(out, value, ",= ");
    if (value[length - 1] == '\\') {
      (void)fputs("x5c", out);
    }
  }
}

static void begin_field(struct line *line, const char *key) {
  if (line->fields++ == 0) {
    (void)fputs("ntp_monitor", line->out);
    print_tag(line->out, "host", line->report->host);
    if (line->series != NULL) {
      print_tag(line->out, "server", line->series->server);
      print_tag(line->out, "source", line->series->finding->source);
    }
  }
  (void)fprintf(line->out, "%c%s=", line->fields == 1 ? ' ' : ',', key);
}

static void influx_end_line(const struct line *line) {
  if (line->fields > 0) {
    (void)fprintf(line->out, " %" PRId64 "\n", line->report->now_ns);
  }
}

static void influx_print_word(struct line *line, const char *key, const char *word) {
  if (word[0] != '\0') {
    begin_field(line, key);
    (void)fputc('"', line->out);
    print_escaped(line->out, word, "\"\\");
    (void)fputc('"', line->out);
  }
}

static void influx_print_span(struct line *line, const char *key, int64_t span_ns) {
  char text[DURATION_TEXT_BYTES];
  begin_field(line, key);
  (void)fputs(duration_print_seconds(text, span_ns), line->out);
  if (strchr(text, '.') == NULL) {
    (void)fputs(".0", line->out);
  }
}

/* Prints a count, unless InfluxDB's signed integers cannot hold it. */
static void print_count(struct line *line, const char *key, uint64_t count) {
  if (count <= INT64_MAX) {
    begin_field(line, key);
    (void)fprintf(line->out, "%" PRIu64 "i", count);
  }
}

static void influx_print_verdict(struct line *line, enum verdict verdict, enum reason reason) {
  print_count(line, "verdict", verdict);
  influx_print_word(line, "reason", reason_name(reason));
}

static void influx_print_figure(struct line *line, const char *key, const struct sample *sample,
                                unsigned figure) {
  if (!sample_has(sample, figure)) {
    return;
  }
  if (figure == FIELD_POLL_INTERVAL) {
    influx_print_span(line, key, sample->poll_interval_ns);
  } else if (figure == FIELD_LEAP) {
    print_count(line, key, sample->leap);
  } else if (figure == FIELD_REPLIES) {
    print_count(line, key, sample->replies);
  } else if (metric_table[figure].is_count) {
    print_count(line, key, (uint64_t)sample->value[figure]);
  } else {
    influx_print_span(line, key, sample->value[figure]);
  }
}

static void influx_print_server(FILE *out, const struct report *report,
                                const struct series *series) {
  const struct sample *sample = series->finding->sample;
  struct line line = {.out = out, .report = report, .series = series};
  for (size_t i = 0; i < sizeof figures / sizeof *figures; i++) {
    influx_print_figure(&line, figures[i].key, sample, figures[i].figure);
  }
  if (!sample->listed) {
    influx_print_verdict(&line, series->finding->verdict, series->finding->reason);
  }
  influx_print_word(&line, "state", sample_state_word(sample->state));
  influx_print_word(&line, "jitter_kind", sample_jitter_word(sample->jitter_kind));
  influx_print_word(&line, "address", sample->address);
  influx_end_line(&line);
}

static void influx_print(FILE *out, const struct report *report, bool colour) {
  struct series *series = series_make(report);
  struct line line = {.out = out, .report = report};
  (void)colour;
  influx_print_verdict(&line, report_shown(report), report->reason);
  influx_print_span(&line, "run_duration_s", report->run_duration_ns);
  influx_end_line(&line);
  for (size_t i = 0; series != NULL && i < report->finding_count; i++) {
    influx_print_server(out, report, &series[i]);
  }
  if (series == NULL) {
    (void)fputs("# no memory to show the servers\n", out);
  }
  free(series);
}

const struct format format_influx = {
    .name = "influx",
    .pushed = true,
    .summary = "InfluxDB line protocol",
    .print = influx_print,
};

/* The format json: one object on one line. Adding a key does not change the schema's number. */
#include <inttypes.h>

#include "ntp_monitor/config.h"
#include "ntp_monitor/duration.h"
#include "ntp_monitor/format.h"
#include "ntp_monitor/report.h"
#include "ntp_monitor/utc.h"

/* Prints a string (RFC 8259 section 7), or null for an empty one, which stands for unknown. */
static void print_text(FILE *out, const char *key, const char *text) {
  (void)fprintf(out, "\"%s\":", key);
  if (text[0] == '\0') {
    (void)fputs("null", out);
    return;
  }
  (void)fputc('"', out);
  for (const unsigned char *at = (const unsigned char *)text; *at != '\0'; at++) {
    if (*at < 0x20) {
      (void)fprintf(out, "\\u%04x", *at);
    } else {
      (void)fprintf(out, *at == '"' || *at == '\\' ? "\\%c" : "%c", *at);
    }
  }
  (void)fputc('"', out);
}

static void print_seconds(FILE *out, const char *key, bool known, int64_t span_ns) {
  char text[DURATION_TEXT_BYTES] = "null";
  if (known) {
    (void)duration_print_seconds(text, span_ns);
  }
  (void)fprintf(out, "\"%s\":%s", key, text);
}

/* Prints the key of a metric. Those of spans, which are in seconds, end in _s. */
static void print_key(FILE *out, enum metric metric) {
  const char *unit = metric_table[metric].is_count ? "" : "_s";
  (void)fprintf(out, "\"%s%s\":", metric_table[metric].word, unit);
}

static void json_print_metric(FILE *out, enum metric metric, bool known, int64_t value) {
  char text[METRIC_TEXT_BYTES] = "null";
  if (known) {
    metric_print_plain(text, metric, value);
  }
  print_key(out, metric);
  (void)fputs(text, out);
}

static void json_print_limit(FILE *out, enum metric metric, const char *level, int64_t limit) {
  char text[METRIC_TEXT_BYTES] = "null";
  if (limit != CONFIG_NONE) {
    metric_print_plain(text, metric, limit);
  }
  (void)fprintf(out, "\"%s\":%s", level, text);
}

static void json_print_limits(FILE *out, const struct config *config) {
  const char *comma = "";
  (void)fputs("\"limits\":{", out);
  for (enum metric m = METRIC_JITTER; m < METRIC_COUNT; m++) {
    const struct limit *limit = &config->limit[m];
    if (limit->warning == CONFIG_NONE && limit->critical == CONFIG_NONE) {
      continue;
    }
    (void)fputs(comma, out);
    print_key(out, m);
    (void)fputc('{', out);
    json_print_limit(out, m, "warning", limit->warning);
    (void)fputc(',', out);
    json_print_limit(out, m, "critical", limit->critical);
    (void)fputc('}', out);
    comma = ",";
  }
  (void)fputc('}', out);
}

static void json_print_word(FILE *out, const char *key, const char *word) {
  (void)fputc(',', out);
  print_text(out, key, word);
}

static void print_number(FILE *out, const char *key, bool known, uint64_t number) {
  if (known) {
    (void)fprintf(out, ",\"%s\":%" PRIu64, key, number);
  } else {
    (void)fprintf(out, ",\"%s\":null", key);
  }
}

static void print_flag(FILE *out, const char *key, bool known, bool flag) {
  const char *text = "null";
  if (known) {
    text = flag ? "true" : "false";
  }
  (void)fprintf(out, ",\"%s\":%s", key, text);
}

/* A list being printed. */
struct reasons {
  FILE *out;
  const char *comma;
};

static void print_reason(void *user, enum reason reason) {
  struct reasons *list = user;
  (void)fprintf(list->out, "%s\"%s\"", list->comma, reason_name(reason));
  list->comma = ",";
}

static void json_print_reasons(FILE *out, enum reason first, unsigned reasons) {
  struct reasons list = {.out = out, .comma = ""};
  (void)fputs(",\"reasons\":[", out);
  report_each_reason(first, reasons, print_reason, &list);
  (void)fputc(']', out);
}

static void json_print_server(FILE *out, const struct finding *finding) {
  const struct sample *sample = finding->sample;
  (void)fputc('{', out);
  print_text(out, "server", sample->server);
  (void)fputc(',', out);
  print_text(out, "address", sample->address);
  if (sample->listed) {
    (void)fputs(",\"verdict\":null,\"reason\":null", out);
  } else {
    json_print_word(out, "verdict", verdict_word(finding->verdict));
    json_print_word(out, "reason", reason_name(finding->reason));
    json_print_reasons(out, finding->reason, finding->reasons);
  }
  for (enum metric m = METRIC_JITTER; m < METRIC_COUNT; m++) {
    (void)fputc(',', out);
    json_print_metric(out, m, sample_has(sample, m), sample->value[m]);
  }
  json_print_word(out, "jitter_kind", sample_jitter_word(sample->jitter_kind));
  (void)fputc(',', out);
  print_seconds(out, "poll_interval_s", sample_has(sample, FIELD_POLL_INTERVAL),
                sample->poll_interval_ns);
  json_print_word(out, "leap",
                  sample_has(sample, FIELD_LEAP) ? sample_leap_word(sample->leap) : "");
  print_number(out, "replies", sample_has(sample, FIELD_REPLIES), sample->replies);
  print_number(out, "sent", sample_has(sample, FIELD_SENT), sample->sent);
  print_flag(out, "spike", sample_has(sample, FIELD_SPIKE), sample->spike);
  json_print_word(out, "state", sample_state_word(sample->state));
  json_print_word(out, "remark", sample->remark);
  json_print_word(out, "source", finding->source);
  (void)fputc('}', out);
}

static void json_print(FILE *out, const struct report *report, bool colour) {
  char when[UTC_TEXT_BYTES];
  (void)colour;
  (void)fprintf(out, "{\"schema\":1,\"time\":\"%s\",", utc_print(when, report->now_ns));
  print_text(out, "host", report->host);
  (void)fputc(',', out);
  print_text(out, "source", report->source);
  (void)fprintf(out, ",\"verdict\":\"%s\",\"reason\":\"%s\"", verdict_word(report->verdict),
                reason_name(report->reason));
  json_print_reasons(out, report->reason, report->reasons);
  (void)fputc(',', out);
  print_text(out, "message", report->message);
  json_print_word(out, "note", report->note);
  (void)fprintf(out, ",\"exit_status\":%d,", report->exit_status);
  json_print_limits(out, report->config);
  (void)fputs(",\"servers\":[", out);
  for (size_t i = 0; i < report->finding_count; i++) {
    if (i > 0) {
      (void)fputc(',', out);
    }
    json_print_server(out, &report->findings[i]);
  }
  (void)fputs("]}\n", out);
}

const struct format format_json = {
    .name = "json",
    .summary = "one JSON object on one line",
    .print = json_print,
};

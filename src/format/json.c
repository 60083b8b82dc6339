/* The format json: one object on one line. Later keys keep schema 1. */
#include <inttypes.h>

#include "ntp_monitor/config.h"
#include "ntp_monitor/duration.h"
#include "ntp_monitor/format.h"
#include "ntp_monitor/report.h"
#include "ntp_monitor/utc.h"

static const char *const metric_keys[METRIC_COUNT] = {
    [METRIC_JITTER] = "jitter_s", [METRIC_OFFSET] = "offset_s",
    [METRIC_DELAY] = "delay_s",   [METRIC_ROOT_DISTANCE] = "root_distance_s",
    [METRIC_AGE] = "age_s",
};

/* RFC 8259 section 7; an empty text is unknown, so null. */
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
  char text[DURATION_TEXT_BYTES];
  (void)fprintf(out, "\"%s\":%s", key, known ? duration_print_seconds(text, span_ns) : "null");
}

static void print_limits(FILE *out, const struct config *config) {
  const char *comma = "";
  (void)fputs("\"limits\":{", out);
  for (enum metric m = METRIC_JITTER; m < METRIC_COUNT; m++) {
    const struct limit *limit = &config->limit[m];
    if (limit->warning_ns == CONFIG_NONE && limit->critical_ns == CONFIG_NONE) {
      continue;
    }
    (void)fprintf(out, "%s\"%s\":{", comma, metric_keys[m]);
    print_seconds(out, "warning", limit->warning_ns != CONFIG_NONE, limit->warning_ns);
    (void)fputc(',', out);
    print_seconds(out, "critical", limit->critical_ns != CONFIG_NONE, limit->critical_ns);
    (void)fputc('}', out);
    comma = ",";
  }
  (void)fputc('}', out);
}

static void print_server(FILE *out, const struct finding *finding) {
  static const char *const leaps[] = {"none", "insert", "delete", "unsynchronised"};
  const struct sample *sample = finding->sample;
  (void)fputc('{', out);
  print_text(out, "server", sample->server);
  (void)fputc(',', out);
  print_text(out, "address", sample->address);
  (void)fprintf(out, ",\"verdict\":\"%s\",\"reason\":\"%s\"", verdict_word(finding->verdict),
                reason_name(finding->reason));
  for (enum metric m = METRIC_JITTER; m < METRIC_COUNT; m++) {
    (void)fputc(',', out);
    print_seconds(out, metric_keys[m], sample_has(sample, m), sample->value_ns[m]);
  }
  (void)fputc(',', out);
  print_seconds(out, "poll_interval_s", sample_has(sample, FIELD_POLL_INTERVAL),
                sample->poll_interval_ns);
  (void)fprintf(out, sample_has(sample, FIELD_STRATUM) ? ",\"stratum\":%u" : ",\"stratum\":null",
                sample->stratum);
  (void)fprintf(out, sample_has(sample, FIELD_LEAP) ? ",\"leap\":\"%s\"" : ",\"leap\":null",
                leaps[sample->leap]);
  (void)fprintf(out,
                sample_has(sample, FIELD_REPLIES) ? ",\"replies\":%" PRIu64 : ",\"replies\":null",
                sample->replies);
  const char *spike = sample->spike ? "true" : "false";
  (void)fprintf(out, ",\"spike\":%s,\"source\":\"%s\"}",
                sample_has(sample, FIELD_SPIKE) ? spike : "null", finding->source);
}

static void print(FILE *out, const struct report *report, bool colour) {
  char when[UTC_TEXT_BYTES];
  (void)colour;
  (void)fprintf(out, "{\"schema\":1,\"time\":\"%s\",", utc_print(when, report->now_ns));
  print_text(out, "host", report->host);
  (void)fputc(',', out);
  print_text(out, "source", report->source);
  (void)fprintf(out, ",\"verdict\":\"%s\",\"reason\":\"%s\",", verdict_word(report->verdict),
                reason_name(report->reason));
  print_text(out, "message", report->message);
  (void)fprintf(out, ",\"exit_status\":%d,", report->exit_status);
  print_limits(out, report->config);
  (void)fputs(",\"servers\":[", out);
  for (size_t i = 0; i < report->finding_count; i++) {
    if (i > 0) {
      (void)fputc(',', out);
    }
    print_server(out, &report->findings[i]);
  }
  (void)fputs("]}\n", out);
}

const struct format format_json = {
    .name = "json",
    .summary = "one object on one line",
    .print = print,
};

/*
 * Frames a log line in the forms that log receivers read.
 *
 * Framing is kept apart from transport (the other files here), so that tests can compare each form
 * byte for byte.
 */
#include "log/frame.h"

#include <ctype.h>
#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "ntp_monitor/config.h"
#include "ntp_monitor/duration.h"
#include "ntp_monitor/report.h"
#include "ntp_monitor/text.h"
#include "ntp_monitor/utc.h"

/* 32473 is the enterprise number for examples (RFC 5612); the project has none of its own. */
#define STRUCTURED_DATA_ID "ntp_monitor@32473"

const char *frame_severity_name(enum severity severity) {
  static const char *const names[] = {[SEVERITY_CRITICAL] = "CRITICAL",
                                      [SEVERITY_ERROR] = "ERROR",
                                      [SEVERITY_WARNING] = "WARNING",
                                      [SEVERITY_INFO] = "INFO",
                                      [SEVERITY_DEBUG] = "DEBUG"};
  return names[severity];
}

/* A buffer that takes pieces as long as they fit. */
struct buffer {
  char *text;
  size_t size, used; /* size without the NUL */
};

/* Appends the whole piece or nothing. */
__attribute__((format(printf, 2, 3))) static void add(struct buffer *buffer, const char *format,
                                                      ...) {
  va_list arguments;
  va_start(arguments, format);
  int length =
      vsnprintf(buffer->text + buffer->used, buffer->size + 1 - buffer->used, format, arguments);
  va_end(arguments);
  if (length > 0 && (size_t)length <= buffer->size - buffer->used) {
    buffer->used += (size_t)length;
  }
  buffer->text[buffer->used] = '\0';
}

/* Appends "LEVEL text", shortened to what fits. */
static void add_text(struct buffer *buffer, const struct frame_line *line) {
  add(buffer, "%s ", frame_severity_name(line->severity));
  char text[FRAME_RFC5424_BYTES];
  (void)snprintf(text, sizeof text, "%s", line->text);
  text_truncate(text, buffer->size - buffer->used);
  add(buffer, "%s", text);
}

/* Returns PRI: RFC 5424 section 6.2.1. */
static int64_t frame_priority(const struct frame_line *line) {
  return line->facility * 8 + (int64_t)line->severity;
}

/* Returns the character to write for one of a host name (RFC 1123 section 2.1). inner: it is
 * neither the first nor the last. */
static char host_letter(char letter, bool inner) {
  if (isalnum((unsigned char)letter) || (inner && strchr("-._", letter) != NULL)) {
    return letter;
  }
  return inner ? '_' : 'x';
}

/* Writes host, up to a byte of end, as a valid host name. RFC 5424 section 6.2.4 allows more, but
 * receivers of RFC 3164 take any other word for the program's name. Returns out, "-" if there is no
 * host. */
static const char *print_host(char out[256], const char *host, const char *end) {
  if (host[0] == '\0') {
    return strcpy(out, "-");
  }
  size_t length = 1 + strcspn(host + 1, end);
  if (length > 255) {
    length = 255;
  }
  for (size_t i = 0; i < length; i++) {
    out[i] = host_letter(host[i], i > 0 && i < length - 1);
  }
  out[length] = '\0';
  return out;
}

size_t frame_rfc3164(char out[FRAME_RFC3164_BYTES + 1], const struct frame_line *line,
                     const struct tm *local, bool with_host) {
  static const char months[12][4] = {"Jan", "Feb", "Mar", "Apr", "May", "Jun",
                                     "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"};
  struct buffer buffer = {.text = out, .size = FRAME_RFC3164_BYTES};
  /* RFC 3164 section 4.1.2: the day is padded with a blank, the host has no domain. */
  add(&buffer, "<%" PRId64 ">%s %2d %02d:%02d:%02d ", frame_priority(line), months[local->tm_mon],
      local->tm_mday, local->tm_hour, local->tm_min, local->tm_sec);
  if (with_host) {
    char host[256];
    add(&buffer, "%s ", print_host(host, line->host, "."));
  }
  add(&buffer, FRAME_IDENT "[%ld]: ", (long)line->pid);
  add_text(&buffer, line);
  return buffer.used;
}

/* Appends ` name="value"`, escaped as RFC 5424 section 6.3.3 requires; nothing for "". */
static void add_parameter(struct buffer *buffer, const char *name, const char *value) {
  char escaped[2 * SAMPLE_SERVER_BYTES + 1];
  size_t used = 0;
  for (size_t i = 0; value[i] != '\0' && used + 2 < sizeof escaped; i++) {
    if (strchr("\"\\]", value[i]) != NULL) {
      escaped[used++] = '\\';
    }
    escaped[used++] = value[i];
  }
  escaped[used] = '\0';
  if (used > 0) {
    add(buffer, " %s=\"%s\"", name, escaped);
  }
}

static void add_seconds(struct buffer *buffer, const char *name, const struct sample *sample,
                        enum metric metric) {
  char text[DURATION_TEXT_BYTES];
  if (sample != NULL && sample_has(sample, metric)) {
    add_parameter(buffer, name, duration_print_seconds(text, sample->value[metric]));
  }
}

/* Returns the sample that decided, or NULL. */
static const struct sample *find_sample(const struct report *report) {
  if (report->worst == NULL) {
    return NULL;
  }
  return report->worst->sample;
}

static const char *find_source(const struct report *report) {
  if (report->worst == NULL) {
    return report->source;
  }
  return report->worst->source;
}

/* Appends timeQuality, RFC 5424 section 7.1. tzKnown: the time is given in UTC. syncAccuracy is the
 * greatest error of the clock in us, which may be given only if it is synchronised. */
static void add_time_quality(struct buffer *buffer, const struct report *report) {
  const struct sample *sample = find_sample(report);
  bool synced = sample != NULL && report->worst->reason != REASON_NOT_SYNCHRONISED &&
                report->worst->reason != REASON_STALE && !report->worst->stale;
  add(buffer, "[timeQuality tzKnown=\"1\" isSynced=\"%d\"", synced);
  if (synced && sample_has(sample, METRIC_ERROR_BOUND)) {
    add(buffer, " syncAccuracy=\"%" PRId64 "\"",
        sample->value[METRIC_ERROR_BOUND] / DURATION_US + 1);
  }
  add(buffer, "]");
}

static void add_structured_data(struct buffer *buffer, const struct report *report) {
  char threshold[DURATION_TEXT_BYTES] = "";
  const struct sample *sample = find_sample(report);
  int64_t limit_ns = report->config->limit[METRIC_JITTER].warning;
  if (limit_ns != CONFIG_NONE) {
    duration_print_seconds(threshold, limit_ns);
  }
  add(buffer, "[" STRUCTURED_DATA_ID);
  add_seconds(buffer, "jitter", sample, METRIC_JITTER);
  add_seconds(buffer, "offset", sample, METRIC_OFFSET);
  add_parameter(buffer, "threshold", threshold);
  add_parameter(buffer, "verdict", verdict_word(report->verdict));
  add_parameter(buffer, "reason", reason_name(report->reason));
  add_parameter(buffer, "source", find_source(report));
  add_parameter(buffer, "server", sample != NULL ? sample->server : "");
  add(buffer, "]");
  add_time_quality(buffer, report);
}

size_t frame_rfc5424(char out[FRAME_RFC5424_BYTES + 1], const struct frame_line *line) {
  struct buffer buffer = {.text = out, .size = FRAME_RFC5424_BYTES};
  char when[UTC_TEXT_BYTES];
  char host[256];
  const char *message_id = line->report != NULL ? reason_name(line->report->reason) : "-";
  add(&buffer, "<%" PRId64 ">1 %s %s " FRAME_IDENT " %ld %s ", frame_priority(line),
      utc_print(when, line->now_ns), print_host(host, line->host, ""), (long)line->pid, message_id);
  if (line->report != NULL) {
    add_structured_data(&buffer, line->report);
  } else {
    add(&buffer, "-");
  }
  add(&buffer, " ");
  /* Section 6.4: a byte order mark announces UTF-8; plain ASCII needs none. */
  for (const char *at = line->text; *at != '\0'; at++) {
    if ((unsigned char)*at >= 0x80) {
      add(&buffer, "\xef\xbb\xbf");
      break;
    }
  }
  add_text(&buffer, line);
  return buffer.used;
}

static void add_usec(struct buffer *buffer, const char *name, const struct sample *sample,
                     enum metric metric) {
  if (sample != NULL && sample_has(sample, metric)) {
    add(buffer, "%s=%" PRId64 "\n", name, sample->value[metric] / DURATION_US);
  }
}

size_t frame_journal(char out[FRAME_JOURNAL_BYTES + 1], const struct frame_line *line) {
  struct buffer buffer = {.text = out, .size = FRAME_JOURNAL_BYTES};
  const struct report *report = line->report;
  /* All text is escaped, so no value holds the newline that would end it. */
  add(&buffer, "MESSAGE=%s %.2048s\n", frame_severity_name(line->severity), line->text);
  add(&buffer,
      "PRIORITY=%d\nSYSLOG_FACILITY=%" PRId64 "\nSYSLOG_IDENTIFIER=" FRAME_IDENT
      "\nSYSLOG_PID=%ld\n",
      (int)line->severity, line->facility, (long)line->pid);
  if (report != NULL) {
    const struct sample *sample = find_sample(report);
    add(&buffer, "MESSAGE_ID=%s\nNTP_VERDICT=%s\nNTP_REASON=%s\nNTP_SOURCE=%s\n",
        reason_message_id(report->reason), verdict_word(report->verdict),
        reason_name(report->reason), find_source(report));
    add_usec(&buffer, "NTP_JITTER_USEC", sample, METRIC_JITTER);
    add_usec(&buffer, "NTP_OFFSET_USEC", sample, METRIC_OFFSET);
    if (sample != NULL && sample->server[0] != '\0') {
      add(&buffer, "NTP_SERVER=%s\n", sample->server);
    }
  }
  return buffer.used;
}

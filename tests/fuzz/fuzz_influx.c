/* Reads InfluxDB's line protocol as a stranger would, and holds it against the report:
 * docs.influxdata.com, reference/syntax/line-protocol. */
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "ntp_monitor/judge.h"
#include "ntp_monitor/report.h"
#include "tests/fuzz/fuzz.h"
#include "tests/fuzz/fuzz_report.h"

enum { KEY_BYTES = 64, VALUE_BYTES = 1024 };

struct influx_line {
  char host[VALUE_BYTES], server[VALUE_BYTES], source[VALUE_BYTES]; /* unescaped */
  char reason[VALUE_BYTES];
  size_t head_bytes; /* measurement, tags, and the blank behind them */
  bool has_verdict, has_offset;
  fuzz_wide verdict, offset_ns;
};

/* Each takes what begins at `at` and returns where it ends. */

static const char *take_key(const char *at, char *out) {
  size_t length = strspn(at, "abcdefghijklmnopqrstuvwxyz_");
  MUST(length > 0 && length < KEY_BYTES && at[0] != '_' && at[length] == '=');
  memcpy(out, at, length);
  out[length] = '\0';
  return at + length + 1;
}

/* Up to a comma or a blank without a backslash, of which a last one has none, either. */
static const char *take_tag(const char *at, char *out) {
  size_t used = 0;
  for (; *at != ',' && *at != ' '; at++) {
    bool escaped = at[0] == '\\' && at[1] != '\0' && strchr(",= ", at[1]) != NULL;
    at += escaped;
    MUST(*at != '\0' && *at != '\n' && (escaped || *at != '='));
    MUST(used + 1 < VALUE_BYTES);
    out[used++] = *at;
  }
  MUST(used > 0 && at[-1] != '\\');
  out[used] = '\0';
  return at;
}

static const char *take_tags(const char *at, struct influx_line *line) {
  const struct {
    const char *key;
    char *value;
  } tags[] = {{"host", line->host}, {"server", line->server}, {"source", line->source}};
  size_t next = 0;
  while (*at == ',') {
    char key[KEY_BYTES];
    at = take_key(at + 1, key);
    while (next < 3 && strcmp(tags[next].key, key) != 0) { /* sorted */
      next++;
    }
    MUST(next < 3);
    at = take_tag(at, tags[next++].value);
  }
  return at;
}

static const char *take_string(const char *at, char *out) {
  size_t used = 0;
  MUST(*at++ == '"');
  for (; *at != '"'; at++) {
    if (*at == '\\') {
      at++;
      MUST(*at == '"' || *at == '\\');
    }
    MUST(*at != '\0' && *at != '\n' && used + 1 < VALUE_BYTES);
    out[used++] = *at;
  }
  out[used] = '\0';
  MUST(used > 0);
  return at + 1;
}

/* Which type a field has is in its name, for ever. */
static const char *take_field(const char *at, struct influx_line *line) {
  static const char *const words[] = {"reason", "state", "jitter_kind", "address"};
  char key[KEY_BYTES];
  char word[VALUE_BYTES];
  at = take_key(at, key);
  for (size_t i = 0; i < sizeof words / sizeof *words; i++) {
    if (strcmp(key, words[i]) == 0) {
      return take_string(at, i == 0 ? line->reason : word);
    }
  }
  fuzz_wide value_ns = 0;
  const char *end = fuzz_decimal(at, &value_ns);
  bool is_float = strcmp(key + strlen(key) - 2, "_s") == 0;
  MUST((memchr(at, '.', (size_t)(end - at)) != NULL) == is_float && (is_float || *end == 'i'));
  MUST(is_float || value_ns <= INT64_MAX * (fuzz_wide)1000000000);
  if (strcmp(key, "verdict") == 0) {
    line->has_verdict = true;
    line->verdict = value_ns / 1000000000;
  } else if (strcmp(key, "offset_s") == 0) {
    line->has_offset = true;
    line->offset_ns = value_ns;
  }
  return end + !is_float;
}

static const char *take_line(const char *at, struct influx_line *line) {
  static const char measurement[] = "ntp_monitor";
  static const char now[] = " 1795237878010060123\n"; /* FUZZ_NOW_NS */
  const char *begin = at;
  memset(line, 0, sizeof *line);
  MUST(strncmp(at, measurement, strlen(measurement)) == 0);
  at = take_tags(at + strlen(measurement), line);
  MUST(*at == ' ');
  line->head_bytes = (size_t)(at + 1 - begin);
  do {
    at = take_field(at + 1, line);
  } while (*at == ',');
  MUST(strncmp(at, now, strlen(now)) == 0);
  return at + strlen(now);
}

/* A tag cannot end in a backslash: there that is \x5c. */
static bool same_tag(const char *tag, const char *text) {
  size_t length = strlen(text);
  bool ends = length > 0 && text[length - 1] == '\\';
  return strncmp(tag, text, length) == 0 && strcmp(tag + length, ends ? "x5c" : "") == 0;
}

static bool is_shown(const struct sample *sample) {
  unsigned silent = 1U << FIELD_SENT | 1U << FIELD_SPIKE;
  return !sample->listed || (sample->present & ~silent) != 0 || sample->state != STATE_UNKNOWN ||
         sample->jitter_kind != JITTER_NONE || sample->address[0] != '\0';
}

static void check_server(const struct influx_line *line, const struct finding *finding,
                         bool alone) {
  const struct sample *sample = finding->sample;
  const char *server = sample->server[0] != '\0' ? sample->server : sample->address;
  MUST(strcmp(line->source, finding->source) == 0);
  MUST(!alone || same_tag(line->server, server) ||
       strncmp(line->server + strlen(server), " #1", 4) == 0);
  MUST(line->has_verdict == !sample->listed);
  MUST(sample->listed || (line->verdict == (fuzz_wide)finding->verdict &&
                          strcmp(line->reason, reason_name(finding->reason)) == 0));
  MUST(line->has_offset == sample_has(sample, METRIC_OFFSET));
  MUST(!line->has_offset || line->offset_ns == sample->value[METRIC_OFFSET]);
}

void fuzz_influx(const char *text, const struct report *report) {
  static struct influx_line line;
  const char *begin = text;
  text = take_line(text, &line);
  MUST(same_tag(line.host, report->host) && line.server[0] == '\0' && line.source[0] == '\0');
  MUST(line.has_verdict && line.verdict == (fuzz_wide)report_shown(report));
  MUST(strcmp(line.reason, reason_name(report->reason)) == 0);
  for (size_t i = 0; i < report->finding_count; i++) {
    if (is_shown(report->findings[i].sample)) {
      const char *at = text;
      text = take_line(text, &line);
      MUST(same_tag(line.host, report->host));
      check_server(&line, &report->findings[i], report->finding_count == 1);
      for (const char *other = begin; other < at; other = strchr(other, '\n') + 1) {
        MUST(strncmp(other, at, line.head_bytes) != 0);
      }
    }
  }
  MUST(*text == '\0');
}

/* Reads Prometheus's text format 0.0.4 as a stranger would, and holds it against the report:
 * prometheus.io/docs/instrumenting/exposition_formats. */
#include <stdlib.h>
#include <string.h>

#include "ntp_monitor/judge.h"
#include "ntp_monitor/report.h"
#include "tests/fuzz/fuzz.h"
#include "tests/fuzz/fuzz_report.h"

enum { FAMILIES = 32, NAME_BYTES = 64, VALUE_BYTES = 512 };

struct sample_line {
  char name[NAME_BYTES];
  char server[VALUE_BYTES]; /* unescaped */
  bool has_server;
  fuzz_wide value_ns; /* times 1e9 */
};

/* Each takes what begins at `at` and returns where it ends. */

static const char *take_name(const char *at, char *out) {
  size_t length = strspn(at, "abcdefghijklmnopqrstuvwxyz_0123456789");
  MUST(length > 0 && length < NAME_BYTES && (at[0] < '0' || at[0] > '9'));
  memcpy(out, at, length);
  out[length] = '\0';
  return at + length;
}

static const char *take_quoted(const char *at, char *out) {
  size_t used = 0;
  MUST(*at++ == '"');
  for (; *at != '"'; at++) {
    MUST(*at != '\n' && *at != '\0' && used + 1 < VALUE_BYTES);
    out[used] = *at;
    if (*at == '\\') {
      at++;
      MUST(*at == '\\' || *at == '"' || *at == 'n');
      out[used] = *at;
      if (*at == 'n') {
        out[used] = '\n';
      }
    }
    used++;
  }
  out[used] = '\0';
  return at + 1;
}

static const char *take_labels(const char *at, struct sample_line *line) {
  char seen[8][NAME_BYTES];
  char value[VALUE_BYTES];
  size_t count = 0;
  do {
    MUST(count < sizeof seen / sizeof *seen);
    at = take_name(at + 1, seen[count]);
    MUST(*at == '=');
    at = take_quoted(at + 1, value);
    for (size_t i = 0; i < count; i++) {
      MUST(strcmp(seen[i], seen[count]) != 0);
    }
    if (strcmp(seen[count], "server") == 0) {
      (void)strcpy(line->server, value);
      line->has_server = true;
    }
    count++;
  } while (*at == ',');
  MUST(*at == '}');
  return at + 1;
}

const char *fuzz_decimal(const char *at, fuzz_wide *value_ns) {
  bool negative = *at == '-';
  fuzz_wide value = 0;
  at += negative;
  size_t whole = strspn(at, "0123456789");
  MUST(whole > 0 && whole <= 20 && (at[0] != '0' || whole == 1));
  for (size_t i = 0; i < whole; i++) {
    value = value * 10 + (*at++ - '0');
  }
  size_t places = 0;
  if (*at == '.') {
    places = strspn(++at, "0123456789");
    MUST(places > 0 && places <= 9);
  }
  for (size_t i = 0; i < 9; i++) {
    value = value * 10 + (i < places ? *at++ - '0' : 0);
  }
  *value_ns = negative ? -value : value;
  return at;
}

static const char *take_sample(const char *at, struct sample_line *line) {
  *line = (struct sample_line){.has_server = false};
  at = take_name(at, line->name);
  at = *at == '{' ? take_labels(at, line) : at;
  MUST(*at == ' ');
  at = fuzz_decimal(at + 1, &line->value_ns);
  MUST(*at == '\n'); /* and no time stamp */
  return at + 1;
}

/* "# HELP NAME TEXT" and "# TYPE NAME gauge", of one family. */
static const char *take_head(const char *at, char *name) {
  char again[NAME_BYTES];
  MUST(strncmp(at, "# HELP ", 7) == 0);
  at = take_name(at + 7, name);
  MUST(*at == ' ' && strncmp(name, "ntp_monitor_", 12) == 0);
  size_t length = strcspn(at, "\n\\");
  MUST(length > 10 && at[length] == '\n');
  at += length + 1;
  MUST(strncmp(at, "# TYPE ", 7) == 0);
  at = take_name(at + 7, again);
  MUST(strcmp(name, again) == 0 && strncmp(at, " gauge\n", 7) == 0);
  return at + 7;
}

/* Names and labels of one line are those of no other. */
static void check_unique(const char *begin, const char *at) {
  size_t length = (size_t)(strchr(at, '\n') - at);
  while (at[length - 1] != ' ') {
    length--;
  }
  for (const char *line = begin; line < at; line = strchr(line, '\n') + 1) {
    MUST(strncmp(line, at, length) != 0);
  }
}

static bool name_is(const char *name, const char *metric, const char *unit) {
  char want[NAME_BYTES];
  (void)snprintf(want, sizeof want, "ntp_monitor_%s%s", metric, unit);
  return strcmp(name, want) == 0;
}

/* Which metric a family is of, or METRIC_COUNT. */
static enum metric metric_of(const char *name) {
  for (enum metric m = METRIC_JITTER; m < METRIC_COUNT; m++) {
    if (name_is(name, metric_table[m].word, metric_table[m].is_count ? "" : "_seconds")) {
      return m;
    }
  }
  return METRIC_COUNT;
}

static fuzz_wide wide_of(const struct sample *sample, enum metric metric) {
  return sample->value[metric] * (fuzz_wide)(metric_table[metric].is_count ? 1000000000 : 1);
}

/* The lines of a metric are those of the findings that have it, in order, each with its value. */
static void check_metric(const struct report *report, const struct sample_line *line,
                         enum metric metric, size_t *next) {
  while (*next < report->finding_count && !sample_has(report->findings[*next].sample, metric)) {
    ++*next;
  }
  MUST(*next < report->finding_count);
  const struct sample *sample = report->findings[(*next)++].sample;
  MUST(line->value_ns == wide_of(sample, metric));
  const char *server = sample->server[0] != '\0' ? sample->server : sample->address;
  MUST(line->has_server && strncmp(line->server, server, strlen(server)) == 0);
  MUST(report->finding_count > 1 || strncmp(line->server + strlen(server), " #1", 4) == 0 ||
       line->server[strlen(server)] == '\0');
}

static size_t count_having(const struct report *report, enum metric metric) {
  size_t count = 0;
  for (size_t i = 0; i < report->finding_count; i++) {
    count += metric == METRIC_COUNT || sample_has(report->findings[i].sample, metric);
  }
  return count;
}

void fuzz_prometheus(const char *text, const struct report *report) {
  char names[FAMILIES][NAME_BYTES];
  size_t families = 0;
  size_t infos = 0;
  size_t shown[METRIC_COUNT + 1] = {0};
  MUST(strncmp(text, "# HELP ntp_monitor_verdict ", 27) == 0);
  while (*text != '\0') {
    size_t lines = 0;
    size_t next = 0;
    MUST(families < FAMILIES);
    char *name = names[families];
    text = take_head(text, name);
    for (size_t i = 0; i < families; i++) {
      MUST(strcmp(names[i], name) != 0);
    }
    enum metric metric = metric_of(name);
    for (const char *begin = text; *text != '\0' && *text != '#'; lines++) {
      struct sample_line line;
      check_unique(begin, text);
      text = take_sample(text, &line);
      MUST(strcmp(line.name, name) == 0);
      MUST(families > 0 || line.value_ns == report_shown(report) * (fuzz_wide)1000000000);
      if (metric != METRIC_COUNT) {
        check_metric(report, &line, metric, &next);
      }
      infos += name_is(name, "server_info", "");
    }
    MUST(lines > 0);
    shown[metric] = lines;
    families++;
  }
  MUST(infos == report->finding_count);
  for (enum metric m = METRIC_JITTER; m < METRIC_COUNT; m++) {
    bool renamed = m == METRIC_AGE || m == METRIC_REACH; /* as a time, as a share */
    MUST(shown[m] == (renamed ? 0 : count_having(report, m)));
  }
}

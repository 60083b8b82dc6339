/*
 * Fuzz target: any bytes as text to be shown: escaped, cut, quoted, and in every form of a
 * report and of a log line.
 *
 * Four bytes say how long the buffers are and in which role the text comes; the text is the rest.
 */
#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <time.h>

#include "ntp_monitor/config.h"
#include "ntp_monitor/config_print.h"
#include "ntp_monitor/env.h"
#include "ntp_monitor/report.h"
#include "ntp_monitor/source.h"
#include "ntp_monitor/text.h"
#include "ntp_monitor/trace.h"
#include "ntp_monitor/utc.h"
#include "ntp_monitor/why.h"
#include "tests/fuzz/fuzz.h"

/* text begins as whole does, up to the "..." that it ends in. */
static void check_cut(const char *text, const char *whole, size_t most) {
  size_t length = strlen(text);
  MUST(length <= most && fuzz_is_safe(text));
  if (strcmp(text, whole) != 0) {
    MUST(strlen(whole) > most && length >= 3 && strcmp(text + length - 3, "...") == 0);
    MUST(strncmp(text, whole, length - 3) == 0);
    MUST(length + 4 * 4 > most); /* and it could not have been longer by a character */
  }
}

/* Escaped text without a backslash in the original can be decoded. */
static void check_told_back(const char *escaped, const uint8_t *from, size_t length) {
  if (memchr(from, '\\', length) != NULL) {
    return;
  }
  for (size_t i = 0; i < length; i++) {
    unsigned byte = (unsigned char)*escaped;
    MUST(byte != '\0');
    int taken = 1;
    if (byte == '\\') {
      MUST(sscanf(escaped, "\\x%2x%n", &byte, &taken) == 1 && taken == 4);
    }
    escaped += taken;
    MUST(byte == from[i]);
  }
  MUST(*escaped == '\0');
}

/* Escaped whole; the caller frees it. */
static char *check_escape(const uint8_t *from, size_t length, size_t size) {
  char *whole = malloc(4 * length + 8);
  char *again = malloc(4 * length + 8);
  char *some = malloc(size);
  char *cut = strdup("");
  MUST(whole != NULL && again != NULL && some != NULL && cut != NULL);
  text_escape(whole, 4 * length + 8, (const char *)from, length);
  MUST(fuzz_is_safe(whole));
  check_told_back(whole, from, length);
  text_escape(again, 4 * length + 8, whole, strlen(whole));
  MUST(strcmp(again, whole) == 0);
  text_escape(some, size, (const char *)from, length);
  check_cut(some, whole, size - 1);
  free(cut);
  cut = strdup(whole); /* of its size: a byte behind it is not its own */
  MUST(cut != NULL);
  text_truncate(cut, size);
  check_cut(cut, whole, size);
  free(cut);
  free(some);
  free(again);
  return whole;
}

/* Text passed as an argument to printf: up to its NUL, and up to a bound. */
static void check_said(const char *text, unsigned times) {
  struct why why;
  struct env *env = fuzz_env();
  MUST(why_set(&why, REASON_DENIED, -EPERM, "about '%s': %s", text, text) == -EPERM);
  fuzz_why(&why, REASON_DENIED);
  for (unsigned i = 0; i < times; i++) {
    trace_add(env->trace, "said: %s", text);
  }
  MUST(trace_next(env->trace, NULL) != NULL);
  fuzz_trace(env->trace);
}

static void say(void *user, bool problem, const char *text) {
  MUST(problem && fuzz_is_safe(text));
  ++*(unsigned *)user;
}

/* A path that holds any byte, where it is said that a setting comes from there. */
static void check_origin(const char *path) {
  static struct config config;
  const struct origin origin = {.path = path, .line = 7};
  const struct config_key *warning = config_find("monitoring", "jitter_threshold");
  const struct config_key *critical = config_find("monitoring", "jitter_critical");
  unsigned count = 0;
  struct config_listener notes = {.say = say, .user = &count};
  struct why why;
  config_init(&config, source_check);
  MUST(config_set(&config, warning, "2ms", &origin, &why) == 0);
  MUST(config_set(&config, critical, "1ms", &origin, &why) == 0);
  config_check(&config, &notes);
  MUST(count == 1 && notes.problem_count == 1);
  FILE *stream = fuzz_stream();
  config_print_all(stream, &config);
  char *text = fuzz_printed(stream);
  MUST(fuzz_is_safe_lines(text));
  free(text);
}

/* Edit steps from a to b by the whole table. */
static size_t steps(const char *a, const char *b) {
  enum { MOST = 64 };
  size_t table[MOST + 1][MOST + 1];
  size_t rows = strlen(a);
  size_t columns = strlen(b);
  for (size_t i = 0; i <= rows; i++) {
    for (size_t k = 0; k <= columns; k++) {
      size_t drop = i > 0 ? table[i - 1][k] + 1 : SIZE_MAX;
      size_t add = k > 0 ? table[i][k - 1] + 1 : SIZE_MAX;
      size_t swap = i > 0 && k > 0
                        ? table[i - 1][k - 1] + (strncasecmp(a + i - 1, b + k - 1, 1) != 0)
                        : SIZE_MAX;
      size_t least = drop < add ? drop : add;
      table[i][k] = i + k == 0 ? 0 : least < swap ? least : swap;
    }
  }
  return table[rows][columns];
}

/* The nearest key is the nearest, and near. */
static void check_nearest(const char *text) {
  char word[80]; /* more is as far from every key */
  (void)snprintf(word, sizeof word, "%s", text);
  const char *near =
      text_nearest(word, &config_keys[0].name, config_key_count, sizeof *config_keys);
  if (strlen(word) > 64) {
    MUST(near == NULL || strlen(near) > strlen(word) / 2);
    return;
  }
  size_t least = SIZE_MAX;
  for (size_t i = 0; i < config_key_count; i++) {
    size_t here = steps(word, config_keys[i].name);
    least = here < least ? here : least;
  }
  MUST(near != NULL ? steps(word, near) == least : least > strlen(word) / 3);
  MUST(near == NULL || least <= strlen(word) / 3 + 1);
}

/* A report in which the text is the server's name, the host's, or why there is none. */
static void check_report(const char *whole, uint8_t form) {
  static struct config config;
  char host[ENV_HOST_BYTES];
  struct sample sample = {.present = 1U << METRIC_JITTER | 1U << METRIC_OFFSET,
                          .value = {(form & 3) * INT64_C(1000000000), -1}};
  struct reading readings[2] = {{.source = "timesyncd"}, {.source = "text"}};
  fuzz_settings(&config, form & 0x70);
  text_escape(host, sizeof host, form & 4 ? whole : "host.example.org",
              form & 4 ? strlen(whole) : 4);
  text_escape(sample.server, sizeof sample.server, form & 8 ? "ntp" : whole,
              form & 8 ? 3 : strlen(whole));
  (void)why_set(&readings[1].why, REASON_NO_BUS, 0, "it said %s", whole);
  size_t count = form & 0x80 ? 2 : 1;
  if ((form & 3) != 3) {
    MUST(samples_add(&readings[0].samples, &sample, NULL) == 0);
    sample.value[METRIC_JITTER] += 1000000;
    MUST((form & 0x40) == 0 || samples_add(&readings[0].samples, &sample, NULL) == 0);
  } else {
    readings[0].why = readings[1].why;
  }
  fuzz_report(readings, count, &config, form >> 4 & 1, host);
  samples_free(&readings[0].samples);
}

/* RFC 3339, of any instant; the C library's calendar is the measure. */
static void check_utc(int64_t now_ns) {
  static void *form;
  char text[UTC_TEXT_BYTES];
  char want[UTC_TEXT_BYTES];
  struct tm utc;
  int64_t fraction_ns = (now_ns % 1000000000 + 1000000000) % 1000000000;
  time_t seconds = now_ns / 1000000000 - (now_ns % 1000000000 < 0);
  MUST(gmtime_r(&seconds, &utc) != NULL);
  size_t used = strftime(want, sizeof want, "%Y-%m-%dT%H:%M:%S", &utc);
  (void)snprintf(want + used, sizeof want - used, ".%06" PRId64 "Z", fraction_ns / 1000);
  MUST(utc_print(text, now_ns) == text && strcmp(text, want) == 0);
  MUST(fuzz_matches(&form, "[0-9]{4}-[0-9-]{5}T[0-9:]{8}\\.[0-9]{6}Z", text));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
  struct bytes bytes = {data, size};
  uint64_t number = 0;
  memcpy(&number, data, size < sizeof number ? size : sizeof number);
  check_utc((int64_t)number);
  uint8_t form = fuzz_byte(&bytes);
  size_t room = 8 + fuzz_byte(&bytes);
  size_t repeat = fuzz_byte(&bytes) % 8; /* long texts of short inputs */
  size_t length = bytes.left << repeat < 4096 ? bytes.left << repeat : bytes.left;
  uint8_t *from = malloc(length + 1);
  MUST(from != NULL);
  for (size_t i = 0; i < length; i++) {
    from[i] = bytes.at[i % bytes.left];
  }
  from[length] = '\0';
  char *whole = check_escape(from, length, room);
  check_said((const char *)from, form == 0xff ? 100 : 1); /* or until the trace is full */
  check_origin((const char *)from);
  check_nearest((const char *)from);
  check_report(whole, form);
  free(whole);
  free(from);
  return 0;
}

/* Checks of a log line in each form: the grammar of its RFC or document, and that no more of the
 * text is cut than necessary. */
#include <stdio.h>
#include <string.h>
#include <time.h>

#include "ntp_monitor/duration.h"
#include "tests/fuzz/fuzz.h"
#include "tests/fuzz/fuzz_report.h"

/* Ends in the whole text, or in as much of it as leaves not even a character's room. */
static void check_tail(const char *frame, size_t most, const char *text) {
  size_t length = strlen(frame);
  size_t wanted = strlen(text);
  if (length >= wanted && strcmp(frame + length - wanted, text) == 0) {
    return;
  }
  MUST(length > most - 4 && strcmp(frame + length - 3, "...") == 0);
}

static void check_rfc3164(const struct frame_line *line, bool with_host) {
#define STAMP "<[0-9]{1,3}>[A-Z][a-z]{2} [ 1-3][0-9] [0-9]{2}:[0-9]{2}:[0-9]{2} "
  static void *forms[2];
  static const char *const expressions[] = {STAMP "ntp_monitor\\[4711\\]: [A-Z]+ .*",
                                            STAMP "[!-~]+ ntp_monitor\\[4711\\]: [A-Z]+ .*"};
  char frame[FRAME_RFC3164_BYTES + 1];
  struct tm local;
  time_t seconds = (time_t)(line->now_ns / DURATION_S);
  (void)gmtime_r(&seconds, &local);
  size_t bytes = frame_rfc3164(frame, line, &local, with_host);
  MUST(bytes == strlen(frame) && bytes <= FRAME_RFC3164_BYTES && fuzz_is_safe(frame));
  MUST(fuzz_matches(&forms[with_host], expressions[with_host], frame));
  check_tail(frame, FRAME_RFC3164_BYTES, line->text);
}

/* The value of a parameter as a receiver reads it (RFC 5424 section 6.3.3). */
static bool parameter(const char *frame, const char *name, char *out) {
  char begin[32];
  (void)snprintf(begin, sizeof begin, " %s=\"", name);
  const char *at = strstr(frame, begin);
  if (at == NULL) {
    return false;
  }
  for (at += strlen(begin); *at != '"'; at++) {
    at += *at == '\\';
    *out++ = *at;
  }
  *out = '\0';
  return true;
}

static void check_rfc5424(const struct frame_line *line) {
#define PARAMETER " [A-Za-z]+=\"([^]\"\\\\]|\\\\[]\"\\\\])*\""
  static void *form;
  static const char mark[] = "\xef\xbb\xbf";
  char frame[FRAME_RFC5424_BYTES + 1];
  char server[FRAME_RFC5424_BYTES];
  size_t bytes = frame_rfc5424(frame, line);
  MUST(bytes == strlen(frame) && bytes <= FRAME_RFC5424_BYTES);
  check_tail(frame, FRAME_RFC5424_BYTES, line->text);
  bool ascii = true;
  for (const char *at = line->text; *at != '\0'; at++) {
    ascii = ascii && (unsigned char)*at < 0x80;
  }
  char *at = strstr(frame, mark);
  MUST((at == NULL) == ascii);
  if (at != NULL) {
    memmove(at, at + 3, strlen(at + 3) + 1); /* allowed once, and there */
  }
  MUST(fuzz_is_safe(frame));
  MUST(fuzz_matches(&form,
                    "<[0-9]{1,3}>1 [0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9]{2}:[0-9]{2}:[0-9]{2}"
                    "\\.[0-9]{6}Z [!-~]+ ntp_monitor 4711 [a-z-]+ (-|(\\[[A-Za-z0-9_@]+(" PARAMETER
                    ")*\\]){2}) [A-Z]+ .*",
                    frame));
  const struct report *report = line->report;
  if (report != NULL && report->worst != NULL) {
    const char *want = report->worst->sample->server;
    MUST(parameter(frame, "server", server) ? strcmp(server, want) == 0 : want[0] == '\0');
  }
}

static void check_journal(const struct frame_line *line) {
  static void *form;
  char frame[FRAME_JOURNAL_BYTES + 1];
  size_t bytes = frame_journal(frame, line);
  MUST(bytes == strlen(frame) && bytes <= FRAME_JOURNAL_BYTES);
  MUST(fuzz_is_safe_lines(frame));
  MUST(fuzz_matches(&form,
                    "MESSAGE=[^\n]*\nPRIORITY=[2-7]\nSYSLOG_FACILITY=[0-9]+\n"
                    "SYSLOG_IDENTIFIER=ntp_monitor\nSYSLOG_PID=4711\n"
                    "(MESSAGE_ID=[0-9a-f]{32}\n"
                    "NTP_VERDICT=[a-z]+\nNTP_REASON=[a-z-]+\nNTP_SOURCE=[^\n]+\n"
                    "(NTP_JITTER_USEC=[0-9]+\n)?(NTP_OFFSET_USEC=-?[0-9]+\n)?"
                    "(NTP_SERVER=[^\n]+\n)?)?",
                    frame));
  MUST(strstr(frame, line->text) != NULL);
}

void fuzz_frames(const struct frame_line *line) {
  check_rfc3164(line, false);
  check_rfc3164(line, true);
  check_rfc5424(line);
  check_journal(line);
}

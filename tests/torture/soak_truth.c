/*
 * The answers given to run number N of the soak, and the line expected of it.
 *
 * Values follow from the number alone, so that any part can be run by itself. The texts are printed
 * independently of the code under test.
 */
#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

#include "soak.h"

/* The longest poll interval of timesyncd, and the greatest age of a reply: 13 min more. */
enum { POLL_S = 2048, STALE_S = POLL_S + 13 * 60 };

struct soak_truth soak_truth_of(int64_t number) {
  struct soak_truth truth = {.jitter_us = 1 + number * 7919 % 97001,
                             .age_s = number * 613 % POLL_S,
                             .threshold_us = SOAK_THRESHOLD_US,
                             .server = "ntp.example.org"};
  if (number % 10 == 3) {
    truth.verdict = SOAK_JITTER;
    truth.jitter_us += SOAK_THRESHOLD_US;
  } else if (number % 50 == 7) {
    truth.verdict = SOAK_STALE;
    truth.age_s += STALE_S + 1;
  }
  return truth;
}

enum soak_verdict soak_judge(const struct soak_truth *truth) {
  return truth->jitter_us > truth->threshold_us ? SOAK_JITTER : SOAK_OK;
}

int soak_status(const struct soak_truth *truth) {
  return truth->verdict == SOAK_OK ? 0 : 1;
}

/* Prints "1.207ms", "-16.97us": four significant digits, for spans below a second. */
static const char *span(char out[32], int64_t ns) {
  static const char *const units[] = {"ns", "us", "ms"};
  int64_t size = ns < 0 ? -ns : ns;
  int64_t unit = 1;
  int64_t step = 1;
  size_t which = 0;
  while (size / step >= 10000) {
    step *= 10;
  }
  size = (size + step / 2) / step * step;
  while (which < 2 && size / unit >= 1000) {
    unit *= 1000;
    which++;
  }
  if (size == 0) {
    return strcpy(out, "0");
  }
  int length = snprintf(out, 32, "%s%" PRId64 ".%06" PRId64, ns < 0 ? "-" : "", size / unit,
                        size % unit * (1000000 / unit));
  while (out[length - 1] == '0') {
    length--;
  }
  length -= out[length - 1] == '.';
  (void)strcpy(out + length, units[which]);
  return out;
}

/* Prints "47min 8s"; from an hour on, to the minute: "1h 42min". */
static const char *long_span(char out[32], int64_t seconds) {
  seconds = seconds < 3600 ? seconds : (seconds + 30) / 60 * 60;
  static const char *const units[] = {"h", "min", "s"};
  int64_t parts[] = {seconds / 3600, seconds / 60 % 60, seconds % 60};
  int length = 0;
  for (size_t i = 0; i < 3; i++) {
    if (parts[i] > 0) {
      length += snprintf(out + length, 32 - (size_t)length, "%s%" PRId64 "%s",
                         length > 0 ? " " : "", parts[i], units[i]);
    }
  }
  return out;
}

void soak_line(char out[SOAK_LINE_BYTES], const struct soak_truth *truth, pid_t pid, int64_t now_s,
               int64_t late_s, int64_t logged_s) {
  char jitter[32];
  char offset[32];
  char limit[32];
  char age[32];
  char longest[32];
  char stamp[32];
  char text[SOAK_LINE_BYTES / 2];
  time_t when = (time_t)(now_s + logged_s);
  struct tm utc;
  (void)gmtime_r(&when, &utc);
  (void)strftime(stamp, sizeof stamp, "%b %e %H:%M:%S", &utc);
  span(jitter, truth->jitter_us * 1000);
  span(limit, truth->threshold_us * 1000);
  span(offset, truth->offset_ns);
  switch (truth->verdict) {
  case SOAK_JITTER:
    (void)snprintf(text, sizeof text, "NTP jitter above threshold: %s (threshold: %s)", jitter,
                   limit);
    break;
  case SOAK_STALE:
    (void)snprintf(text, sizeof text, "NTP *stale: * %s * %s), jitter: %s (threshold: %s)",
                   long_span(age, truth->age_s + late_s), long_span(longest, STALE_S), jitter,
                   limit);
    break;
  default:
    (void)snprintf(text, sizeof text, "NTP healthy, jitter: %s (threshold: %s)", jitter, limit);
  }
  (void)snprintf(
      out, SOAK_LINE_BYTES,
      "<%d>%s ntp_monitor\\[%ld]: %s %s, offset at the last reply: %s%s, server: %s, source: "
      "timesyncd%s",
      truth->verdict == SOAK_OK ? 30 : 28, stamp, (long)pid,
      truth->verdict == SOAK_OK ? "INFO" : "WARNING", text, truth->offset_ns > 0 ? "+" : "", offset,
      truth->server, truth->verdict == SOAK_STALE ? "; *; *" : "");
}

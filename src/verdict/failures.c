/*
 * Why sources gave no reading, as the line tells it.
 *
 * Where none did they share what a line should have, and each has at least what tells it from the
 * others; the trace has all of them in full.
 */
#include "verdict/failures.h"

#include <stdio.h>
#include <string.h>

#include "ntp_monitor/text.h"

enum { NAME_BYTES = 256, LEAST_LENGTH = 40, BETWEEN_LENGTH = 2 };

void failures_add(struct report *report, const struct reading *readings, size_t reading_count) {
  size_t failed = 0;
  for (size_t i = 0; i < reading_count; i++) {
    failed += readings[i].samples.count == 0;
  }
  size_t used = strlen(report->message);
  size_t room = used < FAILURES_LENGTH_MAX ? FAILURES_LENGTH_MAX - used : 0;
  size_t share = failed > 0 ? room / failed : 0;
  share = share > LEAST_LENGTH + BETWEEN_LENGTH ? share - BETWEEN_LENGTH : LEAST_LENGTH;
  const char *before = report->worst == NULL ? ": " : "; ";
  for (size_t i = 0; i < reading_count; i++) {
    char text[WHY_TEXT_BYTES + NAME_BYTES];
    if (readings[i].samples.count > 0) {
      continue;
    }
    text[0] = '\0';
    if (reading_count > 1) {
      (void)snprintf(text, NAME_BYTES, "source %s: ", readings[i].source);
    }
    used = strlen(text);
    text_append(text, sizeof text, "%s", readings[i].why.text);
    if (report->worst == NULL && failed > 1) {
      text_truncate(text, share);
    }
    used = strlen(report->message);
    text_append(report->message, sizeof report->message, "%s%s", before, text);
    before = "; ";
  }
}

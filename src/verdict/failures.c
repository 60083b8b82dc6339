/*
 * Why sources gave no reading, as the message states it.
 *
 * If none gave one, the failures share the length of a line, and each keeps at least enough to tell
 * it from the others. The trace has all of them in full.
 */
#include "verdict/failures.h"

#include <stdio.h>
#include <string.h>

#include "ntp_monitor/text.h"

enum { NAME_BYTES = 256, LEAST_LENGTH = 40, BETWEEN_LENGTH = 2 };

/* Returns the bytes for each of failed sources in a message that already has used_bytes. */
static size_t get_share(size_t used_bytes, size_t failed) {
  if (failed == 0 || used_bytes >= FAILURES_LENGTH_MAX) {
    return LEAST_LENGTH;
  }
  size_t share = (FAILURES_LENGTH_MAX - used_bytes) / failed;
  if (share <= LEAST_LENGTH + BETWEEN_LENGTH) {
    return LEAST_LENGTH;
  }
  return share - BETWEEN_LENGTH;
}

void failures_add(struct report *report, const struct reading *readings, size_t reading_count) {
  size_t failed = 0;
  for (size_t i = 0; i < reading_count; i++) {
    failed += readings[i].samples.count == 0;
  }
  size_t share = get_share(strlen(report->message), failed);
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
    text_append(text, sizeof text, "%s", readings[i].why.text);
    if (report->worst == NULL && failed > 1) {
      text_truncate(text, share);
    }
    text_append(report->message, sizeof report->message, "%s%s", before, text);
    before = "; ";
  }
}

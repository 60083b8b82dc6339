/* Why something failed. */
#include "ntp_monitor/why.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "ntp_monitor/text.h"

size_t why_cause_length(const struct why *why) {
  const char *advice = strstr(why->text, "; ");
  return advice != NULL ? (size_t)(advice - why->text) : strlen(why->text);
}

int why_set(struct why *why, enum reason reason, int error, const char *format, ...) {
  char text[2 * WHY_TEXT_BYTES];
  va_list arguments;
  va_start(arguments, format);
  (void)vsnprintf(text, sizeof text, format, arguments);
  va_end(arguments);
  why->reason = reason;
  text_escape(why->text, sizeof why->text, text, strlen(text));
  return error;
}

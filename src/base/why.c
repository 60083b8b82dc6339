/* Filling struct why. */
#include "ntp_monitor/why.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "ntp_monitor/text.h"

int why_set(struct why *why, enum reason reason, int error, const char *format, ...) {
  char text[2 * WHY_TEXT_BYTES];
  va_list arguments;
  va_start(arguments, format);
  (void)vsnprintf(text, sizeof text, format, arguments);
  va_end(arguments);
  why->reason = reason;
  why->names_host = false;
  char *advice = strstr(text, WHY_ADVICE);
  size_t cause_length = strlen(text);
  if (advice != NULL) {
    cause_length = (size_t)(advice - text);
  }
  /* Escape the cause alone first, only for its length. */
  text_escape(why->text, sizeof why->text, text, cause_length);
  why->cause_bytes = strlen(why->text);
  for (; advice != NULL; advice = strstr(advice, WHY_ADVICE)) {
    memcpy(advice, "; ", sizeof WHY_ADVICE - 1);
  }
  text_escape(why->text, sizeof why->text, text, strlen(text));
  return error;
}

int why_errno(int result) {
  if (result < 0) {
    return -errno;
  }
  return result;
}

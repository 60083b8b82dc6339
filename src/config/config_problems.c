/*
 * Keeps the problems of the configuration until there is a log for them.
 *
 * The configuration says where log lines go, so all of it must be read first.
 */
#include "ntp_monitor/config_problems.h"

#include <stdio.h>

#include "ntp_monitor/text.h"
#include "ntp_monitor/trace.h"

void config_problems_keep(void *user, bool problem, const char *text) {
  struct config_problems *notes = user;
  const char *kind = problem ? "problem" : "warning";
  trace_add(notes->trace, "config: %s: %s", kind, text);
  notes->warning_count += !problem;
  if (notes->now) {
    (void)printf("%s: %s\n", kind, text);
    return;
  }
  if (notes->count == NOTES_MAX) {
    notes->left_out++;
    return;
  }
  notes->kept[notes->count].problem = problem;
  text_append(notes->kept[notes->count].text, NOTES_TEXT_BYTES, "%s", text);
  notes->count++;
}

void config_problems_tell(const struct config_problems *notes,
                          void (*say)(void *user, bool problem, const char *text), void *user) {
  for (size_t i = 0; i < notes->count; i++) {
    say(user, notes->kept[i].problem, notes->kept[i].text);
  }
  if (notes->left_out > 0) {
    char text[NOTES_TEXT_BYTES];
    (void)snprintf(text, sizeof text,
                   "%zu more problem%s or warning%s: see ntp_monitor --check-config",
                   notes->left_out, text_plural(notes->left_out), text_plural(notes->left_out));
    say(user, true, text);
  }
}

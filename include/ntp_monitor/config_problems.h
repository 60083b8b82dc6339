/* Keeps the problems of the configuration until there is a log for them. */
#ifndef NTP_MONITOR_CONFIG_PROBLEMS_H
#define NTP_MONITOR_CONFIG_PROBLEMS_H

#include <stdbool.h>
#include <stddef.h>

struct trace;

enum { NOTES_MAX = 24, NOTES_TEXT_BYTES = 1024 };

/* Starts as zeros, except for trace and now. */
struct config_problems {
  struct trace *trace;
  bool now;               /* print each on stdout at once, and keep none: --check-config */
  size_t count, left_out; /* left_out: beyond NOTES_MAX */
  unsigned warning_count;
  struct {
    bool problem;
    char text[NOTES_TEXT_BYTES];
  } kept[NOTES_MAX];
};

/* Keeps one problem, or else a warning. It is the say of a struct config_listener; user is a struct
 * config_problems. */
void config_problems_keep(void *user, bool problem, const char *text);

/* Calls say for each, and at last with the number of those left out, if any. */
void config_problems_tell(const struct config_problems *notes,
                          void (*say)(void *user, bool problem, const char *text), void *user);

#endif

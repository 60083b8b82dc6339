/* What is wrong with the configuration, kept until there is a log to say it in. */
#ifndef NTP_MONITOR_CONFIG_PROBLEMS_H
#define NTP_MONITOR_CONFIG_PROBLEMS_H

#include <stdbool.h>
#include <stddef.h>

struct trace;

enum { NOTES_MAX = 24, NOTES_TEXT_BYTES = 1024 };

/* Begins as zeros, but for trace and now. */
struct config_problems {
  struct trace *trace;
  bool now;               /* printed on stdout as they come, and not kept: --check-config */
  size_t count, left_out; /* left_out: beyond NOTES_MAX */
  unsigned warning_count;
  struct {
    bool problem;
    char text[NOTES_TEXT_BYTES];
  } kept[NOTES_MAX];
};

/* The say of struct config_listener: user is a struct config_problems. */
void config_problems_keep(void *user, bool problem, const char *text);

/* Tells them all, and last how many there was no room for. */
void config_problems_tell(const struct config_problems *notes,
                          void (*say)(void *user, bool problem, const char *text), void *user);

#endif

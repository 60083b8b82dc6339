/* What happened, in order, each line with the time since the start. */
#ifndef NTP_MONITOR_TRACE_H
#define NTP_MONITOR_TRACE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum { TRACE_BYTES = 64 * 1024 };

/* Lines are kept as terminated strings, one behind the other. It starts out
 * recording, for whether anyone wants it is known only once the
 * configuration is read. */
struct trace {
  int64_t start_ns; /* CLOCK_MONOTONIC */
  bool off;         /* nobody wants it: record nothing */
  bool full;        /* the last line says so */
  int fd;           /* where each line also goes at once, or -1 */
  size_t used_bytes;
  char text[TRACE_BYTES];
};

/* Adds one line, escaping foreign text in it. */
void trace_add(struct trace *trace, const char *format, ...) __attribute__((format(printf, 2, 3)));

/* From now on each line goes to fd as well, at once, so that a hang shows where;
 * those recorded so far go there first. */
void trace_show(struct trace *trace, int fd);

/* The line after line (NULL: the first one), or NULL. */
const char *trace_next(const struct trace *trace, const char *line);

#endif

/* The debug trace: what happened, in order, each line with the time since the start. */
#ifndef NTP_MONITOR_TRACE_H
#define NTP_MONITOR_TRACE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum { TRACE_BYTES = 64 * 1024 };

/* Keeps lines as terminated strings, one behind the other. It starts out recording, because only
 * the configuration tells whether it is wanted. */
struct trace {
  int64_t start_ns; /* CLOCK_MONOTONIC */
  bool off;         /* not wanted: records nothing */
  bool full;        /* the last line says so */
  int fd;           /* each line is also written here at once; -1: nowhere */
  size_t used_bytes;
  char text[TRACE_BYTES];
};

/* Adds one line, escaping foreign text in it. */
void trace_add(struct trace *trace, const char *format, ...) __attribute__((format(printf, 2, 3)));

/* Writes the lines recorded so far to fd, and from now on each line at once, so that a hang shows
 * where it happened. */
void trace_show(struct trace *trace, int fd);

/* Returns the line after line (NULL: the first one), or NULL at the end. */
const char *trace_next(const struct trace *trace, const char *line);

#endif

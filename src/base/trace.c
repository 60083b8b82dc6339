/*
 * The debug trace: what happened, in order.
 *
 * The layers below main may not print, yet only they know what they saw. So they add to a record,
 * and main and log.c decide where it goes. The buffer is fixed, because a run short of memory is
 * the one whose trace is needed.
 */
#include "ntp_monitor/trace.h"

#include <inttypes.h>
#include <poll.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "ntp_monitor/clock.h"
#include "ntp_monitor/text.h"

enum { LINE_BYTES = 1024, SHOW_WAIT_MS = 100 };

/* Writes a line to trace->fd, in one call, so that lines of other processes do not cut it. */
static void write_line(struct trace *trace, const char *line) {
  char text[LINE_BYTES + 32];
  int length = snprintf(text, sizeof text, "debug: %s\n", line);
  struct pollfd fd = {.fd = trace->fd, .events = POLLOUT};
  bool taken = poll(&fd, 1, SHOW_WAIT_MS) > 0 && write(trace->fd, text, (size_t)length) > 0;
  if (!taken) {
    trace->fd = -1; /* nobody reads the trace, which must not affect the verdict */
  }
}

static void trace_append(struct trace *trace, const char *line) {
  size_t bytes = strlen(line) + 1;
  memcpy(trace->text + trace->used_bytes, line, bytes);
  trace->used_bytes += bytes;
  if (trace->fd >= 0) {
    write_line(trace, line);
  }
}

void trace_add(struct trace *trace, const char *format, ...) {
  static const char last[] = "(trace full: later lines are missing)";
  if (trace->off || trace->full) {
    return;
  }
  char raw[LINE_BYTES];
  va_list arguments;
  va_start(arguments, format);
  (void)vsnprintf(raw, sizeof raw, format, arguments);
  va_end(arguments);
  char line[LINE_BYTES];
  int64_t since_us = (clock_monotonic_ns() - trace->start_ns) / 1000;
  int head = snprintf(line, sizeof line, "+%" PRId64 ".%03" PRId64 "ms ", since_us / 1000,
                      since_us % 1000);
  text_escape(line + head, sizeof line - (size_t)head, raw, strlen(raw));
  if (trace->used_bytes + strlen(line) + 1 + sizeof last > sizeof trace->text) {
    trace->full = true;
    trace_append(trace, last);
    return;
  }
  trace_append(trace, line);
}

void trace_show(struct trace *trace, int fd) {
  trace->fd = fd;
  for (const char *line = trace_next(trace, NULL); line != NULL && trace->fd >= 0;
       line = trace_next(trace, line)) {
    write_line(trace, line);
  }
}

const char *trace_next(const struct trace *trace, const char *line) {
  const char *next = trace->text;
  if (line != NULL) {
    next = line + strlen(line) + 1;
  }
  return next < trace->text + trace->used_bytes ? next : NULL;
}

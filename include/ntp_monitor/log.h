/* Delivers log lines. */
#ifndef NTP_MONITOR_LOG_H
#define NTP_MONITOR_LOG_H

#include "ntp_monitor/config.h"
#include "ntp_monitor/log_address.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct env;
struct frame_line;
struct report;
struct trace;
struct why;

/* The line was sent to another machine, and may not have arrived. */
enum { LOG_UNSURE = 1 };

/* One way to deliver a line. */
struct transport {
  const char *name;
  /* Delivers line to address. Returns 0, LOG_UNSURE, or a negative errno with why. *fd is the
   * connection that earlier lines left open, or -1; the transport opens it. */
  int (*send)(int *fd, const struct log_address *address, const struct frame_line *line,
              const struct env *env, const struct config *config, struct why *why);
};

extern const struct transport transport_local;
extern const struct transport transport_udp;
extern const struct transport transport_journal;
extern const struct transport transport_stderr;

/* The longest wait for a full local socket. Its daemon is stopped or overloaded, and there are
 * other destinations. */
#define LOG_FULL_WAIT_NS INT64_C(200000000)

enum { LOG_DESTINATIONS_MAX = 4, LOG_LOST_BYTES = 512 };

/* The chain of destinations: the configured address, /dev/log, UDP localhost:514, stderr. A WARNING
 * or worse that goes to another machine by UDP is copied to /dev/log. */
struct log {
  const struct env *env;
  const struct config *config;
  struct log_address destinations[LOG_DESTINATIONS_MAX];
  size_t destination_count; /* 0: nothing is wanted (none) */
  size_t at; /* the one that took the last line; destination_count when none is left */
  int fd;
  char lost[LOG_LOST_BYTES]; /* why those before it took none, in words */
};

void log_init(struct log *log, const struct env *env, const struct config *config);

/* Logs a line unless log_level excludes it. Returns 0 if a destination took it or none is wanted,
 * else a negative errno. report is the one whose verdict text is, or NULL. */
int log_write(struct log *log, enum severity severity, const char *text,
              const struct report *report);

/* Logs the trace as DEBUG lines, where log_level is DEBUG. */
void log_trace(struct log *log, const struct trace *trace);

/* True if lines now go to stderr. */
bool log_is_stderr(const struct log *log);

void log_close(struct log *log);

#endif

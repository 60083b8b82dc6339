/* Where log lines go, and that they arrive. */
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

/* Sent to another machine, and nothing tells whether it arrived. */
enum { LOG_UNSURE = 1 };

/* One way a line can travel. */
struct transport {
  const char *name;
  enum address_kind kind;
  /* Delivers line to address: 0, LOG_UNSURE, or a negative errno with why filled. *fd is a
   * connection that earlier lines left open, or -1, and is the transport's to make. */
  int (*send)(int *fd, const struct log_address *address, const struct frame_line *line,
              const struct env *env, const struct config *config, struct why *why);
};

extern const struct transport transport_local;
extern const struct transport transport_udp;
extern const struct transport transport_journal;
extern const struct transport transport_stderr;

/* How long a full local socket may keep a transport: its daemon is stopped or swamped, and
 * there are other ends. */
#define LOG_FULL_WAIT_NS INT64_C(200000000)

enum { LOG_ENDS_MAX = 4, LOG_LOST_BYTES = 512 };

/* The chain: the configured address, /dev/log, UDP localhost:514, stderr. What goes by UDP to
 * another machine goes to /dev/log, too, from a WARNING on. */
struct log {
  const struct env *env;
  const struct config *config;
  struct log_address ends[LOG_ENDS_MAX];
  size_t end_count; /* 0: nothing is wanted (none) */
  size_t at;        /* the end that took the last line; end_count when none is left */
  int fd;
  char lost[LOG_LOST_BYTES]; /* why the ends before it took none, in words */
};

void log_init(struct log *log, const struct env *env, const struct config *config);

/* Logs a line, unless log_level leaves it out: 0 if an end took it or none is wanted,
 * else a negative errno. report: what text is the verdict of, or NULL. */
int log_write(struct log *log, enum severity severity, const char *text,
              const struct report *report);

/* Logs the trace as DEBUG lines, where log_level is DEBUG. */
void log_trace(struct log *log, const struct trace *trace);

/* Whether lines end up on stderr. */
bool log_is_stderr(const struct log *log);

void log_close(struct log *log);

#endif

/*
 * Delivers log lines.
 *
 * A lost verdict is as bad as none, and each way to a log can fail silently. So destinations form a
 * chain, and a line goes to the first one that is known to accept it.
 */
#include "ntp_monitor/log.h"

#include <assert.h>
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "log/frame.h"
#include "ntp_monitor/clock.h"
#include "ntp_monitor/env.h"
#include "ntp_monitor/text.h"
#include "ntp_monitor/trace.h"
#include "ntp_monitor/why.h"

static const struct transport *const transports[] = {
    [ADDRESS_LOCAL] = &transport_local,
    [ADDRESS_UDP] = &transport_udp,
    [ADDRESS_JOURNAL] = &transport_journal,
    [ADDRESS_STDERR] = &transport_stderr,
};

static bool is_same(const struct log_address *a, const struct log_address *b) {
  return a->kind == b->kind && a->port == b->port && strcmp(a->text, b->text) == 0;
}

static void add_destination(struct log *log, const struct log_address *destination) {
  for (size_t i = 0; i < log->destination_count; i++) {
    if (is_same(&log->destinations[i], destination)) {
      return;
    }
  }
  log->destinations[log->destination_count++] = *destination;
}

void log_init(struct log *log, const struct env *env, const struct config *config) {
  static const char *const fallbacks[] = {"/dev/log", "localhost", "stderr"};
  enum { FALLBACKS = sizeof fallbacks / sizeof *fallbacks };
  static_assert(1 + FALLBACKS <= LOG_DESTINATIONS_MAX, "room for the configured address and these");
  *log = (struct log){.env = env, .config = config, .fd = -1};
  struct log_address destination;
  struct why unused; /* the address was checked when it was set */
  (void)log_address_parse(config->syslog_address, &destination, &unused);
  if (destination.kind == ADDRESS_NONE) {
    return;
  }
  add_destination(log, &destination);
  /* The user who asks for stderr wants nothing else. */
  for (size_t i = destination.kind == ADDRESS_STDERR ? FALLBACKS - 1 : 0; i < FALLBACKS; i++) {
    (void)log_address_parse(fallbacks[i], &destination, &unused);
    add_destination(log, &destination);
  }
}

void log_close(struct log *log) {
  if (log->fd >= 0) {
    (void)close(log->fd);
  }
  log->fd = -1;
}

static const char *destination_name(const struct log_address *destination) {
  if (destination->text[0] != '\0') {
    return destination->text;
  }
  return transports[destination->kind]->name;
}

/* Records why a destination did not take a line; the line on stderr quotes it. */
static void note_lost(struct log *log, const struct log_address *destination,
                      const struct why *why) {
  text_list(log->lost, sizeof log->lost, "; ", "%s: %s", destination_name(destination), why->text);
}

/* Writes the line to text with the reason why it is on stderr. Returns text. */
static const char *add_cause(const struct log *log, const struct frame_line *line,
                             char text[FRAME_RFC5424_BYTES]) {
  (void)snprintf(text, FRAME_RFC5424_BYTES, "%s (logged to stderr because %s)", line->text,
                 log->lost);
  return text;
}

/* Copies to this machine a line that UDP may have sent to a log host that is switched off. */
static void copy_here(const struct log *log, const struct frame_line *line) {
  static const struct log_address here = {.kind = ADDRESS_LOCAL, .text = "/dev/log"};
  struct why why = {.text = ""};
  int fd = -1;
  int error = transport_local.send(&fd, &here, line, log->env, log->config, &why);
  trace_add(log->env->trace, "log: copying to %s because UDP may be lost: %s", here.text,
            error == 0 ? "taken" : why.text);
  if (fd >= 0) {
    (void)close(fd);
  }
}

static void trace_taken(const struct log *log, const struct log_address *destination,
                        const struct frame_line *line) {
  trace_add(log->env->trace, "log: %s%s%s took: %s %s", transports[destination->kind]->name,
            destination->text[0] != '\0' ? " " : "", destination->text,
            frame_severity_name(line->severity), line->text);
}

static void trace_failed(const struct log *log, const struct log_address *destination,
                         const struct why *why) {
  trace_add(log->env->trace, "log: %s%s%s failed: %s", transports[destination->kind]->name,
            destination->text[0] != '\0' ? " " : "", destination->text, why->text);
}

/* Delivers a line to the present destination, or to the next that takes it. */
static int log_deliver(struct log *log, struct frame_line *line) {
  int error = -ENOTCONN;
  char caused[FRAME_RFC5424_BYTES];
  for (; log->at < log->destination_count; log->at++) {
    const struct log_address *destination = &log->destinations[log->at];
    struct why why = {.text = ""};
    bool debug = line->severity == SEVERITY_DEBUG; /* tracing the trace would never end */
    if (destination->kind == ADDRESS_STDERR && log->lost[0] != '\0' && line->report != NULL) {
      line->text = add_cause(log, line, caused);
    }
    error = transports[destination->kind]->send(&log->fd, destination, line, log->env, log->config,
                                                &why);
    if (error >= 0) {
      if (!debug) {
        trace_taken(log, destination, line);
      }
      if (error == LOG_UNSURE && line->severity <= SEVERITY_WARNING) {
        copy_here(log, line);
      }
      return 0;
    }
    if (!debug) {
      note_lost(log, destination, &why);
      trace_failed(log, destination, &why);
    }
    log_close(log);
    if (debug) {
      return error; /* not worth the next destination: cron would mail it */
    }
  }
  return error;
}

/* Returns the severity up to which lines are logged. No level hides an ERROR, which may be the only
 * explanation of exit status 3. */
static int64_t log_limit(const struct config *config) {
  if (config->debug_mode) {
    return SEVERITY_DEBUG;
  }
  if (config->log_level < SEVERITY_ERROR) {
    return SEVERITY_ERROR;
  }
  return config->log_level;
}

int log_write(struct log *log, enum severity severity, const char *text,
              const struct report *report) {
  if ((int64_t)severity > log_limit(log->config) || log->destination_count == 0) {
    if (severity != SEVERITY_DEBUG) {
      const char *cause =
          log->destination_count == 0 ? "syslog_address is none" : "below log_level";
      trace_add(log->env->trace, "log: suppressed (%s): %s %s", cause,
                frame_severity_name(severity), text);
    }
    return 0;
  }
  struct frame_line line = {.severity = severity,
                            .facility = log->config->facility,
                            .now_ns = clock_realtime_ns(),
                            .pid = log->env->pid,
                            .host = log->env->host,
                            .text = text,
                            .report = report};
  return log_deliver(log, &line);
}

bool log_is_stderr(const struct log *log) {
  return log->at < log->destination_count && log->destinations[log->at].kind == ADDRESS_STDERR;
}

void log_trace(struct log *log, const struct trace *trace) {
  bool fallen = log_is_stderr(log) && log->at > 0;
  if (fallen || (log_is_stderr(log) && trace->fd >= 0)) {
    return; /* cron would mail it, or it has been printed there already */
  }
  const char *line = trace_next(trace, NULL);
  while (line != NULL && log_write(log, SEVERITY_DEBUG, line, NULL) == 0) {
    line = trace_next(trace, line);
  }
}

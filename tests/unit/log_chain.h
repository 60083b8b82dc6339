/* A log whose destinations belong to the test. */
#ifndef TESTS_UNIT_LOG_CHAIN_H
#define TESTS_UNIT_LOG_CHAIN_H

#include <fcntl.h>
#include <string.h>
#include <unistd.h>

#include "ntp_monitor/clock.h"
#include "ntp_monitor/duration.h"
#include "ntp_monitor/env.h"
#include "ntp_monitor/log.h"
#include "ntp_monitor/net.h"
#include "ntp_monitor/trace.h"
#include "tests/unit/sockets.h"
#include "tests/unit/temp.h"

struct log_chain {
  struct config config;
  struct env env;
  struct trace *trace; /* off */
  struct log log;      /* without an end */
  int error;           /* of log_chain_stderr */
};

static inline int log_chain_any_source(const char *text, struct why *why) {
  (void)text;
  (void)why;
  return 0;
}

static inline void log_chain_begin(struct log_chain *chain) {
  static struct trace trace;
  trace = (struct trace){.fd = -1, .off = true, .start_ns = clock_monotonic_ns()};
  memset(chain, 0, sizeof *chain);
  config_init(&chain->config, log_chain_any_source);
  chain->trace = &trace;
  chain->env = (struct env){.pid = 4242, .host = "pi.example.org", .trace = &trace};
  chain->env.deadline_ns = clock_monotonic_ns() + 3 * DURATION_S;
  (void)strcpy(chain->config.syslog_address, "none");
  log_init(&chain->log, &chain->env, &chain->config);
}

static inline void log_chain_add_local(struct log_chain *chain, const char *path) {
  struct log_address *added = &chain->log.destinations[chain->log.destination_count++];
  *added = (struct log_address){.kind = ADDRESS_LOCAL};
  (void)strcpy(added->text, path);
}

static inline void log_chain_add_udp(struct log_chain *chain, uint16_t port) {
  chain->log.destinations[chain->log.destination_count++] =
      (struct log_address){.kind = ADDRESS_UDP, .port = port, .text = "127.0.0.1"};
}

static inline void log_chain_add_stderr(struct log_chain *chain) {
  chain->log.destinations[chain->log.destination_count++] =
      (struct log_address){.kind = ADDRESS_STDERR};
}

/* Opens path, truncated, as descriptor 2. Returns a descriptor of the previous stderr. */
static inline int log_chain_redirect(const char *path) {
  int saved = fcntl(STDERR_FILENO, F_DUPFD_CLOEXEC, 3);
  int fd = open(path, O_RDWR | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
  (void)dup2(fd, STDERR_FILENO);
  (void)close(fd);
  return saved;
}

static inline void log_chain_restore(int saved) {
  (void)dup2(saved, STDERR_FILENO);
  (void)close(saved);
}

/* Logs one line with stderr in a file, and returns the content of that file. */
static inline const char *log_chain_stderr(struct log_chain *chain, enum severity severity,
                                           const char *text) {
  static char shown[8192];
  int saved = log_chain_redirect("stderr");
  chain->error = log_write(&chain->log, severity, text, NULL);
  log_chain_restore(saved);
  int fd = open("stderr", O_RDONLY | O_CLOEXEC);
  ssize_t bytes = read(fd, shown, sizeof shown - 1);
  shown[bytes > 0 ? bytes : 0] = '\0';
  (void)close(fd);
  return shown;
}

#endif

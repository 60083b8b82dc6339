/* What surrounds a run, looked up once at its start. */
#ifndef NTP_MONITOR_ENV_H
#define NTP_MONITOR_ENV_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

struct trace;

enum { ENV_HOME_BYTES = 4096, ENV_HOST_BYTES = 264 };

struct env {
  int64_t start_ns;            /* CLOCK_MONOTONIC */
  int64_t deadline_ns;         /* CLOCK_MONOTONIC: the whole run ends by then */
  int64_t measure_deadline_ns; /* the same for measuring: leaves time to deliver */
  pid_t pid;
  uid_t uid;                 /* effective */
  char home[ENV_HOME_BYTES]; /* absolute, or "" where there is none */
  char host[ENV_HOST_BYTES]; /* of this machine, as gethostname has it, escaped */
  bool stdout_tty;
  bool no_color; /* NO_COLOR is set and not empty (no-color.org), or TERM is dumb */
  struct trace *trace;
};

/* Fills env but for home; the deadline is that of the default timeout. */
void env_init(struct env *env, struct trace *trace);

/* CLOCK_MONOTONIC: the run's deadline, or span_ns from now where that is sooner. */
int64_t env_deadline_within(const struct env *env, int64_t span_ns);

/* Whether someone reads stderr at a terminal; asked only where it matters. */
bool env_stderr_tty(void);

/* Fills home. Without HOME it asks the passwd database, which may block: only under the
 * last-resort timer, and only where home is wanted. */
void env_find_home(struct env *env);

/* Sets both deadlines, timeout_ns after the start. */
void env_set_timeout(struct env *env, int64_t timeout_ns);

#endif

/* The surroundings of a run, looked up once at its start. */
#ifndef NTP_MONITOR_ENV_H
#define NTP_MONITOR_ENV_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

struct trace;

enum { ENV_HOME_BYTES = 4096, ENV_HOST_BYTES = 264 };

struct env {
  int64_t start_ns;            /* CLOCK_MONOTONIC */
  int64_t deadline_ns;         /* CLOCK_MONOTONIC: end of the whole run */
  int64_t measure_deadline_ns; /* CLOCK_MONOTONIC: end of measuring; leaves time to deliver */
  pid_t pid;
  uid_t uid;                 /* effective */
  char home[ENV_HOME_BYTES]; /* absolute, or "" for none */
  char host[ENV_HOST_BYTES]; /* this machine's, from gethostname(2), escaped */
  bool stdout_tty;
  bool no_color; /* NO_COLOR is set and not empty (no-color.org), or TERM is dumb */
  struct trace *trace;
};

/* Fills env except for home; the deadlines are those of the default timeout. */
void env_init(struct env *env, struct trace *trace);

/* Returns the sooner of the run's deadline and span_ns from now (CLOCK_MONOTONIC). */
int64_t env_deadline_within(const struct env *env, int64_t span_ns);

/* Returns whether stderr is a terminal; called only where it matters. */
bool env_stderr_tty(void);

/* Fills home. Without HOME it asks the passwd database, which may block: call it only under the
 * last-resort timer, and only if home is needed. */
void env_find_home(struct env *env);

/* Sets both deadlines for a run that ends timeout_ns after its start. */
void env_set_timeout(struct env *env, int64_t timeout_ns);

#endif

/* The surroundings of a run, looked up once at its start. */
#include "ntp_monitor/env.h"

#include <errno.h>
#include <limits.h>
#include <pwd.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "ntp_monitor/clock.h"
#include "ntp_monitor/duration.h"
#include "ntp_monitor/text.h"
#include "ntp_monitor/trace.h"

enum { DEFAULT_TIMEOUT_S = 10 };

/* Returns the home of the passwd entry, or NULL. Asked only if HOME gives none, because the look-up
 * loads NSS. */
static const char *find_passwd_home(uid_t uid, char *buffer, size_t size) {
  struct passwd entry;
  struct passwd *found = NULL;
  int error = getpwuid_r(uid, &entry, buffer, size, &found);
  if (error != 0 || found == NULL) {
    return NULL;
  }
  return entry.pw_dir;
}

void env_find_home(struct env *env) {
  char buffer[ENV_HOME_BYTES];
  const char *home = secure_getenv("HOME");
  if (home == NULL || home[0] != '/') {
    trace_add(env->trace, "HOME is %s: using the home of uid %u from the passwd database",
              home == NULL ? "not set" : "not an absolute path", (unsigned)env->uid);
    home = find_passwd_home(env->uid, buffer, sizeof buffer);
  }
  if (home == NULL || home[0] != '/' || strlen(home) >= sizeof env->home) {
    trace_add(env->trace, "no usable home directory: no configuration of the user is read");
    env->home[0] = '\0';
    return;
  }
  (void)strcpy(env->home, home);
}

void env_set_timeout(struct env *env, int64_t timeout_ns) {
  /* Measuring leaves time for delivery: a look-up, a full socket, a refusal. */
  int64_t reserve_ns = duration_lesser(timeout_ns / 4, DURATION_S);
  env->deadline_ns = env->start_ns + timeout_ns;
  env->measure_deadline_ns = env->deadline_ns - reserve_ns;
}

void env_init(struct env *env, struct trace *trace) {
  *env = (struct env){.pid = getpid(), .uid = geteuid(), .trace = trace};
  env->start_ns = clock_monotonic_ns();
  trace->start_ns = env->start_ns;
  env_set_timeout(env, DEFAULT_TIMEOUT_S * DURATION_S);
  char host[HOST_NAME_MAX + 1] = "";
  if (gethostname(host, sizeof host - 1) != 0 || host[0] == '\0') {
    (void)strcpy(host, "localhost");
  }
  text_escape(env->host, sizeof env->host, host, strlen(host));
  env->stdout_tty = isatty(STDOUT_FILENO) == 1;
  const char *no_color = secure_getenv("NO_COLOR");
  const char *term = secure_getenv("TERM");
  env->no_color =
      (no_color != NULL && no_color[0] != '\0') || (term != NULL && strcmp(term, "dumb") == 0);
}

bool env_stderr_tty(void) {
  return isatty(STDERR_FILENO) == 1;
}

int64_t env_deadline_within(const struct env *env, int64_t span_ns) {
  return duration_lesser(clock_monotonic_ns() + span_ns, env->deadline_ns);
}

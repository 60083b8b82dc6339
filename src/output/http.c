/* The output http: what it will be reached by is no part of the program yet. */
#include <errno.h>

#include "ntp_monitor/output.h"
#include "ntp_monitor/why.h"

static int deliver(const struct target *target, const char *text, size_t bytes,
                   const struct env *env, const struct config *config, struct why *why) {
  (void)text;
  (void)bytes;
  (void)env;
  (void)config;
  return why_set(why, REASON_CONFIG, -ENOSYS, "%s: HTTP is not supported; write a file or udp://host:port", target->text);
}

const struct output output_http = {.kind = TARGET_HTTP, .deliver = deliver};

/* The source timesyncd of a build without libsystemd: says that it is left out. */
#include <errno.h>

#include "ntp_monitor/source.h"
#include "ntp_monitor/why.h"

static int measure_timesyncd(const struct env *env, const struct config *config,
                             const char *argument, struct samples *samples, struct why *why) {
  (void)env;
  (void)config;
  (void)argument;
  (void)samples;
  return why_set(why, REASON_NO_SERVICE, -ENOSYS,
                 "this ntp_monitor was built without libsystemd (make SYSTEMD=no)" WHY_ADVICE
                 "choose another source with -s");
}

const struct source source_timesyncd = {
    .name = "timesyncd",
    .summary = "systemd-timesyncd (left out of this build)",
    .automatic = true,
    .keeps_clock = true,
    .servers_only = true,
    .remote = true,
    .measure = measure_timesyncd,
};

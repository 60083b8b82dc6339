/* The source timesyncd of a build without libsystemd: always fails, saying why. */
#include <errno.h>

#include "ntp_monitor/source.h"
#include "ntp_monitor/why.h"

static int measure_timesyncd(const struct ask *ask, struct samples *samples, struct why *why) {
  (void)ask;
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

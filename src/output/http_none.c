/* The output http, in a build without libcurl: says so. */
#include <errno.h>

#include "ntp_monitor/output.h"
#include "ntp_monitor/output_target.h"
#include "ntp_monitor/why.h"

static int http_deliver(const struct output_target *target, const char *text, size_t bytes,
                        const struct ask *ask, struct why *why) {
  (void)text;
  (void)bytes;
  (void)ask;
  return why_set(why, REASON_CONFIG, -ENOSYS,
                 "%s: this ntp_monitor was built without libcurl: install libcurl4-openssl-dev and "
                 "build again, or write to udp:// or a file",
                 target->text);
}

const struct output output_http = {.deliver = http_deliver};

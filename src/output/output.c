/* The table of outputs, and the delivery of a report to all that are wanted. */
#include "ntp_monitor/output.h"

#include <errno.h>
#include <stddef.h>
#include <stdlib.h>

#include "ntp_monitor/ask.h"
#include "ntp_monitor/clock.h"
#include "ntp_monitor/config.h"
#include "ntp_monitor/env.h"
#include "ntp_monitor/format.h"
#include "ntp_monitor/trace.h"
#include "ntp_monitor/why.h"

/* The keys of [output], one for each format. */
static const struct {
  const struct format *format;
  size_t offset; /* of the target's text in struct config */
} configured[] = {
    {&format_prometheus, offsetof(struct config, output_prometheus)},
    {&format_json, offsetof(struct config, output_json)},
    {&format_influx, offsetof(struct config, output_influx)},
};

enum { CONFIGURED = sizeof configured / sizeof *configured };
enum { WANTED_MAX = OUTPUT_ORDERS_MAX + CONFIGURED };

/* One report to write. */
struct wanted {
  const struct format *format;
  const char *target;
};

static const struct output *const outputs[] = {
    [TARGET_FILE] = &output_file,
    [TARGET_UDP] = &output_udp,
    [TARGET_HTTP] = &output_http,
};

/* Prints report and delivers it. ask->deadline_ns belongs to this output alone, so that one that
 * hangs leaves time for the next. Returns 0 or a negative errno with why. */
static int output_deliver(const struct wanted *wanted, const struct report *report,
                          const struct ask *ask, struct why *why) {
  struct output_target target;
  char *printed = NULL;
  size_t bytes = 0;
  int error = output_target_parse(wanted->target, true, &target, why);
  if (error != 0) {
    goto out;
  }
  error = format_render(wanted->format, report, false, &printed, &bytes, why);
  if (error != 0) {
    goto out;
  }
  error = outputs[target.kind]->deliver(&target, printed, bytes, ask, why);
out:
  free(printed);
  trace_add(ask->env->trace, "output %s: %s: %s", wanted->format->name, wanted->target,
            error == 0 ? "written" : why->text);
  return error;
}

/* Collects the reports to write: those that the command line orders, and those that the
 * configuration names. The latter describe this machine, so a reading of another machine does not
 * replace them. Returns how many there are. */
static size_t output_collect(const struct output_orders *orders, const struct config *config,
                             struct wanted wanted[WANTED_MAX]) {
  bool here = config->host == NULL && config->machine == NULL;
  size_t count = 0;
  for (size_t i = 0; i < orders->count; i++) {
    wanted[count++] = (struct wanted){orders->order[i].format, orders->order[i].target};
  }
  for (size_t i = 0; i < CONFIGURED && here; i++) {
    const char *target = (const char *)config + configured[i].offset;
    if (target[0] != '\0') {
      wanted[count++] = (struct wanted){configured[i].format, target};
    }
  }
  return count;
}

void output_all(const struct output_orders *orders, const struct config *config,
                const struct report *report, const struct env *env,
                void (*failed)(void *user, const struct why *why), void *user) {
  struct wanted wanted[WANTED_MAX];
  struct why why;
  size_t count = output_collect(orders, config, wanted);
  for (size_t i = 0; i < count; i++) {
    int64_t now_ns = clock_monotonic_ns();
    int64_t left_ns = env->deadline_ns - FORMAT_LOG_RESERVE_NS - now_ns;
    const struct ask ask = {
        .env = env, .config = config, .deadline_ns = now_ns + left_ns / (int64_t)(count - i)};
    if (output_deliver(&wanted[i], report, &ask, &why) != 0) {
      failed(user, &why);
    }
  }
}

void output_files_again(const struct output_orders *orders, const struct config *config,
                        const struct report *report, const struct env *env) {
  const struct ask ask = {
      .env = env, .config = config, .deadline_ns = env->deadline_ns - FORMAT_LOG_RESERVE_NS};
  struct wanted wanted[WANTED_MAX];
  size_t count = output_collect(orders, config, wanted);
  for (size_t i = 0; i < count; i++) {
    struct output_target target;
    struct why why;
    if (output_target_parse(wanted[i].target, true, &target, &why) == 0 &&
        target.kind == TARGET_FILE) {
      (void)output_deliver(&wanted[i], report, &ask, &why);
    }
  }
}

/* The table of outputs, and how a report gets there. */
#include "ntp_monitor/output.h"

#include <errno.h>
#include <stdlib.h>

#include "ntp_monitor/config.h"
#include "ntp_monitor/env.h"
#include "ntp_monitor/format.h"
#include "ntp_monitor/options.h"
#include "ntp_monitor/trace.h"
#include "ntp_monitor/why.h"

static const struct output *const outputs[] = {
    [TARGET_FILE] = &output_file,
    [TARGET_UDP] = &output_udp,
    [TARGET_HTTP] = &output_http,
};

int output_report(const struct format *format, const char *text, const struct report *report,
                  const struct env *env, const struct config *config, struct why *why) {
  struct target target;
  struct env hasty = *env;
  char *printed = NULL;
  size_t bytes = 0;
  hasty.deadline_ns -= FORMAT_LOG_RESERVE_NS;
  int error = target_parse(text, true, &target, why);
  error = error != 0 ? error : format_render(format, report, false, &printed, &bytes, why);
  if (error == 0) {
    error = outputs[target.kind]->deliver(&target, printed, bytes, &hasty, config, why);
  }
  free(printed);
  trace_add(env->trace, "output %s: %s: %s", format->name, text,
            error == 0 ? "written" : why->text);
  return error;
}

void output_all(const struct options *options, const struct config *config,
                const struct report *report, const struct env *env,
                void (*failed)(void *user, const struct why *why), void *user) {
  const struct {
    const char *format, *target;
  } wanted[] = {{"prometheus", config->output_prometheus},
                {"json", config->output_json},
                {"influx", config->output_influx}};
  struct why why;
  for (size_t i = 0; i < options->output_count; i++) {
    if (output_report(options->outputs[i].format, options->outputs[i].target, report, env, config,
                      &why) != 0) {
      failed(user, &why);
    }
  }
  for (size_t i = 0; i < sizeof wanted / sizeof *wanted; i++) {
    if (wanted[i].target[0] != '\0' &&
        output_report(format_find(wanted[i].format, &why), wanted[i].target, report, env, config,
                      &why) != 0) {
      failed(user, &why);
    }
  }
}

/* The settings of a run: defaults, /etc, ~ and the command line, each over the one before. */
#include "ntp_monitor/layers.h"

#include <stdio.h>

#include "ntp_monitor/config.h"
#include "ntp_monitor/env.h"
#include "ntp_monitor/options.h"
#include "ntp_monitor/source.h"

int layers_read(const struct options *options, struct env *env, struct config *config,
                struct config_listener *notes, struct why *why) {
  static char user_path[ENV_HOME_BYTES + 32]; /* config keeps it */
  config_init(config, source_check);
  if (options->config_path != NULL) {
    config_read(config, options->config_path, true, env, notes);
  } else {
    config_read(config, "/etc/ntp_monitor.conf", false, env, notes);
    env_find_home(env);
    (void)snprintf(user_path, sizeof user_path, "%s/.ntp_monitor.conf", env->home);
    if (env->home[0] != '\0') {
      config_read(config, user_path, false, env, notes);
    }
  }
  int error = options_apply(options, config, why);
  if (error == 0) {
    config_settle(config);
    config_check(config, notes);
  }
  return error;
}

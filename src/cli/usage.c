/* Reports a wrong command line, before there is a configuration. */
#include "ntp_monitor/usage.h"

#include <stdio.h>
#include <string.h>

#include "ntp_monitor/config.h"
#include "ntp_monitor/env.h"
#include "ntp_monitor/format.h"
#include "ntp_monitor/inetd.h"
#include "ntp_monitor/log.h"
#include "ntp_monitor/source.h"
#include "ntp_monitor/why.h"

/* Logs text to stderr alone or, with usual, the usual way. Returns 0 or a negative errno. */
static int usage_say(const struct env *env, const char *text, bool usual) {
  static struct config config;
  struct log log;
  struct why unused;
  config_init(&config, source_check);
  if (!usual) {
    (void)config_set(&config, CONFIG_KEY(syslog_address), "stderr", &config_command_line, &unused);
  }
  log_init(&log, env, &config);
  int error = log_write(&log, SEVERITY_ERROR, text, NULL);
  log_close(&log);
  return error;
}

/* Prints text as Nagios expects it, without a bar, which would begin the performance data. */
static void print_nagios(char *text) {
  for (char *bar = strchr(text, '|'); bar != NULL; bar = strchr(bar, '|')) {
    *bar = '/';
  }
  (void)printf("NTP UNKNOWN: %s\n", text);
}

void usage_refuse(const struct env *env, const struct why *why, const struct format *format,
                  bool inetd) {
  char text[WHY_TEXT_BYTES + 64];
  struct env hasty = *env;
  hasty.deadline_ns = env->measure_deadline_ns; /* the rest is for the log */
  (void)snprintf(text, sizeof text, "usage: %s; see ntp_monitor --help", why->text);
  if (usage_say(&hasty, text, false) != 0) {
    (void)usage_say(env, text, true);
  }
  if (!inetd && format == &format_nagios) {
    print_nagios(text);
  }
  if (inetd) {
    const struct inetd_request request = {.head = false};
    (void)inetd_answer(&request, INETD_FAILED, NULL, 0, env->deadline_ns);
  }
}

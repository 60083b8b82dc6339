/* The transport stderr: the last destination, which cron mails and a shell shows. */
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <unistd.h>

#include "log/frame.h"
#include "ntp_monitor/env.h"
#include "ntp_monitor/log.h"
#include "ntp_monitor/net.h"
#include "ntp_monitor/why.h"

/* True if stderr is /dev/null, which accepts everything and keeps nothing (null(4): device 1, 3).
 */
static bool is_null_device(void) {
  struct stat status;
  return fstat(STDERR_FILENO, &status) == 0 && S_ISCHR(status.st_mode) &&
         status.st_rdev == makedev(1, 3);
}

static int send_stderr(int *fd, const struct log_address *address, const struct frame_line *line,
                       const struct env *env, const struct config *config, struct why *why) {
  (void)fd;
  (void)address;
  (void)config;
  char text[FRAME_RFC5424_BYTES];
  int length = snprintf(text, sizeof text, FRAME_IDENT ": %s %.1900s\n",
                        frame_severity_name(line->severity), line->text);
  if (is_null_device()) {
    return why_set(why, REASON_NO_SOURCE, -ENODEV, "stderr is /dev/null");
  }
  int error = net_write(STDERR_FILENO, text, (size_t)length, env->deadline_ns);
  if (error != 0) {
    return why_set(why, REASON_NO_SOURCE, error, "%s", strerror(-error));
  }
  return 0;
}

const struct transport transport_stderr = {
    .name = "stderr",
    .send = send_stderr,
};

/*
 * Reads a password or a token from a file that nobody else can read.
 *
 * Secrets do not belong in the configuration, which others may read, nor on the command line, which
 * ps(1) shows to all. Neither an error nor the trace ever quotes the content of such a file.
 */
#include "output/secret.h"

#include <errno.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "ntp_monitor/ask.h"
#include "ntp_monitor/env.h"
#include "ntp_monitor/trace.h"
#include "ntp_monitor/trusted.h"
#include "ntp_monitor/why.h"

enum { PATH_BYTES = 4096 };

/* Writes the path of the file called name to path. Returns 0 or a negative errno with why. */
static int secret_find(const char *name, char path[PATH_BYTES], struct why *why) {
  if (name[0] == '/') {
    if (snprintf(path, PATH_BYTES, "%s", name) >= PATH_BYTES) {
      return why_set(why, REASON_CONFIG, -ENAMETOOLONG, "%s: path too long", name);
    }
    return 0;
  }
  const char *folder = secure_getenv("CREDENTIALS_DIRECTORY");
  if (folder == NULL || folder[0] != '/') {
    return why_set(why, REASON_CONFIG, -ENOENT,
                   "%s: a name without a path is a systemd credential, but CREDENTIALS_DIRECTORY "
                   "is not set: write an absolute path, or add LoadCredential=%s:/path to the unit",
                   name, name);
  }
  if (snprintf(path, PATH_BYTES, "%s/%s", folder, name) >= PATH_BYTES) {
    return why_set(why, REASON_CONFIG, -ENAMETOOLONG, "%s: path too long", name);
  }
  return 0;
}

/* Cuts text to its only line. Refuses control characters: the line goes into an HTTP header, and
 * could end it. Returns 0 or -EINVAL with why. */
static int take_line(char *text, const char *path, struct why *why) {
  size_t length = strcspn(text, "\r\n");
  size_t rest = length + strspn(text + length, "\r\n");
  for (size_t i = 0; i < length; i++) {
    if ((unsigned char)text[i] < ' ' || text[i] == 0x7f) {
      rest = 0;
    }
  }
  if (length == 0 || text[rest] != '\0') {
    return why_set(why, REASON_CONFIG, -EINVAL, "%s: %s", path,
                   length == 0 ? "empty" : "not a single line of text");
  }
  text[length] = '\0';
  return 0;
}

int secret_read(const char *name, const struct ask *ask, char secret[SECRET_BYTES],
                struct why *why) {
  char path[PATH_BYTES];
  char text[SECRET_BYTES] = "";
  int error = secret_find(name, path, why);
  if (error != 0) {
    return error;
  }
  const struct trusted_file file = {.path = path,
                                    .rule = name[0] != '/' ? TRUSTED_CREDENTIAL : TRUSTED_SECRET,
                                    .uid = ask->env->uid,
                                    .deadline_ns = ask->deadline_ns};
  struct stat status;
  struct why inner;
  ssize_t bytes = trusted_read(&file, text, sizeof text - 1, &status, &inner);
  if (bytes < 0) {
    error = why_set(why, REASON_CONFIG, (int)bytes, "%s: %s", path, inner.text);
  } else if (strlen(text) < (size_t)bytes) {
    error = why_set(why, REASON_CONFIG, -EINVAL, "%s: not a single line of text", path);
  } else {
    error = take_line(text, path, why);
  }
  if (error == 0) {
    (void)strcpy(secret, text);
    trace_add(ask->env->trace, "secret: %s: read", path);
  }
  explicit_bzero(text, sizeof text);
  return error;
}

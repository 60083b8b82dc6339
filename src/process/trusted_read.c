/*
 * How files that decide something are read: looked at first, and in a child where that may hang.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "ntp_monitor/aside.h"
#include "ntp_monitor/net.h"
#include "ntp_monitor/trusted.h"
#include "ntp_monitor/why.h"

static int cannot_open(int error, struct why *why) {
  return why_set(why, REASON_CONFIG, error, "cannot be opened: %s", strerror(-error));
}

static int check_file(const struct trusted_file *file, const struct stat *status, struct why *why) {
  mode_t others = file->rule == TRUSTED_CREDENTIAL ? S_IRWXO
                  : file->rule == TRUSTED_SECRET   ? S_IRWXG | S_IRWXO
                                                   : 0;
  if ((status->st_mode & others) != 0) {
    return why_set(why, REASON_CONFIG, -EPERM,
                   "others may read it (mode %04o), so it keeps no secret" WHY_ADVICE
                   "chmod 600 it",
                   (unsigned)status->st_mode & 07777);
  }
  return file->rule == TRUSTED_ANYONE ? 0 : trusted_check(status, "it", file->uid, why);
}

/* Who started us opened it: there is no way there that others could have changed. */
static bool is_inherited(const char *path) {
  return strncmp(path, "/dev/fd/", 8) == 0 || strncmp(path, "/proc/self/fd/", 14) == 0 ||
         strcmp(path, "/dev/stdin") == 0;
}

/* What looked shows, opened to be read: by way of /proc, which no exchange of names can change. */
static int reopen(const struct trusted_file *file, int looked, struct why *why) {
  char way[64];
  (void)snprintf(way, sizeof way, "/proc/self/fd/%d", looked);
  int fd = open(way, TRUSTED_READING);
  fd = fd < 0 && errno == ENOENT ? open(file->path, TRUSTED_READING) : fd;
  return fd >= 0 ? fd : cannot_open(-errno, why);
}

/* looked is an O_PATH descriptor of the file: one to read, or a negative errno with why. */
static int open_looked(const struct trusted_file *file, int looked, struct why *why) {
  struct stat status;
  bool anyone = file->rule == TRUSTED_ANYONE;
  if (fstat(looked, &status) != 0) {
    return why_set(why, REASON_CONFIG, -errno, "cannot be looked at: %s", strerror(errno));
  }
  if (!S_ISREG(status.st_mode) && !(anyone && S_ISFIFO(status.st_mode))) {
    return why_set(why, REASON_NO_SOURCE, -EINVAL, "it is not a regular file%s",
                   anyone ? " or a pipe" : "");
  }
  return anyone || is_inherited(file->path) ? reopen(file, looked, why) : trusted_open(file, why);
}

static ssize_t read_looked(const struct trusted_file *file, int looked, char *out,
                           size_t size_bytes, struct stat *status, struct why *why) {
  int fd = open_looked(file, looked, why);
  if (fd < 0) {
    return fd;
  }
  ssize_t bytes = fstat(fd, status) != 0 ? cannot_open(-errno, why) : check_file(file, status, why);
  if (bytes == 0) {
    bytes = net_read_all(fd, out, size_bytes, file->deadline_ns);
    if (bytes == -EFBIG) {
      (void)why_set(why, REASON_CONFIG, -EFBIG, "it is larger than %zu KiB", size_bytes / 1024);
    } else if (bytes == -ETIMEDOUT) {
      (void)why_set(why, REASON_TIMEOUT, -ETIMEDOUT, "it did not end in time");
    } else if (bytes < 0) {
      (void)why_set(why, REASON_CONFIG, (int)bytes, "cannot be read whole: %s",
                    strerror((int)-bytes));
    }
  }
  (void)close(fd);
  return bytes;
}

/* A reading that a child makes; it writes the file's text behind. */
struct remote {
  struct trusted_file file;
  ssize_t bytes;
  size_t size_bytes;
  struct stat status;
  struct why why;
  char text[];
};

static ssize_t look_and_read(const struct trusted_file *file, int looked, char *out,
                             size_t size_bytes, struct stat *status, struct why *why) {
  /* Looking needs no right to the file itself: it is a folder that may not be entered. */
  if (looked == -EACCES && file->rule == TRUSTED_UNNAMED) {
    return why_set(why, REASON_CONFIG, -ENOENT, "a folder on the way may not be entered");
  }
  if (looked < 0) {
    return cannot_open(looked, why);
  }
  ssize_t bytes = read_looked(file, looked, out, size_bytes, status, why);
  (void)close(looked);
  return bytes;
}

static int trusted_read_look(const char *path) {
  int fd = open(path, O_PATH | O_CLOEXEC);
  return fd < 0 ? -errno : fd;
}

static void read_remote(void *shared) {
  struct remote *remote = shared;
  remote->bytes = look_and_read(&remote->file, trusted_read_look(remote->file.path), remote->text,
                                remote->size_bytes, &remote->status, &remote->why);
}

static ssize_t read_aside(const struct trusted_file *file, char *out, size_t size_bytes,
                          struct stat *status, struct why *why) {
  size_t bytes = sizeof(struct remote) + size_bytes;
  struct remote *remote = calloc(1, bytes);
  if (remote == NULL) {
    return cannot_open(-ENOMEM, why);
  }
  remote->file = *file;
  remote->size_bytes = size_bytes;
  int error = aside_run(read_remote, remote, bytes, file->deadline_ns);
  ssize_t result = error;
  if (error == -ETIMEDOUT) {
    (void)why_set(why, REASON_TIMEOUT, error, ASIDE_SILENT);
  } else if (error != 0) {
    (void)cannot_open(error, why);
  } else {
    result = remote->bytes;
    *status = remote->status;
    *why = remote->why;
    memcpy(out, remote->text, result > 0 ? (size_t)result : 0);
  }
  explicit_bzero(remote, bytes);
  free(remote);
  return result;
}

ssize_t trusted_read(const struct trusted_file *file, char *out, size_t size_bytes,
                     struct stat *status, struct why *why) {
  int looked = is_inherited(file->path) ? trusted_read_look(file->path) : aside_look(file->path);
  return looked == -EREMOTE ? read_aside(file, out, size_bytes, status, why)
                            : look_and_read(file, looked, out, size_bytes, status, why);
}

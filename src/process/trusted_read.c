/*
 * Reading files that decide something: after a look at what they are, and in a child where a file
 * system may hang.
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
  /* Permissions that a file under the rule must not have. */
  static const mode_t forbidden[] = {
      [TRUSTED_SECRET] = S_IRWXG | S_IRWXO, [TRUSTED_CREDENTIAL] = S_IRWXO, [TRUSTED_ANYONE] = 0};
  if ((status->st_mode & forbidden[file->rule]) != 0) {
    return why_set(why, REASON_CONFIG, -EPERM,
                   "others can read it (mode %04o), so it is no secret" WHY_ADVICE "chmod 600 it",
                   (unsigned)status->st_mode & 07777);
  }
  if (file->rule == TRUSTED_ANYONE) {
    return 0;
  }
  return trusted_check(status, "it", file->uid, why);
}

/* Recognises a descriptor that our caller opened: no path leads to it that others could change. */
static bool is_inherited(const char *path) {
  return strncmp(path, "/dev/fd/", 8) == 0 || strncmp(path, "/proc/self/fd/", 14) == 0 ||
         strcmp(path, "/dev/stdin") == 0;
}

/* Opens for reading the file that looked shows, through /proc, where swapping names has no effect.
 */
static int reopen(const struct trusted_file *file, int looked, struct why *why) {
  char way[64];
  (void)snprintf(way, sizeof way, "/proc/self/fd/%d", looked);
  int fd = open(way, TRUSTED_READING);
  bool no_proc = fd < 0 && errno == ENOENT;
  if (no_proc) {
    fd = open(file->path, TRUSTED_READING);
  }
  if (fd < 0) {
    return cannot_open(-errno, why);
  }
  return fd;
}

/* Opens for reading the file whose O_PATH descriptor is looked: a descriptor, or a negative errno
 * with why. */
static int open_looked(const struct trusted_file *file, int looked, struct why *why) {
  struct stat status;
  bool anyone = file->rule == TRUSTED_ANYONE;
  if (fstat(looked, &status) != 0) {
    return why_set(why, REASON_CONFIG, -errno, "cannot be examined: %s", strerror(errno));
  }
  if (!S_ISREG(status.st_mode) && !(anyone && S_ISFIFO(status.st_mode))) {
    return why_set(why, REASON_NO_SOURCE, -EINVAL, "not a regular file%s",
                   anyone ? " or a pipe" : "");
  }
  if (anyone || is_inherited(file->path)) {
    return reopen(file, looked, why);
  }
  return trusted_open(file, why);
}

/* Reads the checked file fd to its end: the bytes read, or a negative errno with why. */
static ssize_t read_whole(const struct trusted_file *file, int fd, char *out, size_t size_bytes,
                          struct why *why) {
  ssize_t bytes = net_read_all(fd, out, size_bytes, file->deadline_ns);
  if (bytes == -EFBIG) {
    (void)why_set(why, REASON_CONFIG, -EFBIG, "larger than %zu KiB", size_bytes / 1024);
  } else if (bytes == -ETIMEDOUT) {
    (void)why_set(why, REASON_TIMEOUT, -ETIMEDOUT, "no end of file in time");
  } else if (bytes < 0) {
    (void)why_set(why, REASON_CONFIG, (int)bytes, "cannot be read: %s", strerror((int)-bytes));
  }
  return bytes;
}

static ssize_t read_looked(const struct trusted_file *file, int looked, char *out,
                           size_t size_bytes, struct stat *status, struct why *why) {
  int fd = open_looked(file, looked, why);
  if (fd < 0) {
    return fd;
  }
  ssize_t bytes = 0;
  if (fstat(fd, status) != 0) {
    bytes = cannot_open(-errno, why);
  } else {
    bytes = check_file(file, status, why);
  }
  if (bytes == 0) {
    bytes = read_whole(file, fd, out, size_bytes, why);
  }
  (void)close(fd);
  return bytes;
}

/* Memory shared with the child that reads the file. */
struct remote {
  struct trusted_file file;
  ssize_t bytes;
  size_t size_bytes;
  struct stat status;
  struct why why;
  char text[];
};

static ssize_t read_or_explain(const struct trusted_file *file, int looked, char *out,
                               size_t size_bytes, struct stat *status, struct why *why) {
  /* O_PATH needs no permission on the file itself, so EACCES is about a folder. */
  if (looked == -EACCES && file->rule == TRUSTED_UNNAMED) {
    return why_set(why, REASON_CONFIG, -ENOENT, "no permission to enter a directory on its path");
  }
  if (looked < 0) {
    return cannot_open(looked, why);
  }
  ssize_t bytes = read_looked(file, looked, out, size_bytes, status, why);
  (void)close(looked);
  return bytes;
}

static int open_path(const char *path) {
  return why_errno(open(path, O_PATH | O_CLOEXEC));
}

static void read_remote(void *shared) {
  struct remote *remote = shared;
  remote->bytes = read_or_explain(&remote->file, open_path(remote->file.path), remote->text,
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
    if (result > 0) {
      memcpy(out, remote->text, (size_t)result);
    }
  }
  explicit_bzero(remote, bytes);
  free(remote);
  return result;
}

ssize_t trusted_read(const struct trusted_file *file, char *out, size_t size_bytes,
                     struct stat *status, struct why *why) {
  if (is_inherited(file->path)) {
    return read_or_explain(file, open_path(file->path), out, size_bytes, status, why);
  }
  int looked = aside_look(file->path);
  if (looked == -EREMOTE) {
    return read_aside(file, out, size_bytes, status, why);
  }
  return read_or_explain(file, looked, out, size_bytes, status, why);
}

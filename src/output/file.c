/*
 * The output file: a report for another program to read, whole or not at all.
 *
 * It is written beside its name and renamed, so that no reader sees half of it. As root neither
 * the folder's path nor the name may lead elsewhere, and nobody else may write there: who could
 * would choose which file of root's is replaced.
 */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <limits.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/random.h>
#include <sys/stat.h>
#include <unistd.h>

#include "ntp_monitor/aside.h"
#include "ntp_monitor/ask.h"
#include "ntp_monitor/clock.h"
#include "ntp_monitor/env.h"
#include "ntp_monitor/net.h"
#include "ntp_monitor/output.h"
#include "ntp_monitor/why.h"

/* Before a number, in the name of what is being written; never ends in .prom. */
#define MARK ".ntp_monitor-"

/* How many entries of a folder are looked at for what was left there, so that a run ends; and how
 * many names are tried. */
enum { ENTRIES_MAX = 4096, NAMES_MAX = 10, DIGITS = 16 };

/* The folder of path; root takes each part of it for what it is, and follows no link. A descriptor
 * or a negative errno. */
static int open_folder(const char *path, bool root) {
  char folder[TARGET_TEXT_BYTES];
  const int flags = O_RDONLY | O_DIRECTORY | O_CLOEXEC;
  const char *end = strrchr(path, '/');
  (void)snprintf(folder, sizeof folder, "%.*s", end != NULL ? (int)(end - path) : 0, path);
  int fd = open(!root && folder[0] != '\0' ? folder : path[0] == '/' ? "/" : ".", flags);
  char *rest = NULL;
  for (char *part = root ? strtok_r(folder, "/", &rest) : NULL; fd >= 0 && part != NULL;
       part = strtok_r(NULL, "/", &rest)) {
    int next = openat(fd, part, flags | O_NOFOLLOW);
    int error = errno;
    (void)close(fd);
    errno = error;
    fd = next;
  }
  return fd < 0 ? -errno : fd;
}

/* Whether root may write there: 0 or a negative errno with why. */
static int check_folder(int folder, const char *path, struct why *why) {
  struct stat status;
  if (fstat(folder, &status) != 0) {
    return why_set(why, REASON_CONFIG, -errno, "%s: %s", path, strerror(errno));
  }
  if (status.st_uid != 0 || (status.st_mode & (S_IWGRP | S_IWOTH)) != 0) {
    return why_set(why, REASON_CONFIG, -EPERM,
                   "%s: its folder belongs to uid %u with mode %04o, and root writes only where "
                   "nobody else may" WHY_ADVICE
                   "run ntp_monitor as that user, or chown root and chmod go-w it",
                   path, (unsigned)status.st_uid, (unsigned)status.st_mode & 07777);
  }
  return 0;
}

/* What has the name by now is a file, or for another than root a link, which is replaced. */
static int check_name(int folder, const char *name, const char *path, bool root, struct why *why) {
  struct stat status;
  if (fstatat(folder, name, &status, AT_SYMLINK_NOFOLLOW) != 0 || S_ISREG(status.st_mode) ||
      (S_ISLNK(status.st_mode) && !root)) {
    return 0;
  }
  return why_set(why, REASON_CONFIG, -EEXIST, "%s: it is %s, and is left alone", path,
                 S_ISLNK(status.st_mode)   ? "a symbolic link"
                 : S_ISDIR(status.st_mode) ? "a folder"
                                           : "no regular file");
}

/* Removes what a run left behind that was killed while it wrote: it holds no lock on it any more. A
 * process's number would not do, for another container that shares the folder has its own. */
static void remove_left(int folder, const char *prefix) {
  int copy = openat(folder, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
  DIR *all = copy >= 0 ? fdopendir(copy) : NULL;
  const struct dirent *one = NULL;
  for (int i = 0; i < ENTRIES_MAX && all != NULL && (one = readdir(all)) != NULL; i++) {
    const char *number = one->d_name + strlen(prefix);
    if (strncmp(one->d_name, prefix, strlen(prefix)) != 0 ||
        strspn(number, "0123456789abcdef") != DIGITS || number[DIGITS] != '\0') {
      continue;
    }
    int fd = openat(folder, one->d_name, O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC);
    if (fd >= 0 && flock(fd, LOCK_EX | LOCK_NB) == 0) {
      (void)unlinkat(folder, one->d_name, 0);
    }
    if (fd >= 0) {
      (void)close(fd);
    }
  }
  if (all != NULL) {
    (void)closedir(all);
  } else if (copy >= 0) {
    (void)close(copy);
  }
}

/* A new file that begins with prefix, locked; its name goes into name. A descriptor or a negative
 * errno. */
static int create(int folder, const char *prefix, char name[NAME_MAX + 1]) {
  for (int i = 0; i < NAMES_MAX; i++) {
    struct stat status;
    uint64_t number = (uint64_t)clock_monotonic_ns(); /* so early after boot that there is none */
    (void)(getrandom(&number, sizeof number, GRND_NONBLOCK) < 0);
    (void)snprintf(name, NAME_MAX + 1, "%s%016" PRIx64, prefix, number);
    int fd = openat(folder, name, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0600);
    if (fd < 0 && errno != EEXIST) {
      return -errno;
    }
    /* Another run may have taken it for left behind before it was locked. */
    if (fd >= 0 && (flock(fd, LOCK_EX | LOCK_NB) == 0 || errno != EWOULDBLOCK) &&
        fstat(fd, &status) == 0 && status.st_nlink > 0) {
      return fd;
    }
    if (fd >= 0) {
      (void)unlinkat(folder, name, 0);
      (void)close(fd);
    }
  }
  return -EEXIST;
}

static int write_and_rename(int folder, const char *name, const char *text, size_t bytes,
                            const struct ask *ask) {
  char prefix[NAME_MAX + 1];
  char temporary[NAME_MAX + 1];
  int length = snprintf(prefix, sizeof prefix, ".%s" MARK, name);
  if (length < 0 || length + DIGITS > NAME_MAX) {
    return -ENAMETOOLONG;
  }
  remove_left(folder, prefix);
  int fd = create(folder, prefix, temporary);
  if (fd < 0) {
    return fd;
  }
  int error = net_write(fd, text, bytes, ask->deadline_ns);
  if (error == 0 &&
      (fchmod(fd, 0644) != 0 || fsync(fd) != 0 || renameat(folder, temporary, folder, name) != 0)) {
    error = -errno;
  }
  if (error != 0) {
    (void)unlinkat(folder, temporary, 0);
  }
  return close(fd) != 0 && error == 0 ? -errno : error; /* the lock goes with it */
}

static int deliver_here(const char *path, const char *text, size_t bytes, const struct ask *ask,
                        struct why *why) {
  const char *slash = strrchr(path, '/');
  const char *name = slash != NULL ? slash + 1 : path;
  bool root = ask->env->uid == 0;
  int folder = open_folder(path, root);
  if (folder < 0) {
    return why_set(why, REASON_CONFIG, folder, "%s: its folder: %s%s", path, strerror(-folder),
                   folder == -ELOOP || folder == -ENOTDIR
                       ? " (root follows no symbolic link on the way)"
                       : "");
  }
  int error = root ? check_folder(folder, path, why) : 0;
  error = error != 0 ? error : check_name(folder, name, path, root, why);
  if (error == 0) {
    error = write_and_rename(folder, name, text, bytes, ask);
    if (error != 0) {
      (void)why_set(why, REASON_CONFIG, error,
                    "%s: %s" WHY_ADVICE "what stood there is left as it was", path,
                    strerror(-error));
    } else if (fsync(folder) != 0 && errno != EINVAL) { /* EINVAL: it knows no fsync */
      error =
          why_set(why, REASON_CONFIG, -errno,
                  "%s: it is written, but its folder cannot be flushed: %s", path, strerror(errno));
    }
  }
  (void)close(folder);
  return error;
}

/* What a child is to write, and what it tells. */
struct remote {
  struct ask ask;
  char path[TARGET_TEXT_BYTES];
  int error;
  struct why why;
  size_t bytes;
  char text[];
};

static void deliver_remote(void *shared) {
  struct remote *remote = shared;
  remote->error =
      deliver_here(remote->path, remote->text, remote->bytes, &remote->ask, &remote->why);
}

/* Where writing may hang: in a child. */
static int deliver_aside(const char *path, const char *text, size_t bytes, const struct ask *ask,
                         struct why *why) {
  struct remote *remote = calloc(1, sizeof *remote + bytes);
  if (remote == NULL) {
    return why_set(why, REASON_CONFIG, -ENOMEM, "%s: %s", path, strerror(ENOMEM));
  }
  remote->ask = *ask;
  remote->bytes = bytes;
  (void)snprintf(remote->path, sizeof remote->path, "%s", path);
  memcpy(remote->text, text, bytes);
  int error = aside_run(deliver_remote, remote, sizeof *remote + bytes, ask->deadline_ns);
  if (error == 0) {
    error = remote->error;
    *why = remote->why;
  } else {
    (void)why_set(why, REASON_CONFIG, error, "%s: %s", path,
                  error == -ETIMEDOUT ? ASIDE_SILENT : strerror(-error));
  }
  free(remote);
  return error;
}

static int file_deliver(const struct output_target *target, const char *text, size_t bytes,
                        const struct ask *ask, struct why *why) {
  return aside_wanted(target->text) ? deliver_aside(target->text, text, bytes, ask, why)
                                    : deliver_here(target->text, text, bytes, ask, why);
}

const struct output output_file = {.kind = TARGET_FILE, .deliver = file_deliver};

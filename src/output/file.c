/*
 * The output file: a report for another program to read, whole or not at all.
 *
 * The report goes to a temporary file that is then renamed, so that no reader sees half of it.
 * Root follows no symbolic link and writes only into folders that nobody else can write to;
 * otherwise another user could choose which of root's files is replaced.
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
#include "ntp_monitor/trusted.h"
#include "ntp_monitor/why.h"

/* A temporary file is called .NAME, this, and a number in hexadecimal. node_exporter reads only
 * files that end in .prom, so it never takes one. */
#define MARK ".ntp_monitor-"

/* The folder entries searched for leftovers (a bound, so that a run ends), the temporary names
 * tried, and the digits of their number. */
enum { ENTRIES_MAX = 4096, NAMES_MAX = 10, DIGITS = 16 };

/* The flags to open a folder with. */
enum { FOLDER = O_RDONLY | O_DIRECTORY | O_CLOEXEC };

/* Opens the folder that path starts from. Returns a descriptor, or -1 with errno. */
static int open_start(const char *path) {
  return open(path[0] == '/' ? "/" : ".", FOLDER);
}

/* Opens the folder of path one part at a time, following no symbolic link. folder is path without
 * its last part, and is cut into its parts. Returns a descriptor, or -1 with errno. */
static int walk_to_folder(const char *path, char *folder) {
  char *rest = NULL;
  int fd = open_start(path);
  for (char *part = strtok_r(folder, "/", &rest); fd >= 0 && part != NULL;
       part = strtok_r(NULL, "/", &rest)) {
    int next = openat(fd, part, FOLDER | O_NOFOLLOW);
    int error = errno;
    (void)close(fd);
    errno = error;
    fd = next;
  }
  return fd;
}

/* Opens the folder of path. Returns a descriptor or a negative errno. */
static int open_folder(const char *path, bool root) {
  char folder[TARGET_TEXT_BYTES];
  const char *end = strrchr(path, '/');
  int fd = -1;
  int length = 0;
  if (end != NULL) {
    length = (int)(end - path);
  }
  (void)snprintf(folder, sizeof folder, "%.*s", length, path);
  if (root) {
    fd = walk_to_folder(path, folder);
  } else if (folder[0] != '\0') {
    fd = open(folder, FOLDER);
  } else {
    fd = open_start(path);
  }
  return why_errno(fd);
}

/* Refuses a folder that someone other than root can write to. Returns 0 or a negative errno with
 * why. */
static int check_folder(int folder, const char *path, struct why *why) {
  struct stat status;
  if (fstat(folder, &status) != 0) {
    return why_set(why, REASON_CONFIG, -errno, "%s: %s", path, strerror(errno));
  }
  if (!trusted_is_roots(&status)) {
    return why_set(why, REASON_CONFIG, -EPERM,
                   "%s: its directory belongs to uid %u with mode %04o, but root writes only where "
                   "nobody else can" WHY_ADVICE
                   "run ntp_monitor as that user, or chown root and chmod go-w it",
                   path, (unsigned)status.st_uid, (unsigned)status.st_mode & 07777);
  }
  return 0;
}

/* Refuses to replace anything but a regular file or, unless we are root, a symbolic link. Returns 0
 * or -EEXIST with why. */
static int check_name(int folder, const char *name, const char *path, bool root, struct why *why) {
  struct stat status;
  const char *kind = "not a regular file";
  if (fstatat(folder, name, &status, AT_SYMLINK_NOFOLLOW) != 0 || S_ISREG(status.st_mode) ||
      (S_ISLNK(status.st_mode) && !root)) {
    return 0;
  }
  if (S_ISLNK(status.st_mode)) {
    kind = "a symbolic link";
  } else if (S_ISDIR(status.st_mode)) {
    kind = "a directory";
  }
  return why_set(why, REASON_CONFIG, -EEXIST, "%s: %s, left alone", path, kind);
}

static bool is_temporary(const char *name, const char *prefix) {
  const char *number = name + strlen(prefix);
  return strncmp(name, prefix, strlen(prefix)) == 0 &&
         strspn(number, "0123456789abcdef") == DIGITS && number[DIGITS] == '\0';
}

/* Removes a temporary file unless the run that writes it still holds its lock. */
static void remove_unlocked(int folder, const char *name) {
  int fd = openat(folder, name, O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC);
  if (fd < 0) {
    return;
  }
  if (flock(fd, LOCK_EX | LOCK_NB) == 0) {
    (void)unlinkat(folder, name, 0);
  }
  (void)close(fd);
}

/* Removes temporary files of runs killed while writing. Their lock tells them apart; a PID would
 * not, since containers that share the folder number their processes separately. */
static void remove_leftovers(int folder, const char *prefix) {
  int copy = openat(folder, ".", FOLDER);
  if (copy < 0) {
    return;
  }
  DIR *entries = fdopendir(copy);
  if (entries == NULL) {
    (void)close(copy);
    return;
  }
  const struct dirent *entry = NULL;
  for (int i = 0; i < ENTRIES_MAX && (entry = readdir(entries)) != NULL; i++) {
    if (is_temporary(entry->d_name, prefix)) {
      remove_unlocked(folder, entry->d_name);
    }
  }
  (void)closedir(entries);
}

/* Creates a locked file whose name begins with prefix, and writes its name to name. Returns a
 * descriptor or a negative errno. */
static int create_temporary(int folder, const char *prefix, char name[NAME_MAX + 1]) {
  for (int i = 0; i < NAMES_MAX; i++) {
    struct stat status;
    uint64_t number = (uint64_t)clock_monotonic_ns(); /* stays if getrandom(2) is not ready yet */
    (void)(getrandom(&number, sizeof number, GRND_NONBLOCK) < 0);
    (void)snprintf(name, NAME_MAX + 1, "%s%016" PRIx64, prefix, number);
    int fd = openat(folder, name, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0600);
    if (fd < 0 && errno != EEXIST) {
      return -errno;
    }
    /* Another run may have removed it as a leftover before we locked it. */
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

/* Writes text to a temporary file and gives it the name. Returns 0 or a negative errno. */
static int write_and_rename(int folder, const char *name, const char *text, size_t bytes,
                            const struct ask *ask) {
  char prefix[NAME_MAX + 1];
  char temporary[NAME_MAX + 1];
  int length = snprintf(prefix, sizeof prefix, ".%s" MARK, name);
  if (length < 0 || length + DIGITS > NAME_MAX) {
    return -ENAMETOOLONG;
  }
  remove_leftovers(folder, prefix);
  int fd = create_temporary(folder, prefix, temporary);
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
  if (close(fd) != 0 && error == 0) { /* the lock goes with it */
    return -errno;
  }
  return error;
}

/* Writes the file name into folder. Returns 0 or a negative errno with why. */
static int write_into(int folder, const char *name, const char *path, const char *text,
                      size_t bytes, const struct ask *ask, struct why *why) {
  bool root = ask->env->uid == 0;
  int error = root ? check_folder(folder, path, why) : 0;
  if (error != 0) {
    return error;
  }
  error = check_name(folder, name, path, root, why);
  if (error != 0) {
    return error;
  }
  error = write_and_rename(folder, name, text, bytes, ask);
  if (error != 0) {
    return why_set(why, REASON_CONFIG, error, "%s: %s" WHY_ADVICE "the previous file is unchanged",
                   path, strerror(-error));
  }
  if (fsync(folder) != 0 && errno != EINVAL) { /* EINVAL: the file system has no fsync(2) */
    return why_set(why, REASON_CONFIG, -errno,
                   "%s: written, but its directory cannot be synced: %s", path, strerror(errno));
  }
  return 0;
}

static int deliver_here(const char *path, const char *text, size_t bytes, const struct ask *ask,
                        struct why *why) {
  const char *slash = strrchr(path, '/');
  const char *name = slash != NULL ? slash + 1 : path;
  int folder = open_folder(path, ask->env->uid == 0);
  if (folder < 0) {
    bool link = folder == -ELOOP || folder == -ENOTDIR;
    return why_set(why, REASON_CONFIG, folder, "%s: its directory: %s%s", path, strerror(-folder),
                   link ? " (root follows no symbolic link on the path)" : "");
  }
  int error = write_into(folder, name, path, text, bytes, ask, why);
  (void)close(folder);
  return error;
}

/* Shared with the child: the order, and its result. */
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

/* Delivers from a child process, because the file system may hang. */
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
  if (aside_wanted(target->text)) {
    return deliver_aside(target->text, text, bytes, ask, why);
  }
  return deliver_here(target->text, text, bytes, ask, why);
}

const struct output output_file = {.deliver = file_deliver};

/* Reading files that decide something, if their owner and writers are trusted. */
#ifndef NTP_MONITOR_TRUSTED_H
#define NTP_MONITOR_TRUSTED_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

struct stat;
struct why;

enum trusted_rule {
  TRUSTED_NAMED,      /* named by the user: its owner and folders must be trusted */
  TRUSTED_UNNAMED,    /* found by us: others may not make files in its folder, as in /tmp, either */
  TRUSTED_SECRET,     /* as TRUSTED_NAMED, and nobody else may read it */
  TRUSTED_CREDENTIAL, /* as TRUSTED_SECRET, but its group may read: an access list of systemd shows
                         as group permissions */
  TRUSTED_ANYONE      /* anyone's file, or a pipe: a reading, not a setting */
};

struct trusted_file {
  const char *path;
  enum trusted_rule rule;
  uid_t uid;           /* of the reader, who trusts root and itself */
  int64_t deadline_ns; /* CLOCK_MONOTONIC */
};

/*
 * Reads the whole file into out and sets *status to its state at that time. The file is examined
 * through O_PATH before it is opened, so that no device is ever opened, and a pipe only for
 * TRUSTED_ANYONE. On a file system that may hang, a child reads it. Returns the number of bytes, or
 * a negative errno with why, which does not name the file: -EPERM if it is not trusted, -EINVAL if
 * it is not a regular file, -EFBIG, -ETIMEDOUT, or -ENOENT if it is missing, which for
 * TRUSTED_UNNAMED includes a folder on the way that may not be entered.
 */
ssize_t trusted_read(const struct trusted_file *file, char *out, size_t size_bytes,
                     struct stat *status, struct why *why);

/* Checks whether uid may trust a file or folder with this owner and these writers: 0, or -EPERM
 * with why naming it as `what`. A folder may be writable by all if its sticky bit protects the
 * names. */
int trusted_check(const struct stat *status, const char *what, uid_t uid, struct why *why);

/* Returns whether a file or folder is root's and writable by root alone: all that root writes into
 * or loads code from. */
bool trusted_is_roots(const struct stat *status);

/* Returns whether owner is 65534 and stands for all uids that this user namespace lacks, instead of
 * being a user of it. */
bool trusted_is_outside(uid_t owner);

/* Opens the file for reading after checking the folders and links on the way, but not the file
 * itself: a descriptor, or a negative errno with why. */
int trusted_open(const struct trusted_file *file, struct why *why);

/* O_NONBLOCK: opening a FIFO must not block the run. */
#define TRUSTED_READING (O_RDONLY | O_NONBLOCK | O_CLOEXEC | O_NOCTTY)

#endif

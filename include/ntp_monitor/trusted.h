/* Reading files that decide something: whose files are believed, and how they are looked at. */
#ifndef NTP_MONITOR_TRUSTED_H
#define NTP_MONITOR_TRUSTED_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

struct stat;
struct why;

enum trusted_rule {
  TRUSTED_NAMED,      /* the file's owner and folders are believed */
  TRUSTED_UNNAMED,    /* nobody named it: nor may others make files in its folder, as in /tmp */
  TRUSTED_SECRET,     /* as TRUSTED_NAMED, and nobody else may read it */
  TRUSTED_CREDENTIAL, /* the same, but its group may read: systemd shows an access list so */
  TRUSTED_ANYONE      /* anyone's file, or a pipe: a reading, not a setting */
};

struct trusted_file {
  const char *path;
  enum trusted_rule rule;
  uid_t uid;           /* who reads: believes root and itself */
  int64_t deadline_ns; /* CLOCK_MONOTONIC */
};

/*
 * Reads the file whole into out; status is what it was then. It is looked at (O_PATH) before it is
 * opened, so that no device and, but for TRUSTED_ANYONE, no pipe is; on a file system that may hang
 * a child reads it. Returns the number of bytes, or a negative errno with why, which does not name
 * the file: -EPERM where it is not believed, -EINVAL where it is no file, -EFBIG, -ETIMEDOUT;
 * -ENOENT where it is missing, which for TRUSTED_UNNAMED includes a folder on the way that may not
 * be entered.
 */
ssize_t trusted_read(const struct trusted_file *file, char *out, size_t size_bytes,
                     struct stat *status, struct why *why);

/* Whether uid may believe a file or folder with this owner and these writers: 0, or -EPERM with why
 * naming it as `what`. A folder may be open to all where its sticky bit keeps names their owners'.
 */
int trusted_check(const struct stat *status, const char *what, uid_t uid, struct why *why);

/* Whether owner is 65534, and no user here but stands for all that this user namespace does not
 * have. */
bool trusted_is_outside(uid_t owner);

/* Opens the file to be read, having checked the folders and links on the way, but not the file: a
 * descriptor, or a negative errno with why. */
int trusted_open(const struct trusted_file *file, struct why *why);

/* O_NONBLOCK: a FIFO must not hold the run. */
#define TRUSTED_READING (O_RDONLY | O_NONBLOCK | O_CLOEXEC | O_NOCTTY)

#endif

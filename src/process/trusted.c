/*
 * The rule for files that are believed, and the walk that checks it.
 *
 * Anyone who can write a file, or put another in its place, decides what it says. So its owner must
 * be root or our user and nobody else may write it. The same holds for each folder on the way, and
 * links are followed by hand: then nobody can swap a checked file for another one.
 */
#include "ntp_monitor/trusted.h"

#include <errno.h>
#include <fcntl.h>
#include <grp.h>
#include <limits.h>
#include <pwd.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "ntp_monitor/aside.h"
#include "ntp_monitor/why.h"

/* LINKS_MAX: as many as path_resolution(7) allows. */
enum { LINKS_MAX = 40, NAMES_BYTES = 4096 };

/* --- the rule ------------------------------------------------------------------- */

/* Recognises a group that is the user's alone: it has the user's name and no other member. */
static bool is_private(gid_t group, uid_t uid) {
  char names[2][NAMES_BYTES];
  struct passwd user;
  struct passwd *found_user = NULL;
  struct group own;
  struct group *found = NULL;
  if (getpwuid_r(uid, &user, names[0], sizeof names[0], &found_user) != 0 || found_user == NULL ||
      getgrgid_r(group, &own, names[1], sizeof names[1], &found) != 0 || found == NULL ||
      strcmp(own.gr_name, user.pw_name) != 0) {
    return false;
  }
  for (char **member = own.gr_mem; *member != NULL; member++) {
    if (strcmp(*member, user.pw_name) != 0) {
      return false;
    }
  }
  return true;
}

bool trusted_is_roots(const struct stat *status) {
  return status->st_uid == 0 && (status->st_mode & (S_IWGRP | S_IWOTH)) == 0;
}

static bool others_write(const struct stat *status, uid_t uid) {
  return (status->st_mode & S_IWOTH) != 0 ||
         ((status->st_mode & S_IWGRP) != 0 && (uid == 0 || !is_private(status->st_gid, uid)));
}

static bool is_sticky(const struct stat *status) {
  return S_ISDIR(status->st_mode) && (status->st_mode & S_ISVTX) != 0;
}

int trusted_check(const struct stat *status, const char *what, uid_t uid, struct why *why) {
  unsigned owner = status->st_uid;
  bool foreign = owner != 0 && owner != uid && !trusted_is_outside(owner);
  if (foreign && uid == 0) {
    return why_set(why, REASON_CONFIG, -EPERM,
                   "%s belongs to uid %u, but root trusts only its own files" WHY_ADVICE
                   "chown root it",
                   what, owner);
  }
  if (foreign) {
    return why_set(why, REASON_CONFIG, -EPERM,
                   "%s belongs to uid %u, neither you nor root: not trusted", what, owner);
  }
  if (others_write(status, uid) && !is_sticky(status)) {
    return why_set(why, REASON_CONFIG, -EPERM,
                   "others can write to %s (mode %04o): not trusted" WHY_ADVICE "chmod go-w it",
                   what, (unsigned)status->st_mode & 07777);
  }
  return 0;
}

/* --- the way there ---------------------------------------------------------------- */

static int cannot_open(int error, struct why *why) {
  return why_set(why, REASON_CONFIG, error, "cannot be opened: %s", strerror(-error));
}

/* The state of a walk. */
struct walk {
  const struct trusted_file *file;
  int folder;          /* O_PATH */
  struct stat status;  /* of the folder */
  char at[PATH_MAX];   /* name of the folder */
  char rest[PATH_MAX]; /* what is left of the path, with links so far resolved */
  unsigned links;      /* followed so far */
};

/* Enters the folder fd, which the walk owns from now on: 0 or a negative errno with why. */
static int enter_folder(struct walk *walk, int fd, const struct stat *status, const char *name,
                        struct why *why) {
  char what[PATH_MAX + 16];
  size_t used = strlen(walk->at);
  if (walk->folder >= 0) {
    (void)close(walk->folder);
  }
  walk->folder = fd;
  walk->status = *status;
  (void)snprintf(walk->at + used, sizeof walk->at - used, "/%s", name);
  (void)snprintf(what, sizeof what, "its directory %.1024s", walk->at);
  return trusted_check(status, what, walk->file->uid, why);
}

/* Opens name in folder as an O_PATH descriptor and fills *status: the descriptor, or a negative
 * errno with why. */
static int trusted_look(int folder, const char *name, struct stat *status, struct why *why) {
  int fd = openat(folder, name, O_PATH | O_CLOEXEC | O_NOFOLLOW);
  if (fd < 0 || fstat(fd, status) != 0) {
    int error = cannot_open(-errno, why);
    if (fd >= 0) {
      (void)close(fd);
    }
    return error;
  }
  return fd;
}

/* Puts the walk at the root; rest stays. */
static int trusted_begin(struct walk *walk, struct why *why) {
  struct stat status = {.st_mode = 0};
  int fd = trusted_look(AT_FDCWD, "/", &status, why);
  if (fd < 0) {
    return fd;
  }
  walk->at[0] = '\0';
  int error = enter_folder(walk, fd, &status, "", why);
  walk->at[0] = '\0';
  return error;
}

/* Follows the link fd of walk->folder: puts its target in front of rest. */
static int follow_link(struct walk *walk, int fd, const struct stat *status, struct why *why) {
  char to[PATH_MAX];
  char after[PATH_MAX];
  ssize_t bytes = readlinkat(fd, "", to, sizeof to - 1);
  if (bytes < 0) {
    return cannot_open(-errno, why);
  }
  if (++walk->links > LINKS_MAX) {
    return cannot_open(-ELOOP, why);
  }
  to[bytes] = '\0';
  (void)strcpy(after, walk->rest);
  if (snprintf(walk->rest, sizeof walk->rest, "%s/%s", to, after) >= (int)sizeof walk->rest) {
    return cannot_open(-ENAMETOOLONG, why);
  }
  /* In a sticky folder such as /tmp the maker of a link decides where it leads. */
  if (is_sticky(&walk->status) && status->st_uid != 0 && status->st_uid != walk->file->uid) {
    return why_set(why, REASON_CONFIG, -EPERM,
                   "a symbolic link on its path, in %s, belongs to uid %u: not followed", walk->at,
                   (unsigned)status->st_uid);
  }
  if (to[0] == '/') {
    return trusted_begin(walk, why);
  }
  return 0;
}

/* Moves the next name out of rest; *last is set if none follows. */
static void take_name(struct walk *walk, char name[NAME_MAX + 1], bool *last) {
  char *from = walk->rest + strspn(walk->rest, "/");
  size_t length = strcspn(from, "/");
  (void)snprintf(name, NAME_MAX + 1, "%.*s", (int)length, from);
  from += length;
  *last = from[strspn(from, "/")] == '\0';
  memmove(walk->rest, from, strlen(from) + 1);
}

/* Opens for reading the file at the end of the path: a descriptor or a negative errno with why. */
static int open_last(struct walk *walk, const char *name, struct why *why) {
  const struct stat *folder = &walk->status;
  bool unnamed = walk->file->rule == TRUSTED_UNNAMED && walk->links == 0;
  if (unnamed && others_write(folder, walk->file->uid)) {
    return why_set(why, REASON_CONFIG, -EPERM,
                   "others can write to its directory %.1024s (mode %04o), so anyone may have put "
                   "it there" WHY_ADVICE "is "
                   "HOME right?",
                   walk->at, (unsigned)folder->st_mode & 07777);
  }
  int fd = openat(walk->folder, name, TRUSTED_READING | O_NOFOLLOW);
  if (fd < 0) {
    return cannot_open(-errno, why);
  }
  return fd;
}

/* Takes one step of the path: a descriptor if it was the last, else 0 or a negative errno with why.
 */
static int take_step(struct walk *walk, struct why *why) {
  struct stat status = {.st_mode = 0};
  char name[NAME_MAX + 1];
  bool last = false;
  take_name(walk, name, &last);
  int fd = trusted_look(walk->folder, name[0] != '\0' ? name : ".", &status, why);
  if (fd < 0) {
    return fd;
  }
  bool link = S_ISLNK(status.st_mode);
  if (!link && !last) {
    return enter_folder(walk, fd, &status, name, why); /* it keeps fd */
  }
  int result = 0;
  if (link) {
    result = follow_link(walk, fd, &status, why);
  } else {
    result = open_last(walk, name, why);
  }
  (void)close(fd);
  return result;
}

int trusted_open(const struct trusted_file *file, struct why *why) {
  struct walk walk = {.file = file, .folder = -1};
  int error = aside_absolute(file->path, walk.rest);
  if (error != 0) {
    return cannot_open(error, why);
  }
  int result = trusted_begin(&walk, why);
  while (result == 0) {
    result = take_step(&walk, why);
  }
  if (walk.folder >= 0) {
    (void)close(walk.folder);
  }
  return result;
}

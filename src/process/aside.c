/*
 * Work on files that may hang, in a child that is left behind at the deadline.
 *
 * A system call on a dead network file system waits for a server that does not come back, and no
 * signal handler runs meanwhile. The mount table shows the file systems that can do so. It is read
 * only if a path crosses a mount point, which openat2(2) reports without touching what is mounted
 * there: most paths need no call but the one that opens them.
 */
#include "ntp_monitor/aside.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/openat2.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "ntp_monitor/net.h"
#include "ntp_monitor/why.h"

/* Wait for a killed child, in ms, so that it is gone when we end. */
enum { GONE_MS = 20 };

/* --- which paths ---------------------------------------------------------------- */

int aside_absolute(const char *path, char out[PATH_MAX]) {
  size_t used = 0;
  out[0] = '\0';
  if (path[0] != '/') {
    if (getcwd(out, PATH_MAX) == NULL) {
      return -errno;
    }
    used = strlen(out);
  }
  if (used + 1 + strlen(path) >= PATH_MAX) {
    return -ENAMETOOLONG;
  }
  for (const char *part = path + strspn(path, "/"); *part != '\0';) {
    size_t length = strcspn(part, "/");
    if (length != 1 || part[0] != '.') {
      used += (size_t)snprintf(out + used, PATH_MAX - used, "/%.*s", (int)length, part);
    }
    part += length;
    part += strspn(part, "/");
  }
  if (used == 0) {
    (void)strcpy(out, "/");
  }
  return 0;
}

/* Recognises the types whose calls wait for another machine or another process. */
static bool may_hang(const char *type) {
  static const char *const types[] = {"nfs",  "nfs4",   "cifs",   "smb3",   "smbfs",    "9p",
                                      "ceph", "afs",    "coda",   "lustre", "beegfs",   "gpfs",
                                      "gfs2", "ocfs2",  "ncpfs",  "autofs", "virtiofs", "pvfs2",
                                      "fuse", "vboxsf", "vmhgfs", "prl_fs", "fuseblk"};
  if (strncmp(type, "fuse.", 5) == 0) {
    return true;
  }
  for (size_t i = 0; i < sizeof types / sizeof *types; i++) {
    if (strcmp(type, types[i]) == 0) {
      return true;
    }
  }
  return false;
}

/* Decodes a mount point in place: blanks, line ends and backslashes are octal numbers, proc(5). */
static void unescape(char *text) {
  char *to = text;
  for (const char *at = text; *at != '\0'; at++) {
    if (at[0] == '\\' && strspn(at + 1, "01234567") >= 3) {
      *to++ = (char)((at[1] - '0') * 64 + (at[2] - '0') * 8 + (at[3] - '0'));
      at += 3;
    } else {
      *to++ = *at;
    }
  }
  *to = '\0';
}

static bool is_below(const char *path, const char *folder) {
  size_t length = strlen(folder);
  return strncmp(path, folder, length) == 0 && (path[length] == '/' || path[length] == '\0');
}

/* Searches the mount table for file systems that may hang. Returns whether there is any; *on is set
 * if one lies on the way to path, taken literally. */
static bool find_hanging(const char *path, bool *on) {
  FILE *table = fopen("/proc/self/mountinfo", "re");
  char *line = NULL;
  size_t size = 0;
  bool any = false;
  *on = false;
  while (table != NULL && getline(&line, &size, table) > 0) {
    /* 36 35 98:0 /mnt1 /mnt2 rw,noatime master:1 - ext3 /dev/root rw,errors=continue */
    char *place = line;
    const char *type = strstr(line, " - ");
    for (int i = 0; i < 4 && place != NULL; i++) {
      place = strchr(place + 1, ' ');
    }
    char name[32];
    if (type == NULL || place == NULL || sscanf(type + 3, "%31s", name) != 1 || !may_hang(name)) {
      continue;
    }
    place++;
    place[strcspn(place, " ")] = '\0';
    unescape(place);
    bool root = strcmp(place, "/") == 0; /* the program itself lies there */
    any = any || (!root && !is_below(place, "/proc"));
    *on = *on || (!root && is_below(path, place));
  }
  free(line);
  if (table != NULL) {
    (void)fclose(table);
  }
  return any;
}

static int aside_try_open(const char *path, uint64_t resolve) {
  const struct open_how how = {.flags = O_PATH | O_CLOEXEC, .resolve = resolve};
  long fd = syscall(SYS_openat2, AT_FDCWD, path, &how, sizeof how);
  return why_errno((int)fd);
}

/* Recognises a kernel without openat2(2), or a sandbox that denies it. */
static bool is_missing(int error) {
  return error == -ENOSYS || error == -EPERM;
}

/* Consults the mount table, because the path crosses a mount point or the kernel cannot tell. The
 * table does not tell where links in the path lead. */
static int look_beyond(const char *path) {
  bool on = false;
  if (!find_hanging(path, &on)) {
    return why_errno(open(path, O_PATH | O_CLOEXEC));
  }
  if (on || strstr(path, "/..") != NULL) {
    return -EREMOTE;
  }
  int fd = aside_try_open(path, RESOLVE_NO_SYMLINKS);
  if (fd == -ELOOP || is_missing(fd)) {
    return -EREMOTE;
  }
  return fd;
}

int aside_look(const char *path) {
  char absolute[PATH_MAX];
  int error = aside_absolute(path, absolute);
  if (error != 0) {
    return error;
  }
  int fd = aside_try_open(absolute, RESOLVE_NO_XDEV);
  if (fd == -EXDEV || is_missing(fd)) {
    return look_beyond(absolute);
  }
  return fd;
}

bool aside_wanted(const char *path) {
  static const char *const local[] = {"/dev",     "/run/systemd", "/run/chrony",
                                      "/run/ptp", "/run/ptp4l",   "/run/ptp4lro"};
  for (size_t i = 0; i < sizeof local / sizeof *local; i++) {
    if (is_below(path, local[i])) {
      return false;
    }
  }
  int fd = aside_look(path);
  if (fd >= 0) {
    (void)close(fd);
  }
  return fd == -EREMOTE;
}

/* --- the child ------------------------------------------------------------------- */

/* Detaches the child from what it inherited: it may outlive us, and must then keep no pipe open. */
static void aside_begin(pid_t parent, int out) {
  enum { INHERITED_MAX = 1024 }; /* callers use low numbers */
  sigset_t none;
  (void)signal(SIGTERM, SIG_DFL);
  (void)sigemptyset(&none);
  (void)sigprocmask(SIG_SETMASK, &none, NULL);
  (void)prctl(PR_SET_PDEATHSIG, SIGKILL);
  int nothing = open("/", O_PATH | O_CLOEXEC); /* can be neither read nor written */
  for (int fd = STDIN_FILENO; fd <= STDERR_FILENO; fd++) {
    if (dup2(nothing, fd) < 0) {
      _exit(1);
    }
  }
  (void)close(nothing);
  for (int fd = STDERR_FILENO + 1; fd < INHERITED_MAX; fd++) { /* such as flock(1)'s lock */
    (void)(fd == out || close(fd));
  }
  if (getppid() != parent) {
    _exit(1); /* it died before it could take us along */
  }
}

/* Waits for the child and ends it. Its pipe ends with a byte of 1 when the work is done, and
 * without one if it died. */
static int aside_await_child(pid_t child, int in, int64_t deadline_ns) {
  char done = 0;
  ssize_t bytes = net_read_all(in, &done, sizeof done, deadline_ns);
  (void)kill(child, SIGKILL);
  for (int ms = 0; waitpid(child, NULL, WNOHANG) == 0 && ms < GONE_MS; ms++) {
    (void)poll(NULL, 0, 1);
  }
  if (bytes < 0) {
    return (int)bytes;
  }
  if (done != 1) {
    return -EIO;
  }
  return 0;
}

static int run_child(void (*work)(void *shared), void *copy, int64_t deadline_ns) {
  int ends[2];
  sigset_t all;
  sigset_t before;
  if (pipe2(ends, O_CLOEXEC) != 0) {
    return -errno;
  }
  pid_t parent = getpid();
  (void)sigfillset(&all); /* the child must not run our handlers */
  (void)sigprocmask(SIG_SETMASK, &all, &before);
  pid_t child = fork();
  if (child == 0) {
    const char done = 1;
    aside_begin(parent, ends[1]);
    work(copy);
    _exit(write(ends[1], &done, 1) == 1 ? 0 : 1);
  }
  int error = why_errno(child);
  (void)sigprocmask(SIG_SETMASK, &before, NULL);
  (void)close(ends[1]);
  if (child > 0) {
    error = aside_await_child(child, ends[0], deadline_ns);
  }
  (void)close(ends[0]);
  return error;
}

int aside_run(void (*work)(void *shared), void *shared, size_t size_bytes, int64_t deadline_ns) {
  void *copy = mmap(NULL, size_bytes, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
  if (copy == MAP_FAILED) {
    return -errno;
  }
  memcpy(copy, shared, size_bytes);
  int error = run_child(work, copy, deadline_ns);
  if (error == 0) {
    memcpy(shared, copy, size_bytes);
  }
  explicit_bzero(copy, size_bytes); /* it may hold a secret */
  (void)munmap(copy, size_bytes);
  return error;
}

static void touch_path(void *shared) {
  struct stat unused;
  (void)stat(shared, &unused); /* only whether it returns matters */
}

int aside_await(const char *path, int64_t deadline_ns) {
  char copy[PATH_MAX];
  size_t bytes = strlen(path) + 1;
  if (bytes > sizeof copy || !aside_wanted(path)) {
    return 0;
  }
  memcpy(copy, path, bytes);
  int error = aside_run(touch_path, copy, bytes, deadline_ns);
  if (error == -ETIMEDOUT) {
    return -EREMOTE;
  }
  return 0;
}

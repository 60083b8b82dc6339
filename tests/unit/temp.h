/* A temporary working folder for each test program, so that file names can be short. */
#ifndef TESTS_UNIT_TEMP_H
#define TESTS_UNIT_TEMP_H

#include <fcntl.h>
#include <ftw.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

enum { TEMP_PATH_BYTES = 1024 };

static inline char *temp_name(void) {
  static char name[TEMP_PATH_BYTES];
  return name;
}

/* cmocka's setup of a group: goes into a new folder. */
static inline int temp_enter(void **state) {
  const char *tmp = getenv("TMPDIR");
  (void)state;
  (void)snprintf(temp_name(), TEMP_PATH_BYTES, "%s/unit.XXXXXX", tmp != NULL ? tmp : "/tmp");
  return mkdtemp(temp_name()) != NULL && chdir(temp_name()) == 0 ? 0 : -1;
}

static inline int temp_delete(const char *path, const struct stat *status, int kind,
                              struct FTW *where) {
  (void)status;
  (void)kind;
  (void)where;
  return remove(path);
}

/* cmocka's teardown: leaves the folder and deletes it. */
static inline int temp_leave(void **state) {
  (void)state;
  return chdir("/") == 0 ? nftw(temp_name(), temp_delete, 8, FTW_DEPTH | FTW_PHYS) : -1;
}

/* Makes a file with these bytes and mode 0644: 0 or -1. */
static inline int temp_write(const char *path, const char *data, size_t bytes) {
  (void)unlink(path);
  int fd = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0644);
  if (fd < 0) {
    return -1;
  }
  ssize_t written = write(fd, data, bytes);
  int mode = fchmod(fd, 0644);
  return close(fd) == 0 && mode == 0 && written == (ssize_t)bytes ? 0 : -1;
}

#endif

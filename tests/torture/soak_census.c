/*
 * Counts what the runs of the soak could leave behind: files in the lab's own file systems, local
 * sockets, and what the bus and the service hold.
 */
#define _GNU_SOURCE 1
#include <dirent.h>
#include <ftw.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "soak.h"

static int64_t files;

static int count_file(const char *path, const struct stat *status, int kind, struct FTW *place) {
  (void)path, (void)status, (void)kind, (void)place;
  files++;
  return 0;
}

/* Counts the files in every writable place: /run also holds the lab's home, /dev, /var and /etc. */
static int64_t count_files(void) {
  files = 0;
  (void)nftw("/run", count_file, 16, FTW_PHYS | FTW_MOUNT);
  (void)nftw("/tmp", count_file, 16, FTW_PHYS | FTW_MOUNT);
  return files;
}

/* Counts the lines of a file, or returns the number after `word` in its first line. */
static int64_t read_figure(const char *path, const char *word) {
  char line[512];
  int64_t lines = 0;
  long long figure = -1;
  FILE *file = fopen(path, "re");
  while (file != NULL && fgets(line, sizeof line, file) != NULL) {
    lines++;
    if (word != NULL && strncmp(line, word, strlen(word)) == 0) {
      (void)sscanf(line + strlen(word), "%lld", &figure);
      break;
    }
  }
  if (file != NULL) {
    (void)fclose(file);
  }
  return word != NULL ? figure : lines;
}

static void count_process(pid_t pid, int64_t *fds, int64_t *rss_kib) {
  char path[64];
  (void)snprintf(path, sizeof path, "/proc/%ld/status", (long)pid);
  *rss_kib = read_figure(path, "VmRSS:");
  (void)snprintf(path, sizeof path, "/proc/%ld/fd", (long)pid);
  DIR *folder = opendir(path);
  *fds = 0;
  while (folder != NULL && readdir(folder) != NULL) {
    ++*fds;
  }
  if (folder != NULL) {
    (void)closedir(folder);
  }
}

struct soak_census soak_count(pid_t bus) {
  struct soak_census census = {.files = count_files(),
                               .sockets = read_figure("/proc/net/unix", NULL)};
  count_process(bus, &census.bus_fds, &census.bus_rss_kib);
  count_process(getpid(), &census.own_fds, &census.own_rss_kib);
  return census;
}

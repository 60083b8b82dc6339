/*
 * chronyd's Unix socket.
 *
 * chronyd answers to the path that the client's socket is bound to, so ours is a file in the folder
 * of chronyd's. That folder belongs to chronyd's user, and we may be root. So the only name made
 * there by path is the one that bind(2) makes: no mode is set, no link is followed, and only
 * sockets of our own name are removed. A killed run leaves its file behind; a later run removes it
 * if the process is gone and nobody has the socket open.
 */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "ntp_monitor/chrony_talk.h"
#include "ntp_monitor/net.h"
#include "ntp_monitor/why.h"

enum { PATH_BYTES = 128, ENTRIES_MAX = 1000 };

/* Returns the length of the folder's path, with its slash; 0 for none. */
static size_t get_folder_length(const char *path) {
  const char *slash = strrchr(path, '/');
  if (slash == NULL) {
    return 0;
  }
  return (size_t)(slash - path) + 1;
}

/* Prints the path of name in path's folder: 0 or -ENAMETOOLONG. */
static int print_beside(const char *path, const char *name, char out[PATH_BYTES]) {
  int length = snprintf(out, PATH_BYTES, "%.*s%s", (int)get_folder_length(path), path, name);
  if (length >= PATH_BYTES) {
    return -ENAMETOOLONG;
  }
  return 0;
}

static bool is_socket(int directory, const char *name) {
  struct stat status;
  return fstatat(directory, name, &status, AT_SYMLINK_NOFOLLOW) == 0 && S_ISSOCK(status.st_mode);
}

/* Returns the PID in the name of a socket of ours, or 0 for any other name. */
static pid_t read_maker(const char *name) {
  static const char before[] = "ntp_monitor.";
  enum { DIGITS_MAX = 9 };
  if (strncmp(name, before, sizeof before - 1) != 0) {
    return 0;
  }
  const char *number = name + sizeof before - 1;
  size_t digits = strspn(number, "0123456789");
  if (digits > DIGITS_MAX || number[0] == '0' || strcmp(number + digits, ".sock") != 0) {
    return 0;
  }
  return (pid_t)strtol(number, NULL, 10); /* 0 without digits */
}

/* Removes a socket of ours that nobody has open. */
static void remove_dead(int directory, const char *path, const char *name) {
  char full[PATH_BYTES];
  if (!is_socket(directory, name) || print_beside(path, name, full) != 0) {
    return;
  }
  int fd = net_connect_local(full, NULL);
  if (fd == -ECONNREFUSED) {
    (void)unlinkat(directory, name, 0);
  } else if (fd >= 0) {
    (void)close(fd);
  }
}

/* Removes the sockets of runs killed before. */
static void clean_folder(int directory, const char *path, pid_t self) {
  int again = openat(directory, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
  if (again < 0) {
    return;
  }
  DIR *entries = fdopendir(again);
  if (entries == NULL) {
    (void)close(again);
    return;
  }
  const struct dirent *entry = readdir(entries);
  for (int i = 0; entry != NULL && i < ENTRIES_MAX; i++, entry = readdir(entries)) {
    pid_t pid = read_maker(entry->d_name);
    if (pid > 0 && (pid == self || (kill(pid, 0) != 0 && errno == ESRCH))) {
      remove_dead(directory, path, entry->d_name);
    }
  }
  (void)closedir(entries);
}

static int open_folder(const char *path) {
  char folder[PATH_BYTES];
  if (get_folder_length(path) == 0) {
    return -ENOTDIR;
  }
  int error = print_beside(path, "", folder);
  if (error != 0) {
    return error;
  }
  /* A trailing slash would make open(2) follow a link. */
  size_t length = strlen(folder);
  if (length > 1) {
    folder[length - 1] = '\0';
  }
  int fd = open(folder, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
  return why_errno(fd);
}

int chrony_socket_open(struct chrony_socket *own, const char *path, pid_t pid) {
  char full[PATH_BYTES];
  *own = (struct chrony_socket){.directory = -1};
  int fd = net_connect_local(path, NULL); /* make no file if nobody listens */
  if (fd < 0) {
    return fd;
  }
  (void)close(fd);
  own->there = true;
  (void)snprintf(own->name, sizeof own->name, "ntp_monitor.%d.sock", (int)pid);
  int error = print_beside(path, own->name, full);
  if (error != 0) {
    return error;
  }
  int directory = open_folder(path);
  if (directory < 0) {
    return directory;
  }
  clean_folder(directory, path, pid);
  fd = net_connect_local(path, full);
  if (fd < 0) {
    remove_dead(directory, path, own->name);
    (void)close(directory);
    return fd;
  }
  own->directory = directory;
  return fd;
}

void chrony_socket_close(struct chrony_socket *own) {
  if (own->directory < 0) {
    return;
  }
  if (is_socket(own->directory, own->name)) {
    (void)unlinkat(own->directory, own->name, 0);
  }
  (void)close(own->directory);
  own->directory = -1;
}

/* Skips "/var": /var/run is /run, and older systems write it so. */
static const char *skip_var(const char *path) {
  return strncmp(path, "/var/run/", 9) == 0 ? path + 4 : path;
}

bool chrony_socket_listed(const char *path) {
  char line[512];
  bool found = false;
  FILE *list = fopen("/proc/net/unix", "re");
  while (!found && list != NULL && fgets(line, sizeof line, list) != NULL) {
    line[strcspn(line, "\n")] = '\0';
    const char *bound = strchr(line, '/');
    /* A name after an @ is abstract, and anyone can take it. */
    found = bound != NULL && bound > line && bound[-1] == ' ' &&
            strcmp(skip_var(bound), skip_var(path)) == 0;
  }
  if (list != NULL) {
    (void)fclose(list);
  }
  return found;
}

/*
 * sweep_whole: checks that the files the program writes, and its answer to a request, are complete,
 * whatever failed.
 *
 * Before each run a file is an earlier run's. Afterwards it is either unchanged or complete and
 * new; it must be new if the run ended with 0.
 */
#define _GNU_SOURCE 1
#include <dirent.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "sweep.h"

enum { FILES_MAX = 4, PATH_BYTES = 256 };

static const char old[] = "of an earlier run\n";
static struct file {
  char folder[PATH_BYTES];
  const char *name;
  char shape[OUTPUT_BYTES]; /* of the file written without a fault */
} files[FILES_MAX];
static size_t file_count;

void whole_prepare(char *const *command) {
  for (; *command != NULL && file_count < FILES_MAX; command++) {
    const char *path = strchr(*command, '=');
    if (path != NULL && path[1] == '/') {
      struct file *file = &files[file_count++];
      file->name = strrchr(path, '/') + 1;
      (void)snprintf(file->folder, sizeof file->folder, "%.*s", (int)(file->name - path - 2),
                     path + 1);
    }
  }
}

/* Counts the temporary files of runs in the file's folder; removed: and removes them. */
static unsigned count_others(const struct file *file, bool removed) {
  unsigned count = 0;
  DIR *folder = opendir(file->folder);
  for (const struct dirent *one = NULL; folder != NULL && (one = readdir(folder)) != NULL;) {
    if (strstr(one->d_name, ".ntp_monitor-") != NULL) {
      count++;
      (void)(removed && unlinkat(dirfd(folder), one->d_name, 0));
    }
  }
  if (folder != NULL) {
    (void)closedir(folder);
  }
  return count;
}

static FILE *open_file(const struct file *file, const char *mode) {
  char path[2 * PATH_BYTES];
  (void)snprintf(path, sizeof path, "%s/%s", file->folder, file->name);
  return fopen(path, mode);
}

void whole_begin(void) {
  for (size_t i = 0; i < file_count; i++) {
    FILE *stream = open_file(&files[i], "we");
    if (stream == NULL || fputs(old, stream) < 0 || fclose(stream) != 0) {
      perror("sweep: a file for the program");
      exit(EXIT_FAILURE);
    }
    (void)count_others(&files[i], true);
  }
}

static void read_file(const struct file *file, char text[OUTPUT_BYTES]) {
  FILE *stream = open_file(file, "re");
  size_t bytes = stream != NULL ? fread(text, 1, OUTPUT_BYTES - 1, stream) : 0;
  text[bytes] = '\0';
  if (stream != NULL) {
    (void)fclose(stream);
  }
}

void whole_learn(void) {
  static char text[OUTPUT_BYTES];
  for (size_t i = 0; i < file_count; i++) {
    read_file(&files[i], text);
    shape_of(text, files[i].shape);
  }
}

/* Returns the length of the name that begins the last line; 0 if that line has no end. */
static size_t last_name(const char *text, const char **name) {
  const char *end = strrchr(text, '\n');
  *name = text;
  if (end == NULL || end[1] != '\0') {
    return 0;
  }
  const char *before = memrchr(text, '\n', (size_t)(end - text));
  *name = before != NULL ? before + 1 : text;
  return strcspn(*name, " ,{\n");
}

/* Returns whether a file is complete: its last line is of the kind that comes last. */
static bool is_whole(const struct file *file, const char *text) {
  const char *last = NULL;
  const char *wanted = NULL;
  size_t bytes = last_name(text, &last);
  return bytes > 0 && bytes == last_name(file->shape, &wanted) && memcmp(last, wanted, bytes) == 0;
}

bool whole_is_half(const struct scenario *scenario, const struct fault *fault,
                   const struct run *run) {
  static char text[OUTPUT_BYTES];
  static char shape[OUTPUT_BYTES];
  (void)scenario;
  (void)fault;
  bool good = WIFEXITED(run->status) && WEXITSTATUS(run->status) == 0;
  for (size_t i = 0; i < file_count; i++) {
    read_file(&files[i], text);
    shape_of(text, shape);
    bool lacks = strstr(text, "# no memory to show the servers\n") != NULL; /* and says so */
    bool same = strcmp(shape, files[i].shape) == 0;
    if (good ? !same && !lacks : strcmp(text, old) != 0 && !is_whole(&files[i], text)) {
      return true;
    }
  }
  return false;
}

/* Rule: a temporary file may stay only if the program was killed meanwhile or could not remove it.
 */
bool whole_is_littered(const struct scenario *scenario, const struct fault *fault,
                       const struct run *run) {
  (void)scenario;
  bool removes = fault->kind == FAULT_NONE || fault->kind >= FAULT_MEMORY ||
                 (fault->kind <= FAULT_FROM && strncmp(call_names[fault->call], "unlink", 6) != 0);
  for (size_t i = 0; i < file_count && removes && WIFEXITED(run->status); i++) {
    if (count_others(&files[i], false) > 0) {
      return true;
    }
  }
  return false;
}

bool whole_is_answer(const char *text) {
  const char *body = strstr(text, "\r\n\r\n");
  const char *length = strstr(text, "\r\nContent-Length: ");
  return strncmp(text, "HTTP/1.1 ", 9) == 0 && body != NULL && length != NULL && length < body &&
         strtoul(length + 18, NULL, 10) == strlen(body + 4);
}

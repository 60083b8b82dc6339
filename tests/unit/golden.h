/* The exact sentences that unit tests expect stand in one file, tests/golden.txt, a line each: the
 * test program, what the test did (its label), and the sentence, separated by tabs.
 *
 * `make golden` rewrites that file from what the tests get; git diff shows what changed. */
#ifndef TESTS_UNIT_GOLDEN_H
#define TESTS_UNIT_GOLDEN_H

#include <errno.h>
#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

static struct {
  const char *text; /* the whole file; NULL: there is none */
  int record;       /* -1: hold against the file */
} golden = {.record = -1};

/* Runs before main(), because tests change their folder. */
__attribute__((constructor)) static void golden_open(void) {
  static char *text;
  const char *record = getenv("GOLDEN_RECORD"); /* a folder */
  char path[4096];
  struct stat status;
  int fd = open("tests/golden.txt", O_RDONLY | O_CLOEXEC);
  if (fd >= 0 && fstat(fd, &status) == 0 &&
      (text = calloc(1, (size_t)status.st_size + 1)) != NULL &&
      read(fd, text, (size_t)status.st_size) == status.st_size) {
    golden.text = text;
  }
  if (fd >= 0) {
    (void)close(fd);
  }
  if (record != NULL) {
    (void)snprintf(path, sizeof path, "%s/%s", record, program_invocation_short_name);
    golden.record = open(path, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0644);
  }
}

/* Turns a text into one line: line ends and other controls become \ooo. */
static inline void golden_flatten(const char *text, char *flat, size_t size) {
  size_t used = 0;
  for (; *text != '\0' && used + 5 < size; text++) {
    unsigned char byte = (unsigned char)*text;
    used += (size_t)snprintf(flat + used, size - used, byte < ' ' ? "\\%03o" : "%c", byte);
  }
  flat[used] = '\0';
}

/* Returns the golden line of a text, between line ends. */
static inline void golden_line(char line[16384], const char *label, const char *text) {
  char flat_label[1024];
  char flat_text[8192];
  golden_flatten(label, flat_label, sizeof flat_label);
  golden_flatten(text, flat_text, sizeof flat_text);
  (void)snprintf(line, 16384, "\n%s\t%s\t%s\n", program_invocation_short_name, flat_label,
                 flat_text);
}

static inline void golden_fail(const char *said, const char *file, int line) {
  const char *tab = strrchr(said, '\t');
  char *key = strndup(said, (size_t)(tab - said) + 1);
  const char *at = key != NULL && golden.text != NULL ? strstr(golden.text, key) : NULL;
  print_error("# said:%s# golden:%.*s\n# if that is meant: make golden\n", said,
              at != NULL ? (int)strcspn(at + 1, "\n") + 1 : 1, at != NULL ? at : "\n");
  free(key);
  _fail(file, line);
}

__attribute__((format(printf, 4, 5))) static inline void
golden_check(const char *file, int line, const char *text, const char *format, ...) {
  char label[1024];
  char said[16384];
  va_list values;
  va_start(values, format);
  (void)vsnprintf(label, sizeof label, format, values);
  va_end(values);
  golden_line(said, label, text);
  if (golden.record >= 0) {
    if (write(golden.record, said + 1, strlen(said + 1)) < 0) {
      fail_msg("GOLDEN_RECORD: %s", strerror(errno));
    }
  } else if (golden.text == NULL || strstr(golden.text, said) == NULL) {
    golden_fail(said, file, line);
  }
}

/* Fails the test unless the golden file has this text. The label follows as for printf(3): it says
 * what was done, and must be unique within a program. */
#define assert_golden(text, ...) golden_check(__FILE__, __LINE__, text, __VA_ARGS__)

#endif

/*
 * Reads configuration files over the defaults.
 *
 * inih parses the lines; this file feeds them to it. Left alone, inih takes a directory for an
 * empty file, cuts long lines into new ones and reports no line number. So the file is opened,
 * checked and cut into lines here, and each problem is reported with the number of its line.
 */
#include "ntp_monitor/config.h"

#include <errno.h>
#include <ini.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/stat.h>

#include "ntp_monitor/clock.h"
#include "ntp_monitor/env.h"
#include "ntp_monitor/text.h"
#include "ntp_monitor/trace.h"
#include "ntp_monitor/trusted.h"
#include "ntp_monitor/why.h"

enum { FILE_BYTES_MAX = 64 * 1024, NOTE_BYTES = 1536 };

/* The state of one file while it is read. */
struct file {
  const char *path;
  struct config *config;
  struct config_listener *notes;
  char *text;
  size_t length_bytes;
  size_t at;
  unsigned line;                  /* the line that inih parses now, from 1 */
  bool indented;                  /* the line starts with a blank */
  bool unanswered;                /* the line should hold a key that inih has not found yet */
  bool in_section;                /* a [section] has been read */
  bool section_ignored;           /* the present section is unknown */
  unsigned seen[CONFIG_KEYS_MAX]; /* the last line of each key so far; 0: none */
};

/* Reports a problem, or else a warning, with file and line. */
__attribute__((format(printf, 3, 4))) static void note(const struct file *file, bool problem,
                                                       const char *format, ...) {
  char text[NOTE_BYTES];
  va_list arguments;
  va_start(arguments, format);
  int head = snprintf(text, sizeof text, file->line > 0 ? "%.512s:%u: " : "%.512s: ", file->path,
                      file->line);
  (void)vsnprintf(text + head, sizeof text - (size_t)head, format, arguments);
  va_end(arguments);
  char safe[NOTE_BYTES];
  text_escape(safe, sizeof safe, text, strlen(text));
  file->notes->problem_count += problem;
  file->notes->say(file->notes->user, problem, safe);
}

/* Reports the last line if it should have held a key and inih found none. */
static void config_tell_stray(struct file *file) {
  if (!file->unanswered) {
    return;
  }
  file->unanswered = false;
  if (file->indented) {
    note(file, true, "continuation lines are not supported: write the value on one line");
  } else {
    note(file, true, "not of the form 'key = value'");
  }
}

static void enter_section(struct file *file, const char *line) {
  char name[CONFIG_LINE_BYTES_MAX + 1];
  const char *end = strchr(line, ']');
  file->in_section = true;
  file->section_ignored = true;
  if (end == NULL) {
    note(file, true, "[section] without its closing ]");
    return;
  }
  (void)snprintf(name, sizeof name, "%.*s", (int)(end - line - 1), line + 1);
  if (strcmp(name, "DEFAULT") == 0) {
    note(file, true, "[DEFAULT] is not supported: write each key in its own section");
    return;
  }
  for (size_t i = 0; i < config_key_count; i++) {
    if (strcmp(config_keys[i].section, name) == 0) {
      file->section_ignored = false;
      return;
    }
  }
  const char *near =
      text_nearest(name, &config_keys[0].section, config_key_count, sizeof *config_keys);
  if (near != NULL) {
    note(file, true, "[%s]: unknown section, ignored; did you mean [%s]?", name, near);
  } else {
    note(file, true, "[%s]: unknown section, ignored", name);
  }
}

/* Implements inih's ini_reader: returns the next line without leading blanks, NULL at the end. */
static char *next_line(char *out, int size, void *user) {
  struct file *file = user;
  config_tell_stray(file);
  if (file->at >= file->length_bytes) {
    return NULL;
  }
  const char *line = file->text + file->at;
  size_t length = (size_t)(strchrnul(line, '\n') - line);
  file->at += length + 1;
  file->line++;
  if (length > 0 && line[length - 1] == '\r') {
    length--;
  }
  size_t blanks = strspn(line, " \t\v\f\r"); /* inih would skip them, and see a continuation */
  if (blanks > length) {
    blanks = length;
  }
  out[0] = '\0';
  if (length > CONFIG_LINE_BYTES_MAX || length >= (size_t)size) {
    if (blanks < length && strchr(";#", line[blanks]) != NULL) {
      return out; /* a long comment loses nothing */
    }
    note(file, true, "line longer than %d bytes, ignored", CONFIG_LINE_BYTES_MAX);
    return out;
  }
  memcpy(out, line + blanks, length - blanks);
  out[length - blanks] = '\0';
  file->indented = line[0] == ' ' || line[0] == '\t';
  if (out[0] == '[') {
    enter_section(file, out);
  } else {
    file->unanswered = out[0] != '\0' && strchr(";#", out[0]) == NULL;
  }
  return out;
}

static void tell_unknown_key(const struct file *file, const char *section, const char *name) {
  for (size_t i = 0; i < config_key_count; i++) {
    if (strcasecmp(config_keys[i].name, name) == 0) {
      note(file, true, "%s: belongs in [%s], ignored here", name, config_keys[i].section);
      return;
    }
  }
  const char *near =
      text_nearest(name, &config_keys[0].name, config_key_count, sizeof *config_keys);
  if (near != NULL) {
    note(file, true, "%s: unknown key in [%s], ignored; did you mean %s?", name, section, near);
  } else {
    note(file, true, "%s: unknown key in [%s], ignored", name, section);
  }
}

/* Copies value to out with % for each %%, as Python's configparser does; a single % stays. Returns
 * -EINVAL with why where configparser would insert the value of another key. */
static int unescape_percent(const char *value, char out[CONFIG_LINE_BYTES_MAX + 1],
                            struct why *why) {
  size_t used = 0;
  for (const char *at = value; *at != '\0' && used < CONFIG_LINE_BYTES_MAX; at++) {
    if (strncmp(at, "%(", 2) == 0 && strstr(at, ")s") != NULL) {
      return why_set(why, REASON_CONFIG, -EINVAL,
                     "'%.80s': %%(name)s is not supported, write the value itself", value);
    }
    at += strncmp(at, "%%", 2) == 0;
    out[used++] = *at;
  }
  out[used] = '\0';
  return 0;
}

/* Implements inih's ini_handler: takes the key of the present line. */
static int take_key(void *user, const char *section, const char *name, const char *value) {
  struct file *file = user;
  file->unanswered = false;
  if (!file->in_section) {
    note(file, true, "%s: precedes any [section], ignored", name);
    return 1;
  }
  if (file->section_ignored) {
    return 1;
  }
  const struct config_key *key = config_find(section, name);
  if (key == NULL) {
    tell_unknown_key(file, section, name);
    return 1;
  }
  unsigned *seen = &file->seen[key - config_keys];
  if (*seen > 0) {
    note(file, false, "%s: already set in line %u; this line wins", key->name, *seen);
  }
  *seen = file->line;
  struct why why;
  const struct origin origin = {.path = file->path, .line = file->line};
  char plain[CONFIG_LINE_BYTES_MAX + 1];
  int error = unescape_percent(value, plain, &why);
  if (error == 0) {
    error = config_set(file->config, key, plain, &origin, &why);
  }
  if (error != 0) {
    char kept[CONFIG_TEXT_BYTES];
    char from[CONFIG_TEXT_BYTES];
    config_print_value(file->config, key, kept, sizeof kept);
    config_print_origin(&file->config->origin[key - config_keys], from, sizeof from);
    note(file, true, "%s: %s; keeping %s (%s)", key->name, why.text, kept, from);
  }
  return 1;
}

/* True if the file does not exist and nobody named it, which is fine. */
static bool is_missing(const struct trusted_file *wanted, ssize_t bytes) {
  return wanted->rule == TRUSTED_UNNAMED && (bytes == -ENOENT || bytes == -ENOTDIR);
}

/* Reads the whole file into file->text, which the caller frees, or reports why not. It may take a
 * quarter of the time left: a home directory that hangs must not keep the clock from being
 * checked. */
static bool config_load(struct file *file, bool named, const struct env *env) {
  int64_t now_ns = clock_monotonic_ns();
  const struct trusted_file wanted = {.path = file->path,
                                      .rule = named ? TRUSTED_NAMED : TRUSTED_UNNAMED,
                                      .uid = env->uid,
                                      .deadline_ns =
                                          now_ns + (env->measure_deadline_ns - now_ns) / 4};
  struct stat status;
  struct why why = {.text = "out of memory"};
  ssize_t bytes = -ENOMEM;
  file->text = malloc(FILE_BYTES_MAX + 1);
  if (file->text != NULL) {
    bytes = trusted_read(&wanted, file->text, FILE_BYTES_MAX, &status, &why);
  }
  if (is_missing(&wanted, bytes)) {
    trace_add(env->trace, "config: %s: absent, which is allowed: %s", file->path, why.text);
  } else if (bytes < 0) {
    bool there = bytes == -EPERM || bytes == -EINVAL || bytes == -EFBIG;
    note(file, true, there ? "ignored: %s" : "%s", why.text);
  } else {
    file->length_bytes = (size_t)bytes;
    file->text[bytes] = '\0';
  }
  return bytes >= 0;
}

/* Checks that the file is text in lines. Skips the byte order mark of UTF-8. */
static bool is_text(struct file *file) {
  const char *text = file->text;
  if (strncmp(text, "\xff\xfe", 2) == 0 || strncmp(text, "\xfe\xff", 2) == 0) {
    note(file, true, "is UTF-16, ignored; save it as UTF-8");
    return false;
  }
  size_t length = strlen(text);
  if (length < file->length_bytes) {
    file->line = 1;
    for (size_t i = 0; i < length; i++) {
      file->line += text[i] == '\n';
    }
    note(file, true, "NUL byte: not a text file, ignored entirely");
    return false;
  }
  if (strchr(text, '\r') != NULL && strchr(text, '\n') == NULL) {
    note(file, true, "its lines end in CR only (old Mac), ignored; convert it");
    return false;
  }
  if (strncmp(text, "\xef\xbb\xbf", 3) == 0) {
    file->at = 3;
  }
  return true;
}

void config_read(struct config *config, const char *path, bool named, const struct env *env,
                 struct config_listener *notes) {
  struct file file = {.path = path, .config = config, .notes = notes};
  bool loaded = config_load(&file, named, env);
  bool good = loaded && is_text(&file);
  if (good) {
    (void)ini_parse_stream(next_line, &file, take_key,
                           &file); /* config_tell_stray() says what it refused */
    trace_add(env->trace, "config: %s: read, %u lines", path, file.line);
  } else if (loaded) {
    trace_add(env->trace, "config: %s: ignored", path);
  }
  free(file.text);
}

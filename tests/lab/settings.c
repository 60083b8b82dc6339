/*
 * settings: NAME=VALUE on the command line of the lab's servers, read through a table.
 *
 * One reader for all of them, so that a time or a byte string is written the same way everywhere.
 */
#include "settings.h"

#include <ctype.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

int settings_time(const char *text, int64_t *ns) {
  static const struct {
    const char *name;
    double ns;
  } units[] = {{"", 1e9}, {"s", 1e9}, {"ms", 1e6}, {"us", 1e3}, {"ns", 1}};
  char *end = NULL;
  double number = strtod(text, &end);

  for (size_t i = 0; end != text && i < sizeof units / sizeof units[0]; i++) {
    double value = number * units[i].ns;
    if (strcmp(end, units[i].name) == 0 && value > -9e18 && value < 9e18) {
      *ns = (int64_t)(value < 0 ? value - 0.5 : value + 0.5);
      return 0;
    }
  }
  return -EINVAL;
}

static int read_count(const char *text, int64_t *count) {
  char *end = NULL;
  int64_t value = 0;

  errno = 0;
  if (text[0] == '-') {
    value = strtoll(text, &end, 10);
  } else {
    value = (int64_t)strtoull(text, &end, 10);
  }
  if (errno != 0 || end == text || *end != '\0') {
    return -EINVAL;
  }
  *count = value;
  return 0;
}

static int read_moment(const char *text, int64_t *us) {
  struct timespec now;
  int64_t shift_ns = 0;

  if (strncmp(text, "now", 3) != 0) {
    return read_count(text, us);
  }
  if (text[3] != '\0' && settings_time(text + 3, &shift_ns) < 0) {
    return -EINVAL;
  }
  (void)clock_gettime(CLOCK_REALTIME, &now);
  *us = now.tv_sec * INT64_C(1000000) + (now.tv_nsec + shift_ns) / 1000;
  return 0;
}

static int hex_digit(char c) {
  static const char digits[] = "0123456789abcdef";
  const char *found = c ? strchr(digits, tolower((unsigned char)c)) : NULL;

  return found ? (int)(found - digits) : -1;
}

static int read_bytes(const char *text, struct settings_bytes *bytes) {
  struct settings_bytes out = {.length = 0};
  size_t length = strlen(text);

  if (strncmp(text, "0x", 2) != 0) {
    if (length > SETTINGS_BYTES_MAX) {
      return -EINVAL;
    }
    memcpy(out.data, text, length);
    out.length = length;
    *bytes = out;
    return 0;
  }
  for (const char *at = text + 2; *at != '\0'; at += 2) {
    int high = hex_digit(at[0]);
    int low = hex_digit(at[1]);
    if (high < 0 || low < 0 || out.length == SETTINGS_BYTES_MAX) {
      return -EINVAL;
    }
    out.data[out.length++] = (unsigned char)(high * 16 + low);
  }
  *bytes = out;
  return 0;
}

int settings_apply(const struct settings_key *table, size_t count, const char *item, void *record) {
  const char *value = strchr(item, '=');
  size_t length = value ? (size_t)(value - item) : 0;

  for (size_t i = 0; value && i < count; i++) {
    void *field = (char *)record + table[i].field;
    if (strlen(table[i].name) != length || strncmp(table[i].name, item, length) != 0) {
      continue;
    }
    switch (table[i].kind) {
    case SETTINGS_TIME:
      return settings_time(value + 1, field);
    case SETTINGS_COUNT:
      return read_count(value + 1, field);
    case SETTINGS_MOMENT:
      return read_moment(value + 1, field);
    case SETTINGS_BYTES:
      return read_bytes(value + 1, field);
    }
  }
  return -ENOENT;
}

void settings_print(const struct settings_key *table, size_t count, FILE *out) {
  static const char *const kinds[] = {"TIME", "NUMBER", "now[+-TIME] | US", "TEXT | 0xHEX"};

  for (size_t i = 0; i < count; i++) {
    (void)fprintf(out, "  %s=%s  %s\n", table[i].name, kinds[table[i].kind], table[i].doc);
  }
}

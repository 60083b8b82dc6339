/*
 * settings: NAME=VALUE on the command line of the lab's servers, read through a table.
 */
#ifndef NTP_MONITOR_LAB_SETTINGS_H
#define NTP_MONITOR_LAB_SETTINGS_H

#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

enum { SETTINGS_BYTES_MAX = 256 };

struct settings_bytes {
  unsigned char data[SETTINGS_BYTES_MAX + 1]; /* a NUL follows the last byte */
  size_t length;
};

enum settings_kind {
  SETTINGS_TIME,   /* int64_t, ns: "+1.7s", "-250us", a bare number is seconds */
  SETTINGS_COUNT,  /* int64_t: -2^63 to 2^64 - 1, the upper half as its bit pattern */
  SETTINGS_MOMENT, /* int64_t, us since 1970: "now", "now-3600s", or the bare number */
  SETTINGS_BYTES   /* struct settings_bytes: text, or "0x" and hex digits */
};

struct settings_key {
  const char *name, *doc;
  enum settings_kind kind;
  size_t field; /* offset in the record */
};

/* 0, or -EINVAL with nothing changed. */
int settings_time(const char *text, int64_t *ns);

/* One NAME=VALUE into the record: 0, -ENOENT for a name not in the table, -EINVAL for a bad value.
 */
int settings_apply(const struct settings_key *table, size_t count, const char *item, void *record);

void settings_print(const struct settings_key *table, size_t count, FILE *out);

#endif

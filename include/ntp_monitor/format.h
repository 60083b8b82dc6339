/* The formats in which a report is printed. Each is pure: it reads the report and writes to the
 * stream. */
#ifndef NTP_MONITOR_FORMAT_H
#define NTP_MONITOR_FORMAT_H

#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>

struct env;
struct report;
struct why;

struct format {
  const char *name, *summary;
  bool pushed; /* may be sent to another machine, by UDP or HTTP */
  void (*print)(FILE *out, const struct report *report, bool colour);
};

extern const struct format format_text;
extern const struct format format_json;
extern const struct format format_nagios;
extern const struct format format_prometheus;
extern const struct format format_influx;

/* All formats, ended by NULL. */
extern const struct format *const format_table[];

/* Finds a format by its name. Returns NULL with why if there is none. */
const struct format *format_find(const char *name, struct why *why);

/* The time kept from printing, so that a failure to print can be logged. */
#define FORMAT_LOG_RESERVE_NS INT64_C(100000000)

/* Prints report into memory. Returns 0 with *text, which the caller frees, and *bytes; or -ENOMEM
 * with why, when *text may also have to be freed. */
int format_render(const struct format *format, const struct report *report, bool colour,
                  char **text, size_t *bytes, struct why *why);

/* Prints the whole report on stdout by env's deadline. Returns 0, or a negative errno with why. */
int format_print(const struct format *format, const struct report *report, const struct env *env,
                 struct why *why);

#endif

/* A way a report is printed. Pure: it reads the report and writes to the stream. */
#ifndef NTP_MONITOR_FORMAT_H
#define NTP_MONITOR_FORMAT_H

#include <stdbool.h>
#include <stdio.h>

struct env;
struct report;
struct why;

struct format {
  const char *name, *summary;
  void (*print)(FILE *out, const struct report *report, bool colour);
};

extern const struct format format_text;
extern const struct format format_json;
extern const struct format format_nagios;

/* All of them, ended by NULL. */
extern const struct format *const format_table[];

/* NULL, with why filled, for a name there is not. */
const struct format *format_find(const char *name, struct why *why);

/* Prints report on stdout, whole, by env's deadline: 0, or a negative errno with why. */
int format_print(const struct format *format, const struct report *report, const struct env *env,
                 struct why *why);

#endif

/* A way a report is printed. Pure: it reads the report and writes to the stream. */
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
  bool pushed; /* another machine takes it: over UDP, by HTTP */
  void (*print)(FILE *out, const struct report *report, bool colour);
};

extern const struct format format_text;
extern const struct format format_json;
extern const struct format format_nagios;
extern const struct format format_prometheus;
extern const struct format format_influx;

/* All of them, ended by NULL. */
extern const struct format *const format_table[];

/* NULL, with why filled, for a name there is not. */
const struct format *format_find(const char *name, struct why *why);

/* What a failed print leaves of the time, to log that it failed. */
#define FORMAT_LOG_RESERVE_NS INT64_C(100000000)

/* Prints report into memory: 0 with *text (the caller's to free) and *bytes, or -ENOMEM with why.
 */
int format_render(const struct format *format, const struct report *report, bool colour,
                  char **text, size_t *bytes, struct why *why);

/* Prints report on stdout, whole, by env's deadline: 0, or a negative errno with why. */
int format_print(const struct format *format, const struct report *report, const struct env *env,
                 struct why *why);

#endif

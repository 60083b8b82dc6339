/* The targets of printed reports: a file, a UDP port, an HTTP server. */
#ifndef NTP_MONITOR_OUTPUT_H
#define NTP_MONITOR_OUTPUT_H

#include <stddef.h>

#include "ntp_monitor/output_target.h"

struct ask;
struct config;
struct env;
struct format;
struct report;
struct why;

/* A kind of target. */
struct output {
  /* Delivers text by ask->deadline_ns, whole or not at all as far as the target allows. Returns 0,
   * or a negative errno with why saying what failed and what to do. */
  int (*deliver)(const struct output_target *target, const char *text, size_t bytes,
                 const struct ask *ask, struct why *why);
};

extern const struct output output_file;
extern const struct output output_udp;
extern const struct output output_http;

enum { OUTPUT_ORDERS_MAX = 8 };

/* The outputs that the command line orders beside stdout: -o FORMAT=TARGET. */
struct output_orders {
  size_t count;
  struct {
    const struct format *format;
    const char *target; /* see output_target.h */
  } order[OUTPUT_ORDERS_MAX];
};

/* Writes report to every target that the command line and the configuration name. Calls failed for
 * each one that could not be written, and goes on with the next. */
void output_all(const struct output_orders *orders, const struct config *config,
                const struct report *report, const struct env *env,
                void (*failed)(void *user, const struct why *why), void *user);

/* Writes the files once more after an output failed, so that the reports written before it tell of
 * the failure as well. Ignores errors, which output_all() has reported already. */
void output_files_again(const struct output_orders *orders, const struct config *config,
                        const struct report *report, const struct env *env);

#endif

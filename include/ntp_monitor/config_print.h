/* Prints all settings: for --print-config, and in the trace. */
#ifndef NTP_MONITOR_CONFIG_PRINT_H
#define NTP_MONITOR_CONFIG_PRINT_H

#include <stdio.h>

struct config;
struct env;
struct trace;

/* Prints each key, its value and its origin in the form of a configuration file. */
void config_print_all(FILE *out, const struct config *config);

/* Traces each key that is not at its default, with value and origin. */
void config_print_trace(struct trace *trace, const struct config *config);

#endif

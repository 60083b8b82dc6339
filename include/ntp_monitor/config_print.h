/* The settings, as --print-config prints them and as the trace has them. */
#ifndef NTP_MONITOR_CONFIG_PRINT_H
#define NTP_MONITOR_CONFIG_PRINT_H

#include <stdio.h>

struct config;
struct env;
struct trace;

/* Each key, its value and its origin, in the form of a configuration file. */
void config_print_all(FILE *out, const struct config *config);

/* Each key, its value and its origin, in the trace. */
void config_print_trace(struct trace *trace, const struct config *config);

#endif

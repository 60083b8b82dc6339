/* What --print-config prints, and the settings in the trace. */
#ifndef NTP_MONITOR_SHOW_H
#define NTP_MONITOR_SHOW_H

#include <stdio.h>

struct config;
struct trace;

/* Each key, its value and its origin, in the form of a configuration file. */
void show_config(FILE *out, const struct config *config);

void show_trace(struct trace *trace, const struct config *config);

#endif

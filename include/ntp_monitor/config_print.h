/* The settings, as --print-config prints them and as the trace has them. */
#ifndef NTP_MONITOR_SHOW_H
#define NTP_MONITOR_SHOW_H

#include <stdio.h>

struct config;
struct env;
struct trace;

/* Each key, its value and its origin, in the form of a configuration file. */
void show_config(FILE *out, const struct config *config);

/* Each key, its value and its origin, in the trace. */
void show_trace(struct trace *trace, const struct config *config);

/* Decides for whom the trace is, and so from when on it need not be kept; shows
 * the settings in it. */
void show_direct(const struct env *env, const struct config *config);

#endif

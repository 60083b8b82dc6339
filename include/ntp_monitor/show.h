/* What --print-config prints; the settings and the judgement in the trace. */
#ifndef NTP_MONITOR_SHOW_H
#define NTP_MONITOR_SHOW_H

#include <stdio.h>

struct config;
struct env;
struct finding;
struct trace;

/* Each key, its value and its origin, in the form of a configuration file. */
void show_config(FILE *out, const struct config *config);

/* Each key, its value and its origin, in the trace. */
void show_trace(struct trace *trace, const struct config *config);

/* Decides for whom the trace is, and so from when on it need not be kept; shows
 * the settings in it. */
void show_direct(const struct env *env, const struct config *config);

/* How one verdict came, in the trace: each figure beside its limits. */
void show_finding(struct trace *trace, const struct config *config, const struct finding *finding);

#endif

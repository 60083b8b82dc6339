/* The settings of a run, read from where they are. */
#ifndef NTP_MONITOR_LAYERS_H
#define NTP_MONITOR_LAYERS_H

struct config;
struct config_listener;
struct env;
struct options;
struct why;

/* Fills config from the defaults, the files that options name or /etc and ~, and options: 0, or
 * -EINVAL with why where the command line is wrong. All else that is wrong is said to notes. */
int layers_read(const struct options *options, struct env *env, struct config *config,
                struct config_listener *notes, struct why *why);

#endif

/* The source auto. */
#ifndef NTP_MONITOR_AUTOMATIC_H
#define NTP_MONITOR_AUTOMATIC_H

struct config;
struct env;
struct reading;

extern const char automatic_name[]; /* "auto" */

/* Fills reading from the first source that serves; where none does, with why. */
void automatic_take(const struct env *env, const struct config *config, struct reading *reading);

#endif

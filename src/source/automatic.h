/* The source auto. */
#ifndef NTP_MONITOR_AUTOMATIC_H
#define NTP_MONITOR_AUTOMATIC_H

struct ask;
struct reading;

extern const char automatic_name[]; /* "auto" */

/* Fills reading from the first source that serves, or with why none does. */
void automatic_take(const struct ask *ask, struct reading *reading);

#endif

/* A command line that is wrong. */
#ifndef NTP_MONITOR_REFUSE_H
#define NTP_MONITOR_REFUSE_H

#include <stdbool.h>

struct env;
struct why;

/* Says why it is refused to the shell, to the log where nobody reads stderr, and to the peer that
 * waits for an answer (inetd). */
void refuse(const struct env *env, const struct why *why, bool inetd);

#endif

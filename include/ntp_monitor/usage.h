/* A command line that is wrong. */
#ifndef NTP_MONITOR_REFUSE_H
#define NTP_MONITOR_REFUSE_H

#include <stdbool.h>

struct env;
struct format;
struct why;

/* Says why it is refused to the shell, to the log where nobody reads stderr, and to who waits for
 * an answer: Nagios, which reads stdout alone (format, which may be NULL), the peer (inetd). */
void refuse(const struct env *env, const struct why *why, const struct format *format, bool inetd);

#endif

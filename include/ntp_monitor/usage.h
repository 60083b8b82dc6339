/* A command line that is wrong. */
#ifndef NTP_MONITOR_USAGE_H
#define NTP_MONITOR_USAGE_H

#include <stdbool.h>

struct env;
struct format;
struct why;

/* Says why it is refused to the shell, to the log where nobody reads stderr, and to who waits for
 * an answer: Nagios, which reads stdout alone (format, which may be NULL), the peer (inetd). */
void usage_refuse(const struct env *env, const struct why *why, const struct format *format,
                  bool inetd);

#endif

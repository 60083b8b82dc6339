/* Reports a wrong command line. */
#ifndef NTP_MONITOR_USAGE_H
#define NTP_MONITOR_USAGE_H

#include <stdbool.h>

struct env;
struct format;
struct why;

/* Reports why the command line is refused: on stderr, in the log if stderr takes nothing, and to
 * whatever waits for an answer: Nagios, which reads only stdout (format; NULL: none), or the HTTP
 * client (inetd). */
void usage_refuse(const struct env *env, const struct why *why, const struct format *format,
                  bool inetd);

#endif

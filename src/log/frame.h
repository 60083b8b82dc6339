/* Frames a log line in the forms that log receivers read. Pure. */
#ifndef NTP_MONITOR_FRAME_H
#define NTP_MONITOR_FRAME_H

#include "ntp_monitor/config.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>
#include <time.h>

struct report;

#define FRAME_IDENT "ntp_monitor"

/* RFC 3164 section 4.1 bounds the packet; RFC 5424 section 6.1 says what receivers should accept.
 */
enum { FRAME_RFC3164_BYTES = 1024, FRAME_RFC5424_BYTES = 2048, FRAME_JOURNAL_BYTES = 4096 };

/* One line for the log. */
struct frame_line {
  enum severity severity;
  int64_t facility;
  int64_t now_ns; /* CLOCK_REALTIME */
  pid_t pid;
  const char *host;
  const char *text;            /* escaped already */
  const struct report *report; /* the report whose verdict it is, or NULL */
};

const char *frame_severity_name(enum severity severity);

/* Each function writes at most the size of its form and a NUL to out, shortening the text if
 * necessary, and returns the number of bytes. */

/* RFC 3164; without the host it is what glibc's syslog() sends. local is line->now_ns in local time
 * (localtime_r(3)). */
size_t frame_rfc3164(char out[FRAME_RFC3164_BYTES + 1], const struct frame_line *line,
                     const struct tm *local, bool with_host);

/* RFC 5424 with structured data: timeQuality (section 7.1) and our own. */
size_t frame_rfc5424(char out[FRAME_RFC5424_BYTES + 1], const struct frame_line *line);

/* systemd's native journal protocol (its docs/JOURNAL_NATIVE_PROTOCOL.md). */
size_t frame_journal(char out[FRAME_JOURNAL_BYTES + 1], const struct frame_line *line);

#endif

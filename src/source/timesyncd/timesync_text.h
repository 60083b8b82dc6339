/* Reads the output of `timedatectl show-timesync` into timesyncd's fields. Pure. */
#ifndef NTP_MONITOR_TIMESYNC_TEXT_H
#define NTP_MONITOR_TIMESYNC_TEXT_H

struct timesync;
struct trace;
struct why;

/* Reads text into raw, modifying text: 0, or -EBADMSG with why (bad-reply). The values are not
 * checked. Uses TZ and /etc/localtime for the local time zone. */
int timesync_text_read(char *text, struct timesync *raw, struct trace *trace, struct why *why);

#endif

/* What `timedatectl show-timesync` prints, read into timesyncd's fields. Pure. */
#ifndef NTP_MONITOR_TIMESYNC_TEXT_H
#define NTP_MONITOR_TIMESYNC_TEXT_H

struct timesync;
struct trace;
struct why;

/* Reads text, which is taken apart, into raw: 0, or -EBADMSG with why (bad-reply) filled. The
 * values are not checked. Reads TZ and /etc/localtime for our own time zone. */
int timesync_text_read(char *text, struct timesync *raw, struct trace *trace, struct why *why);

#endif

/* systemd-timesyncd's fields, from the bus or from text, and their translation into a sample. Pure.
 */
#ifndef NTP_MONITOR_TIMESYNC_H
#define NTP_MONITOR_TIMESYNC_H

#include "ntp_monitor/sample.h"

struct why;

/* The originate, receive, transmit and destination time stamps (RFC 5905 section 8). */
enum { TIMESYNC_T1, TIMESYNC_T2, TIMESYNC_T3, TIMESYNC_T4, TIMESYNC_STAMPS };

/* Bits of present: the fields that a text had. The bus has all. */
enum {
  TIMESYNC_POLL_INTERVAL = 1 << 0,
  TIMESYNC_LEAP = 1 << 1,
  TIMESYNC_VERSION = 1 << 2,
  TIMESYNC_MODE = 1 << 3,
  TIMESYNC_STRATUM = 1 << 4,
  TIMESYNC_PRECISION = 1 << 5,
  TIMESYNC_ROOT_DELAY = 1 << 6,
  TIMESYNC_ROOT_DISPERSION = 1 << 7,
  TIMESYNC_REFERENCE = 1 << 8,
  TIMESYNC_DESTINATION = 1 << 9, /* T4 */
  TIMESYNC_ALL_STAMPS = 1 << 10, /* T1 to T4 */
  TIMESYNC_SPIKE = 1 << 11,
  TIMESYNC_REPLIES = 1 << 12,
  TIMESYNC_JITTER = 1 << 13,
  TIMESYNC_ALL = (1 << 14) - 1,
  TIMESYNC_WRITTEN = 1 << 14 /* never from the bus */
};

/* The properties of org.freedesktop.timesync1.Manager (systemd's src/timesync/timesyncd-bus.c),
 * unchecked. Spans are in ns, UINT64_MAX if they do not fit. */
struct timesync {
  unsigned present;
  char server[SAMPLE_SERVER_BYTES]; /* escaped; "" if there is none yet */
  bool servers;                     /* a list of servers has at least one */
  int family;                       /* AF_..., or 0 */
  size_t address_bytes;
  unsigned char address[16];
  uint64_t poll_interval_ns; /* 0 before the first contact */
  uint32_t leap, version, mode, stratum;
  int32_t precision_log2_s;
  uint64_t root_delay_ns, root_dispersion_ns;
  size_t reference_bytes;
  uint64_t stamp_us[TIMESYNC_STAMPS];  /* since 1970 */
  int64_t calendar_s[TIMESYNC_STAMPS]; /* of a text, read as UTC: only for their differences */
  unsigned calendar_count;             /* how many of those name the same zone */
  char calendar_zone[16];              /* that zone, as it is written */
  char zone[16];                       /* an ambiguous zone of a text's T4, escaped */
  int64_t early_us, late_us;           /* then T4 lies up to this before or after its stamp */
  int64_t written_us;                  /* when the text's file was written, since 1970 */
  bool spike;
  uint64_t replies;
  uint64_t jitter_ns;
};

/* Converts us to ns; UINT64_MAX if that does not fit. */
uint64_t timesync_ns(uint64_t us);

/* Checks every field and fills sample; now_ns is CLOCK_REALTIME. 0, or -EBADMSG with why
 * (bad-reply) naming the field and its value. If there was no reply yet, the sample has 0 replies
 * and nothing taken from one. */
int timesync_sample(const struct timesync *raw, int64_t now_ns, struct sample *sample,
                    struct why *why);

/* Returns whether the time stamp gives the arrival of the last reply, and not only bounds. */
bool timesync_age_is_exact(const struct timesync *raw);

/* Explains sample, made from raw: in its remark, why there is no reply; in note, what to do about
 * it, whose figures they may be and what is wrong with the age. */
void timesync_explain(const struct timesync *raw, struct sample *sample, char *note,
                      size_t note_bytes);

#endif

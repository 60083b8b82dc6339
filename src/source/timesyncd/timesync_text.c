/*
 * Reads the output of `timedatectl show-timesync` into timesyncd's fields.
 *
 * Follows systemd's src/timedate/timedatectl.c and src/basic/time-util.c, versions 239 to 257.
 */
#include "source/timesyncd/timesync_text.h"

#include <arpa/inet.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "ntp_monitor/duration.h"
#include "ntp_monitor/text.h"
#include "ntp_monitor/trace.h"
#include "ntp_monitor/why.h"
#include "source/timesyncd/timesync.h"
#include "source/timesyncd/timesync_stamp.h"

#define DIGITS "0123456789"

/* Each reader parses value into raw: 0 or -EINVAL (the caller quotes it). */

/* Adds count units, saturating at UINT64_MAX. */
static void add_span(uint64_t *sum_ns, uint64_t count, uint64_t unit_ns) {
  uint64_t part_ns = 0;
  if (__builtin_mul_overflow(count, unit_ns, &part_ns) ||
      __builtin_add_overflow(*sum_ns, part_ns, sum_ns)) {
    *sum_ns = UINT64_MAX;
  }
}

/* Reads a span as systemd prints it: years of 365.25 days and months of a twelfth of that come
 * before all other units. */
static int read_span(const char *value, uint64_t *ns) {
  static const struct {
    const char *name;
    uint64_t ns;
  } units[] = {{"y", 31557600 * DURATION_S}, {"month", 2629800 * DURATION_S}};
  const char *at = value;
  uint64_t sum_ns = 0;
  for (size_t i = 0; i < sizeof units / sizeof *units; i++) {
    size_t digits = strspn(at, DIGITS);
    size_t length = digits + strlen(units[i].name);
    bool here = digits > 0 && strncmp(at + digits, units[i].name, length - digits) == 0;
    if (here && (at[length] == ' ' || at[length] == '\0')) {
      add_span(&sum_ns, strtoull(at, NULL, 10), units[i].ns);
      at += length + strspn(at + length, " ");
    }
  }
  int64_t span_ns = 0;
  struct why unused;
  if ((at == value || *at != '\0') && duration_parse(at, &span_ns, &unused) != 0) {
    return -EINVAL;
  }
  add_span(&sum_ns, (uint64_t)span_ns, 1);
  *ns = sum_ns;
  return 0;
}

static int read_number(const char *value, uint64_t *number) {
  size_t digits = strspn(value, DIGITS);
  if (digits == 0 || digits > 18 || value[digits] != '\0') {
    return -EINVAL;
  }
  *number = strtoull(value, NULL, 10);
  return 0;
}

static int read_small(const char *value, uint32_t *number) {
  uint64_t wide = 0;
  if (read_number(value, &wide) != 0 || wide > UINT32_MAX) {
    return -EINVAL;
  }
  *number = (uint32_t)wide;
  return 0;
}

static int read_server(const char *value, struct timesync *raw) {
  text_escape(raw->server, sizeof raw->server, value, strlen(value));
  return 0;
}

static int read_address(const char *value, struct timesync *raw) {
  if (value[0] == '\0') {
    return 0;
  }
  raw->family = AF_INET;
  raw->address_bytes = 4;
  if (strchr(value, ':') != NULL) {
    raw->family = AF_INET6;
    raw->address_bytes = 16;
  }
  if (inet_pton(raw->family, value, raw->address) != 1) {
    return -EINVAL;
  }
  return 0;
}

/* Reads a list of servers, only to see whether it has any. */
static int read_servers(const char *value, struct timesync *raw) {
  raw->servers = raw->servers || value[0] != '\0';
  return 0;
}

static int read_poll_interval(const char *value, struct timesync *raw) {
  if (strcmp(value, "infinity") == 0) {
    raw->poll_interval_ns = UINT64_MAX;
    return 0;
  }
  return read_span(value, &raw->poll_interval_ns);
}

static int read_leap(const char *value, struct timesync *raw) {
  return read_small(value, &raw->leap);
}

static int read_stratum(const char *value, struct timesync *raw) {
  return read_small(value, &raw->stratum);
}

static int read_root_delay(const char *value, struct timesync *raw) {
  return read_span(value, &raw->root_delay_ns);
}

static int read_root_dispersion(const char *value, struct timesync *raw) {
  return read_span(value, &raw->root_dispersion_ns);
}

static int read_spike(const char *value, struct timesync *raw) {
  raw->spike = strcasecmp(value, "yes") == 0;
  return raw->spike || strcasecmp(value, "no") == 0 ? 0 : -EINVAL;
}

static int read_replies(const char *value, struct timesync *raw) {
  return read_number(value, &raw->replies);
}

static int read_jitter(const char *value, struct timesync *raw) {
  return read_span(value, &raw->jitter_ns);
}

static int read_originate(const char *value, struct timesync *raw) {
  return timesync_stamp_calendar(value, TIMESYNC_T1, raw);
}

static int read_receive(const char *value, struct timesync *raw) {
  return timesync_stamp_calendar(value, TIMESYNC_T2, raw);
}

static int read_transmit(const char *value, struct timesync *raw) {
  return timesync_stamp_calendar(value, TIMESYNC_T3, raw);
}

static int read_destination(const char *value, struct timesync *raw) {
  if (timesync_stamp_calendar(value, TIMESYNC_T4, raw) != 0) {
    return -EINVAL;
  }
  return timesync_stamp_read(value, raw);
}

static const struct key {
  const char *name;
  unsigned present; /* the bit it stands for */
  int (*read)(const char *value, struct timesync *raw);
} keys[] = {
    {"ServerName", 0, read_server},
    {"ServerAddress", 0, read_address},
    {"LinkNTPServers", 0, read_servers},
    {"SystemNTPServers", 0, read_servers},
    {"RuntimeNTPServers", 0, read_servers},
    {"FallbackNTPServers", 0, read_servers},
    {"PollIntervalUSec", TIMESYNC_POLL_INTERVAL, read_poll_interval},
    {"Leap", TIMESYNC_LEAP, read_leap},
    {"Stratum", TIMESYNC_STRATUM, read_stratum},
    {"RootDelay", TIMESYNC_ROOT_DELAY, read_root_delay},
    {"RootDispersion", TIMESYNC_ROOT_DISPERSION, read_root_dispersion},
    {"OriginateTimestamp", 0, read_originate},
    {"ReceiveTimestamp", 0, read_receive},
    {"TransmitTimestamp", 0, read_transmit},
    {"DestinationTimestamp", TIMESYNC_DESTINATION, read_destination},
    {"Ignored", TIMESYNC_SPIKE, read_spike},
    {"PacketCount", TIMESYNC_REPLIES, read_replies},
    {"Jitter", TIMESYNC_JITTER, read_jitter},
};

/* The state of reading a text. */
struct reader {
  struct timesync *raw;
  struct trace *trace;
  struct why *why;
  unsigned seen; /* bits of keys */
};

static char *trim_blanks(char *text) {
  text += strspn(text, " \t\r");
  size_t length = strlen(text);
  while (length > 0 && strchr(" \t\r", text[length - 1]) != NULL) {
    length--;
  }
  text[length] = '\0';
  return text;
}

static int take_value(struct reader *reader, size_t index, const char *value) {
  const struct key *key = &keys[index];
  trace_add(reader->trace, "text: %s=%s", key->name, value);
  if ((reader->seen & 1U << index) != 0) {
    return why_set(reader->why, REASON_BAD_REPLY, -EBADMSG,
                   "%s= appears twice" WHY_ADVICE "use a separate file for each machine",
                   key->name);
  }
  reader->seen |= 1U << index;
  reader->raw->present |= key->present;
  if (key->read(value, reader->raw) != 0) {
    return why_set(reader->why, REASON_BAD_REPLY, -EBADMSG, "%s='%.80s' is invalid", key->name,
                   value);
  }
  return 0;
}

/* Takes one KEY=VALUE. Keys other than timesyncd's are skipped. */
static int take_pair(struct reader *reader, char *pair) {
  char *value = strchr(pair, '=');
  if (value == NULL) {
    return 0;
  }
  *value++ = '\0';
  pair = trim_blanks(pair);
  value = trim_blanks(value);
  for (size_t i = 0; i < sizeof keys / sizeof *keys; i++) {
    if (strcasecmp(pair, keys[i].name) == 0) {
      return take_value(reader, i, value);
    }
  }
  return 0;
}

/* Returns the last blank between two pairs that no comma separates, or NULL. systemd 239 to 249
 * prints "Ignored=no PacketCount=25". */
static char *find_gap(char *part) {
  char *first = strchr(part, '=');
  char *second = first != NULL ? strchr(first + 1, '=') : NULL;
  return second != NULL ? memrchr(first, ' ', (size_t)(second - first)) : NULL;
}

/* Takes the pairs between the braces of NTPMessage. */
static int take_message(struct reader *reader, char *line) {
  char *rest = NULL;
  if (line[0] == '\0' || line[strlen(line) - 1] != '}') {
    return why_set(reader->why, REASON_BAD_REPLY, -EBADMSG, "NTPMessage is truncated");
  }
  for (char *part = strtok_r(line, ",}", &rest); part != NULL; part = strtok_r(NULL, ",}", &rest)) {
    char *gap = find_gap(part);
    if (gap != NULL) {
      *gap = '\0';
    }
    if (take_pair(reader, part) != 0 || (gap != NULL && take_pair(reader, gap + 1) != 0)) {
      return -EBADMSG;
    }
  }
  return 0;
}

/* Takes one line, a pair. --value omits the name before NTPMessage's braces. */
static int take_line(struct reader *reader, char *line) {
  static const char message[] = "NTPMessage={";
  if (strncasecmp(line, message, sizeof message - 1) == 0) {
    return take_message(reader, line + sizeof message - 1);
  }
  return line[0] == '{' ? take_message(reader, line + 1) : take_pair(reader, line);
}

int timesync_text_read(char *text, struct timesync *raw, struct trace *trace, struct why *why) {
  struct reader reader = {raw, trace, why, 0};
  char *rest = NULL;
  if (text[strspn(text, " \t\r\n")] == '\0') {
    return why_set(why, REASON_BAD_REPLY, -EBADMSG,
                   "empty: `timedatectl show-timesync` failed, or was asked only for NTPMessage "
                   "before the first reply");
  }
  for (char *line = strtok_r(text, "\n", &rest); line != NULL; line = strtok_r(NULL, "\n", &rest)) {
    if (take_line(&reader, trim_blanks(line)) != 0) {
      return -EBADMSG;
    }
  }
  bool jitter = (raw->present & TIMESYNC_JITTER) != 0;
  if (reader.seen == 0 || (!jitter && (raw->present & TIMESYNC_REPLIES) != 0)) {
    return why_set(why, REASON_BAD_REPLY, -EBADMSG,
                   "no Jitter= found" WHY_ADVICE
                   "expected the output of `timedatectl show-timesync`");
  }
  if (!jitter) {
    /* timedatectl omits NTPMessage until there is a reply. */
    raw->replies = 0;
    raw->present |= TIMESYNC_REPLIES;
  }
  return 0;
}

/*
 * The source text: what `timedatectl show-timesync` prints, from a file or a pipe.
 *
 * For machines whose bus cannot be reached from here (`ssh host timedatectl ...`), and
 * for looking at yesterday's copy. Time stamps stand there by the second, so there
 * is no offset and no delay; their zone is a name, so there is an age only where the
 * name is UTC or ours.
 */
#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <time.h>
#include <unistd.h>

#include "ntp_monitor/clock.h"
#include "ntp_monitor/duration.h"
#include "ntp_monitor/env.h"
#include "ntp_monitor/net.h"
#include "ntp_monitor/sample.h"
#include "ntp_monitor/source.h"
#include "ntp_monitor/text.h"
#include "ntp_monitor/timesync.h"
#include "ntp_monitor/trace.h"
#include "ntp_monitor/why.h"

enum { TEXT_BYTES_MAX = 64 * 1024 };

/* Each reads value into raw: 0 or -EINVAL (the caller quotes it). */

static int read_span(const char *value, uint64_t *ns) {
  int64_t span_ns = 0;
  struct why unused;
  int error = duration_parse(value, &span_ns, &unused);
  if (error == 0) {
    *ns = (uint64_t)span_ns;
  }
  return error == 0 ? 0 : -EINVAL;
}

static int read_number(const char *value, uint64_t *number) {
  size_t digits = strspn(value, "0123456789");
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
  raw->family = strchr(value, ':') != NULL ? AF_INET6 : AF_INET;
  raw->address_bytes = raw->family == AF_INET6 ? 16 : 4;
  return inet_pton(raw->family, value, raw->address) == 1 ? 0 : -EINVAL;
}

static int read_poll_interval(const char *value, struct timesync *raw) {
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

/* "Sat 2026-11-21 05:11:18 UTC". A zone that is neither UTC nor ours leaves the age
 * unknown, which is no error. */
static int read_destination(const char *value, struct timesync *raw) {
  if (strcmp(value, "n/a") == 0) {
    raw->present &= ~(unsigned)TIMESYNC_DESTINATION;
    return 0;
  }
  struct tm utc = {.tm_isdst = -1};
  const char *zone = strptime(value, "%a %Y-%m-%d %H:%M:%S ", &utc);
  if (zone == NULL) {
    return -EINVAL;
  }
  struct tm local = utc;
  local.tm_isdst = -1;
  bool is_utc = strcmp(zone, "UTC") == 0;
  time_t seconds = is_utc ? timegm(&utc) : mktime(&local);
  if (seconds < 0 || (!is_utc && strcmp(local.tm_zone, zone) != 0)) {
    raw->present &= ~(unsigned)TIMESYNC_DESTINATION;
    return 0;
  }
  raw->stamp_us[TIMESYNC_T4] = (uint64_t)seconds * 1000000;
  return 0;
}

static const struct key {
  const char *name;
  unsigned present; /* the bit it stands for */
  int (*read)(const char *value, struct timesync *raw);
} keys[] = {
    {"ServerName", 0, read_server},
    {"ServerAddress", 0, read_address},
    {"PollIntervalUSec", TIMESYNC_POLL_INTERVAL, read_poll_interval},
    {"Leap", TIMESYNC_LEAP, read_leap},
    {"Stratum", TIMESYNC_STRATUM, read_stratum},
    {"RootDelay", TIMESYNC_ROOT_DELAY, read_root_delay},
    {"RootDispersion", TIMESYNC_ROOT_DISPERSION, read_root_dispersion},
    {"DestinationTimestamp", TIMESYNC_DESTINATION, read_destination},
    {"Ignored", TIMESYNC_SPIKE, read_spike},
    {"PacketCount", TIMESYNC_REPLIES, read_replies},
    {"Jitter", TIMESYNC_JITTER, read_jitter},
};

static char *trim(char *text) {
  text += strspn(text, " \t\r");
  size_t length = strlen(text);
  while (length > 0 && strchr(" \t\r", text[length - 1]) != NULL) {
    length--;
  }
  text[length] = '\0';
  return text;
}

/* One KEY=VALUE; *known counts those that are timesyncd's. */
static int take_pair(char *pair, struct timesync *raw, struct trace *trace, unsigned *known,
                     struct why *why) {
  char *value = strchr(pair, '=');
  if (value == NULL) {
    return 0;
  }
  *value++ = '\0';
  pair = trim(pair);
  value = trim(value);
  for (size_t i = 0; i < sizeof keys / sizeof *keys; i++) {
    if (strcasecmp(pair, keys[i].name) != 0) {
      continue;
    }
    trace_add(trace, "text: %s=%s", keys[i].name, value);
    raw->present |= keys[i].present;
    ++*known;
    if (keys[i].read(value, raw) != 0) {
      return why_set(why, REASON_BAD_REPLY, -EBADMSG, "%s='%.80s' cannot be read", keys[i].name,
                     value);
    }
  }
  return 0;
}

/* Each line is a pair; that of NTPMessage holds pairs between braces. */
static int take_text(char *text, struct timesync *raw, struct trace *trace, struct why *why) {
  static const char message[] = "NTPMessage={";
  unsigned known = 0;
  char *rest = NULL;
  for (char *line = strtok_r(text, "\n", &rest); line != NULL; line = strtok_r(NULL, "\n", &rest)) {
    char *inner = NULL;
    line = trim(line);
    bool braced = strncasecmp(line, message, sizeof message - 1) == 0;
    if (braced && strchr(line, '}') == NULL) {
      return why_set(why, REASON_BAD_REPLY, -EBADMSG, "its NTPMessage is cut off");
    }
    char *part = braced ? strtok_r(line + sizeof message - 1, ",}", &inner) : line;
    while (part != NULL) {
      if (take_pair(part, raw, trace, &known, why) != 0) {
        return -EBADMSG;
      }
      part = braced ? strtok_r(NULL, ",}", &inner) : NULL;
    }
  }
  bool jitter = (raw->present & TIMESYNC_JITTER) != 0;
  if (known == 0 || (!jitter && (raw->present & TIMESYNC_REPLIES) != 0)) {
    return why_set(why, REASON_BAD_REPLY, -EBADMSG,
                   "there is no Jitter= in it; it should be what `timedatectl show-timesync` "
                   "prints");
  }
  if (!jitter) {
    /* timedatectl leaves NTPMessage out until there is a reply. */
    raw->replies = 0;
    raw->present |= TIMESYNC_REPLIES;
  }
  return 0;
}

/* Reads the file or stdin whole, as a terminated string; the number of bytes, or a
 * negative errno. */
static ssize_t load(const char *path, char *text, int64_t deadline_ns) {
  bool input = strcmp(path, "-") == 0;
  int fd = input ? STDIN_FILENO : open(path, O_RDONLY | O_NONBLOCK | O_CLOEXEC | O_NOCTTY);
  if (fd < 0) {
    return -errno;
  }
  ssize_t bytes = net_read_all(fd, text, TEXT_BYTES_MAX, deadline_ns);
  text[bytes > 0 ? bytes : 0] = '\0';
  if (!input) {
    (void)close(fd);
  }
  return bytes;
}

static int parse(char *text, ssize_t bytes, const struct env *env, struct samples *samples,
                 struct why *why) {
  struct timesync raw = {.present = 0};
  struct sample sample;
  if (strlen(text) != (size_t)bytes) {
    return why_set(why, REASON_BAD_REPLY, -EBADMSG, "it holds a NUL byte and is no text");
  }
  int error = take_text(text, &raw, env->trace, why);
  error = error != 0 ? error : timesync_sample(&raw, clock_realtime_ns(), &sample, why);
  if (error != 0) {
    return error;
  }
  sample.foreign_clock = true;
  error = samples_add(samples, &sample);
  return error == 0 ? 0 : why_set(why, REASON_NO_SOURCE, error, "no memory for a reading");
}

static int measure_text(const struct env *env, const struct config *config, const char *argument,
                        struct samples *samples, struct why *why) {
  (void)config;
  struct why inner = {.reason = REASON_NO_SOURCE};
  char *text = malloc(TEXT_BYTES_MAX + 1);
  ssize_t bytes = text == NULL ? -ENOMEM : load(argument, text, env->measure_deadline_ns);
  int error = (int)(bytes < 0 ? bytes : 0);
  if (error == -ETIMEDOUT) {
    (void)why_set(&inner, REASON_TIMEOUT, error, "it did not end in time");
  } else if (error == -EFBIG) {
    (void)why_set(&inner, REASON_BAD_REPLY, error, "it is longer than %d KiB",
                  TEXT_BYTES_MAX / 1024);
  } else if (error != 0) {
    (void)why_set(&inner, REASON_NO_SOURCE, error, "%s", strerror(-error));
  } else {
    error = parse(text, bytes, env, samples, &inner);
  }
  free(text);
  return error == 0 ? 0
                    : why_set(why, inner.reason, error, "%s: %s",
                              strcmp(argument, "-") == 0 ? "standard input" : argument, inner.text);
}

const struct source source_text = {
    .name = "text",
    .argument = "FILE",
    .summary = "what timedatectl show-timesync prints, FILE or - (stdin)",
    .measure = measure_text,
};

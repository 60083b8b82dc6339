/*
 * Reads systemd-timesyncd's D-Bus reply into fields.
 *
 * The owner of the bus name can send anything, so each property's type is checked before it is
 * read. Source of the names and types: systemd's src/timesync/timesyncd-bus.c.
 */
#include "source/timesyncd/timesync_bus.h"

#include <errno.h>
#include <stdbool.h>
#include <stdint.h>
#include <string.h>

#include "ntp_monitor/text.h"
#include "ntp_monitor/why.h"
#include "source/timesyncd/timesync.h"

static int read_name(sd_bus_message *message, struct timesync *raw) {
  const char *name = NULL;
  int error = sd_bus_message_read(message, "s", &name);
  if (error >= 0) {
    text_escape(raw->server, sizeof raw->server, name, strlen(name));
  }
  return error;
}

static int read_address(sd_bus_message *message, struct timesync *raw) {
  const void *bytes = NULL;
  int error = sd_bus_message_enter_container(message, 'r', "iay");
  if (error >= 0) {
    error = sd_bus_message_read(message, "i", &raw->family);
  }
  if (error >= 0) {
    error = sd_bus_message_read_array(message, 'y', &bytes, &raw->address_bytes);
  }
  if (error >= 0) {
    error = sd_bus_message_exit_container(message);
  }
  if (error >= 0 && raw->address_bytes > 0 && raw->address_bytes <= sizeof raw->address) {
    memcpy(raw->address, bytes, raw->address_bytes);
  }
  return error;
}

static int read_poll_interval(sd_bus_message *message, struct timesync *raw) {
  uint64_t us = 0;
  int error = sd_bus_message_read(message, "t", &us);
  raw->poll_interval_ns = timesync_ns(us);
  return error;
}

static int read_ntp_message(sd_bus_message *message, struct timesync *raw) {
  uint64_t delay_us = 0;
  uint64_t dispersion_us = 0;
  uint64_t jitter_us = 0;
  const void *reference = NULL;
  int spike = 0;
  int error = sd_bus_message_enter_container(message, 'r', "uuuuittayttttbtt");
  if (error >= 0) {
    error = sd_bus_message_read(message, "uuuuitt", &raw->leap, &raw->version, &raw->mode,
                                &raw->stratum, &raw->precision_log2_s, &delay_us, &dispersion_us);
  }
  if (error >= 0) {
    error = sd_bus_message_read_array(message, 'y', &reference, &raw->reference_bytes);
  }
  if (error >= 0) {
    error = sd_bus_message_read(message, "ttttbtt", &raw->stamp_us[TIMESYNC_T1],
                                &raw->stamp_us[TIMESYNC_T2], &raw->stamp_us[TIMESYNC_T3],
                                &raw->stamp_us[TIMESYNC_T4], &spike, &raw->replies, &jitter_us);
  }
  if (error >= 0) {
    error = sd_bus_message_exit_container(message);
  }
  raw->spike = spike != 0;
  raw->root_delay_ns = timesync_ns(delay_us);
  raw->root_dispersion_ns = timesync_ns(dispersion_us);
  raw->jitter_ns = timesync_ns(jitter_us);
  return error;
}

/* Reads a list of servers, only to see whether it has any. */
static int read_servers(sd_bus_message *message, struct timesync *raw) {
  const char *name = NULL;
  int error = sd_bus_message_enter_container(message, 'a', "s");
  while (error >= 0 && (error = sd_bus_message_read(message, "s", &name)) > 0) {
    raw->servers = true;
  }
  if (error >= 0) {
    error = sd_bus_message_exit_container(message);
  }
  return error;
}

static const struct property {
  const char *name, *signature;
  int (*read)(sd_bus_message *, struct timesync *); /* 0 or more, or a negative errno */
  bool required;
} properties[] = {
    {"ServerName", "s", read_name, true},
    {"ServerAddress", "(iay)", read_address, true},
    {"PollIntervalUSec", "t", read_poll_interval, true},
    {"NTPMessage", "(uuuuittayttttbtt)", read_ntp_message, true},
    {"LinkNTPServers", "as", read_servers, false},
    {"SystemNTPServers", "as", read_servers, false},
    {"RuntimeNTPServers", "as", read_servers, false}, /* since systemd 251 */
    {"FallbackNTPServers", "as", read_servers, false},
};

/* Bounds the time spent on a hostile reply; the daemon has 13 properties. */
enum { PROPERTIES_MAX = 256 };

enum { PROPERTY_COUNT = sizeof properties / sizeof *properties };

static int explain_malformed(struct why *why, const char *what, int error) {
  return why_set(why, REASON_BAD_REPLY, -EBADMSG,
                 "systemd-timesyncd's reply is malformed at %s (%s)" WHY_ADVICE
                 "is systemd older than 239, or does another program own the bus name?",
                 what, strerror(-error));
}

/* Reads one {sv} of the reply, which was entered: 0 or a negative errno with why. */
static int read_property(sd_bus_message *message, struct timesync *raw, unsigned *seen,
                         struct why *why) {
  const char *name = NULL;
  const char *contents = NULL;
  char kind = 0;
  int error = sd_bus_message_read(message, "s", &name);
  if (error >= 0) {
    error = sd_bus_message_peek_type(message, &kind, &contents);
  }
  if (error < 0) {
    return explain_malformed(why, "a property's name", error);
  }
  for (size_t i = 0; i < PROPERTY_COUNT; i++) {
    const struct property *property = &properties[i];
    if (strcmp(name, property->name) != 0) {
      continue;
    }
    if (kind != 'v' || strcmp(contents, property->signature) != 0) {
      if (!property->required) {
        break;
      }
      return why_set(why, REASON_BAD_REPLY, -EBADMSG,
                     "systemd-timesyncd's %s has type %s instead of %s" WHY_ADVICE
                     "this version is unknown",
                     name, contents != NULL ? contents : "?", property->signature);
    }
    *seen |= 1U << i;
    error = sd_bus_message_enter_container(message, 'v', property->signature);
    if (error >= 0) {
      error = property->read(message, raw);
    }
    if (error >= 0) {
      error = sd_bus_message_exit_container(message);
    }
    return error < 0 ? explain_malformed(why, name, error) : 0;
  }
  error = sd_bus_message_skip(message, "v");
  return error < 0 ? explain_malformed(why, name, error) : 0;
}

int timesync_bus_read(sd_bus_message *message, struct timesync *raw, struct why *why) {
  unsigned seen = 0;
  if (strcmp(sd_bus_message_get_signature(message, true), "a{sv}") != 0) {
    return why_set(why, REASON_BAD_REPLY, -EBADMSG,
                   "systemd-timesyncd's reply has type '%s' instead of a{sv}",
                   sd_bus_message_get_signature(message, true));
  }
  int error = sd_bus_message_enter_container(message, 'a', "{sv}");
  unsigned count = 0;
  while (error >= 0 && (error = sd_bus_message_enter_container(message, 'e', "sv")) > 0) {
    if (++count > PROPERTIES_MAX) {
      return explain_malformed(why, "the property list, which does not end", -E2BIG);
    }
    if (read_property(message, raw, &seen, why) != 0) {
      return -EBADMSG;
    }
    error = sd_bus_message_exit_container(message);
  }
  if (error < 0) {
    return explain_malformed(why, "the property list", error);
  }
  for (size_t i = 0; i < PROPERTY_COUNT; i++) {
    if ((seen & 1U << i) == 0 && properties[i].required) {
      return why_set(why, REASON_BAD_REPLY, -EBADMSG,
                     "systemd-timesyncd's reply has no %s" WHY_ADVICE "is systemd older than 239?",
                     properties[i].name);
    }
  }
  raw->present = TIMESYNC_ALL;
  return 0;
}

/*
 * The time stamps of `timedatectl show-timesync`: "Sat 2026-11-21 05:11:18 UTC".
 *
 * They have a resolution of 1 s and an abbreviated zone. UTC, GMT and numbers are exact, and so is
 * the local zone if its name is unambiguous. Any other zone leaves up to 14 hours.
 */
#include "source/timesyncd/timesync_stamp.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "ntp_monitor/text.h"
#include "source/timesyncd/timesync.h"

#define DIGITS "0123456789"

/* Offsets from UTC lie between -12 and +14 hours. */
#define ZONE_EARLY_US (INT64_C(14) * 3600 * 1000000)
#define ZONE_LATE_US (INT64_C(12) * 3600 * 1000000)

/* Reads "+08" or "-0330" as seconds east of UTC. */
static bool read_numeric_zone(const char *zone, time_t *east_s) {
  size_t digits = strspn(zone + (*zone != '\0'), DIGITS);
  if ((*zone != '+' && *zone != '-') || (digits != 2 && digits != 4) || zone[1 + digits] != '\0') {
    return false;
  }
  long number = strtol(zone + 1, NULL, 10);
  if (digits == 2) {
    number *= 100;
  }
  long minutes = number / 100 * 60 + number % 100;
  if (*zone == '-') {
    minutes = -minutes;
  }
  *east_s = minutes * 60;
  return true;
}

/* Converts a stamp of the local zone. The abbreviation distinguishes the two passes of the hour
 * repeated when summer time ends. The shared ones stand for several offsets (IANA's database,
 * 2026).
 */
static bool read_own_zone(const struct tm *stamp, const char *zone, time_t *seconds) {
  static const char *const shared[] = {"CDT", "CST", "IST", "PST"};
  for (size_t i = 0; i < sizeof shared / sizeof *shared; i++) {
    if (strcmp(zone, shared[i]) == 0) {
      return false;
    }
  }
  for (int summer = 0; summer <= 1; summer++) {
    struct tm local = *stamp;
    local.tm_isdst = summer;
    time_t made = mktime(&local);
    if (made >= 0 && local.tm_hour == stamp->tm_hour && strcmp(local.tm_zone, zone) == 0) {
      *seconds = made;
      return true;
    }
  }
  return false;
}

static bool timesync_stamp_is_none(const char *value) {
  return strcmp(value, "n/a") == 0 || strcmp(value, "(null)") == 0;
}

int timesync_stamp_calendar(const char *value, size_t which, struct timesync *raw) {
  if (timesync_stamp_is_none(value)) {
    return 0;
  }
  struct tm stamp = {.tm_isdst = 0};
  const char *zone = strptime(value, "%a %Y-%m-%d %H:%M:%S ", &stamp);
  if (zone == NULL) {
    return -EINVAL;
  }
  if (raw->calendar_count == 0) {
    (void)snprintf(raw->calendar_zone, sizeof raw->calendar_zone, "%s", zone);
  }
  raw->calendar_s[which] = timegm(&stamp);
  raw->calendar_count += strcmp(raw->calendar_zone, zone) == 0;
  return 0;
}

int timesync_stamp_read(const char *value, struct timesync *raw) {
  if (timesync_stamp_is_none(value)) {
    raw->present &= ~(unsigned)TIMESYNC_DESTINATION;
    return 0;
  }
  struct tm stamp = {.tm_isdst = 0};
  const char *zone = strptime(value, "%a %Y-%m-%d %H:%M:%S ", &stamp);
  if (zone == NULL) {
    return -EINVAL;
  }
  struct tm utc = stamp;
  time_t seconds = timegm(&utc);
  time_t east_s = 0;
  bool exact = strcmp(zone, "UTC") == 0 || strcmp(zone, "GMT") == 0 ||
               read_numeric_zone(zone, &east_s) || read_own_zone(&stamp, zone, &seconds);
  seconds -= east_s;
  if (seconds < 0) {
    return -EINVAL;
  }
  raw->stamp_us[TIMESYNC_T4] = (uint64_t)seconds * 1000000;
  if (!exact) {
    text_escape(raw->zone, sizeof raw->zone, zone, strlen(zone));
    raw->early_us = ZONE_EARLY_US;
    raw->late_us = ZONE_LATE_US;
  }
  return 0;
}

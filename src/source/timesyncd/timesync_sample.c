/*
 * Checks systemd-timesyncd's fields and makes a sample of them.
 *
 * The daemon keeps only replies that passed its own checks, so a field out of range means that
 * another program answers under its name or that we misread it. Either way it is not a reading.
 */
#include "source/timesyncd/timesync.h"

#include <arpa/inet.h>
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "ntp_monitor/duration.h"
#include "ntp_monitor/why.h"

/* PollIntervalMaxSec= may be infinity. 73 years serve as well, and three times that still fits. */
#define POLL_INTERVAL_MAX_NS ((uint64_t)(INT64_MAX / 4))
/* The drift of a clock: RFC 5905 section 7.2, PHI. */
enum { DRIFT_PPM = 15 };
enum { STRATUM_UNSYNCHRONISED = 16 }; /* RFC 5905 section 7.3, figure 11 */

uint64_t timesync_ns(uint64_t us) {
  return us > UINT64_MAX / 1000 ? UINT64_MAX : us * 1000;
}

static int timesync_sample_refuse(struct why *why, const char *field, const char *what,
                                  uint64_t value) {
  return why_set(why, REASON_BAD_REPLY, -EBADMSG,
                 "systemd-timesyncd's %s is %" PRIu64 ", %s" WHY_ADVICE "reading rejected", field,
                 value, what);
}

static bool timesync_sample_has(const struct timesync *raw, unsigned bit) {
  return (raw->present & bit) != 0;
}

bool timesync_age_is_exact(const struct timesync *raw) {
  return timesync_sample_has(raw, TIMESYNC_DESTINATION) && raw->early_us == 0 && raw->late_us == 0;
}

static int check_address(const struct timesync *raw, struct sample *sample, struct why *why) {
  bool none = raw->family == 0 && raw->address_bytes == 0;
  bool v4 = raw->family == AF_INET && raw->address_bytes == 4;
  bool v6 = raw->family == AF_INET6 && raw->address_bytes == 16;
  if (!none && !v4 && !v6) {
    return why_set(why, REASON_BAD_REPLY, -EBADMSG,
                   "systemd-timesyncd's server address has family %d with %zu bytes" WHY_ADVICE
                   "reading rejected",
                   raw->family, raw->address_bytes);
  }
  if (!none) {
    (void)inet_ntop(raw->family, raw->address, sample->address, sizeof sample->address);
  }
  return 0;
}

/* Checks the numbers of the reply that must lie in a range, one row each. */
static int check_ranges(const struct timesync *raw, struct why *why) {
  int64_t precision = raw->precision_log2_s;
  const struct {
    unsigned bit;
    const char *field;
    uint64_t value, least, most;
    const char *what;
  } rows[] = {
      {TIMESYNC_LEAP, "leap indicator", raw->leap, 0, 3, "not 0 to 3"},
      {TIMESYNC_VERSION, "NTP version", raw->version, 3, 4, "not 3 or 4"},
      {TIMESYNC_MODE, "mode", raw->mode, 4, 4, "not 4 (server)"},
      {TIMESYNC_STRATUM, "stratum", raw->stratum, 0, STRATUM_UNSYNCHRONISED, "not 0 to 16"},
      {TIMESYNC_PRECISION, "precision exponent's magnitude",
       (uint64_t)(precision < 0 ? -precision : precision), 0, 128, "above 128"},
      {TIMESYNC_REFERENCE, "reference length", raw->reference_bytes, 4, 4, "not 4 bytes"},
      {TIMESYNC_ROOT_DELAY, "root delay (ns)", raw->root_delay_ns, 0, DURATION_D,
       "more than a day"},
      {TIMESYNC_ROOT_DISPERSION, "root dispersion (ns)", raw->root_dispersion_ns, 0, DURATION_D,
       "more than a day"},
      {TIMESYNC_JITTER, "jitter (ns)", raw->jitter_ns, 0, INT64_MAX, "more than 292 years"},
  };
  for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
    if (timesync_sample_has(raw, rows[i].bit) &&
        (rows[i].value < rows[i].least || rows[i].value > rows[i].most)) {
      return timesync_sample_refuse(why, rows[i].field, rows[i].what, rows[i].value);
    }
  }
  return 0;
}

/* Checks that the present time stamps fit into int64_t ns. */
static int check_stamps(const struct timesync *raw, struct why *why) {
  static const char *const names[] = {"originate", "receive", "transmit", "destination"};
  for (size_t i = 0; i < TIMESYNC_STAMPS; i++) {
    bool there = timesync_sample_has(raw, TIMESYNC_ALL_STAMPS) ||
                 (i == TIMESYNC_T4 && timesync_sample_has(raw, TIMESYNC_DESTINATION));
    if (there && raw->stamp_us[i] > INT64_MAX / 1000) {
      char field[40];
      (void)snprintf(field, sizeof field, "%s timestamp (us)", names[i]);
      return timesync_sample_refuse(why, field, "beyond the year 2262", raw->stamp_us[i]);
    }
  }
  return 0;
}

/* Returns a tick of the server's clock: its precision, at most 62.5 ms (16 Hz); no real clock is
 * coarser. */
static int64_t get_tick_us(const struct timesync *raw) {
  enum { COARSEST_LOG2_S = -4 };
  int32_t log2_s = raw->precision_log2_s;
  if (!timesync_sample_has(raw, TIMESYNC_PRECISION) || log2_s <= -20) {
    return 1;
  }
  if (log2_s > COARSEST_LOG2_S) {
    log2_s = COARSEST_LOG2_S;
  }
  return 1000000 >> -log2_s;
}

/* Takes offset and delay from the four time stamps (RFC 5905 section 8), after timedatectl's own
 * checks (systemd's src/timedate/timedatectl.c). */
static int take_stamps(const struct timesync *raw, struct sample *sample, struct why *why) {
  int64_t t[TIMESYNC_STAMPS];
  for (size_t i = 0; i < TIMESYNC_STAMPS; i++) {
    t[i] = (int64_t)raw->stamp_us[i];
  }
  int64_t round_trip_us = t[TIMESYNC_T4] - t[TIMESYNC_T1];
  int64_t at_server_us = t[TIMESYNC_T3] - t[TIMESYNC_T2];
  /* A server whose clock advances in ticks may seem to hold the packet for up to a tick longer. */
  int64_t delay_us = round_trip_us - at_server_us;
  if (round_trip_us < 0 || at_server_us < 0 || delay_us < -get_tick_us(raw)) {
    return why_set(why, REASON_BAD_REPLY, -EBADMSG,
                   "systemd-timesyncd's timestamps are out of order (round trip %" PRId64
                   "us, held by the server %" PRId64 "us)" WHY_ADVICE "reading rejected",
                   round_trip_us, at_server_us);
  }
  int64_t twice_us = (t[TIMESYNC_T2] - t[TIMESYNC_T1]) + (t[TIMESYNC_T3] - t[TIMESYNC_T4]);
  sample_set(sample, METRIC_OFFSET, twice_us * (DURATION_US / 2));
  sample_set(sample, METRIC_DELAY, duration_greater(delay_us, 0) * DURATION_US);
  return 0;
}

/* Takes the offset (> 0: the local clock is behind) from a text's whole seconds. They determine it
 * to within 1 s, so less than 2 s may be none and is left out. */
static void take_coarse_offset(const struct timesync *raw, struct sample *sample) {
  enum { DELAY_MAX_S = 12 }; /* timesyncd waits 10 s for a reply (its TIMEOUT_USEC) */
  const int64_t *t = raw->calendar_s;
  const int64_t most_s = INT64_MAX / DURATION_S;
  int64_t twice_s = (t[TIMESYNC_T2] - t[TIMESYNC_T1]) + (t[TIMESYNC_T3] - t[TIMESYNC_T4]);
  int64_t delay_s = (t[TIMESYNC_T4] - t[TIMESYNC_T1]) - (t[TIMESYNC_T3] - t[TIMESYNC_T2]);
  bool one_reply = delay_s >= -2 && delay_s <= DELAY_MAX_S;
  if (raw->calendar_count == TIMESYNC_STAMPS && one_reply && (twice_s >= 4 || twice_s <= -4)) {
    if (twice_s > most_s) {
      twice_s = most_s;
    } else if (twice_s < -most_s) {
      twice_s = -most_s;
    }
    sample_set(sample, METRIC_OFFSET, twice_s * (DURATION_S / 2));
  }
}

static void take_status(const struct timesync *raw, struct sample *sample) {
  if (timesync_sample_has(raw, TIMESYNC_STRATUM)) {
    sample_set(sample, METRIC_STRATUM, raw->stratum);
  }
  if (timesync_sample_has(raw, TIMESYNC_LEAP)) {
    sample->leap = (enum leap)raw->leap;
    sample->present |= 1U << FIELD_LEAP;
  }
  bool unspecified = raw->stratum == 0 || raw->stratum == STRATUM_UNSYNCHRONISED;
  if (timesync_sample_has(raw, TIMESYNC_STRATUM) && unspecified) {
    sample->leap = LEAP_UNSYNCHRONISED;
    sample->present |= 1U << FIELD_LEAP;
  }
  if (timesync_sample_has(raw, TIMESYNC_SPIKE)) {
    sample->spike = raw->spike;
    sample->present |= 1U << FIELD_SPIKE;
  }
}

/* Takes the error bound: the root distance is the server's own at the time of the reply, to which
 * this hop and the drift since then are added. A text has no delay, and so no bound. */
static void take_error_bound(struct sample *sample) {
  if (!sample_has(sample, METRIC_OFFSET) || !sample_has(sample, METRIC_DELAY) ||
      !sample_has(sample, METRIC_ROOT_DISTANCE)) {
    return;
  }
  int64_t drift_ns = 0;
  if (sample_has(sample, METRIC_AGE) && sample->value[METRIC_AGE] > 0) {
    drift_ns = sample->value[METRIC_AGE] / 1000000 * DRIFT_PPM;
  }
  int64_t distance_ns =
      sample->value[METRIC_ROOT_DISTANCE] + sample->value[METRIC_DELAY] / 2 + drift_ns;
  int64_t bound_ns = 0;
  if (!__builtin_add_overflow(duration_abs(sample->value[METRIC_OFFSET]), distance_ns, &bound_ns)) {
    sample_set(sample, METRIC_ERROR_BOUND, bound_ns);
  }
}

/* Takes the age to the microsecond, as the time stamp is. A text's age may be a lower bound: from
 * its stamp, or because a reply is no younger than the file that holds it. */
static void timesync_sample_take_age(const struct timesync *raw, int64_t now_us,
                                     struct sample *sample) {
  bool exact = timesync_age_is_exact(raw);
  int64_t least_us = INT64_MIN;
  if (timesync_sample_has(raw, TIMESYNC_DESTINATION)) {
    int64_t since_us = now_us - (int64_t)raw->stamp_us[TIMESYNC_T4];
    int64_t most_us = since_us + raw->early_us;
    least_us = since_us - raw->late_us;
    if (most_us < 0) { /* in the future in every zone */
      least_us = most_us;
      exact = true;
    }
  }
  if (!exact && timesync_sample_has(raw, TIMESYNC_WRITTEN) && now_us - raw->written_us > least_us) {
    least_us = now_us - raw->written_us;
    exact = true;
  }
  if (exact || least_us > 0) {
    sample_set(sample, METRIC_AGE, least_us * DURATION_US);
  }
}

static int take_reply(const struct timesync *raw, int64_t now_ns, struct sample *sample,
                      struct why *why) {
  int error = check_ranges(raw, why);
  if (error == 0) {
    error = check_stamps(raw, why);
  }
  if (error == 0 && timesync_sample_has(raw, TIMESYNC_ALL_STAMPS)) {
    error = take_stamps(raw, sample, why);
  }
  if (error != 0) {
    return error;
  }
  take_coarse_offset(raw, sample);
  take_status(raw, sample);
  /* The daemon's sum does not include the first reply yet: its jitter of 0 is not measured. */
  bool counted =
      !timesync_sample_has(raw, TIMESYNC_REPLIES) || raw->replies > 1 || raw->jitter_ns > 0;
  if (timesync_sample_has(raw, TIMESYNC_JITTER) && counted) {
    sample_set(sample, METRIC_JITTER, (int64_t)raw->jitter_ns);
  }
  if (timesync_sample_has(raw, TIMESYNC_ROOT_DELAY) &&
      timesync_sample_has(raw, TIMESYNC_ROOT_DISPERSION)) {
    sample_set(sample, METRIC_ROOT_DISTANCE,
               (int64_t)(raw->root_delay_ns / 2 + raw->root_dispersion_ns));
  }
  timesync_sample_take_age(raw, now_ns / DURATION_US, sample);
  take_error_bound(sample);
  return 0;
}

int timesync_sample(const struct timesync *raw, int64_t now_ns, struct sample *sample,
                    struct why *why) {
  struct sample made = {.jitter_kind = JITTER_RMS8, .offset_is_past = true};
  (void)snprintf(made.server, sizeof made.server, "%s", raw->server);
  int error = check_address(raw, &made, why);
  if (error != 0) {
    return error;
  }
  if (timesync_sample_has(raw, TIMESYNC_POLL_INTERVAL) && raw->poll_interval_ns > 0) {
    uint64_t poll_ns = raw->poll_interval_ns;
    if (poll_ns > POLL_INTERVAL_MAX_NS) {
      poll_ns = POLL_INTERVAL_MAX_NS;
    }
    made.poll_interval_ns = (int64_t)poll_ns;
    made.present |= 1U << FIELD_POLL_INTERVAL;
  }
  if (timesync_sample_has(raw, TIMESYNC_REPLIES)) {
    made.replies = raw->replies;
    made.present |= 1U << FIELD_REPLIES;
  }
  if (!timesync_sample_has(raw, TIMESYNC_REPLIES) || raw->replies > 0) {
    error = take_reply(raw, now_ns, &made, why);
  }
  if (error == 0) {
    *sample = made;
  }
  return error;
}

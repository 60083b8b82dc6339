/*
 * Fuzz target: the reply to GetAll, on to the verdict. The first byte picks settings.
 *
 * Where the second is even, the rest says which properties a well-formed message has, of which
 * types and values, so that what must come out of it is known. Where it is odd, the rest is the
 * body as it travels, with all that can be wrong there (lengths, padding, signatures), and sd-bus
 * reads it from a socket.
 */
#include <arpa/inet.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "ntp_monitor/config.h"
#include "ntp_monitor/duration.h"
#include "ntp_monitor/report.h"
#include "ntp_monitor/why.h"
#include "source/timesyncd/timesync.h"
#include "source/timesyncd/timesync_bus.h"
#include "tests/fuzz/fuzz.h"
#include "tests/fuzz/fuzz_bus.h"

/* A tick of the server's clock, of 1 us to 1/16 s: by so much a round trip may come out below 0. */
static int64_t tick_us(const struct timesync *raw) {
  int64_t us = 1000000;
  for (int32_t i = raw->precision_log2_s > -4 ? -4 : raw->precision_log2_s; i < 0 && us > 1; i++) {
    us /= 2;
  }
  return us;
}

static bool can_be(const struct timesync *raw) {
  bool address = raw->family == AF_INET    ? raw->address_bytes == 4
                 : raw->family == AF_INET6 ? raw->address_bytes == 16
                                           : raw->family == 0 && raw->address_bytes == 0;
  if (raw->replies == 0) {
    return address;
  }
  bool stamps = true;
  for (size_t i = 0; i < TIMESYNC_STAMPS; i++) {
    stamps = stamps && raw->stamp_us[i] <= INT64_MAX / 1000;
  }
  fuzz_wide trip = (fuzz_wide)raw->stamp_us[TIMESYNC_T4] - raw->stamp_us[TIMESYNC_T1];
  fuzz_wide server = (fuzz_wide)raw->stamp_us[TIMESYNC_T3] - raw->stamp_us[TIMESYNC_T2];
  stamps = stamps && trip >= 0 && server >= 0 && server - trip <= tick_us(raw);
  int64_t precision = raw->precision_log2_s;
  return address && stamps && raw->leap <= 3 && (raw->version == 3 || raw->version == 4) &&
         raw->mode == 4 && raw->stratum <= 16 && precision >= -128 && precision <= 128 &&
         raw->reference_bytes == 4 && raw->root_delay_ns <= DURATION_D &&
         raw->root_dispersion_ns <= DURATION_D && raw->jitter_ns <= INT64_MAX;
}

static void check_metric(const struct sample *sample, enum metric metric, bool known,
                         fuzz_wide value_ns) {
  MUST(sample_has(sample, metric) == known);
  MUST(!known || sample->value[metric] == value_ns);
}

/* RFC 5905 section 8, in more bits. */
static void check_values(const struct timesync *raw, const struct sample *sample) {
  bool replied = raw->replies > 0;
  fuzz_wide t[TIMESYNC_STAMPS];
  for (size_t i = 0; i < TIMESYNC_STAMPS; i++) {
    t[i] = (fuzz_wide)raw->stamp_us[i] * 1000;
  }
  check_metric(sample, METRIC_OFFSET, replied, ((t[1] - t[0]) + (t[2] - t[3])) / 2);
  fuzz_wide delay_ns = (t[3] - t[0]) - (t[2] - t[1]);
  fuzz_wide age_ns = (fuzz_wide)(FUZZ_NOW_NS / 1000) * 1000 - t[3];
  delay_ns = delay_ns < 0 ? 0 : delay_ns;
  check_metric(sample, METRIC_DELAY, replied, delay_ns);
  check_metric(sample, METRIC_AGE, replied, age_ns);
  check_metric(sample, METRIC_JITTER, raw->replies > 1 || (replied && raw->jitter_ns > 0),
               raw->jitter_ns);
  check_metric(sample, METRIC_ROOT_DISTANCE, replied,
               raw->root_delay_ns / 2 + raw->root_dispersion_ns);
  fuzz_wide bound_ns = (t[1] - t[0]) + (t[2] - t[3]);
  bound_ns = (bound_ns < 0 ? -bound_ns : bound_ns) / 2 + delay_ns / 2;
  bound_ns += raw->root_delay_ns / 2 + raw->root_dispersion_ns;
  bound_ns += age_ns > 0 ? age_ns / 1000000 * 15 : 0; /* PHI */
  check_metric(sample, METRIC_ERROR_BOUND, replied && bound_ns <= INT64_MAX, bound_ns);
  MUST(sample_has(sample, FIELD_REPLIES) && sample->replies == raw->replies);
  MUST(strcmp(sample->server, raw->server) == 0);
}

/* The message's properties: 0 or a negative errno. */
static int decode(struct bytes *bytes, struct timesync *raw, struct why *why) {
  static struct timesync want;
  enum outcome outcome = EITHER;
  bool raw_body = fuzz_byte(bytes) & 1;
  memset(&want, 0, sizeof want); /* its gaps, too */
  want.present = TIMESYNC_ALL;
  sd_bus_message *message =
      raw_body ? fuzz_message_body(bytes) : fuzz_message(bytes, &want, &outcome);
  if (message == NULL) {
    return -EBADMSG;
  }
  int error = timesync_bus_read(message, raw, why);
  sd_bus_message_unref(message);
  MUST(error == 0 ? outcome != REFUSED : error == -EBADMSG && outcome != READ);
  if (error != 0) {
    fuzz_why(why, REASON_BAD_REPLY);
    return error;
  }
  MUST(raw->present == TIMESYNC_ALL && fuzz_is_safe(raw->server));
  if (outcome == READ) {
    MUST(memcmp(raw, &want, sizeof want) == 0);
  }
  return 0;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
  static struct config config;
  static struct timesync raw;
  struct bytes bytes = {data, size};
  struct sample sample;
  struct reading reading = {.source = "timesyncd"};
  uint8_t which = fuzz_byte(&bytes);
  fuzz_settings(&config, which);
  memset(&raw, 0, sizeof raw);
  int error = decode(&bytes, &raw, &reading.why);
  if (error == 0) {
    error = timesync_sample(&raw, FUZZ_NOW_NS, &sample, &reading.why);
    MUST((error == 0) == can_be(&raw));
  } else if (reading.why.text[0] == '\0') {
    return 0; /* sd-bus let it not through */
  }
  if (error == 0) {
    fuzz_sample(&sample);
    check_values(&raw, &sample);
    MUST(samples_add(&reading.samples, &sample, NULL) == 0);
  } else {
    fuzz_why(&reading.why, REASON_BAD_REPLY);
  }
  fuzz_report(&reading, 1, &config, which >> 7, "host");
  samples_free(&reading.samples);
  return 0;
}

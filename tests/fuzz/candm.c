/*
 * Fuzz target: what a chronyd may answer.
 *
 * Where the first byte is even, the rest is one datagram: is it an answer, and what does it hold?
 * Where it is odd, the rest is the bodies of a whole reading (tracking, then for each source its
 * data and its statistics), on to the verdict. Everything is read a second time here, after
 * chrony's candm.h and util.c.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "ntp_monitor/config.h"
#include "ntp_monitor/duration.h"
#include "ntp_monitor/report.h"
#include "source/chrony/candm.h"
#include "source/chrony/chrony_sample.h"
#include "tests/fuzz/fuzz.h"

enum { BODY = 28, SOURCES_MAX = 32 };

static const struct {
  unsigned command, kind, bytes;
} rows[] = {{14, 2, 32}, {15, 3, 76}, {33, 5, 104}, {34, 6, 84}, {65, 19, 284}};
enum { ROWS = sizeof rows / sizeof *rows };

static uint32_t number(const struct candm_reply *reply, size_t at, unsigned bytes) {
  uint32_t value = 0;
  for (unsigned i = 0; i < bytes; i++) {
    value = value << 8 | reply->data[at + i];
  }
  return value;
}

/* In ns, to the nearest, halves away from 0. */
static fuzz_wide seconds_ns(const struct candm_reply *reply, size_t at) {
  uint32_t bits = number(reply, BODY + at, 4);
  int exponent = (int)(bits >> 25);
  int32_t coefficient = (int32_t)(bits & 0x1ffffff);
  bool negative = coefficient >= 1 << 24;
  fuzz_wide size = (fuzz_wide)(negative ? (1 << 25) - coefficient : coefficient) * DURATION_S;
  exponent = (exponent >= 64 ? exponent - 128 : exponent) - 25;
  fuzz_wide power = 1;
  for (int i = exponent < 0 ? -exponent : exponent; i > 0; i--) {
    power *= 2;
  }
  size = exponent < 0 ? (size * 2 / power + 1) / 2 : size * power;
  return negative ? -size : size;
}

static bool in(fuzz_wide value, fuzz_wide least, fuzz_wide most) {
  return value >= least && value <= most;
}

/* --- one datagram ------------------------------------------------------------- */

static void check_address(const struct candm_address *address, const struct candm_reply *reply,
                          size_t at) {
  static const size_t used[] = {0, 4, 16, 4};
  MUST(address->family == number(reply, BODY + at + 16, 2) && address->family <= 3);
  MUST(memcmp(address->bytes, reply->data + BODY + at, used[address->family]) == 0);
  for (size_t i = used[address->family]; i < 16; i++) {
    MUST(address->bytes[i] == 0);
  }
}

static bool check_tracking(const struct candm_reply *reply, struct candm_tracking *tracking,
                           struct why *why) {
  const fuzz_wide most = (fuzz_wide)INT32_MAX * DURATION_S;
  fuzz_wide correction = seconds_ns(reply, 40);
  fuzz_wide delay = seconds_ns(reply, 64);
  fuzz_wide dispersion = seconds_ns(reply, 68);
  bool good = number(reply, BODY + 24, 2) <= 16 && number(reply, BODY + 26, 2) <= 3 &&
              in(correction, -most, most) && in(delay, 0, DURATION_D) &&
              in(dispersion, 0, DURATION_D);
  MUST((candm_tracking(reply, tracking, why) == 0) == good);
  if (good) {
    MUST(tracking->reference_id == number(reply, BODY, 4));
    MUST(tracking->stratum == number(reply, BODY + 24, 2));
    MUST(tracking->leap == number(reply, BODY + 26, 2));
    MUST(tracking->correction_ns == correction && tracking->root_delay_ns == delay &&
         tracking->root_dispersion_ns == dispersion);
  }
  return good;
}

static bool check_source(const struct candm_reply *reply, struct candm_source *source,
                         struct why *why) {
  const fuzz_wide most = (fuzz_wide)INT32_MAX * DURATION_S;
  fuzz_wide latest = seconds_ns(reply, 40);
  int poll = (int16_t)number(reply, BODY + 20, 2);
  bool good = number(reply, BODY + 16, 2) <= 3 && in(poll, -24, 24) &&
              number(reply, BODY + 22, 2) <= 16 && number(reply, BODY + 24, 2) <= 5 &&
              number(reply, BODY + 26, 2) <= 2 && number(reply, BODY + 30, 2) <= 255 &&
              in(latest, -most, most);
  MUST((candm_source(reply, source, why) == 0) == good);
  if (good) {
    check_address(&source->address, reply, 0);
    MUST(source->poll_log2_s == poll && source->stratum == number(reply, BODY + 22, 2));
    MUST((unsigned)source->state == number(reply, BODY + 24, 2));
    MUST((unsigned)source->mode == number(reply, BODY + 26, 2));
    MUST(source->reach == number(reply, BODY + 30, 2));
    MUST(source->since_sample_s == number(reply, BODY + 32, 4));
    MUST(source->latest_offset_ns == latest);
  }
  return good;
}

static bool check_stats(const struct candm_reply *reply, struct candm_stats *stats,
                        struct why *why) {
  fuzz_wide deviation = seconds_ns(reply, 36);
  bool good = number(reply, BODY + 20, 2) <= 3 && in(deviation, 0, DURATION_D);
  MUST((candm_stats(reply, stats, why) == 0) == good);
  if (good) {
    check_address(&stats->address, reply, 4);
    MUST(memcmp(stats->reference, reply->data + BODY, 4) == 0);
    MUST(stats->sample_count == number(reply, BODY + 24, 4) && stats->deviation_ns == deviation);
  }
  return good;
}

static void check_body(const struct candm_reply *reply, unsigned command) {
  struct why why;
  struct candm_tracking tracking;
  struct candm_source source;
  struct candm_stats stats;
  char name[CANDM_NAME_BYTES + 1];
  bool good = command == 33   ? check_tracking(reply, &tracking, &why)
              : command == 15 ? check_source(reply, &source, &why)
              : command == 34 ? check_stats(reply, &stats, &why)
                              : true;
  if (!good) {
    fuzz_why(&why, REASON_BAD_REPLY);
  }
  if (command == 14) {
    MUST(candm_count(reply) == number(reply, BODY, 4));
  } else if (command == 65) {
    size_t length = strlen(candm_source_name(reply, name));
    MUST(length <= CANDM_NAME_BYTES && memcmp(name, reply->data + BODY, length) == 0);
  }
}

static void one_datagram(struct bytes *bytes, uint8_t form) {
  unsigned row = (form >> 1) % ROWS;
  unsigned command = rows[row].command;
  struct candm_question question = {.command = command};
  struct candm_reply reply = {.length_bytes = 0};
  uint8_t request[CANDM_BYTES_MAX];
  const char *flaw = NULL;
  for (unsigned i = 0; i < 4; i++) {
    question.sequence = question.sequence << 8 | fuzz_byte(bytes);
  }
  size_t length = bytes->left < sizeof reply.data ? bytes->left : sizeof reply.data;
  memcpy(reply.data, bytes->at, length);
  reply.length_bytes = length;
  MUST(candm_request(&question, request) == rows[row].bytes);
  int status = candm_status(&question, &reply, &flaw);
  bool ours = length >= BODY && number(&reply, 0, 2) == 0x0602 && number(&reply, 4, 2) == command &&
              number(&reply, 16, 4) == question.sequence;
  bool whole = ours && (number(&reply, 8, 2) != 0 ||
                        (number(&reply, 6, 2) == rows[row].kind && length == rows[row].bytes));
  MUST((status >= 0) == whole && (flaw == NULL) == whole);
  MUST(!whole || (unsigned)status == number(&reply, 8, 2));
  if (status == CANDM_SUCCESS) {
    check_body(&reply, command);
  }
}

/* --- a whole reading ------------------------------------------------------------- */

static struct candm_reply body(struct bytes *bytes, size_t length) {
  struct candm_reply reply = {.length_bytes = BODY + length};
  size_t there = bytes->left < length ? bytes->left : length;
  memcpy(reply.data + BODY, bytes->at, there);
  bytes->at += there;
  bytes->left -= there;
  return reply;
}

static void check_sample(const struct sample *sample, const struct candm_source *source,
                         const struct candm_stats *stats, int64_t correction_ns) {
  bool measured = source->since_sample_s != CANDM_NEVER;
  if (source->poll_log2_s <= 17) { /* chronyd may poll more rarely than NTP allows */
    fuzz_sample(sample);
  }
  MUST(fuzz_is_safe(sample->server) && fuzz_is_safe(sample->remark));
  MUST(sample_has(sample, METRIC_JITTER) == (stats->sample_count >= 3));
  MUST(sample_has(sample, METRIC_OFFSET) == measured && sample_has(sample, METRIC_AGE) == measured);
  MUST(!measured || sample->value[METRIC_OFFSET] + source->latest_offset_ns == correction_ns);
  MUST(sample_has(sample, METRIC_REACH) &&
       (sample->value[METRIC_REACH] == 0) == (source->reach == 0));
}

static void check_primary(const struct samples *samples, const struct candm_tracking *tracking,
                          bool selected, size_t count) {
  const struct sample *primary = samples->items;
  MUST(samples->count == count + !selected && !primary->listed);
  for (size_t i = 1; i < samples->count; i++) {
    MUST(samples->items[i].listed);
  }
  bool lost = !selected || tracking->stratum == 0 || tracking->leap == 3 ||
              tracking->reference_id == CANDM_LOCAL_REFERENCE;
  MUST(sample_has(primary, FIELD_LEAP) && (primary->leap == LEAP_UNSYNCHRONISED) == lost);
  MUST(!lost || primary->remark[0] != '\0');
  MUST(fuzz_is_safe(primary->remark));
  MUST(lost || primary->value[METRIC_OFFSET] == tracking->correction_ns);
  MUST(lost || sample_has(primary, METRIC_ERROR_BOUND));
}

static void whole_reading(struct bytes *bytes, uint8_t form) {
  static struct config config;
  struct candm_tracking tracking;
  struct reading reading = {.source = "chrony"};
  struct candm_reply reply = body(bytes, 76);
  bool good = check_tracking(&reply, &tracking, &reading.why);
  bool selected = false;
  size_t count = 0;
  for (; good && bytes->left > 0 && count < SOURCES_MAX; count++) {
    struct candm_source source;
    struct candm_stats stats;
    struct sample sample;
    reply = body(bytes, 48);
    good = check_source(&reply, &source, &reading.why);
    reply = body(bytes, 56);
    good = good && check_stats(&reply, &stats, &reading.why);
    uint8_t length = fuzz_byte(bytes);
    char *name = fuzz_text(bytes, length);
    if (good) {
      chrony_sample_source(&source, &stats, name, tracking.correction_ns, &sample);
      check_sample(&sample, &source, &stats, tracking.correction_ns);
      MUST(samples_add(&reading.samples, &sample, NULL) == 0);
      selected = selected || source.state == CANDM_SELECTED;
    }
    free(name);
  }
  if (good) {
    MUST(chrony_sample_carry(&reading.samples, &tracking, NULL) == 0);
    check_primary(&reading.samples, &tracking, selected, count);
  } else {
    fuzz_why(&reading.why, REASON_BAD_REPLY);
    samples_free(&reading.samples);
  }
  /* The primary alone, for the others are not judged. */
  struct samples all = reading.samples;
  reading.samples.count = all.count > 0;
  fuzz_settings(&config, form >> 1);
  fuzz_report(&reading, 1, &config, 0, "host");
  samples_free(&all);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
  struct bytes bytes = {data, size};
  uint8_t form = fuzz_byte(&bytes);
  if (bytes.left > 0) {
    (form & 1 ? whole_reading : one_datagram)(&bytes, form);
  }
  return 0;
}

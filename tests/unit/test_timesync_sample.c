/* Tests of timesync_sample.c: what a good reply becomes, signs and units included. */
#include <arpa/inet.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "ntp_monitor/config.h"
#include "ntp_monitor/judge.h"
#include "ntp_monitor/why.h"
#include "source/timesyncd/timesync.h"
#include "tests/unit/seed.h"
#include "tests/unit/timesync_good.h"

static struct sample take(const struct timesync *raw) {
  struct sample sample;
  struct why why = {.text = ""};
  int error = timesync_sample(raw, GOOD_NOW_NS, &sample, &why);
  assert_string_equal(why.text, "");
  assert_int_equal(error, 0);
  return sample;
}

static void test_good(void **state) {
  (void)state;
  struct timesync raw = timesync_good();
  struct sample sample = take(&raw);
  assert_int_equal(sample.present,
                   ((1U << (FIELD_SPIKE + 1)) - 1) &
                       ~(1U << METRIC_REACH | 1U << METRIC_CLOCK_CLASS | 1U << FIELD_SENT));
  /* What the clock may have drifted in 12.3 s is in it. */
  assert_int_equal(sample.value[METRIC_ERROR_BOUND], 23000 + 34000 + 100000 + 184500);
  assert_int_equal(sample.jitter_kind, JITTER_RMS8);
  assert_string_equal(sample.server, "ntp.example.org");
  assert_string_equal(sample.address, "192.0.2.1");
  assert_int_equal(sample.value[METRIC_JITTER], 1207000);
  assert_int_equal(sample.value[METRIC_OFFSET], 23000);
  assert_int_equal(sample.value[METRIC_DELAY], 68000);
  assert_int_equal(sample.value[METRIC_ROOT_DISTANCE], 100000);
  assert_int_equal(sample.value[METRIC_AGE], 12300000000);
  assert_int_equal(sample.poll_interval_ns, 32000000000);
  assert_int_equal(sample.value[METRIC_STRATUM], 2);
  assert_int_equal(sample.leap, LEAP_NONE);
  assert_int_equal(sample.replies, 10);
  assert_false(sample.spike);
  assert_int_equal(sample.clock, CLOCK_SYSTEM);
}

/* The server's clock reads later than ours: ours is behind, and the offset positive. */
static void test_sign_of_offset(void **state) {
  (void)state;
  static const struct {
    uint64_t t[TIMESYNC_STAMPS];
    int64_t offset_ns, delay_ns;
  } rows[] = {
      {{1000, 2100, 2200, 1300}, 1000000, 200000},
      {{2000, 1100, 1200, 2300}, -1000000, 200000},
      {{1000, 1001, 1001, 1001}, 500, 1000},
      {{1000, 1000, 1000, 1001}, -500, 1000},
      {{1000, 1000, 1000, 1000}, 0, 0},
      {{0, 0, 0, 0}, 0, 0},
  };
  for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
    struct timesync raw = timesync_good();
    memcpy(raw.stamp_us, rows[i].t, sizeof raw.stamp_us);
    struct sample sample = take(&raw);
    assert_int_equal(sample.value[METRIC_OFFSET], rows[i].offset_ns);
    assert_int_equal(sample.value[METRIC_DELAY], rows[i].delay_ns);
  }
}

/* A clock that is offset_us behind, with a way of random length each way. */
static void test_random_offsets(void **state) {
  (void)state;
  uint64_t random = seed_begin("timesync offsets");
  for (int round = 0; round < 10000; round++) {
    int64_t behind_us = seed_span(&random) % 1000000000000;
    behind_us = seed_next(&random) % 2 == 0 ? behind_us : -behind_us;
    int64_t way_us = (int64_t)(seed_next(&random) % 1000000);
    int64_t at_server_us = (int64_t)(seed_next(&random) % 1000);
    int64_t t1_us = INT64_C(1795237865709991);
    struct timesync raw = timesync_good();
    raw.stamp_us[TIMESYNC_T1] = (uint64_t)t1_us;
    raw.stamp_us[TIMESYNC_T2] = (uint64_t)(t1_us + way_us + behind_us);
    raw.stamp_us[TIMESYNC_T3] = (uint64_t)(t1_us + way_us + at_server_us + behind_us);
    raw.stamp_us[TIMESYNC_T4] = (uint64_t)(t1_us + 2 * way_us + at_server_us);
    struct sample sample = take(&raw);
    assert_int_equal(sample.value[METRIC_OFFSET], behind_us * 1000);
    assert_int_equal(sample.value[METRIC_DELAY], 2 * way_us * 1000);
  }
}

/* Before the first reply all is zero, and receive and transmit have wrapped round. */
static void test_no_reply_yet(void **state) {
  (void)state;
  struct timesync raw = {.present = TIMESYNC_ALL, .server = "ntp.example.org"};
  raw.poll_interval_ns = UINT64_C(32000000000);
  raw.stamp_us[TIMESYNC_T2] = UINT64_C(18444535084909551616);
  raw.stamp_us[TIMESYNC_T3] = UINT64_C(18444535084909551616);
  struct sample sample = take(&raw);
  assert_int_equal(sample.present, 1U << FIELD_REPLIES | 1U << FIELD_POLL_INTERVAL);
  assert_int_equal(sample.replies, 0);
  assert_string_equal(sample.server, "ntp.example.org");
  assert_string_equal(sample.address, "");
  raw.poll_interval_ns = 0; /* before the first contact */
  sample = take(&raw);
  assert_int_equal(sample.present, 1U << FIELD_REPLIES);
}

/* With no reply, nothing of the reply is looked at. */
static void test_no_reply_ignores_the_rest(void **state) {
  (void)state;
  struct timesync raw;
  memset(&raw, 0xff, sizeof raw);
  raw.present = TIMESYNC_ALL;
  raw.server[0] = '\0';
  raw.family = 0;
  raw.address_bytes = 0;
  raw.poll_interval_ns = 0;
  raw.replies = 0;
  struct sample sample = take(&raw);
  assert_int_equal(sample.present, 1U << FIELD_REPLIES);
}

/* The daemon's sum has no term for the first reply: its 0 is not a jitter of 0. */
static void test_first_reply(void **state) {
  (void)state;
  struct timesync raw = timesync_good();
  raw.replies = 1;
  raw.jitter_ns = 0;
  struct sample sample = take(&raw);
  assert_false(sample_has(&sample, METRIC_JITTER));
  raw.replies = 2;
  sample = take(&raw);
  assert_true(sample_has(&sample, METRIC_JITTER));
}

static void test_unsynchronised(void **state) {
  (void)state;
  static const struct {
    uint32_t stratum, leap;
    enum leap want;
  } rows[] = {
      {1, 0, LEAP_NONE},           {2, 1, LEAP_INSERT},          {15, 2, LEAP_DELETE},
      {2, 3, LEAP_UNSYNCHRONISED}, {16, 0, LEAP_UNSYNCHRONISED}, {0, 1, LEAP_UNSYNCHRONISED},
  };
  for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
    struct timesync raw = timesync_good();
    raw.stratum = rows[i].stratum;
    raw.leap = rows[i].leap;
    struct sample sample = take(&raw);
    assert_int_equal(sample.leap, rows[i].want);
    assert_int_equal(sample.value[METRIC_STRATUM], rows[i].stratum);
    raw.present &= ~(unsigned)TIMESYNC_LEAP; /* a text without one */
    sample = take(&raw);
    bool bad = rows[i].stratum == 0 || rows[i].stratum == 16;
    assert_int_equal(sample_has(&sample, FIELD_LEAP), bad);
  }
}

static void test_future_reply(void **state) {
  (void)state;
  struct timesync raw = timesync_good();
  for (size_t i = 0; i < TIMESYNC_STAMPS; i++) {
    raw.stamp_us[i] += 3600000000;
  }
  raw.spike = true;
  struct sample sample = take(&raw);
  assert_int_equal(sample.value[METRIC_AGE], INT64_C(12300000000) - INT64_C(3600000000000));
  assert_true(sample.spike);
}

/* 15 ppm of the age (RFC 5905, PHI), and nothing of one that lies in the future. */
static void test_error_bound_grows(void **state) {
  (void)state;
  static const struct {
    int64_t age_s, bound_ns;
  } rows[] = {{0, 157000}, {2048, 157000 + 30720000}, {6000, 157000 + 90000000}, {-3600, 157000}};
  for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
    struct timesync raw = timesync_good();
    struct sample sample;
    struct why why;
    int64_t now_ns = (int64_t)raw.stamp_us[TIMESYNC_T4] * 1000 + rows[i].age_s * 1000000000;
    assert_int_equal(timesync_sample(&raw, now_ns, &sample, &why), 0);
    assert_int_equal(sample.value[METRIC_ERROR_BOUND], rows[i].bound_ns);
  }
}

/* What the age of a text is: that of its stamp, a lower bound, or nothing. */
static void test_age_of_text(void **state) {
  (void)state;
  static const unsigned stamped = TIMESYNC_DESTINATION;
  static const unsigned written = TIMESYNC_WRITTEN;
  static const struct {
    unsigned present;
    int64_t since_s, zone_h, file_s; /* ago: the stamp read as UTC, the file */
    bool known;
    int64_t age_s;
  } rows[] = {
      {stamped, 300, 0, 0, true, 300},
      {stamped, -300, 0, 0, true, -300},
      {stamped | written, 300, 0, 7200, true, 300}, /* an exact stamp is believed */
      {stamped | written, 7200, 0, 5, true, 7200},
      {stamped, 300, 1, 0, false, 0},
      {stamped, 12 * 3600, 1, 0, false, 0},
      {stamped, 12 * 3600 + 1, 1, 0, true, 1},
      {stamped, 200 * 3600, 1, 0, true, 188 * 3600},
      {stamped, -14 * 3600, 1, 0, false, 0},
      {stamped, -14 * 3600 - 1, 1, 0, true, -1},
      {stamped | written, -20 * 3600, 1, 5, true, -6 * 3600},
      {stamped | written, 300, 1, 5, true, 5},
      {stamped | written, 200 * 3600, 1, 5, true, 188 * 3600},
      {stamped | written, 13 * 3600, 1, 2 * 3600, true, 2 * 3600},
      {written, 0, 0, 31536000, true, 31536000},
      {written, 0, 0, -120, true, -120},
      {0, 0, 0, 0, false, 0},
  };
  for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
    struct timesync raw = timesync_good();
    struct sample sample;
    struct why why;
    int64_t now_us = GOOD_NOW_NS / 1000;
    raw.present = TIMESYNC_JITTER | rows[i].present;
    raw.stamp_us[TIMESYNC_T4] = (uint64_t)(now_us - rows[i].since_s * 1000000);
    raw.early_us = rows[i].zone_h * 14 * 3600 * 1000000;
    raw.late_us = rows[i].zone_h * 12 * 3600 * 1000000;
    raw.written_us = now_us - rows[i].file_s * 1000000;
    assert_int_equal(timesync_sample(&raw, GOOD_NOW_NS, &sample, &why), 0);
    if (sample_has(&sample, METRIC_AGE) != rows[i].known) {
      fail_msg("row %zu", i);
    }
    assert_true(!rows[i].known || sample.value[METRIC_AGE] == rows[i].age_s * 1000000000);
  }
}

/* Three times a poll interval must fit. */
static void test_endless_poll_interval(void **state) {
  (void)state;
  struct timesync raw = timesync_good();
  raw.poll_interval_ns = UINT64_MAX;
  struct sample sample = take(&raw);
  assert_int_equal(sample.poll_interval_ns, INT64_MAX / 4);
}

/* Stamps that are taken must leave sums that fit: judged here, that UBSan sees them. */
static void test_extreme_stamps(void **state) {
  (void)state;
  static const uint64_t most = INT64_MAX / 1000;
  static const uint64_t stamps[][TIMESYNC_STAMPS] = {
      {0, most, most, 0},    {most, 0, 0, most}, {0, 0, most, most},
      {0, most, most, most}, {0, 0, 0, most},
  };
  struct config config = {.stale_after_ns = CONFIG_NONE};
  for (size_t i = 0; i < sizeof stamps / sizeof *stamps; i++) {
    struct timesync raw = timesync_good();
    struct sample sample = {.present = 0};
    struct why why;
    memcpy(raw.stamp_us, stamps[i], sizeof raw.stamp_us);
    int error = timesync_sample(&raw, GOOD_NOW_NS, &sample, &why);
    assert_int_equal(error, i == 0 ? 0 : error);
    if (error == 0) {
      (void)judge_sample(&sample, &(struct reading){.source = "timesyncd"}, &config, false);
    }
  }
}

static void test_ns(void **state) {
  (void)state;
  assert_int_equal(timesync_ns(0), 0);
  assert_int_equal(timesync_ns(1), 1000);
  assert_int_equal(timesync_ns(UINT64_MAX / 1000), UINT64_MAX / 1000 * 1000);
  assert_int_equal(timesync_ns(UINT64_MAX / 1000 + 1), UINT64_MAX);
  assert_int_equal(timesync_ns(UINT64_MAX), UINT64_MAX);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(test_good),
      cmocka_unit_test(test_sign_of_offset),
      cmocka_unit_test(test_random_offsets),
      cmocka_unit_test(test_no_reply_yet),
      cmocka_unit_test(test_no_reply_ignores_the_rest),
      cmocka_unit_test(test_first_reply),
      cmocka_unit_test(test_unsynchronised),
      cmocka_unit_test(test_future_reply),
      cmocka_unit_test(test_error_bound_grows),
      cmocka_unit_test(test_age_of_text),
      cmocka_unit_test(test_endless_poll_interval),
      cmocka_unit_test(test_extreme_stamps),
      cmocka_unit_test(test_ns),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}

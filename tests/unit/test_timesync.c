/* Tests of timesync_sample.c: which replies of systemd-timesyncd are refused, and by which name. */
#include <arpa/inet.h>
#include <errno.h>
#include <inttypes.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "ntp_monitor/duration.h"
#include "ntp_monitor/why.h"
#include "source/timesyncd/timesync.h"
#include "tests/unit/golden.h"
#include "tests/unit/timesync_good.h"

enum { NARROW = sizeof(uint32_t), WIDE = sizeof(uint64_t) };

#define ONE(member) \
#member, offsetof(struct timesync, member), sizeof((struct timesync *)NULL)->member

/* One field of a good reply, made into something else. */
struct change {
  const char *name;
  size_t offset, bytes;
  uint64_t value;
};

static void apply(struct timesync *raw, const struct change *change) {
  char *field = (char *)raw + change->offset;
  uint32_t narrow = (uint32_t)change->value;
  if (change->bytes == NARROW) {
    memcpy(field, &narrow, NARROW);
  } else {
    memcpy(field, &change->value, WIDE);
  }
}

/* As a reply of which that is wrong. */
static void refuse(const struct timesync *raw, const char *label) {
  struct sample sample;
  struct sample before;
  struct why why = {.text = ""};
  memset(&sample, 0x55, sizeof sample);
  before = sample;
  int error = timesync_sample(raw, GOOD_NOW_NS, &sample, &why);
  assert_golden(why.text, "%s", label);
  assert_int_equal(error, -EBADMSG);
  assert_int_equal(why.reason, REASON_BAD_REPLY);
  assert_memory_equal(&sample, &before, sizeof sample);
}

static void test_out_of_range(void **state) {
  (void)state;
  static const struct change rows[] = {
      {ONE(leap), 4},
      {ONE(leap), UINT32_MAX},
      {ONE(version), 2},
      {ONE(version), 5},
      {ONE(mode), 3},
      {ONE(mode), 5},
      {ONE(stratum), 17},
      {ONE(precision_log2_s), 129},
      {ONE(precision_log2_s), (uint32_t)-129},
      {ONE(precision_log2_s), (uint32_t)INT32_MIN},
      {ONE(reference_bytes), 0},
      {ONE(reference_bytes), 3},
      {ONE(reference_bytes), 5},
      {ONE(root_delay_ns), 86400000000001},
      {ONE(root_dispersion_ns), 86400000000001},
      {ONE(jitter_ns), UINT64_C(9223372036854775808)},
      {ONE(jitter_ns), UINT64_MAX},
      {ONE(stamp_us[TIMESYNC_T1]), 9223372036854776},
      {ONE(stamp_us[TIMESYNC_T2]), UINT64_C(18444535084909551616)},
      {ONE(stamp_us[TIMESYNC_T3]), UINT64_C(18444535084909551616)},
      {ONE(stamp_us[TIMESYNC_T4]), UINT64_MAX},
  };
  for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
    char label[64];
    struct timesync raw = timesync_good();
    apply(&raw, &rows[i]);
    (void)snprintf(label, sizeof label, "%s %" PRIu64, rows[i].name, rows[i].value);
    refuse(&raw, label);
  }
}

static void test_in_range(void **state) {
  (void)state;
  static const struct change rows[] = {
      {ONE(leap), 0},
      {ONE(leap), 3},
      {ONE(version), 3},
      {ONE(stratum), 0},
      {ONE(stratum), 16},
      {ONE(precision_log2_s), 127},
      {ONE(precision_log2_s), (uint32_t)-128}, /* the least of an int8_t */
      {ONE(root_delay_ns), 86400000000000},
      {ONE(root_dispersion_ns), 86400000000000},
      {ONE(jitter_ns), 198720000000000}, /* 2.3 days: one reply of eight was six days off */
      {ONE(jitter_ns), INT64_MAX},
      {ONE(poll_interval_ns), 259200000000000}, /* three days: PollIntervalMaxSec=1w */
      {ONE(poll_interval_ns), UINT64_MAX},
      {ONE(poll_interval_ns), 0},
      {ONE(replies), UINT64_MAX},
  };
  for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
    struct timesync raw = timesync_good();
    struct sample sample;
    struct why why = {.text = ""};
    apply(&raw, &rows[i]);
    assert_int_equal(timesync_sample(&raw, GOOD_NOW_NS, &sample, &why), 0);
    assert_string_equal(why.text, "");
  }
}

/* A field that a text does not have is not looked at. */
static void test_absent(void **state) {
  (void)state;
  struct timesync raw;
  struct sample sample;
  struct why why;
  memset(&raw, 0xff, sizeof raw);
  raw.server[0] = '\0';
  raw.family = 0;
  raw.address_bytes = 0;
  raw.present = TIMESYNC_JITTER;
  raw.jitter_ns = 5;
  assert_int_equal(timesync_sample(&raw, GOOD_NOW_NS, &sample, &why), 0);
  assert_int_equal(sample.present, 1U << METRIC_JITTER);
  assert_int_equal(sample.value[METRIC_JITTER], 5);
  raw = timesync_good();
  raw.present = TIMESYNC_ROOT_DELAY;
  assert_int_equal(timesync_sample(&raw, GOOD_NOW_NS, &sample, &why), 0);
  assert_int_equal(sample.present, 0);
  raw.present = TIMESYNC_ROOT_DISPERSION;
  assert_int_equal(timesync_sample(&raw, GOOD_NOW_NS, &sample, &why), 0);
  assert_int_equal(sample.present, 0);
}

static void test_order_of_stamps(void **state) {
  (void)state;
  static const struct {
    uint64_t t[TIMESYNC_STAMPS];
    const char *label;
  } rows[] = {
      {{2000, 1500, 1600, 1999}, "round trip of -1 us, 100 us at the server"},
      {{1000, 1601, 1600, 2000}, "round trip of 1000 us, -1 us at the server"},
      {{1000, 500, 1502, 2000}, "round trip of 1000 us, 1002 us at the server"}, /* a tick: 1us */
  };
  for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
    struct timesync raw = timesync_good();
    memcpy(raw.stamp_us, rows[i].t, sizeof raw.stamp_us);
    refuse(&raw, rows[i].label);
  }
  struct timesync raw = timesync_good();
  struct sample sample;
  struct why why;
  memcpy(raw.stamp_us, (uint64_t[]){1000, 500, 1500, 2000}, sizeof raw.stamp_us);
  assert_int_equal(timesync_sample(&raw, GOOD_NOW_NS, &sample, &why), 0);
  assert_int_equal(sample.value[METRIC_DELAY], 0);
}

static void test_address(void **state) {
  (void)state;
  static const struct {
    int family;
    size_t bytes;
    const char *text; /* NULL: refused */
  } rows[] = {
      {AF_INET, 4, "192.0.2.1"},
      {AF_INET6, 16, "c000:201::1"},
      {0, 0, ""},
      {AF_INET, 0, NULL},
      {AF_INET, 16, NULL},
      {AF_INET6, 4, NULL},
      {0, 4, NULL},
      {AF_UNIX, 4, NULL},
      {-1, 17, NULL},
  };
  for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
    struct timesync raw = timesync_good();
    struct sample sample;
    struct why why;
    char label[64];
    memcpy(raw.address, "\xc0\x00\x02\x01\0\0\0\0\0\0\0\0\0\0\0\x01", 16);
    raw.family = rows[i].family;
    raw.address_bytes = rows[i].bytes;
    if (rows[i].text == NULL) {
      (void)snprintf(label, sizeof label, "address of family %d with %zu bytes", rows[i].family,
                     rows[i].bytes);
      refuse(&raw, label);
    } else {
      assert_int_equal(timesync_sample(&raw, GOOD_NOW_NS, &sample, &why), 0);
      assert_string_equal(sample.address, rows[i].text);
    }
  }
}

/* A server whose clock advances in ticks of 2^precision s seems to have held the packet longer than
 * the round trip took: no delay, but a reading. */
static void test_ticks(void **state) {
  (void)state;
  static const struct {
    int32_t precision_log2_s;
    uint64_t held_us;
    bool reading;
  } rows[] = {
      {-6, 1000 + 15625, true}, {-6, 1000 + 15626, false},  {-20, 1001, true},
      {-29, 1001, true},        {-29, 1002, false},         {-128, 1002, false},
      {-4, 1000 + 62500, true}, {-4, 1000 + 62501, false},  {0, 1000 + 62500, true},
      {0, 1000 + 62501, false}, {127, 1000 + 62501, false},
  };
  for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
    struct timesync raw = timesync_good();
    struct sample sample;
    struct why why;
    raw.precision_log2_s = rows[i].precision_log2_s;
    memcpy(raw.stamp_us, (uint64_t[]){1000, 500, 500 + rows[i].held_us, 2000}, sizeof raw.stamp_us);
    int error = timesync_sample(&raw, GOOD_NOW_NS, &sample, &why);
    assert_int_equal(error, rows[i].reading ? 0 : -EBADMSG);
    assert_true(!rows[i].reading || sample.value[METRIC_DELAY] == 0);
  }
}

/* A text has the destination alone, and the year 9999 is easily written. */
static void test_far_destination(void **state) {
  (void)state;
  struct timesync raw = timesync_good();
  raw.present = TIMESYNC_JITTER | TIMESYNC_DESTINATION;
  raw.stamp_us[TIMESYNC_T4] = UINT64_C(253402300799000000);
  struct sample sample;
  struct why why;
  assert_int_equal(timesync_sample(&raw, GOOD_NOW_NS, &sample, &why), -EBADMSG);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(test_out_of_range), cmocka_unit_test(test_in_range),
      cmocka_unit_test(test_absent),       cmocka_unit_test(test_order_of_stamps),
      cmocka_unit_test(test_address),      cmocka_unit_test(test_far_destination),
      cmocka_unit_test(test_ticks),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}

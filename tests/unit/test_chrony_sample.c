/* Tests of chrony_sample.c: chronyd's rows as samples. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "ntp_monitor/duration.h"
#include "source/chrony/candm.h"
#include "source/chrony/chrony_sample.h"
#include "tests/unit/golden.h"

static const struct candm_source server = {.address = {CANDM_INET4, {192, 0, 2, 9}},
                                           .poll_log2_s = 6,
                                           .stratum = 2,
                                           .state = CANDM_SELECTED,
                                           .reach = 0xff,
                                           .since_sample_s = 17,
                                           .latest_offset_ns = 3 * DURATION_MS};
static const struct candm_stats stats = {.sample_count = 3, .deviation_ns = 21 * DURATION_US};
static void test_every_field(void **state) {
  (void)state;
  struct sample sample;
  chrony_sample_source(&server, &stats, "ntp.example", -5 * DURATION_MS, &sample);
  assert_string_equal(sample.server, "ntp.example");
  assert_string_equal(sample.address, "192.0.2.9");
  assert_string_equal(sample.remark, "");
  assert_int_equal(sample.present, 1U << METRIC_JITTER | 1U << METRIC_OFFSET | 1U << METRIC_AGE |
                                       1U << METRIC_STRATUM | 1U << METRIC_REACH |
                                       1U << FIELD_POLL_INTERVAL);
  assert_int_equal(sample.value[METRIC_JITTER], 21 * DURATION_US);
  /* chronyd's estimate is 5 ms behind the clock, the server 3 ms behind the estimate. */
  assert_int_equal(sample.value[METRIC_OFFSET], -8 * DURATION_MS);
  assert_int_equal(sample.value[METRIC_AGE], 17 * DURATION_S);
  assert_int_equal(sample.value[METRIC_STRATUM], 2);
  assert_int_equal(sample.value[METRIC_REACH], 8);
  assert_int_equal(sample.poll_interval_ns, 64 * DURATION_S);
  assert_int_equal(sample.jitter_kind, JITTER_STDDEV);
  assert_int_equal(sample.state, STATE_SELECTED);
  assert_true(sample.listed);
}

static void test_states(void **state) {
  (void)state;
  static const enum state want[][2] = {
      [CANDM_SELECTED] = {STATE_SELECTED, STATE_SELECTED},
      [CANDM_NONSELECTABLE] = {STATE_UNREACHABLE, STATE_UNUSABLE},
      [CANDM_FALSETICKER] = {STATE_FALSETICKER, STATE_FALSETICKER},
      [CANDM_JITTERY] = {STATE_JITTERY, STATE_JITTERY},
      [CANDM_COMBINED] = {STATE_COMBINED, STATE_COMBINED},
      [CANDM_SELECTABLE] = {STATE_SELECTABLE, STATE_SELECTABLE},
  };
  for (enum candm_state row = CANDM_SELECTED; row <= CANDM_SELECTABLE; row++) {
    for (unsigned reach = 0; reach < 2; reach++) {
      struct candm_source source = server;
      struct sample sample;
      source.state = row;
      source.reach = reach * 0xa1;
      chrony_sample_source(&source, &stats, "", 0, &sample);
      assert_int_equal(sample.state, want[row][reach]);
      assert_int_equal(sample.value[METRIC_REACH], reach * 3);
    }
  }
}

static void test_addresses(void **state) {
  (void)state;
  static const struct {
    struct candm_address address;
    enum candm_mode mode;
    const char *name, *server, *text;
    bool remark;
  } rows[] = {
      {{CANDM_INET4, {127, 0, 0, 1}}, CANDM_CLIENT, "", "", "127.0.0.1", false},
      {{CANDM_INET6, {0x20, 1, 0x0d, 0xb8, [15] = 7}},
       CANDM_PEER,
       "six",
       "six",
       "2001:db8::7",
       false},
      {{CANDM_ID, {0, 0, 0, 1}}, CANDM_CLIENT, "a.b", "a.b", "", true},
      {{CANDM_UNSPECIFIED, {0}}, CANDM_CLIENT, "", "", "", false},
      {{CANDM_INET4, {'P', 'P', 'S', 0}}, CANDM_REFERENCE, "", "PPS", "", true},
      {{CANDM_INET4, {'P', 'H', 'C', '0'}}, CANDM_REFERENCE, "", "PHC0", "", true},
      {{CANDM_INET4, {'a', 27, 0xff, '\n'}}, CANDM_REFERENCE, "", "a\\x1b\\xff\\x0a", "", true},
      {{CANDM_INET4, {127, 0, 0, 1}}, CANDM_CLIENT, "a\nb", "a\\x0ab", "127.0.0.1", false},
  };
  for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
    struct candm_source source = server;
    struct sample sample;
    source.address = rows[i].address;
    source.mode = rows[i].mode;
    chrony_sample_source(&source, &stats, rows[i].name, 0, &sample);
    assert_string_equal(sample.server, rows[i].server);
    assert_string_equal(sample.address, rows[i].text);
    assert_int_equal(sample.remark[0] != '\0', rows[i].remark);
    if (rows[i].remark) {
      assert_golden(sample.remark, "%s", rows[i].server);
    }
  }
}

/* The longest name that can be, and one that grows when it is escaped. */
static void test_long_names(void **state) {
  (void)state;
  char name[CANDM_NAME_BYTES + 1];
  struct sample sample;
  memset(name, 'x', CANDM_NAME_BYTES);
  name[CANDM_NAME_BYTES] = '\0';
  chrony_sample_source(&server, &stats, name, 0, &sample);
  assert_string_equal(sample.server, name);
  memset(name, 1, CANDM_NAME_BYTES);
  chrony_sample_source(&server, &stats, name, 0, &sample);
  assert_true(strlen(sample.server) < sizeof sample.server);
  assert_string_equal(sample.server + strlen(sample.server) - 3, "...");
}

static void test_poll_interval(void **state) {
  (void)state;
  static const struct {
    int log2_s;
    int64_t want_ns;
  } rows[] = {{-24, 59}, {-4, 62500 * DURATION_US}, {0, DURATION_S}, {24, 16777216 * DURATION_S}};
  for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
    struct candm_source source = server;
    struct sample sample;
    source.poll_log2_s = rows[i].log2_s;
    chrony_sample_source(&source, &stats, "", 0, &sample);
    assert_int_equal(sample.poll_interval_ns, rows[i].want_ns);
  }
}

/* 4 s of jitter are none. */
static void test_few_samples(void **state) {
  (void)state;
  static const struct {
    uint32_t count;
    enum candm_mode mode;
  } rows[] = {{0, CANDM_CLIENT},
              {1, CANDM_CLIENT},
              {2, CANDM_CLIENT},
              {0, CANDM_REFERENCE},
              {2, CANDM_REFERENCE}};
  for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
    struct candm_source source = server;
    struct candm_stats few = {.sample_count = rows[i].count, .deviation_ns = 4 * DURATION_S};
    struct sample sample;
    source.mode = rows[i].mode;
    chrony_sample_source(&source, &few, "", 0, &sample);
    if (i == 0) {
      assert_string_equal(sample.remark, "");
    } else {
      assert_golden(sample.remark, "%u measurements%s", rows[i].count,
                    rows[i].mode == CANDM_REFERENCE ? " of a reference clock" : "");
    }
    assert_false(sample_has(&sample, METRIC_JITTER));
    assert_int_equal(sample.jitter_kind, JITTER_STDDEV);
  }
  struct sample sample;
  chrony_sample_source(&server, NULL, "", 0, &sample);
  assert_golden(sample.remark, "no statistics");
  assert_false(sample_has(&sample, METRIC_JITTER));
}

static void test_never_measured(void **state) {
  (void)state;
  struct candm_source source = server;
  struct sample sample;
  source.since_sample_s = CANDM_NEVER;
  chrony_sample_source(&source, &stats, "", 0, &sample);
  assert_false(sample_has(&sample, METRIC_AGE));
  assert_false(sample_has(&sample, METRIC_OFFSET));
  assert_false(sample_has(&sample, METRIC_STRATUM));
  source.since_sample_s = CANDM_NEVER - 1;
  chrony_sample_source(&source, &stats, "", 0, &sample);
  assert_int_equal(sample.value[METRIC_AGE], 4294967294 * DURATION_S);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(test_every_field),    cmocka_unit_test(test_states),
      cmocka_unit_test(test_addresses),      cmocka_unit_test(test_long_names),
      cmocka_unit_test(test_poll_interval),  cmocka_unit_test(test_few_samples),
      cmocka_unit_test(test_never_measured),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}

/* Tests of chrony_sample.c: which of chronyd's sources carries the verdict, and what it says. */
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
static const struct candm_tracking good = {.reference_id = 0xc0000209,
                                           .stratum = 3,
                                           .correction_ns = -5 * DURATION_MS,
                                           .root_delay_ns = 20 * DURATION_MS,
                                           .root_dispersion_ns = 7 * DURATION_MS};
static const struct candm_tracking lost = {
    .leap = LEAP_UNSYNCHRONISED, .root_delay_ns = DURATION_S, .root_dispersion_ns = DURATION_S};

static void add(struct samples *samples, enum candm_state state, unsigned reach, uint32_t count) {
  struct candm_source source = server;
  struct candm_stats few = stats;
  struct sample sample;
  source.address.bytes[3] = (uint8_t)(1 + samples->count);
  source.state = state;
  source.reach = reach;
  source.since_sample_s = count > 0 ? 1 : CANDM_NEVER;
  few.sample_count = count;
  chrony_sample_source(&source, &few, "", 0, &sample);
  assert_int_equal(samples_add(samples, &sample, NULL), 0);
}

/* The selected one comes first, the others keep their order, and only it is judged. */
static void test_selected_carries(void **state) {
  (void)state;
  static const char *const order[] = {"192.0.2.3", "192.0.2.1", "192.0.2.2", "192.0.2.4"};
  struct samples samples = {.items = NULL};
  add(&samples, CANDM_COMBINED, 255, 9);
  add(&samples, CANDM_FALSETICKER, 255, 9);
  add(&samples, CANDM_SELECTED, 255, 9);
  add(&samples, CANDM_SELECTED, 255, 9); /* the list changed meanwhile */
  assert_int_equal(chrony_sample_carry(&samples, &good, NULL), 0);
  assert_int_equal(samples.count, 4);
  for (size_t i = 0; i < samples.count; i++) {
    assert_string_equal(samples.items[i].address, order[i]);
    assert_int_equal(samples.items[i].listed, i > 0);
  }
  const struct sample *primary = &samples.items[0];
  assert_int_equal(primary->value[METRIC_OFFSET], -5 * DURATION_MS);
  assert_int_equal(primary->value[METRIC_ROOT_DISTANCE], 17 * DURATION_MS);
  assert_int_equal(primary->value[METRIC_ERROR_BOUND], 22 * DURATION_MS);
  assert_int_equal(primary->value[METRIC_AGE], DURATION_S);
  assert_true(sample_has(primary, FIELD_LEAP));
  assert_int_equal(primary->leap, LEAP_NONE);
  assert_false(sample_has(&samples.items[1], METRIC_ERROR_BOUND));
  samples_free(&samples);
}

static void test_leap(void **state) {
  (void)state;
  for (unsigned leap = LEAP_NONE; leap <= LEAP_DELETE; leap++) {
    struct samples samples = {.items = NULL};
    struct candm_tracking tracking = good;
    tracking.leap = leap;
    add(&samples, CANDM_SELECTED, 255, 9);
    assert_int_equal(chrony_sample_carry(&samples, &tracking, NULL), 0);
    assert_int_equal(samples.items[0].leap, leap);
    assert_string_equal(samples.items[0].remark, "");
    samples_free(&samples);
  }
}

static void test_selected_not_synchronised(void **state) {
  (void)state;
  static const struct candm_tracking rows[] = {
      {.stratum = 3, .leap = LEAP_UNSYNCHRONISED},
      {.stratum = 0, .leap = LEAP_NONE},
      {.reference_id = CANDM_LOCAL_REFERENCE, .stratum = 10}};
  for (size_t i = 0; i < 3; i++) {
    struct samples samples = {.items = NULL};
    add(&samples, CANDM_SELECTED, 255, 9);
    assert_int_equal(chrony_sample_carry(&samples, &rows[i], NULL), 0);
    assert_int_equal(samples.count, 1);
    assert_int_equal(samples.items[0].leap, LEAP_UNSYNCHRONISED);
    assert_false(sample_has(&samples.items[0], METRIC_ERROR_BOUND));
    assert_golden(samples.items[0].remark, "stratum %u, leap %u", rows[i].stratum, rows[i].leap);
    samples_free(&samples);
  }
}

struct row {
  enum candm_state state;
  unsigned reach;
  uint32_t count;
};

static void lost_remark(const struct candm_tracking *tracking, const struct row *rows, size_t count,
                        const char *label) {
  struct samples samples = {.items = NULL};
  for (size_t i = 0; i < count; i++) {
    add(&samples, rows[i].state, rows[i].reach, rows[i].count);
  }
  assert_int_equal(chrony_sample_carry(&samples, tracking, NULL), 0);
  assert_int_equal(samples.count, count + 1);
  const struct sample *primary = &samples.items[0];
  assert_false(primary->listed);
  assert_string_equal(primary->server, "");
  assert_golden(primary->remark, "%s", label);
  assert_true(sample_has(primary, FIELD_LEAP));
  assert_int_equal(primary->leap, LEAP_UNSYNCHRONISED);
  for (size_t i = 1; i < samples.count; i++) {
    assert_true(samples.items[i].listed);
  }
  samples_free(&samples);
}

static void test_lost(void **state) {
  (void)state;
#define SILENT \
  { CANDM_NONSELECTABLE, 0, 0 }
  static const struct row silent = SILENT;
  static const struct row rows[] = {
      SILENT, {CANDM_NONSELECTABLE, 1, 1}, {CANDM_NONSELECTABLE, 3, 2}};
  static const struct row false_ones[] = {
      {CANDM_FALSETICKER, 255, 9}, SILENT, {CANDM_FALSETICKER, 255, 9}, {CANDM_JITTERY, 255, 9}};
  static const struct row silent_ones[] = {SILENT, SILENT, SILENT};
  static const struct row poor = {CANDM_NONSELECTABLE, 255, 9};
  struct candm_tracking local = {.reference_id = CANDM_LOCAL_REFERENCE, .stratum = 10};
  lost_remark(&lost, NULL, 0, "no sources");
  lost_remark(&lost, &silent, 1, "a silent one");
  lost_remark(&lost, silent_ones, 3, "3 silent ones");
  lost_remark(&lost, rows, 3, "2 measurements");
  lost_remark(&lost, &poor, 1, "a poor one");
  lost_remark(&lost, false_ones, 4, "2 false ones, a silent and a jittery one");
  lost_remark(&good, silent_ones, 3, "3 silent ones");
  lost_remark(&local, NULL, 0, "no sources, local stratum 10");
}

/* The list changed between two questions: measured, and no sample of it. */
static void test_lost_reset(void **state) {
  (void)state;
  struct candm_source source = server;
  struct candm_stats none = {.sample_count = 0};
  struct samples samples = {.items = NULL};
  struct sample sample;
  source.state = CANDM_NONSELECTABLE;
  chrony_sample_source(&source, &none, "", 0, &sample);
  assert_int_equal(samples_add(&samples, &sample, NULL), 0);
  assert_int_equal(chrony_sample_carry(&samples, &lost, NULL), 0);
  assert_golden(samples.items[0].remark, "a poor one");
  samples_free(&samples);
}

static void test_lost_names(void **state) {
  (void)state;
  struct candm_source source = {
      .address = {CANDM_ID, {0}}, .state = CANDM_NONSELECTABLE, .since_sample_s = CANDM_NEVER};
  struct candm_stats none = {.sample_count = 0};
  for (size_t count = 1; count <= 3; count++) {
    struct samples samples = {.items = NULL};
    struct sample sample;
    for (size_t i = 0; i < count; i++) {
      source.address.family = i < 2 ? CANDM_ID : CANDM_INET4;
      chrony_sample_source(&source, &none, "", 0, &sample);
      assert_int_equal(samples_add(&samples, &sample, NULL), 0);
    }
    assert_int_equal(chrony_sample_carry(&samples, &lost, NULL), 0);
    assert_golden(samples.items[0].remark, "%zu sources, the first two names", count);
    samples_free(&samples);
  }
}

static void add_named(struct samples *samples, enum candm_family family, const char *name) {
  struct candm_source source = server;
  struct sample sample;
  source.address.family = (uint16_t)family;
  source.address.bytes[3] = (uint8_t)samples->count;
  chrony_sample_source(&source, &stats, name, 0, &sample);
  assert_int_equal(samples_add(samples, &sample, NULL), 0);
}

/* A pool has slots for more servers than its name has addresses. */
static void test_spare_slots(void **state) {
  (void)state;
  static const struct {
    enum candm_family family;
    const char *name;
    bool stays;
  } rows[] = {
      {CANDM_ID, "pool", false},     {CANDM_INET4, "pool", true}, {CANDM_INET6, "pool", true},
      {CANDM_ID, "pool", false},     {CANDM_ID, "other", true},   {CANDM_ID, "other", false},
      {CANDM_INET4, "other2", true}, {CANDM_ID, "third", true},   {CANDM_ID, "other", false},
      {CANDM_ID, "", true},          {CANDM_ID, "", false},
  };
  enum { ROWS = sizeof rows / sizeof *rows };
  struct samples samples = {.items = NULL};
  size_t kept = 0;
  for (size_t i = 0; i < ROWS; i++) {
    add_named(&samples, rows[i].family, rows[i].name);
  }
  chrony_sample_drop_spare(&samples);
  for (size_t i = 0; i < ROWS; i++) {
    if (rows[i].stays) {
      assert_true(kept < samples.count);
      assert_string_equal(samples.items[kept].server, rows[i].name);
      assert_int_equal(samples.items[kept].unresolved, rows[i].family == CANDM_ID);
      kept++;
    }
  }
  assert_int_equal(samples.count, kept);
  samples_free(&samples);
  chrony_sample_drop_spare(&samples);
  assert_int_equal(samples.count, 0);
  add_named(&samples, CANDM_INET4, ""); /* names are not to be had */
  add_named(&samples, CANDM_ID, "");
  chrony_sample_drop_spare(&samples);
  assert_int_equal(samples.count, 1);
  samples_free(&samples);
}

/* One that lost its sources still knows how wrong it can be; one that has its own clock does not.
 */
static void test_lost_figures(void **state) {
  (void)state;
  struct samples samples = {.items = NULL};
  struct candm_tracking local = good;
  assert_int_equal(chrony_sample_carry(&samples, &good, NULL), 0);
  assert_int_equal(samples.items[0].value[METRIC_ERROR_BOUND], 22 * DURATION_MS);
  samples_free(&samples);
  local.reference_id = CANDM_LOCAL_REFERENCE;
  assert_int_equal(chrony_sample_carry(&samples, &local, NULL), 0);
  assert_int_equal(samples.items[0].present, 1U << FIELD_LEAP);
  samples_free(&samples);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(test_selected_carries),
      cmocka_unit_test(test_leap),
      cmocka_unit_test(test_selected_not_synchronised),
      cmocka_unit_test(test_lost),
      cmocka_unit_test(test_lost_reset),
      cmocka_unit_test(test_lost_names),
      cmocka_unit_test(test_spare_slots),
      cmocka_unit_test(test_lost_figures),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}

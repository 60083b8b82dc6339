/* Tests of ptp_sample.c: what is made of what ptp4l tells, and what is not made of it. */
#include <inttypes.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "ntp_monitor/duration.h"
#include "ntp_monitor/sample.h"
#include "source/ptp/ptp_sample.h"
#include "tests/unit/golden.h"

#define NOW_NS (INT64_C(1795276538) * DURATION_S) /* CLOCK_REALTIME */
#define UP_NS (5000 * DURATION_S)                 /* CLOCK_MONOTONIC */

static struct ptp_reading reading;
static struct sample sample;

static struct ptp_data port_in(unsigned number, unsigned state) {
  struct ptp_data data = {.id = PTP_PORT_DATA_SET};
  data.port.identity.port = number;
  data.port.state = state;
  data.port.delay_mechanism = PTP_END_TO_END;
  data.port.delay_ns = 77;
  return data;
}

/* One port in this state, of a clock that follows a grandmaster. */
static void begin(unsigned state) {
  reading = (struct ptp_reading){.clock.defaults.ports = 1};
  struct ptp_data port = port_in(1, state);
  ptp_sample_port(&reading, &port);
  reading.current.current.steps_removed = 1;
  reading.current.current.delay_ns = 2000;
  reading.parent.parent.accuracy_ns = 25;
  reading.properties.time_properties.utc_offset_s = 37;
  reading.properties.time_properties.traceable = true;
  reading.parent.parent.clock_class = 6;
}

/* TIME_STATUS_NP, asked for so long before now. */
static void look(int64_t ago_ns, int64_t offset_ns, int64_t ingress_ns) {
  struct ptp_data status = {.id = PTP_TIME_STATUS_NP};
  status.time_status.offset_ns = offset_ns;
  status.time_status.ingress_ns = ingress_ns;
  status.time_status.present = true;
  memcpy(status.time_status.grandmaster, "\xb8\xce\xf6\xff\xfe\x12\x34\x56", PTP_IDENTITY_BYTES);
  ptp_sample_status(&reading, &status, UP_NS - ago_ns);
}

static void make(unsigned wanted) {
  memset(&sample, 0x55, sizeof sample);
  ptp_sample_make(&reading, wanted, NOW_NS, UP_NS, &sample);
}

/* The remark quotes that. */
static void remarks(const char *quoted, const char *label) {
  assert_non_null(strstr(sample.remark, quoted));
  assert_golden(sample.remark, "%s", label);
}

static void has(enum metric metric, int64_t value) {
  assert_true(sample_has(&sample, metric));
  assert_int_equal(sample.value[metric], value);
}

static void has_none_but(unsigned present) {
  assert_int_equal(sample.present, present);
}

static void test_slave(void **state) {
  (void)state;
  begin(PTP_SLAVE);
  look(300 * DURATION_MS, 1000, NOW_NS - 320 * DURATION_MS);
  look(200 * DURATION_MS, -1000, NOW_NS - 260 * DURATION_MS);
  look(100 * DURATION_MS, 2000, NOW_NS - 140 * DURATION_MS);
  make(3);
  assert_string_equal(sample.server, "b8cef6.fffe.123456");
  assert_string_equal(sample.address, "");
  remarks("3", "SLAVE");
  has(METRIC_JITTER, 2550); /* sqrt((2000^2 + 3000^2) / 2) = 2549.5 */
  has(METRIC_OFFSET, -2000);
  has(METRIC_DELAY, 4000);
  has(METRIC_ROOT_DISTANCE, 25);
  has(METRIC_ERROR_BOUND, 2000 + 2000 + 25 + 2100); /* 15 ppm of 140 ms */
  has(METRIC_AGE, 140 * DURATION_MS);
  has(METRIC_CLOCK_CLASS, 6);
  has_none_but(1U << METRIC_CLOCK_CLASS | 1U << METRIC_ROOT_DISTANCE | 1U << METRIC_JITTER |
               1U << METRIC_OFFSET | 1U << METRIC_DELAY | 1U << METRIC_ERROR_BOUND |
               1U << METRIC_AGE | 1U << FIELD_LEAP | 1U << FIELD_POLL_INTERVAL);
  assert_int_equal(sample.jitter_kind, JITTER_RMS_SUCCESSIVE);
  assert_int_equal(sample.state, STATE_SELECTED);
  assert_int_equal(sample.leap, LEAP_NONE);
  assert_int_equal(sample.poll_interval_ns, DURATION_S);
  assert_false(sample.listed);
  assert_int_equal(sample.clock, CLOCK_SYSTEM);
}

/* Ours is the other way round: master - local. */
static void test_sign(void **state) {
  (void)state;
  begin(PTP_SLAVE);
  look(0, -INT64_MAX, NOW_NS);
  make(1);
  has(METRIC_OFFSET, INT64_MAX);
  assert_false(sample_has(&sample, METRIC_ERROR_BOUND)); /* it would overflow */
  begin(PTP_SLAVE);
  look(0, INT64_MAX, NOW_NS);
  make(1);
  has(METRIC_OFFSET, -INT64_MAX);
}

/* A jitter of 0 from copies of one measurement would be a lie. */
static void test_copies(void **state) {
  (void)state;
  begin(PTP_SLAVE);
  for (int i = 8; i > 0; i--) {
    look(i * 100 * DURATION_MS, 1000, NOW_NS - DURATION_S);
  }
  make(8);
  assert_false(sample_has(&sample, METRIC_JITTER));
  assert_int_equal(sample.jitter_kind, JITTER_NONE);
  remarks("8", "copies");
  begin(PTP_SLAVE);
  look(0, 1000, NOW_NS);
  make(1);
  assert_int_equal(sample.jitter_kind, JITTER_NONE);
  assert_string_equal(sample.remark, "");
  /* The same figure, measured anew, is no copy. */
  begin(PTP_SLAVE);
  look(DURATION_MS, 1000, NOW_NS - 2);
  look(0, 1000, NOW_NS - 1);
  make(2);
  has(METRIC_JITTER, 0);
}

/* Measurements from before a step or another master are not compared with later ones. */
static void test_breaks(void **state) {
  (void)state;
  begin(PTP_SLAVE);
  look(300, 1000, NOW_NS - 400);
  look(200, 1000000, NOW_NS - 300);
  reading.status.time_status.grandmaster[0] ^= 1;
  look(100, 50, NOW_NS - 150);
  look(0, 80, NOW_NS - 10);
  make(4);
  has(METRIC_JITTER, 30);
  remarks("4", "another master in between");
  begin(PTP_SLAVE);
  look(300, 1000, NOW_NS - 400);
  look(200, 1000, 0);
  make(2);
  has_none_but(1U << METRIC_CLOCK_CLASS | 1U << FIELD_LEAP);
  remarks("", "none since another master");
  assert_int_equal(sample.jitter_kind, JITTER_RMS_SUCCESSIVE);
  assert_int_equal(sample.leap, LEAP_NONE);
  assert_int_equal(sample.state, STATE_UNUSABLE);
  look(100, 50, NOW_NS - 150);
  make(3);
  remarks("3", "one since another master");
  has(METRIC_AGE, 150);
  /* The clock was set by more than a day in between. */
  begin(PTP_SLAVE);
  look(300, 2 * DURATION_D, NOW_NS - 400);
  look(200, 0, NOW_NS - 300);
  make(2);
  assert_false(sample_has(&sample, METRIC_JITTER));
}

static void test_more_than_fit(void **state) {
  (void)state;
  begin(PTP_SLAVE);
  for (int i = 0; i < PTP_MEASUREMENTS_MAX + 10; i++) {
    look(0, i, NOW_NS - 1000 + i);
  }
  make(PTP_MEASUREMENTS_MAX);
  assert_int_equal(reading.measurements, PTP_MEASUREMENTS_MAX);
  has(METRIC_JITTER, 1);
}

/* ingress_time is by the steered clock, whatever that shows. */
static void test_age(void **state) {
  (void)state;
  static const struct {
    bool changed; /* a measurement was seen to come, between 300 and 100 ms ago */
    int64_t ingress_ns;
    int64_t want_ns; /* INT64_MIN: absent */
    bool system;
    bool gap; /* it cannot show what the system clock does, or TAI */
  } rows[] = {
      {true, NOW_NS - 250 * DURATION_MS, 250 * DURATION_MS, true, false},
      {true, NOW_NS - 1200 * DURATION_MS, 1200 * DURATION_MS, true, false}, /* nearly */
      {true, NOW_NS - 2 * DURATION_S, 300 * DURATION_MS, false, true},
      {true, NOW_NS + 900 * DURATION_MS, -900 * DURATION_MS, true, false},
      {true, NOW_NS + 37 * DURATION_S, 300 * DURATION_MS, false, false}, /* TAI */
      {true, 5000 * DURATION_S, 300 * DURATION_MS, false, true},         /* since its start */
      {true, -5, 300 * DURATION_MS, false, true},
      {true, INT64_MIN, 300 * DURATION_MS, false, true},
      {true, INT64_MAX, 300 * DURATION_MS, false, true},
      {false, NOW_NS - 250 * DURATION_MS, 250 * DURATION_MS, true, false},
      {false, NOW_NS - 500 * DURATION_S, 500 * DURATION_S, true, false},
      {false, NOW_NS + 34 * DURATION_S, 3 * DURATION_S, false, false}, /* TAI */
      {false, NOW_NS + 38 * DURATION_S, -DURATION_S, false, false},
      {false, NOW_NS + 39 * DURATION_S, INT64_MIN, false, true},
      {false, 999999999 * DURATION_S, INT64_MIN, false, true},
      {false, 1000000000 * DURATION_S, NOW_NS - 1000000000 * DURATION_S, true, false},
      {false, -5, INT64_MIN, false, true},
      {false, INT64_MIN, INT64_MIN, false, true},
      {false, INT64_MAX, INT64_MIN, false, true},
  };
  for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
    begin(PTP_SLAVE);
    look(300 * DURATION_MS, 5, rows[i].changed ? 1 : rows[i].ingress_ns);
    look(100 * DURATION_MS, 5, rows[i].ingress_ns);
    make(2);
    assert_int_equal(sample_has(&sample, METRIC_AGE), rows[i].want_ns != INT64_MIN);
    if (rows[i].want_ns != INT64_MIN) {
      has(METRIC_AGE, rows[i].want_ns);
    }
    assert_int_equal(sample.clock, rows[i].system ? CLOCK_SYSTEM : CLOCK_CARD);
    assert_int_equal(sample.leap == LEAP_UNSYNCHRONISED, rows[i].gap);
    assert_golden(sample.remark, "ingress_time %" PRId64 "%s", rows[i].ingress_ns,
                  rows[i].changed ? ", seen to change" : "");
  }
  begin(PTP_SLAVE);
  look(0, 5, NOW_NS + 37 * DURATION_S);
  make(1);
  remarks("PTP", "one sample in TAI");
}

/* The card's clock, whatever it shows, against the system's: how far, and which way. */
static void test_gap(void **state) {
  (void)state;
  static const struct {
    int64_t ingress_ns; /* of a measurement that came 300 to 100 ms ago */
    const char *way;
  } rows[] = {{NOW_NS + 3 * DURATION_D, "behind"}, {NOW_NS - 3 * DURATION_D, "ahead"}};
  for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
    begin(PTP_SLAVE);
    look(300 * DURATION_MS, 5, 1);
    look(100 * DURATION_MS, 5, rows[i].ingress_ns);
    make(2);
    remarks(rows[i].way, rows[i].way);
    assert_int_equal(sample.leap, LEAP_UNSYNCHRONISED);
    assert_false(sample_has(&sample, METRIC_JITTER));
  }
  /* A master that does not tell how far UTC is from TAI. */
  begin(PTP_SLAVE);
  reading.properties.time_properties.utc_offset_s = 0;
  look(300 * DURATION_MS, 5, 1);
  look(100 * DURATION_MS, 5, NOW_NS + 37 * DURATION_S);
  make(2);
  assert_int_equal(sample.leap, LEAP_NONE);
}

static void test_grandmaster(void **state) {
  (void)state;
  begin(PTP_SLAVE);
  reading.properties.time_properties.traceable = false;
  reading.parent.parent.clock_class = 248;
  look(0, 5, NOW_NS);
  make(1);
  remarks("248", "not traceable");
  has(METRIC_CLOCK_CLASS, 248);
  make(2);
  remarks("248", "not traceable, no jitter");
  reading.properties.time_properties.traceable = true;
  reading.parent.parent.clock_class = 7; /* it has lost its reference */
  make(1);
  remarks("7", "traceable");
  /* An automotive slave hears no Announce. */
  reading.status.time_status.present = false;
  make(1);
  remarks("", "no grandmaster");
  assert_false(sample_has(&sample, METRIC_CLOCK_CLASS)); /* what is there is this clock's own */
  assert_string_equal(sample.server, "");
  assert_int_equal(sample.leap, LEAP_NONE);
  assert_int_equal(sample.state, STATE_SELECTED);
  has(METRIC_OFFSET, -5);
  has(METRIC_DELAY, 4000);
}

/* 0 is what ptp4l begins with, and no delay; nor is its offset one then. */
static void test_no_delay(void **state) {
  (void)state;
  static const unsigned mechanisms[] = {PTP_END_TO_END, PTP_PEER_TO_PEER};
  for (size_t i = 0; i < 2; i++) {
    begin(PTP_SLAVE);
    reading.port.port.delay_mechanism = mechanisms[i];
    reading.port.port.delay_ns = reading.current.current.delay_ns = 0;
    look(0, 0, NOW_NS);
    make(1);
    has_none_but(1U << METRIC_CLOCK_CLASS | 1U << METRIC_ROOT_DISTANCE | 1U << METRIC_AGE |
                 1U << FIELD_LEAP | 1U << FIELD_POLL_INTERVAL);
  }
  begin(PTP_SLAVE);
  reading.port.port.delay_mechanism = 0xfe; /* nobody measures it, and the offset is one */
  look(0, 0, NOW_NS);
  make(1);
  has(METRIC_OFFSET, 0);
}

static void test_path(void **state) {
  (void)state;
  static const struct {
    unsigned mechanism;
    int64_t delay_ns, peer_ns;
    int64_t accuracy_ns;
    unsigned steps;
    int64_t want_ns, bound_ns; /* -1: absent */
  } rows[] = {
      {PTP_END_TO_END, 2000, 5, 25, 1, 4000, 2125},
      {PTP_END_TO_END, 2000, 5, -1, 1, 4000, -1}, /* who knows how good the grandmaster is */
      {PTP_END_TO_END, 2000, 5, 25, 2, 4000, -1}, /* or what the clock in between adds */
      {PTP_END_TO_END, 2000, 5, 0, 1, 4000, 2100},
      {PTP_END_TO_END, -1, 5, 25, 1, -1, -1},
      {PTP_PEER_TO_PEER, 0, 300, 25, 1, 600, 425},
      {PTP_PEER_TO_PEER, 2000, -300, 25, 1, -1, -1},
      {0xfe, 2000, 300, 25, 1, -1, -1}, /* nobody measures it */
      {PTP_END_TO_END, INT64_C(1) << 47, 0, 1, 1, INT64_C(1) << 48, (INT64_C(1) << 47) + 101},
  };
  for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
    begin(PTP_SLAVE);
    reading.port.port.delay_mechanism = rows[i].mechanism;
    reading.port.port.delay_ns = rows[i].peer_ns;
    reading.current.current.delay_ns = rows[i].delay_ns;
    reading.current.current.steps_removed = rows[i].steps;
    reading.parent.parent.accuracy_ns = rows[i].accuracy_ns;
    look(0, -100, NOW_NS);
    make(1);
    assert_int_equal(sample_has(&sample, METRIC_DELAY), rows[i].want_ns >= 0);
    assert_int_equal(sample_has(&sample, METRIC_ERROR_BOUND), rows[i].bound_ns >= 0);
    assert_int_equal(sample_has(&sample, METRIC_ROOT_DISTANCE),
                     rows[i].accuracy_ns >= 0 && rows[i].steps == 1);
    assert_true(rows[i].want_ns < 0 || sample.value[METRIC_DELAY] == rows[i].want_ns);
    assert_true(rows[i].bound_ns < 0 || sample.value[METRIC_ERROR_BOUND] == rows[i].bound_ns);
  }
}

static void test_leap_and_interval(void **state) {
  (void)state;
  static const struct {
    bool leap61, leap59;
    enum leap want;
    int log2_s;
    int64_t want_ns; /* 0: absent */
  } rows[] = {
      {false, false, LEAP_NONE, 0, DURATION_S}, {true, false, LEAP_INSERT, 4, 16 * DURATION_S},
      {false, true, LEAP_DELETE, -4, 62500000}, {false, false, LEAP_NONE, 17, 131072 * DURATION_S},
      {false, false, LEAP_NONE, 18, 0},         {false, false, LEAP_NONE, -10, 976562},
      {false, false, LEAP_NONE, -11, 0},        {false, false, LEAP_NONE, 127, 0},
      {false, false, LEAP_NONE, -128, 0},
  };
  for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
    begin(PTP_SLAVE);
    reading.properties.time_properties.leap61 = rows[i].leap61;
    reading.properties.time_properties.leap59 = rows[i].leap59;
    reading.port.port.sync_log2_s = rows[i].log2_s;
    look(0, 1, NOW_NS);
    make(1);
    assert_int_equal(sample.leap, rows[i].want);
    assert_int_equal(sample_has(&sample, FIELD_POLL_INTERVAL), rows[i].want_ns != 0);
    assert_true(rows[i].want_ns == 0 || sample.poll_interval_ns == rows[i].want_ns);
  }
}

static void test_uncalibrated(void **state) {
  (void)state;
  begin(PTP_UNCALIBRATED);
  look(0, -500, NOW_NS - 7);
  make(1);
  remarks("UNCALIBRATED", "UNCALIBRATED");
  assert_int_equal(sample.jitter_kind, JITTER_RMS_SUCCESSIVE);
  assert_int_equal(sample.leap, LEAP_NONE);
  assert_int_equal(sample.state, STATE_UNUSABLE);
  assert_false(sample_has(&sample, METRIC_OFFSET)); /* it is judged of a SLAVE alone */
  assert_false(sample_has(&sample, METRIC_ERROR_BOUND));
  has(METRIC_DELAY, 4000);
  has(METRIC_AGE, 7);
  assert_false(sample_has(&sample, METRIC_JITTER));
  reading.runs_ns = DURATION_MIN;
  make(1);
  assert_int_equal(sample.leap, LEAP_NONE);
  reading.runs_ns = DURATION_MIN + 1;
  make(1);
  assert_int_equal(sample.leap, LEAP_UNSYNCHRONISED);
  has_none_but(1U << FIELD_LEAP);
  remarks("1min", "UNCALIBRATED for long");
  reading.current.current.delay_ns = 0;
  make(1);
  remarks("delay_mechanism", "UNCALIBRATED for long, without a delay");
}

/* What follows nobody is not healthy, however good its figures. */
static void test_not_synchronised(void **state) {
  (void)state;
  for (unsigned port = PTP_INITIALIZING; port < PTP_PORT_STATES; port++) {
    for (int present = 0; present < 2; present++) {
      begin(port);
      look(0, 0, present ? NOW_NS : 0);
      reading.status.time_status.present = present == 1;
      make(8);
      bool follows = present && (port == PTP_SLAVE || port == PTP_UNCALIBRATED);
      assert_int_equal(sample.leap == LEAP_UNSYNCHRONISED, !follows);
      assert_string_equal(sample.server, present ? "b8cef6.fffe.123456" : "");
      if (!follows) {
        has_none_but(1U << FIELD_LEAP);
        char label[32];
        (void)snprintf(label, sizeof label, "%s, %d", ptp_data_state(port), present);
        remarks(ptp_data_state(port), label);
      }
    }
  }
}

static void test_ports(void **state) {
  (void)state;
  static const struct {
    unsigned states[4];
    unsigned want;
    const char *name; /* in the remark */
  } rows[] = {
      {{PTP_MASTER, PTP_SLAVE, PTP_MASTER}, 2, ""},
      {{PTP_MASTER, PTP_UNCALIBRATED, PTP_FAULTY}, 2, "UNCALIBRATED"},
      {{PTP_MASTER, PTP_FAULTY}, 2, "FAULTY"},
      {{PTP_DISABLED, PTP_MASTER, PTP_LISTENING, PTP_PASSIVE}, 3, "LISTENING"},
      {{PTP_MASTER, PTP_MASTER}, 1, "MASTER"},
  };
  for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
    reading = (struct ptp_reading){.samples = 0};
    reading.properties.time_properties.traceable = true;
    reading.parent.parent.clock_class = 13;
    for (unsigned k = 0; k < 4 && rows[i].states[k] != 0; k++) {
      struct ptp_data port = port_in(k + 1, rows[i].states[k]);
      ptp_sample_port(&reading, &port);
      reading.clock.defaults.ports = k + 1;
    }
    look(0, 0, NOW_NS);
    make(8);
    assert_int_equal(reading.port.port.identity.port, rows[i].want);
    assert_non_null(strstr(sample.remark, rows[i].name));
    assert_golden(sample.remark, "port %u of %u: %s", rows[i].want, reading.clock.defaults.ports,
                  rows[i].name);
  }
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(test_slave),         cmocka_unit_test(test_sign),
      cmocka_unit_test(test_copies),        cmocka_unit_test(test_breaks),
      cmocka_unit_test(test_more_than_fit), cmocka_unit_test(test_age),
      cmocka_unit_test(test_path),          cmocka_unit_test(test_leap_and_interval),
      cmocka_unit_test(test_uncalibrated),  cmocka_unit_test(test_not_synchronised),
      cmocka_unit_test(test_ports),         cmocka_unit_test(test_gap),
      cmocka_unit_test(test_grandmaster),   cmocka_unit_test(test_no_delay),
  };
  return cmocka_run_group_tests_name("ptp_sample", tests, NULL, NULL);
}

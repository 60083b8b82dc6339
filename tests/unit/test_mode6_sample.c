/* Tests of mode6_sample.c: what ntpd tells, in our vocabulary. */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "ntp_monitor/duration.h"
#include "ntp_monitor/why.h"
#include "source/ntpd/mode6.h"
#include "tests/unit/golden.h"

static struct mode6_peer peers[4];
static struct mode6_reading reading;
static struct sample sample;
static struct why why;

static void set(struct mode6_values *values, const char *text) {
  assert_int_equal(mode6_read(text, strlen(text), values, &why), 0);
}

/* A peer of this association, status and variables. */
static void add_peer(uint16_t association, uint16_t status, const char *text) {
  struct mode6_peer *peer = &peers[reading.peer_count++];
  *peer = (struct mode6_peer){.association = association, .status = status, .known = true};
  set(&peer->values, text);
  reading.total++;
  reading.reachable += (status & MODE6_REACHABLE) != 0;
  reading.falsetickers += mode6_selection(status) == MODE6_FALSETICK;
}

static const char followed[] =
    "srcadr=10.9.0.2,srchost=\"ntp.test\",stratum=2,hpoll=6,reach=0xf7,flash=0,offset=1.5,delay=0."
    "4,"
    "jitter=0.02,dispersion=0.1,rootdelay=2,rootdisp=3,rec=0xeeac0010.40000000";

/* An ntpd that follows one server. */
static int begin(void **state) {
  (void)state;
  memset(&sample, 0x55, sizeof sample);
  reading = (struct mode6_reading){.peer = peers};
  set(&reading.system,
      "leap=0,reftime=0xeeac0000.00000000,clock=0xeeac0018.80000000,rootdelay=2.4,rootdisp=5,"
      "offset=1.25,sys_jitter=0.5,peer=7");
  add_peer(7, 0x961a, followed);
  return 0;
}

static void primary(void) {
  assert_int_equal(mode6_primary(&reading, &sample, &why), 0);
  assert_false(sample.listed);
}

static void has(enum metric metric, int64_t want) {
  assert_true(sample_has(&sample, metric));
  assert_int_equal(sample.value[metric], want);
}

static void has_not(enum metric metric) {
  assert_false(sample_has(&sample, metric));
}

static void test_primary(void **state) {
  (void)state;
  primary();
  assert_string_equal(sample.server, "ntp.test");
  assert_string_equal(sample.address, "10.9.0.2");
  assert_string_equal(sample.remark, "");
  assert_int_equal(sample.state, STATE_SELECTED);
  assert_int_equal(sample.leap, LEAP_NONE);
  assert_int_equal(sample.jitter_kind, JITTER_SYS);
  assert_int_equal(sample.poll_interval_ns, 64 * DURATION_S);
  has(METRIC_JITTER, 500 * DURATION_US);
  has(METRIC_OFFSET, 1500 * DURATION_US);
  has(METRIC_DELAY, 400 * DURATION_US);
  has(METRIC_ROOT_DISTANCE, 6200 * DURATION_US);
  has(METRIC_ERROR_BOUND, 6200 * DURATION_US);
  has(METRIC_AGE, 8 * DURATION_S + 250 * DURATION_MS);
  has(METRIC_STRATUM, 2);
  has(METRIC_REACH, 7);
  assert_false(sample_has(&sample, FIELD_REPLIES));
}

static void test_bound(void **state) {
  (void)state;
  /* An offset that rootdisp does not have yet. */
  set(&reading.system, "leap=0,rootdelay=2,rootdisp=3,offset=-20,sys_jitter=0.5,peer=7");
  primary();
  has(METRIC_ROOT_DISTANCE, 4 * DURATION_MS);
  has(METRIC_ERROR_BOUND, 21 * DURATION_MS);
  set(&reading.system, "leap=0,rootdisp=3,offset=-20,sys_jitter=0.5,peer=7");
  primary();
  has_not(METRIC_ROOT_DISTANCE);
  has_not(METRIC_ERROR_BOUND);
}

/* After a jump of the clock ntpd's own offset is old, and its server's is not. */
static void test_offset(void **state) {
  static const struct {
    const char *system, *peer;
    int64_t want_ns;
    const char *own; /* what the remark quotes; NULL: there is none */
  } rows[] = {
      {"leap=0,offset=-1.2", "offset=1.1", -1200 * DURATION_US, NULL},
      {"leap=0,offset=-1.2", "offset=-1.3", -1300 * DURATION_US, NULL},
      {"leap=0,offset=-1.2", "offset=128", 128 * DURATION_MS, NULL},
      {"leap=0,offset=-1.2", "offset=500000", 500 * DURATION_S, "-1.2ms"},
      {"leap=0,offset=3", "offset=-500000", -500 * DURATION_S, "+3ms"},
      {"leap=0,offset=500000", "offset=3", 500 * DURATION_S, NULL},
      {"leap=0,offset=3", "stratum=1", 3 * DURATION_MS, NULL},
      {"leap=0", "offset=500000", 500 * DURATION_S, NULL},
  };
  (void)state;
  for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
    set(&reading.system, rows[i].system);
    set(&peers[0].values, rows[i].peer);
    primary();
    assert_int_equal(sample.leap, LEAP_NONE);
    has(METRIC_OFFSET, rows[i].want_ns);
    assert_int_equal(sample.remark[0] != '\0', rows[i].own != NULL);
    if (rows[i].own != NULL) {
      assert_non_null(strstr(sample.remark, rows[i].own));
      assert_golden(sample.remark, "ntpd %s, its server %s", rows[i].system, rows[i].peer);
    }
  }
  /* The bound has it in it. */
  set(&reading.system, "leap=0,rootdelay=2,rootdisp=3,offset=1");
  set(&peers[0].values, "offset=-500000");
  primary();
  has(METRIC_ERROR_BOUND, 500 * DURATION_S + DURATION_MS);
  set(&reading.system, "leap=0");
  set(&peers[0].values, "stratum=1");
  primary();
  has_not(METRIC_OFFSET);
}

static void test_leaps(void **state) {
  (void)state;
  set(&reading.system, "leap=1,peer=7");
  primary();
  assert_int_equal(sample.leap, LEAP_INSERT);
  set(&reading.system, "leap=2,peer=7");
  primary();
  assert_int_equal(sample.leap, LEAP_DELETE);
  set(&reading.system, "peer=7");
  memset(&sample, 0x55, sizeof sample);
  assert_int_equal(mode6_primary(&reading, &sample, &why), -EBADMSG);
  assert_int_equal(why.reason, REASON_BAD_REPLY);
  assert_golden(why.text, "no leap");
  assert_int_equal(sample.state, 0x55555555);
}

/* Of one server alone ntpd's own figure is 0. */
static void test_jitter(void **state) {
  (void)state;
  set(&reading.system, "leap=0,offset=1,sys_jitter=0.000000,peer=7");
  primary();
  assert_int_equal(sample.jitter_kind, JITTER_RMS);
  has(METRIC_JITTER, 20 * DURATION_US);
  set(&peers[0].values, "srcadr=10.9.0.2,jitter=0.000");
  primary();
  has(METRIC_JITTER, 0);
  set(&peers[0].values, "srcadr=10.9.0.2");
  primary();
  has_not(METRIC_JITTER);
  assert_int_equal(sample.jitter_kind, JITTER_SYS);
}

static void test_age(void **state) {
  (void)state;
  peers[0].later_ns = 3 * DURATION_MS;
  primary();
  has(METRIC_AGE, 8 * DURATION_S + 253 * DURATION_MS);
  /* NTP's era ends in between: RFC 5905 section 6. */
  set(&reading.system, "leap=0,clock=0x00000002.00000000,peer=7");
  set(&peers[0].values, "rec=0xffffffff.80000000");
  primary();
  has(METRIC_AGE, 2 * DURATION_S + 503 * DURATION_MS);
  /* The clock was put back since. */
  set(&peers[0].values, "rec=0x00000003.00000000");
  primary();
  has(METRIC_AGE, -DURATION_S + 3 * DURATION_MS);
  /* Without an arrival the last update; without that, or without a clock, nothing. */
  set(&peers[0].values, "rec=0x00000000.00000000");
  primary();
  has_not(METRIC_AGE);
  set(&reading.system, "leap=0,clock=0x00000002.00000000,reftime=0x00000001.00000000,peer=7");
  primary();
  has(METRIC_AGE, DURATION_S);
  set(&reading.system, "leap=0,reftime=0x00000001.00000000,peer=7");
  primary();
  has_not(METRIC_AGE);
}

/* Who is followed: marked so, and of several the one that the system names. */
static void test_followed(void **state) {
  (void)state;
  assert_int_equal(mode6_followed(&reading), 0);
  add_peer(8, 0x971a, "srcadr=127.127.22.0");
  assert_int_equal(mode6_followed(&reading), 0);
  set(&reading.system, "leap=0,peer=8");
  assert_int_equal(mode6_followed(&reading), 1);
  set(&reading.system, "leap=0,peer=99");
  assert_int_equal(mode6_followed(&reading), 0);
  set(&reading.system, "leap=0");
  assert_int_equal(mode6_followed(&reading), 0);
  peers[0].status = 0x941a;
  assert_int_equal(mode6_followed(&reading), 1);
  /* The variable peer keeps its value after a step. */
  set(&reading.system, "leap=0,peer=7");
  peers[1].status = 0x8011;
  peers[0].status = 0x8011;
  assert_int_equal(mode6_followed(&reading), 2);
  primary();
  assert_int_equal(sample.leap, LEAP_UNSYNCHRONISED);
}

/* Not synchronised, with a remark that quotes this. */
static void remark(const char *label, const char *quoted) {
  primary();
  assert_int_equal(sample.leap, LEAP_UNSYNCHRONISED);
  assert_true(sample_has(&sample, FIELD_LEAP));
  assert_non_null(strstr(sample.remark, quoted));
  assert_golden(sample.remark, "%s", label);
}

static void test_undisciplined(void **state) {
  (void)state;
  set(&reading.system,
      "leap=3,offset=0.000000,sys_jitter=0.000060,rootdelay=1,rootdisp=0.1,peer=7");
  remark("a server, and leap=3", "disable ntp");
  /* The system's offset and distance are no values then. */
  has(METRIC_OFFSET, 1500 * DURATION_US);
  has(METRIC_JITTER, 20 * DURATION_US);
  assert_int_equal(sample.jitter_kind, JITTER_RMS);
  has_not(METRIC_ROOT_DISTANCE);
  has_not(METRIC_ERROR_BOUND);
  assert_int_equal(sample.state, STATE_SELECTED);
  set(&peers[0].values, "srcadr=10.9.0.2,offset=-128.000001");
  remark("a step back", "-128.000001ms");
  set(&peers[0].values, "srcadr=10.9.0.2,offset=2500");
  remark("a step forward", "+2.5s");
  begin(NULL);
  set(&peers[0].values, "srcadr=127.127.1.0,srchost=\"LOCAL(0)\",stratum=5");
  remark("LOCAL(0)", "");
}

static void test_nobody(void **state) {
  static const char answers[] = "srcadr=10.9.0.3,reach=0x1,flash=0x400";
  (void)state;
  peers[0].status = 0x8013;
  reading.reachable = 0;
  remark("a server that was lost", "24s");
  has_not(METRIC_OFFSET); /* ntpd's own figures stay; they tell nothing now */
  has_not(METRIC_STRATUM);
  assert_string_equal(sample.server, "");
  set(&reading.system, "leap=3,reftime=0x00000000.00000000,clock=0xeeac0018.80000000,peer=0");
  remark("a server that never answered", "123");
  set(&peers[0].values, "srcadr=10.9.0.2,reach=0x0");
  add_peer(8, 0x9014, answers);
  remark("one of two answers", "10.9.0.3");
  peers[1].known = false;
  remark("one of two answers, of unknown values", "1 of 2");
  assert_null(strstr(sample.remark, "10.9.0.3"));
  add_peer(9, 0x9114, answers);
  remark("a falseticker", "1 of 3");
  reading = (struct mode6_reading){.system = reading.system};
  remark("no servers", "");
}

/* Names without an address: C11 of the reports, "is UDP port 123 open?" did not help there. */
static void test_unresolved(void **state) {
  static const char pool[] = "srcadr=0.0.0.0,srchost=\"pool.example.org\",reach=0x0,flash=0x1400";
  static const char name[] = "srcadr=::,srchost=\"ntp.example.org\",reach=0x0,flash=0x1400";
  (void)state;
  reading = (struct mode6_reading){.peer = peers};
  set(&reading.system, "leap=3,reftime=0x00000000.00000000,clock=0xeeac0018.80000000,peer=0");
  add_peer(7, 0x8811, pool);
  remark("a pool without address", "pool.example.org");
  add_peer(8, 0x8011, name);
  remark("a pool and a server without address", "pool.example.org");
  peers[0] = peers[1];
  peers[0].status = 0xc011;
  remark("an NTS server without address", "4460");
  mode6_listed(&peers[1], &sample);
  assert_int_equal(sample.state, STATE_UNREACHABLE);
  assert_string_equal(sample.server, "ntp.example.org");
  assert_string_equal(sample.address, "");
  assert_golden(sample.remark, "a listed one without address");
  assert_true(sample.unresolved);
  add_peer(9, 0x8011, "srcadr=10.9.0.5,reach=0x0"); /* one has an address, and is silent */
  remark("two without address and a silent one", "123");
}

static void test_broadcasts(void **state) {
  (void)state;
  add_peer(8, 0x8811, "srcadr=10.9.255.255,reach=0x0"); /* what ntpd sends, not what it hears */
  add_peer(9, 0x8811, "srcadr=0.0.0.0,srchost=\"pool.example.org\"");
  peers[3] = (struct mode6_peer){.association = 10, .status = 0x8811}; /* gone meanwhile */
  reading.peer_count = reading.total = 4;
  mode6_drop_broadcasts(&reading);
  assert_int_equal(reading.total, 2);
  assert_int_equal(reading.peer_count, 2);
  assert_int_equal(peers[0].association, 7);
  assert_int_equal(peers[1].association, 9);
  primary();
  assert_string_equal(sample.server, "ntp.test");
}

/* --- the others --------------------------------------------------------------------- */

static void listed(uint16_t status, const char *text) {
  reading.peer_count = 0;
  add_peer(7, status, text);
  memset(&sample, 0x55, sizeof sample);
  mode6_listed(&peers[0], &sample);
  assert_true(sample.listed);
}

static void test_states(void **state) {
  static const struct {
    uint16_t status;
    const char *text;
    enum state want;
  } rows[] = {
      {0x961a, "reach=1", STATE_SELECTED},
      {0x971a, "reach=1", STATE_SELECTED},
      {0x941a, "reach=1", STATE_COMBINED},
      {0x951a, "reach=1", STATE_SELECTABLE},
      {0x931a, "reach=1", STATE_SELECTABLE},
      {0x921a, "reach=1", STATE_SELECTABLE},
      {0x911a, "reach=1", STATE_FALSETICKER},
      {0x8013, "reach=0", STATE_UNREACHABLE},
      {0x9013, "reach=0", STATE_UNREACHABLE}, /* the one that is newer */
      {0x8013, "flash=0x1600", STATE_UNREACHABLE},
      {0x901a, "reach=1,flash=0", STATE_UNUSABLE},
      {0x901a, "flash=0", STATE_UNUSABLE},
      {0x901a, "reach=1,flash=0x1", STATE_UNUSABLE},
      {0x901a, "reach=1,flash=0x2", STATE_UNUSABLE},
      {0x901a, "reach=1,flash=0x4", STATE_UNUSABLE},
      {0x901a, "reach=1,flash=0x8", STATE_UNUSABLE},
      {0x901a, "reach=1,flash=0x10", STATE_UNUSABLE},
      {0x901a, "reach=1,flash=0x20", STATE_UNUSABLE},
      {0x901a, "reach=1,flash=0x40", STATE_UNUSABLE},
      {0x901a, "reach=1,flash=0x600", STATE_UNUSABLE},
      {0x901a, "reach=1,flash=0x1400", STATE_UNUSABLE},
      {0x901a, "reach=1,flash=0xc00", STATE_UNUSABLE},
      {0x901a, "reach=1,flash=0x2000", STATE_UNUSABLE},
  };
  (void)state;
  for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
    listed(rows[i].status, rows[i].text);
    assert_int_equal(sample.state, rows[i].want);
    assert_int_equal(sample.remark[0] != '\0', rows[i].want == STATE_UNUSABLE);
    if (rows[i].want == STATE_UNUSABLE) {
      assert_golden(sample.remark, "%s", rows[i].text);
    }
  }
}

static void test_figures(void **state) {
  (void)state;
  listed(0x911a, followed); /* a falseticker's offset is what one wants to see of it */
  assert_string_equal(sample.server, "ntp.test");
  assert_int_equal(sample.poll_interval_ns, 64 * DURATION_S);
  assert_int_equal(sample.jitter_kind, JITTER_RMS);
  has(METRIC_OFFSET, 1500 * DURATION_US);
  has(METRIC_DELAY, 400 * DURATION_US);
  has(METRIC_JITTER, 20 * DURATION_US);
  has(METRIC_STRATUM, 2);
  has(METRIC_REACH, 7);
  has(METRIC_ROOT_DISTANCE, 4 * DURATION_MS);
  has(METRIC_ERROR_BOUND, 4 * DURATION_MS + (1500 + 200 + 100) * DURATION_US);
  has_not(METRIC_AGE);
  assert_false(sample_has(&sample, FIELD_LEAP));
  listed(0x941a, "srcadr=10.9.0.2,reach=0x3,offset=-1,rootdelay=1,rootdisp=1");
  assert_string_equal(sample.server, "10.9.0.2");
  has(METRIC_REACH, 2);
  assert_string_equal(sample.address, "10.9.0.2");
  has_not(METRIC_ERROR_BOUND);
  assert_false(sample_has(&sample, FIELD_POLL_INTERVAL));
  listed(0x941a, "srcadr=fe80::1%2"); /* what is no plain address is a name */
  assert_string_equal(sample.server, "fe80::1%2");
  assert_string_equal(sample.address, "");
}

static void test_noselect(void **state) {
  (void)state;
  listed(0x9014, "reach=0x1,flash=0x1000,offset=1.5");
  assert_int_equal(sample.state, STATE_UNUSABLE);
  assert_golden(sample.remark, "noselect");
  has(METRIC_OFFSET, 1500 * DURATION_US);
  listed(0x9014, followed);
  assert_golden(sample.remark, "answers, and is not selected");
  has(METRIC_OFFSET, 1500 * DURATION_US);
  listed(0x9014, "reach=0x1,flash=0x400,offset=0.000000,delay=0.000000,jitter=0.000060");
  has_not(METRIC_OFFSET);
  has_not(METRIC_DELAY);
  has_not(METRIC_JITTER);
  listed(0x9014, "reach=0x1,offset=0.000000");
  has_not(METRIC_OFFSET);
}

/* ntpd shows 0 for what was never measured, and leftovers for what was lost. */
static void test_no_figures(void **state) {
  static const char never[] = "srcadr=10.9.0.9,stratum=16,reach=0x0,offset=0.000000,delay=0.000000,"
                              "jitter=10.05,dispersion=16000,rootdelay=0,rootdisp=0,hpoll=3";
  static const uint16_t statuses[] = {0x8011, 0x8013, 0x9013, 0x8413};
  (void)state;
  for (size_t i = 0; i < 4; i++) {
    listed(statuses[i], never);
    for (enum metric m = METRIC_JITTER; m < METRIC_REACH; m++) {
      has_not(m);
    }
    has(METRIC_REACH, 0);
    assert_string_equal(sample.server, "10.9.0.9");
    assert_true(sample_has(&sample, FIELD_POLL_INTERVAL));
  }
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test_setup(test_primary, begin),
      cmocka_unit_test_setup(test_bound, begin),
      cmocka_unit_test_setup(test_offset, begin),
      cmocka_unit_test_setup(test_unresolved, begin),
      cmocka_unit_test_setup(test_broadcasts, begin),
      cmocka_unit_test_setup(test_leaps, begin),
      cmocka_unit_test_setup(test_jitter, begin),
      cmocka_unit_test_setup(test_age, begin),
      cmocka_unit_test_setup(test_followed, begin),
      cmocka_unit_test_setup(test_undisciplined, begin),
      cmocka_unit_test_setup(test_nobody, begin),
      cmocka_unit_test_setup(test_states, begin),
      cmocka_unit_test_setup(test_figures, begin),
      cmocka_unit_test_setup(test_no_figures, begin),
      cmocka_unit_test_setup(test_noselect, begin),
  };
  return cmocka_run_group_tests_name("mode6_sample", tests, NULL, NULL);
}

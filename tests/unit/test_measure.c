/* Tests of measure.c: from names of sources to readings. The sources are this file's own. */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "ntp_monitor/clock.h"
#include "ntp_monitor/config.h"
#include "ntp_monitor/duration.h"
#include "ntp_monitor/env.h"
#include "ntp_monitor/measure.h"
#include "ntp_monitor/source.h"
#include "ntp_monitor/trace.h"
#include "source/keeper.h"
#include "tests/unit/ask.h"
#include "tests/unit/golden.h"

/* What stands behind each automatic source. */
enum { TIMESYNCD, CHRONY, NTPD, PTP, SNTP, SOURCES };

static struct {
  int error[SOURCES];          /* 0: it serves */
  enum reason reason[SOURCES]; /* why not */
  bool runs[SOURCES];
  unsigned asked[SOURCES]; /* how often */
  int64_t deadline_ns[SOURCES];
  char argument[64];
  char probed[64]; /* whose daemons were looked for */
  char words[512]; /* of those that fail */
  int64_t age_ns;  /* of each sample */
  bool hardware;   /* the clock that is measured is a network card's */
  const char *keeper;
  bool bus_expected;
} fake = {.words = "it sleeps"};

bool keeper_find(char out[KEEPER_TEXT_BYTES]) {
  (void)strcpy(out, fake.keeper != NULL ? fake.keeper : "");
  return fake.keeper != NULL;
}

bool keeper_expects_bus(void) {
  return fake.bus_expected;
}

static int measure_fake(int which, const struct ask *ask, struct samples *samples,
                        struct why *why) {
  const char *argument = ask->argument;
  struct sample sample = {.server = "ntp.example.org",
                          .state = STATE_SELECTED,
                          .clock = fake.hardware ? CLOCK_CARD : CLOCK_SYSTEM};
  sample_set(&sample, METRIC_AGE, fake.age_ns);
  assert_true(argument == NULL || which == SNTP);
  (void)strcpy(fake.argument, argument != NULL ? argument : "none");
  fake.asked[which]++;
  fake.deadline_ns[which] = ask->deadline_ns;
  assert_int_equal(samples_add(samples, &sample, NULL), 0); /* a failing one may have begun */
  return fake.error[which] == 0
             ? 0
             : why_set(why, fake.reason[which], fake.error[which], "%s", fake.words);
}

static bool fake_runs(int which, const char *name) {
  (void)strcat(strcat(fake.probed, name), " ");
  return fake.runs[which];
}

#define FAKE(word, which, more)                                                                \
  static int measure_##word(const struct ask *ask, struct samples *samples, struct why *why) { \
    return measure_fake(which, ask, samples, why);                                             \
  }                                                                                            \
  const struct source source_##word = {                                                        \
      .name = #word, .summary = "", .automatic = true, .measure = measure_##word, more}
#define PROBE(name, which)                         \
  static bool name##_runs(const struct ask *ask) { \
    (void)ask;                                     \
    return fake_runs(which, #name);                \
  }
#define AND ,

PROBE(timesyncd, TIMESYNCD)
PROBE(chrony, CHRONY)
PROBE(ntpd, NTPD)
FAKE(timesyncd, TIMESYNCD,
     .remote = true AND.keeps_clock = true AND.servers_only = true AND.runs = timesyncd_runs);
FAKE(chrony, CHRONY, .keeps_clock = true AND.runs = chrony_runs);
FAKE(ntpd, NTPD, .keeps_clock = true AND.runs = ntpd_runs);
FAKE(ptp, PTP, .feeds = true);
FAKE(sntp, SNTP, .argument = "HOST" AND.optional = true);

static int measure_text(const struct ask *ask, struct samples *samples, struct why *why) {
  struct sample sample = {.server = "text"};
  (void)why;
  (void)strcpy(fake.argument, ask->argument);
  return samples_add(samples, &sample, NULL) + samples_add(samples, &sample, NULL);
}

const struct source source_text = {
    .name = "text", .argument = "FILE", .summary = "", .measure = measure_text};

/* All that are automatic fail, but for the one. */
static void only(int which) {
  for (int i = 0; i < SOURCES; i++) {
    fake.error[i] = i == which ? 0 : -ENXIO;
    fake.reason[i] = REASON_NO_SERVICE;
    fake.runs[i] = false;
  }
  fake.age_ns = 11 * DURATION_S; /* too old for a second one that sets the clock */
  fake.hardware = false;
}

static struct reading readings[READING_MAX];

/* names: between blanks, and not checked as those of a file or a command line are. */
static const char *other_host;   /* -H */
static const char *servers = ""; /* of [sntp] */

static struct trace trace;

static bool traced(const char *words) {
  const char *line = NULL;
  while ((line = trace_next(&trace, line)) != NULL && strstr(line, words) == NULL) {
  }
  return line != NULL;
}

static size_t run(const char *names) {
  static struct config config;
  static char list[256];
  struct env env = {.trace = &trace, .measure_deadline_ns = clock_monotonic_ns() + 16 * DURATION_S};
  env.deadline_ns = env.measure_deadline_ns;
  trace = (struct trace){.fd = -1};
  config = (struct config){.check_source = source_check, .host = other_host};
  (void)strcpy(config.sntp_servers, servers);
  memset(&fake.argument, 0, sizeof fake.argument);
  memset(&fake.probed, 0, sizeof fake.probed);
  memset(&fake.asked, 0, sizeof fake.asked);
  (void)strcpy(list, names);
  char *rest = NULL;
  for (char *name = strtok_r(list, " ", &rest); name != NULL; name = strtok_r(NULL, " ", &rest)) {
    config.source[config.source_count++] = name;
  }
  memset(readings, 0x55, sizeof readings);
  return measure(&env, &config, readings);
}

static void release(size_t count) {
  for (size_t i = 0; i < count; i++) {
    samples_free(&readings[i].samples);
  }
}

static void test_one(void **state) {
  (void)state;
  only(TIMESYNCD);
  assert_int_equal(run("timesyncd"), 1);
  assert_string_equal(readings[0].source, "timesyncd");
  assert_int_equal(readings[0].samples.count, 1);
  assert_string_equal(readings[0].samples.items[0].server, "ntp.example.org");
  assert_int_equal(fake.asked[TIMESYNCD], 1);
  release(1);
}

static void test_failing(void **state) {
  (void)state;
  only(SOURCES);
  assert_int_equal(run("timesyncd"), 1);
  assert_int_equal(readings[0].samples.count, 0);
  assert_null(readings[0].samples.items);
  assert_int_equal(readings[0].why.reason, REASON_NO_SERVICE);
  assert_string_equal(readings[0].why.text, "it sleeps");
}

static void test_several(void **state) {
  (void)state;
  only(SOURCES);
  assert_int_equal(run("text:/a:b timesyncd text:-"), 3);
  assert_string_equal(fake.argument, "-");
  assert_string_equal(readings[0].source, "text");
  assert_int_equal(readings[0].samples.count, 2);
  assert_int_equal(readings[1].samples.count, 0);
  assert_int_equal(readings[2].samples.count, 2);
  release(3);
  assert_int_equal(run("text:/a:b"), 1);
  assert_string_equal(fake.argument, "/a:b");
  release(1);
}

/* The first that serves; those behind it are not asked. */
static void test_auto(void **state) {
  (void)state;
  static const char *const names[] = {"timesyncd", "chrony", "ntpd", "ptp", "sntp"};
  for (int which = TIMESYNCD; which < SOURCES; which++) {
    only(which);
    assert_int_equal(run("auto"), 1);
    assert_string_equal(readings[0].source, names[which]);
    assert_int_equal(readings[0].samples.count, 1);
    assert_null(readings[0].rival);
    for (int i = 0; i < SOURCES; i++) {
      bool glanced_at = i == PTP && which == TIMESYNCD;
      assert_int_equal(fake.asked[i], i <= which || glanced_at);
    }
    assert_string_equal(fake.argument, "none"); /* text is never tried by itself */
    release(1);
  }
}

/* One that hangs leaves time for those behind it: half of what is left, and all for the last. */
static void test_auto_time(void **state) {
  (void)state;
  only(SOURCES);
  int64_t begun_ns = clock_monotonic_ns();
  assert_int_equal(run("auto"), 1);
  int64_t late_ns = 4 * DURATION_S;
  assert_in_range(fake.deadline_ns[TIMESYNCD] - begun_ns, 8 * DURATION_S, 8 * DURATION_S + late_ns);
  assert_in_range(fake.deadline_ns[SNTP] - begun_ns, 16 * DURATION_S, 16 * DURATION_S + late_ns);
  assert_int_equal(run("timesyncd"), 1);
  assert_in_range(fake.deadline_ns[TIMESYNCD] - begun_ns, 16 * DURATION_S,
                  17 * DURATION_S + late_ns);
  only(TIMESYNCD);
  other_host = "elsewhere"; /* of which timesyncd alone can be asked */
  assert_int_equal(run("auto"), 1);
  assert_in_range(fake.deadline_ns[TIMESYNCD] - begun_ns, 16 * DURATION_S,
                  18 * DURATION_S + late_ns);
  release(1);
  assert_string_equal(fake.probed, "");
  only(CHRONY);
  assert_int_equal(run("auto"), 1);
  assert_string_equal(readings[0].why.text, "it sleeps");
  assert_int_equal(fake.asked[CHRONY], 0);
  other_host = NULL;
}

static void assert_rivals(const char *keeper, const char *rival, const char *probed) {
  assert_int_equal(run("auto"), 1);
  if (rival == NULL) {
    assert_null(readings[0].rival);
  } else {
    assert_string_equal(readings[0].keeper, keeper);
    assert_string_equal(readings[0].rival, rival);
  }
  assert_string_equal(fake.probed, probed);
  release(1);
}

/* Another daemon that sets the clock: looked for behind the one that serves, and by auto alone. */
static void test_rivals_behind(void **state) {
  (void)state;
  only(TIMESYNCD);
  assert_rivals(NULL, NULL, "chrony ntpd ");
  fake.runs[NTPD] = true;
  assert_rivals("timesyncd", "ntpd", "chrony ntpd ");
  assert_int_equal(run("timesyncd"), 1);
  assert_null(readings[0].rival);
  assert_string_equal(fake.probed, "");
  release(1);
  only(CHRONY);
  fake.runs[CHRONY] = fake.runs[TIMESYNCD] = true;
  assert_rivals(NULL, NULL, "ntpd "); /* timesyncd has said that it does not run */
}

/* And before it, where one is there that did not serve. */
static void test_rivals_before(void **state) {
  (void)state;
  only(CHRONY);
  fake.reason[TIMESYNCD] = REASON_TIMEOUT;
  assert_rivals(NULL, NULL, "timesyncd ntpd "); /* it was the bus that hangs */
  fake.runs[TIMESYNCD] = true;
  assert_rivals("chrony", "timesyncd", "timesyncd ");
  only(SNTP); /* which sets no clock, but two that hang do */
  fake.reason[TIMESYNCD] = fake.reason[CHRONY] = REASON_TIMEOUT;
  fake.runs[TIMESYNCD] = true;
  assert_rivals(NULL, NULL, "timesyncd chrony ");
  fake.runs[CHRONY] = true;
  assert_rivals("timesyncd", "chrony", "timesyncd chrony ");
}

/* ptp4l sets the clock unless it has the network card's; chronyd and ntpd may follow it. */
static void test_rivals_ptp(void **state) {
  (void)state;
  only(TIMESYNCD);
  fake.error[PTP] = 0;
  assert_rivals(NULL, NULL, "chrony ntpd ");
  fake.age_ns = DURATION_S;
  assert_rivals("timesyncd", "ptp", "chrony ntpd ");
  assert_in_range(fake.deadline_ns[PTP] - clock_monotonic_ns(), 0, 100 * DURATION_MS);
  fake.hardware = true;
  assert_rivals(NULL, NULL, "chrony ntpd ");
  fake.hardware = false;
  fake.error[TIMESYNCD] = -ENXIO;
  fake.error[CHRONY] = 0;
  assert_rivals(NULL, NULL, "ntpd ");
  only(PTP);
  fake.age_ns = DURATION_S;
  fake.reason[TIMESYNCD] = REASON_TIMEOUT;
  assert_rivals(NULL, NULL, "timesyncd ");
  fake.runs[TIMESYNCD] = true;
  assert_rivals("timesyncd", "ptp", "timesyncd ");
  fake.reason[CHRONY] = REASON_TIMEOUT;
  fake.runs[CHRONY] = true;
  fake.runs[TIMESYNCD] = false;
  assert_rivals(NULL, NULL, "timesyncd chrony ");
}

/* A daemon that hangs or talks nonsense is told beside the source that serves; one that does not
 * run, or is not for us, is not. */
static void test_sick(void **state) {
  (void)state;
  static const enum reason well[] = {REASON_NO_SERVICE, REASON_NO_BUS, REASON_DENIED};
  only(SNTP);
  for (size_t i = 0; i < sizeof well / sizeof *well; i++) {
    fake.reason[CHRONY] = well[i];
    assert_int_equal(run("auto"), 1);
    assert_int_equal(readings[0].sick.reason, REASON_OK);
    release(1);
  }
  (void)strcpy(fake.words, "it sleeps" WHY_ADVICE "wake it up");
  fake.reason[NTPD] = REASON_BAD_REPLY;
  assert_int_equal(run("auto"), 1);
  assert_string_equal(readings[0].source, "sntp");
  assert_int_equal(readings[0].sick.reason, REASON_BAD_REPLY);
  assert_string_equal(readings[0].sick.text, "ntpd: it sleeps");
  release(1);
  fake.reason[TIMESYNCD] = REASON_TIMEOUT;
  assert_int_equal(run("auto"), 1);
  assert_int_equal(readings[0].sick.reason, REASON_TIMEOUT);
  assert_golden(readings[0].sick.text, "timesyncd hangs, ntpd talks nonsense");
  release(1);
  only(TIMESYNCD); /* what stands behind it is not asked */
  fake.reason[CHRONY] = REASON_TIMEOUT;
  assert_int_equal(run("auto"), 1);
  assert_int_equal(readings[0].sick.reason, REASON_OK);
  release(1);
  (void)strcpy(fake.words, "it sleeps");
}

static void assert_fails(enum reason reason, const char *label) {
  assert_int_equal(run("auto"), 1);
  assert_string_equal(readings[0].source, "auto");
  assert_int_equal(readings[0].samples.count, 0);
  assert_int_equal(readings[0].why.reason, reason);
  assert_golden(readings[0].why.text, "%s", label);
}

/* The one that counts comes first, with its cause; the others have a word each. */
static void test_auto_fails(void **state) {
  (void)state;
  only(SOURCES);
  fake.reason[SNTP] = REASON_NO_SOURCE;
  (void)strcpy(fake.words, "it sleeps" WHY_ADVICE "wake it up");
  assert_fails(REASON_NO_SERVICE, "no service");
  fake.reason[NTPD] = REASON_DENIED;
  assert_fails(REASON_DENIED, "ntpd denies");
  fake.reason[PTP] = REASON_TIMEOUT;
  assert_fails(REASON_TIMEOUT, "ntpd denies, ptp hangs");
  servers = "ntp.example.org";
  assert_fails(REASON_TIMEOUT, "ntpd denies, ptp hangs, sntp has no source");
  fake.reason[PTP] = REASON_NO_SERVICE;
  assert_fails(REASON_NO_SOURCE, "ntpd denies, sntp has no source");
  fake.reason[TIMESYNCD] = REASON_NO_BUS;
  fake.reason[NTPD] = REASON_NO_SERVICE;
  fake.bus_expected = true;
  assert_fails(REASON_NO_SOURCE, "timesyncd has no bus, sntp no source");
  servers = "";
  (void)strcpy(fake.words, "it sleeps");
}

/* A machine that systemd booted should have a bus; another need not. */
static void test_no_bus(void **state) {
  (void)state;
  only(SOURCES);
  fake.reason[TIMESYNCD] = REASON_NO_BUS;
  fake.bus_expected = true;
  assert_fails(REASON_NO_BUS, "no bus where one should be");
  fake.bus_expected = false;
  assert_fails(REASON_NO_SERVICE, "no bus where none need be");
}

/* Where something else keeps the clock nothing is to be started. */
static void test_keeper(void **state) {
  (void)state;
  only(SOURCES);
  fake.keeper = "OpenNTPD";
  (void)strcpy(fake.words, "it sleeps" WHY_ADVICE "wake it up");
  assert_fails(REASON_NO_SERVICE, "OpenNTPD");
  fake.reason[NTPD] = REASON_DENIED; /* what has its port */
  assert_fails(REASON_DENIED, "OpenNTPD has ntpd's port");
  fake.reason[CHRONY] = REASON_TIMEOUT;
  assert_fails(REASON_TIMEOUT, "OpenNTPD has ntpd's port, chrony hangs");
  fake.keeper = NULL;
  (void)strcpy(fake.words, "it sleeps");
}

/* Whatever they say, a line with "NTP jitter unavailable: source auto: " has room for it. */
static void test_length(void **state) {
  (void)state;
  static const enum reason reasons[] = {REASON_NO_SERVICE, REASON_NO_BUS,    REASON_DENIED,
                                        REASON_TIMEOUT,    REASON_BAD_REPLY, REASON_NO_SOURCE};
  memset(fake.words, 'x', sizeof fake.words - 1);
  for (int sources = 0; sources < 6 * 6 * 6 * 6 * 2 * 2 * 2; sources++) {
    int rest = sources;
    only(SOURCES);
    for (int which = TIMESYNCD; which < SNTP; which++, rest /= 6) {
      fake.reason[which] = reasons[rest % 6];
    }
    fake.keeper = rest % 2 != 0 ? "an ntpd (busybox's?)" : NULL;
    fake.bus_expected = rest / 2 % 2 != 0;
    servers = rest / 4 != 0 ? "ntp.example.org" : "";
    assert_int_equal(run("auto"), 1);
    size_t before = strlen("NTP jitter unavailable: source auto: ");
    assert_in_range(before + strlen(readings[0].why.text), 120, 250);
    if (fake.keeper == NULL && readings[0].why.reason == REASON_NO_SERVICE && servers[0] == '\0') {
      assert_non_null(strstr(readings[0].why.text, "-s sntp:HOST,HOST,HOST"));
    }
  }
  fake.keeper = NULL;
  servers = "";
  (void)strcpy(fake.words, "it sleeps");
}

/* All servers in one, or they do not vote and are asked too often. */
static void test_twice(void **state) {
  (void)state;
  only(SNTP);
  assert_int_equal(run("sntp:a sntp sntp:b timesyncd"), 4);
  assert_int_equal(fake.asked[SNTP], 1);
  assert_int_equal(readings[0].samples.count, 1);
  for (size_t i = 1; i < 3; i++) {
    assert_int_equal(readings[i].samples.count, 0);
    assert_int_equal(readings[i].why.reason, REASON_CONFIG);
    assert_golden(readings[i].why.text, "sntp again: %zu", i);
  }
  release(1);
  only(TIMESYNCD); /* of all others it does no harm */
  assert_int_equal(run("timesyncd timesyncd"), 2);
  assert_int_equal(fake.asked[TIMESYNCD], 2);
  release(2);
}

/* A second of the time for each that is named behind it, but never more than half. */
static void test_named_time(void **state) {
  (void)state;
  only(SOURCES);
  int64_t begun_ns = clock_monotonic_ns();
  assert_int_equal(run("chrony ntpd timesyncd"), 3);
  int64_t late_ns = 500 * DURATION_MS;
  static const struct {
    int which;
    int64_t wait_ns;
  } rows[] = {{CHRONY, 14 * DURATION_S}, {NTPD, 15 * DURATION_S}, {TIMESYNCD, 16 * DURATION_S}};
  for (size_t i = 0; i < 3; i++) {
    assert_in_range(fake.deadline_ns[rows[i].which] - begun_ns, rows[i].wait_ns,
                    rows[i].wait_ns + late_ns);
  }
  begun_ns = clock_monotonic_ns(); /* auto's last one has no more than auto itself */
  assert_int_equal(run("auto ntpd"), 2);
  assert_in_range(fake.deadline_ns[SNTP] - begun_ns, 15 * DURATION_S, 15 * DURATION_S + late_ns);
  release(2);
}

/* That other daemons do not run is normal: a word in the trace, none in the line. */
static void test_alone(void **state) {
  (void)state;
  for (int which = TIMESYNCD; which < SOURCES; which++) {
    only(which);
    assert_int_equal(run("auto"), 1);
    assert_string_equal(readings[0].samples.note, "");
    assert_int_equal(traced("auto: timesyncd, chrony: "), which == NTPD);
    assert_int_equal(traced("auto: timesyncd"), which != TIMESYNCD);
    release(1);
  }
  assert_int_equal(run("sntp"), 1); /* asked for by name */
  assert_false(traced("auto: "));
  release(1);
}

static void test_unknown(void **state) {
  (void)state;
  assert_int_equal(run("nonsense text"), 2);
  assert_string_equal(readings[0].source, "nonsense");
  assert_int_equal(readings[0].samples.count, 0);
  assert_int_equal(readings[0].why.reason, REASON_CONFIG);
  assert_golden(readings[0].why.text, "source nonsense");
  assert_golden(readings[1].why.text, "source text without a file");
}

static void test_check(void **state) {
  (void)state;
  static const struct {
    const char *text;
    bool good;
  } rows[] = {
      {"sntp", true},        {"sntp:a", true},    {"sntp:", false},      {"ntpd:a", false},
      {"auto", true},        {"timesyncd", true}, {"text:-", true},      {"text:a b", true},
      {"text:", false},      {"text", false},     {"timesyncd:", false}, {"timesync", false},
      {"timesyncdx", false}, {"", false},         {":", false},          {"AUTO", false}};
  for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
    struct why why = {.text = ""};
    assert_int_equal(source_check(rows[i].text, &why), rows[i].good ? 0 : -EINVAL);
    assert_int_equal(why.text[0] == '\0', rows[i].good);
  }
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(test_one),           cmocka_unit_test(test_failing),
      cmocka_unit_test(test_several),       cmocka_unit_test(test_auto),
      cmocka_unit_test(test_auto_fails),    cmocka_unit_test(test_auto_time),
      cmocka_unit_test(test_rivals_behind), cmocka_unit_test(test_rivals_before),
      cmocka_unit_test(test_rivals_ptp),    cmocka_unit_test(test_sick),
      cmocka_unit_test(test_no_bus),        cmocka_unit_test(test_keeper),
      cmocka_unit_test(test_length),        cmocka_unit_test(test_unknown),
      cmocka_unit_test(test_twice),         cmocka_unit_test(test_named_time),
      cmocka_unit_test(test_alone),         cmocka_unit_test(test_check),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}

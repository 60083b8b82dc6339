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
  char words[64];  /* of those that fail */
} fake = {.words = "it sleeps"};

static int measure_fake(int which, const struct env *env, const char *argument,
                        struct samples *samples, struct why *why) {
  struct sample sample = {.server = "ntp.example.org"};
  assert_true(argument == NULL || which == SNTP);
  (void)strcpy(fake.argument, argument != NULL ? argument : "none");
  fake.asked[which]++;
  fake.deadline_ns[which] = env->measure_deadline_ns;
  assert_int_equal(samples_add(samples, &sample), 0); /* a failing one may have begun */
  return fake.error[which] == 0
             ? 0
             : why_set(why, fake.reason[which], fake.error[which], "%s", fake.words);
}

static bool fake_runs(int which, const char *name) {
  (void)strcat(strcat(fake.probed, name), " ");
  return fake.runs[which];
}

#define FAKE(word, which, more)                                                               \
  static int measure_##word(const struct env *env, const struct config *config,               \
                            const char *argument, struct samples *samples, struct why *why) { \
    (void)config;                                                                             \
    return measure_fake(which, env, argument, samples, why);                                  \
  }                                                                                           \
  const struct source source_##word = {                                                       \
      .name = #word, .summary = "", .automatic = true, .measure = measure_##word, more}
#define PROBE(name, which)                                                      \
  static bool name##_runs(const struct env *env, const struct config *config) { \
    (void)env;                                                                  \
    (void)config;                                                               \
    return fake_runs(which, #name);                                             \
  }
#define AND ,

PROBE(chrony, CHRONY)
PROBE(ntpd, NTPD)
FAKE(timesyncd, TIMESYNCD, .remote = true AND.keeps_clock = true);
FAKE(chrony, CHRONY, .keeps_clock = true AND.runs = chrony_runs);
FAKE(ntpd, NTPD, .keeps_clock = true AND.runs = ntpd_runs);
FAKE(ptp, PTP, .runs = NULL);
FAKE(sntp, SNTP, .argument = "HOST" AND.optional = true);

static int measure_text(const struct env *env, const struct config *config, const char *argument,
                        struct samples *samples, struct why *why) {
  struct sample sample = {.server = "text"};
  (void)env;
  (void)config;
  (void)why;
  (void)strcpy(fake.argument, argument);
  return samples_add(samples, &sample) + samples_add(samples, &sample);
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
}

static struct reading readings[REPORT_READINGS_MAX];

/* names: between blanks, and not checked as those of a file or a command line are. */
static const char *other_host; /* -H */

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
  trace = (struct trace){.fd = -1};
  config = (struct config){.check_source = source_check, .host = other_host};
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
      assert_int_equal(fake.asked[i], i <= which);
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
  assert_string_equal(readings[0].why.text, "tried timesyncd: it sleeps");
  assert_int_equal(fake.asked[CHRONY], 0);
  other_host = NULL;
}

/* Another daemon that sets the clock: looked for behind the one that serves, and by auto alone. */
static void test_rivals(void **state) {
  (void)state;
  only(TIMESYNCD);
  assert_int_equal(run("auto"), 1);
  assert_string_equal(fake.probed, "chrony ntpd ");
  release(1);
  fake.runs[NTPD] = true;
  assert_int_equal(run("auto"), 1);
  assert_string_equal(readings[0].rival, "ntpd");
  release(1);
  assert_int_equal(run("timesyncd"), 1);
  assert_null(readings[0].rival);
  assert_string_equal(fake.probed, "");
  release(1);
  only(CHRONY);
  fake.runs[CHRONY] = true;
  assert_int_equal(run("auto"), 1);
  assert_null(readings[0].rival);
  assert_string_equal(fake.probed, "ntpd ");
  release(1);
  only(PTP); /* it may set a hardware clock that chronyd follows */
  fake.runs[NTPD] = true;
  assert_int_equal(run("auto"), 1);
  assert_null(readings[0].rival);
  assert_string_equal(fake.probed, "");
  release(1);
}

/* All that was tried is listed; the reason is that of the first which is there and fails. */
static void test_auto_fails(void **state) {
  (void)state;
  only(SOURCES);
  assert_int_equal(run("auto"), 1);
  assert_string_equal(readings[0].source, "auto");
  assert_int_equal(readings[0].samples.count, 0);
  assert_int_equal(readings[0].why.reason, REASON_NO_SERVICE);
  assert_string_equal(readings[0].why.text,
                      "tried timesyncd: it sleeps; chrony: it sleeps; ntpd: it sleeps; ptp: it "
                      "sleeps; sntp: it sleeps; start the one that should keep this clock, or ask "
                      "servers: -s sntp:HOST,HOST,HOST");
  fake.reason[NTPD] = REASON_DENIED;
  fake.reason[PTP] = REASON_TIMEOUT;
  assert_int_equal(run("auto"), 1);
  assert_int_equal(readings[0].why.reason, REASON_DENIED);
  fake.reason[TIMESYNCD] = REASON_NO_BUS;
  fake.reason[SNTP] = REASON_NO_SOURCE;
  assert_int_equal(run("auto"), 1);
  assert_int_equal(readings[0].why.reason, REASON_DENIED);
  fake.reason[NTPD] = REASON_NO_SERVICE;
  fake.reason[PTP] = REASON_NO_SERVICE;
  assert_int_equal(run("auto"), 1);
  assert_int_equal(readings[0].why.reason, REASON_NO_BUS);
  fake.reason[TIMESYNCD] = REASON_NO_SERVICE;
  (void)snprintf(fake.words, sizeof fake.words, "it sleeps; wake it up");
  assert_int_equal(run("auto"), 1);
  assert_null(strstr(readings[0].why.text, "wake it up; chrony"));
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
    assert_non_null(strstr(readings[i].why.text, "write all servers into one sntp:HOST, so that"));
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
}

/* That other daemons do not run is normal: a word in the trace, none in the line. */
static void test_alone(void **state) {
  (void)state;
  for (int which = TIMESYNCD; which < SOURCES; which++) {
    only(which);
    assert_int_equal(run("auto"), 1);
    assert_string_equal(readings[0].samples.note, "");
    assert_int_equal(traced("auto: timesyncd, chrony: not running"), which == NTPD);
    assert_int_equal(traced("not running"), which != TIMESYNCD);
    release(1);
  }
  assert_int_equal(run("sntp"), 1); /* asked for by name */
  assert_false(traced("not running"));
  release(1);
}

static void test_unknown(void **state) {
  (void)state;
  assert_int_equal(run("nonsense text"), 2);
  assert_string_equal(readings[0].source, "nonsense");
  assert_int_equal(readings[0].samples.count, 0);
  assert_int_equal(readings[0].why.reason, REASON_CONFIG);
  assert_string_equal(readings[0].why.text,
                      "'nonsense' is no source; there are: auto, timesyncd, chrony, ntpd, ptp, "
                      "sntp[:HOST], text:FILE");
  assert_string_equal(readings[1].why.text, "'text' should be text:FILE");
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
      cmocka_unit_test(test_one),        cmocka_unit_test(test_failing),
      cmocka_unit_test(test_several),    cmocka_unit_test(test_auto),
      cmocka_unit_test(test_auto_fails), cmocka_unit_test(test_auto_time),
      cmocka_unit_test(test_rivals),     cmocka_unit_test(test_unknown),
      cmocka_unit_test(test_twice),      cmocka_unit_test(test_named_time),
      cmocka_unit_test(test_alone),      cmocka_unit_test(test_check),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}

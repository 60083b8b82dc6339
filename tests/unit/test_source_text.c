/* Tests of text_source.c: what timedatectl show-timesync prints, and what is no such thing. */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/stat.h>

#include <cmocka.h>

#include "ntp_monitor/clock.h"
#include "ntp_monitor/duration.h"
#include "ntp_monitor/env.h"
#include "ntp_monitor/sample.h"
#include "ntp_monitor/source.h"
#include "ntp_monitor/trace.h"
#include "ntp_monitor/why.h"
#include "tests/unit/ask.h"
#include "tests/unit/golden.h"
#include "tests/unit/temp.h"

static struct samples samples;
static struct why why;

static int measure(const char *argument) {
  static struct trace trace;
  struct env env = {.trace = &trace};
  trace = (struct trace){.fd = -1, .off = true};
  env.measure_deadline_ns = clock_monotonic_ns() + 100 * DURATION_MS;
  samples_free(&samples);
  samples.note[0] = '\0';
  why = (struct why){.text = ""};
  return source_text.measure(ASK(&env, NULL, argument), &samples, &why);
}

static int measure_bytes(const char *text, size_t bytes) {
  assert_int_equal(temp_write("file", text, bytes), 0);
  return measure("file");
}

static const struct sample *take(const char *text) {
  if (measure_bytes(text, strlen(text)) != 0) {
    fail_msg("%s: %s", text, why.text);
  }
  assert_int_equal(samples.count, 1);
  return samples.items;
}

static void test_whole(void **state) {
  (void)state;
  const struct sample *sample =
      take("LinkNTPServers=\n"
           "SystemNTPServers=ntp.example.org\n"
           "ServerName=ntp.example.org\n"
           "ServerAddress=192.0.2.1\n"
           "RootDistanceMaxUSec=5s\n"
           "PollIntervalMinUSec=32s\n"
           "PollIntervalMaxUSec=34min 8s\n"
           "PollIntervalUSec=1min 4s\n"
           "NTPMessage={ Leap=1, Version=4, Mode=4, Stratum=2, Precision=-24, RootDelay=15us, "
           "RootDispersion=1.5ms, Reference=C0000201, OriginateTimestamp=Sat 2026-11-21 05:11:05 "
           "UTC, ReceiveTimestamp=Sat 2026-11-21 05:11:05 UTC, TransmitTimestamp=Sat 2026-11-21 "
           "05:11:05 UTC, DestinationTimestamp=Sat 2026-11-21 05:11:05 UTC, Ignored=yes, "
           "PacketCount=17, Jitter=1.207ms }\n"
           "Frequency=-123\n");
  assert_string_equal(sample->server, "ntp.example.org");
  assert_string_equal(sample->address, "192.0.2.1");
  assert_int_equal(sample->poll_interval_ns, 64 * DURATION_S);
  assert_int_equal(sample->leap, LEAP_INSERT);
  assert_int_equal(sample->value[METRIC_STRATUM], 2);
  assert_int_equal(sample->value[METRIC_ROOT_DISTANCE], 1507500);
  assert_int_equal(sample->value[METRIC_JITTER], 1207000);
  assert_int_equal(sample->replies, 17);
  assert_true(sample->spike);
  assert_int_equal(sample->clock, CLOCK_ELSEWHERE);
  assert_true(sample_has(sample, METRIC_AGE));
  assert_false(sample_has(sample, METRIC_OFFSET)); /* stamps stand there by the second */
  assert_false(sample_has(sample, METRIC_DELAY));
  int64_t age_ns = clock_realtime_ns() - INT64_C(1795237865) * DURATION_S;
  assert_true(llabs(age_ns - sample->value[METRIC_AGE]) < 10 * DURATION_S);
}

/* Whole seconds: an offset of less than two may be none. A stamp in another zone, or none, tells
 * nothing. */
static void test_coarse_offset(void **state) {
  (void)state;
  static const struct {
    const char *stamps[4]; /* T1 to T4 */
    int64_t ns;            /* 0: no offset */
  } rows[] = {
      {{"05:11:05 UTC", "05:11:06 UTC", "05:11:06 UTC", "05:11:05 UTC"}, 0},
      {{"05:11:05 UTC", "05:11:07 UTC", "05:11:07 UTC", "05:11:06 UTC"}, 0},
      {{"05:11:05 UTC", "05:11:07 UTC", "05:11:07 UTC", "05:11:05 UTC"}, 2 * DURATION_S},
      {{"05:11:05 XXX", "06:11:05 XXX", "06:11:05 XXX", "05:11:05 XXX"}, DURATION_H},
      {{"05:11:05 UTC", "04:11:05 UTC", "04:11:05 UTC", "05:11:06 UTC"}, -3600500 * DURATION_MS},
      {{"05:11:05 UTC", "05:11:05 UTC", "05:11:05 UTC", "07:11:05 UTC"}, 0}, /* of no one reply */
      {{"02:59:59 CEST", "02:00:00 CET", "02:00:00 CET", "02:00:00 CET"}, 0},
  };
  for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
    char text[512];
    const char *const *t = rows[i].stamps;
    (void)snprintf(text, sizeof text,
                   "NTPMessage={ OriginateTimestamp=Sat 2026-11-21 %s, ReceiveTimestamp=Sat "
                   "2026-11-21 %s, TransmitTimestamp=Sat 2026-11-21 %s, DestinationTimestamp=Sat "
                   "2026-11-21 %s, PacketCount=17, Jitter=1ms }",
                   t[0], t[1], t[2], t[3]);
    const struct sample *sample = take(text);
    assert_int_equal(sample_has(sample, METRIC_OFFSET), rows[i].ns != 0);
    assert_int_equal(rows[i].ns != 0 ? sample->value[METRIC_OFFSET] : 0, rows[i].ns);
  }
}

static void test_jitter(void **state) {
  (void)state;
  static const struct {
    const char *text;
    int64_t ns;
  } rows[] = {
      {"Jitter=2", 2 * DURATION_S},
      {"Jitter=2\nServerAddress=\nServerName=\n", 2 * DURATION_S},
      {"Jitter=2\nStratum= 3 \nLeap =\t0", 2 * DURATION_S},
      {"Jitter=0", 0},
      {"Jitter=1.5s\n", 1500 * DURATION_MS},
      {"Jitter=9us", 9 * DURATION_US},
      {"Jitter=9\xc2\xb5s", 9 * DURATION_US},
      {"Jitter=9\xce\xbcs", 9 * DURATION_US},
      {"Jitter=1min 2.345s", 62345 * DURATION_MS},
      {"Jitter=1h 3min", 63 * DURATION_MIN},
      {"jitter=5ms", 5 * DURATION_MS},
      {"JITTER = 5ms ", 5 * DURATION_MS},
      {"  Jitter=5ms\r\n", 5 * DURATION_MS},
      {"a line\nJitter=5ms\nanother", 5 * DURATION_MS},
      {"NTPMessage={ Jitter=5ms }", 5 * DURATION_MS},
      {"ntpmessage={Jitter=5ms}", 5 * DURATION_MS},
      {"\n\nPacketCount=9\nJitter=5ms\n\n", 5 * DURATION_MS},
      {"Jitter=1month 1w 8h", (2629800 + 7 * 86400 + 8 * 3600) * DURATION_S},
      {"Jitter=1y 2month", (31557600 + 2 * 2629800) * DURATION_S},
      {"Jitter=292y", INT64_C(292) * 31557600 * DURATION_S},
      {"Jitter=2d 7h 12min", (2 * 24 + 7) * DURATION_H + 12 * DURATION_MIN},
      {"{ Leap=0, PacketCount=9, Jitter=5ms }\n", 5 * DURATION_MS}, /* --value */
      {"ntp.example.org\n192.0.2.1\n5s\n{ PacketCount=9, Jitter=5ms }\n-123\n", 5 * DURATION_MS},
  };
  for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
    const struct sample *sample = take(rows[i].text);
    assert_true(sample_has(sample, METRIC_JITTER));
    assert_int_equal(sample->value[METRIC_JITTER], rows[i].ns);
  }
}

/* timedatectl leaves NTPMessage out until there is a reply. */
static void test_no_reply_yet(void **state) {
  (void)state;
  const struct sample *sample =
      take("ServerName=ntp\x1b.example.org\nServerAddress=2001:db8::1\nPollIntervalUSec=32s\n");
  assert_true(sample_has(sample, FIELD_REPLIES));
  assert_int_equal(sample->replies, 0);
  assert_false(sample_has(sample, METRIC_JITTER));
  assert_string_equal(sample->server, "ntp\\x1b.example.org");
  assert_string_equal(sample->address, "2001:db8::1");
}

/* systemd 239 to 249 writes no comma behind Ignored. */
static void test_no_comma(void **state) {
  (void)state;
  const struct sample *sample =
      take("NTPMessage={ Leap=0, Stratum=1, Reference==\x20J=, Ignored=yes PacketCount=25, "
           "Jitter=126.318ms }\n");
  assert_true(sample->spike);
  assert_int_equal(sample->replies, 25);
  assert_int_equal(sample->value[METRIC_STRATUM], 1);
  assert_int_equal(sample->value[METRIC_JITTER], 126318 * DURATION_US);
}

/* Over a pipe, which has no time of its own. */
static int measure_pipe(const char *text) {
  int ends[2];
  assert_int_equal(pipe2(ends, O_CLOEXEC), 0);
  int saved = dup(STDIN_FILENO);
  assert_int_equal(dup2(ends[0], STDIN_FILENO), STDIN_FILENO);
  assert_int_equal(write(ends[1], text, strlen(text)), strlen(text));
  (void)close(ends[1]);
  int error = measure("-");
  (void)dup2(saved, STDIN_FILENO);
  (void)close(saved);
  (void)close(ends[0]);
  return error;
}

#define LATE (12 * 3600) /* so far behind its stamp in an unknown zone a reply may be */

/* The zones that are exact: UTC, numbers, and ours where the name is nobody else's. */
static void test_zones(void **state) {
  (void)state;
  static const struct {
    const char *stamp;
    int64_t seconds;
    bool exact;
  } rows[] = {
      {"Sat 2026-11-21 05:11:05 UTC", 1795237865, true},
      {"Sat 2026-11-21 05:11:05 GMT", 1795237865, true},
      {"Sat 2026-11-21 05:11:05 XST", 1795237865 - 9 * 3600, true},
      {"Sat 2026-11-21 05:11:05 +08", 1795237865 - 8 * 3600, true},
      {"Sat 2026-11-21 05:11:05 -0330", 1795237865 + 12600, true},
      {"Sat 2026-11-21 05:11:05 +1245", 1795237865 - 45900, true},
      {"Sat 2026-11-21 05:11:05 -00", 1795237865, true},
      {"Thu 1970-01-01 00:00:00 UTC", 0, true},
      {"Tue 2036-02-07 06:28:16 UTC", 2085978496, true},
      {"Thu 2023-11-16 05:11:05 CET", 1700111465 + LATE, false},
      {"Thu 2023-11-16 05:11:05 CST", 1700111465 + LATE, false},
      {"Thu 2023-11-16 05:11:05 +8", 1700111465 + LATE, false},
      {"Thu 2023-11-16 05:11:05 +080", 1700111465 + LATE, false},
      {"Thu 2023-11-16 05:11:05 +08x", 1700111465 + LATE, false},
      {"Thu 2023-11-16 05:11:05 xst", 1700111465 + LATE, false},
      {"Thu 2023-11-16 05:11:05", 1700111465 + LATE, false}, /* one that did not fit */
  };
  assert_int_equal(setenv("TZ", "XST-9", 1), 0);
  for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
    char text[256];
    (void)snprintf(text, sizeof text, "Jitter=1\nDestinationTimestamp=%s", rows[i].stamp);
    assert_int_equal(measure_pipe(text), 0);
    assert_true(sample_has(samples.items, METRIC_AGE));
    int64_t age_ns = clock_realtime_ns() - rows[i].seconds * DURATION_S;
    if (llabs(age_ns - samples.items->value[METRIC_AGE]) > 10 * DURATION_S) {
      fail_msg("%s: %lld", rows[i].stamp, (long long)samples.items->value[METRIC_AGE]);
    }
    assert_int_equal(samples.note[0] == '\0', rows[i].exact);
  }
}

/* An abbreviation that several offsets share is nobody's; the two passes of an hour that a
 * change of the clocks repeats have each its own. */
static void test_own_zone(void **state) {
  (void)state;
  static const struct {
    const char *tz, *stamp;
    int64_t seconds; /* 0: not exact */
  } rows[] = {
      {"CST6CDT,M3.2.0,M11.1.0", "Thu 2023-11-16 05:11:05 CST", 0},
      {"CST6CDT,M3.2.0,M11.1.0", "Thu 2023-06-15 05:11:05 CDT", 0},
      {"CST-8", "Thu 2023-11-16 05:11:05 CST", 0},
      {"IST-5:30", "Thu 2023-11-16 05:11:05 IST", 0},
      {"PST8PDT,M3.2.0,M11.1.0", "Thu 2023-11-16 05:11:05 PST", 0},
      {"PST8PDT,M3.2.0,M11.1.0", "Thu 2023-06-15 05:11:05 PDT", 1686831065},
      {"CET-1CEST,M3.5.0,M10.5.0/3", "Sun 2023-10-29 02:30:00 CEST", 1698539400},
      {"CET-1CEST,M3.5.0,M10.5.0/3", "Sun 2023-10-29 02:30:00 CET", 1698543000},
      {"CET-1CEST,M3.5.0,M10.5.0/3", "Thu 2023-06-15 05:11:05 CET", 0}, /* not in June */
      {"<+0545>-5:45", "Thu 2023-11-16 05:11:05 +0545", 1700090765},
  };
  for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
    char text[256];
    assert_int_equal(setenv("TZ", rows[i].tz, 1), 0);
    (void)snprintf(text, sizeof text, "Jitter=1\nDestinationTimestamp=%s", rows[i].stamp);
    assert_int_equal(measure_pipe(text), 0);
    int64_t age_ns = clock_realtime_ns() - rows[i].seconds * DURATION_S;
    bool exact = llabs(age_ns - samples.items->value[METRIC_AGE]) < 10 * DURATION_S;
    if (exact != (rows[i].seconds != 0)) {
      fail_msg("%s, %s", rows[i].tz, rows[i].stamp);
    }
  }
  assert_int_equal(setenv("TZ", "XST-9", 1), 0);
}

/* Where the stamp does not tell, the file's time bounds the age, and a pipe has none. */
static void test_age_of_file(void **state) {
  (void)state;
  static const char *const stamps[] = {"", "DestinationTimestamp=n/a",
                                       "DestinationTimestamp=(null)"};
  for (size_t i = 0; i < sizeof stamps / sizeof *stamps; i++) {
    char text[128];
    (void)snprintf(text, sizeof text, "Jitter=1\n%s", stamps[i]);
    assert_int_equal(measure_pipe(text), 0);
    assert_false(sample_has(samples.items, METRIC_AGE));
    assert_golden(samples.note, "a pipe without time stamp");
    assert_true(llabs(take(text)->value[METRIC_AGE]) < 10 * DURATION_S);
    assert_golden(samples.note, "a file without time stamp");
    struct timespec times[2] = {{1000000000, 0}, {1000000000, 0}};
    assert_int_equal(utimensat(AT_FDCWD, "file", times, 0), 0);
    assert_int_equal(measure("file"), 0);
    int64_t age_ns = clock_realtime_ns() - 1000000000 * DURATION_S;
    assert_true(llabs(age_ns - samples.items->value[METRIC_AGE]) < 10 * DURATION_S);
  }
}

static void refuse(const char *text, size_t bytes, const char *quoted) {
  int error = measure_bytes(text, bytes);
  if (error != -EBADMSG || why.reason != REASON_BAD_REPLY || strstr(why.text, quoted) == NULL) {
    fail_msg("'%s': %d, '%s'; wanted '%s'", text, error, why.text, quoted);
  }
  assert_golden(why.text, "'%s'", text);
  assert_int_equal(samples.count, 0);
}

static void test_refused(void **state) {
  (void)state;
  static const char *const values[] = {
      "Jitter=",
      "Jitter=-1",
      "Jitter=1 parsec",
      "Jitter=nan",
      "PacketCount=-1",
      "PacketCount=1.5",
      "Leap=x",
      "Stratum=4294967296",
      "Ignored=maybe",
      "RootDelay=x",
      "PollIntervalUSec=",
      "ServerAddress=nonsense",
      "ServerAddress=::x",
      "RootDispersion=-1",
      "DestinationTimestamp=yesterday",
      "DestinationTimestamp=--- XXXX-XX-XX XX:XX:XX",
      "DestinationTimestamp=Wed 1969-12-31 23:59:59 UTC",
      "Jitter=y",
      "Jitter=1 y",
      "Jitter=1month1w",
      "Jitter=infinity",
      "Jitter=1y x",
  };
  refuse("", 0, "file: ");
  refuse(" \r\n\n\t", 5, "file: ");
  refuse("nonsense\n", 9, "Jitter=");
  refuse("a=b\nPacketCount=3\n", 18, "Jitter=");
  refuse("NTPMessage={ PacketCount=3, Jitter=2", 36, "NTPMessage"); /* 2.5s */
  refuse("NTPMessage={ Reference=,}=,, Jitter=2", 37, "NTPMessage");
  refuse("Jitter=1\0\n", 10, "file: ");
  for (size_t i = 0; i < sizeof values / sizeof *values; i++) {
    char want[256];
    int name = (int)strcspn(values[i], "=");
    (void)snprintf(want, sizeof want, "file: %.*s='%s'", name, values[i], values[i] + name + 1);
    refuse(values[i], strlen(values[i]), want);
  }
  refuse("Jitter=300y", 11, "9467280000000000000");
  refuse("Jitter=99999999999999999999999y", 31, "18446744073709551615");
  refuse("Jitter=1\nStratum=17", 19, "17");
}

/* Of two machines' texts in one file none is the one that was meant. */
static void test_twice(void **state) {
  (void)state;
  static const struct {
    const char *text, *key;
  } rows[] = {
      {"ServerName=a\nJitter=1\nServerName=a\n", "ServerName"},
      {"NTPMessage={ Leap=0, Jitter=1 }\nNTPMessage={ Leap=0, Jitter=1 }\n", "Leap"},
      {"{ Jitter=1 }\n{ Jitter=1 }\n", "Jitter"},
      {"Jitter=9us\njitter=3s\n", "Jitter"},
      {"NTPMessage={ PacketCount=9, Jitter=1 }\nPacketCount=8\n", "PacketCount"},
      {"ServerAddress=\nServerAddress=192.0.2.1\nJitter=1", "ServerAddress"},
      {"FallbackNTPServers=a\nFallbackNTPServers=a\nJitter=1", "FallbackNTPServers"},
  };
  for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
    char want[128];
    (void)snprintf(want, sizeof want, "file: %s=", rows[i].key);
    refuse(rows[i].text, strlen(rows[i].text), want);
  }
}

/* A far year must be refused, not overflow. */
static void test_far_year(void **state) {
  (void)state;
  static const char text[] = "Jitter=1\nDestinationTimestamp=Fri 9999-12-31 23:59:59 UTC";
  assert_int_equal(measure_bytes(text, sizeof text - 1), -EBADMSG);
}

static void test_files(void **state) {
  (void)state;
  static char text[64 * 1024 + 1] = "Jitter=1\n";
  memset(text + 9, '\n', sizeof text - 9);
  assert_int_equal(measure_bytes(text, sizeof text - 1), 0);
  assert_int_equal(measure_bytes(text, sizeof text), -EFBIG);
  assert_golden(why.text, "a byte more than 64 KiB");
  assert_int_equal(why.reason, REASON_BAD_REPLY);
  assert_int_equal(measure("missing"), -ENOENT);
  assert_string_equal(why.text, "missing: No such file or directory");
  assert_int_equal(why.reason, REASON_NO_SOURCE);
  assert_int_equal(measure("."), -EINVAL);
  assert_int_equal(measure("/dev/zero"), -EINVAL);
  assert_golden(why.text, "/dev/zero");
  assert_int_equal(why.reason, REASON_NO_SOURCE);
}

/* Standard input that says nothing is not waited for past the deadline. */
static void test_stdin(void **state) {
  (void)state;
  int ends[2];
  assert_int_equal(pipe2(ends, O_CLOEXEC), 0);
  int saved = dup(STDIN_FILENO);
  assert_int_equal(dup2(ends[0], STDIN_FILENO), STDIN_FILENO);
  assert_int_equal(write(ends[1], "Jitter=5ms", 10), 10);
  assert_int_equal(measure("-"), -ETIMEDOUT);
  assert_golden(why.text, "standard input without an end");
  assert_int_equal(why.reason, REASON_TIMEOUT);
  assert_int_equal(write(ends[1], "Jitter=5ms", 10), 10);
  (void)close(ends[1]);
  assert_int_equal(measure("-"), 0);
  assert_int_equal(samples.items[0].value[METRIC_JITTER], 5 * DURATION_MS);
  assert_true(fcntl(STDIN_FILENO, F_GETFD) >= 0); /* not ours to close */
  (void)dup2(saved, STDIN_FILENO);
  (void)close(saved);
  (void)close(ends[0]);
}

static int leave(void **state) {
  samples_free(&samples);
  return temp_leave(state);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(test_whole),    cmocka_unit_test(test_coarse_offset),
      cmocka_unit_test(test_jitter),   cmocka_unit_test(test_no_reply_yet),
      cmocka_unit_test(test_zones),    cmocka_unit_test(test_no_comma),
      cmocka_unit_test(test_own_zone), cmocka_unit_test(test_age_of_file),
      cmocka_unit_test(test_twice),    cmocka_unit_test(test_refused),
      cmocka_unit_test(test_far_year), cmocka_unit_test(test_files),
      cmocka_unit_test(test_stdin),
  };
  (void)alarm(30);
  return cmocka_run_group_tests(tests, temp_enter, leave);
}

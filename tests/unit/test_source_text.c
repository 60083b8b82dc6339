/* Tests of source/text.c: what timedatectl show-timesync prints, and what is no such thing. */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "ntp_monitor/clock.h"
#include "ntp_monitor/duration.h"
#include "ntp_monitor/env.h"
#include "ntp_monitor/sample.h"
#include "ntp_monitor/source.h"
#include "ntp_monitor/trace.h"
#include "ntp_monitor/why.h"
#include "tests/unit/temp.h"

static struct samples samples;
static struct why why;

static int measure(const char *argument) {
  static struct trace trace;
  struct env env = {.trace = &trace};
  trace = (struct trace){.fd = -1, .off = true};
  env.measure_deadline_ns = clock_monotonic_ns() + 100 * DURATION_MS;
  samples_free(&samples);
  why = (struct why){.text = ""};
  return source_text.measure(&env, NULL, argument, &samples, &why);
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
  assert_true(sample->foreign_clock);
  assert_true(sample_has(sample, METRIC_AGE));
  assert_false(sample_has(sample, METRIC_OFFSET)); /* stamps stand there by the second */
  assert_false(sample_has(sample, METRIC_DELAY));
  int64_t age_ns = clock_realtime_ns() - INT64_C(1795237865) * DURATION_S;
  assert_true(llabs(age_ns - sample->value[METRIC_AGE]) < 10 * DURATION_S);
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

/* The age is known where the zone is UTC or ours. */
static void test_zones(void **state) {
  (void)state;
  static const struct {
    const char *stamp;
    bool known;
    int64_t seconds;
  } rows[] = {
      {"Sat 2026-11-21 05:11:05 UTC", true, 1795237865},
      {"Sat 2026-11-21 05:11:05 XST", true, 1795237865 - 9 * 3600},
      {"Sat 2026-11-21 05:11:05 CET", false, 0},
      {"Sat 2026-11-21 05:11:05 ", false, 0},
      {"n/a", false, 0},
      {"Thu 1970-01-01 00:00:00 UTC", true, 0},
      {"Tue 2036-02-07 06:28:16 UTC", true, 2085978496},
  };
  assert_int_equal(setenv("TZ", "XST-9", 1), 0);
  for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
    char text[256];
    (void)snprintf(text, sizeof text, "Jitter=1\nDestinationTimestamp=%s", rows[i].stamp);
    const struct sample *sample = take(text);
    assert_int_equal(sample_has(sample, METRIC_AGE), rows[i].known);
    int64_t age_ns = clock_realtime_ns() - rows[i].seconds * DURATION_S;
    assert_true(!rows[i].known || llabs(age_ns - sample->value[METRIC_AGE]) < 10 * DURATION_S);
  }
}

static void refuse(const char *text, size_t bytes, const char *want) {
  int error = measure_bytes(text, bytes);
  if (error != -EBADMSG || why.reason != REASON_BAD_REPLY || strcmp(why.text, want) != 0) {
    fail_msg("'%s': %d, '%s'; wanted '%s'", text, error, why.text, want);
  }
  assert_int_equal(samples.count, 0);
}

static void test_refused(void **state) {
  (void)state;
  static const char nothing[] = "file: there is no Jitter= in it; it should be what `timedatectl "
                                "show-timesync` prints";
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
  };
  refuse("", 0, nothing);
  refuse("nonsense\n", 9, nothing);
  refuse("a=b\nPacketCount=3\n", 18, nothing);
  refuse("NTPMessage={ PacketCount=3, Jitter=2", 36, "file: its NTPMessage is cut off"); /* 2.5s */
  refuse("Jitter=1\0\n", 10, "file: it holds a NUL byte and is no text");
  for (size_t i = 0; i < sizeof values / sizeof *values; i++) {
    char want[256];
    int name = (int)strcspn(values[i], "=");
    (void)snprintf(want, sizeof want, "file: %.*s='%s' cannot be read", name, values[i],
                   values[i] + name + 1);
    refuse(values[i], strlen(values[i]), want);
  }
  refuse("Jitter=25h", 10,
         "file: systemd-timesyncd's jitter in ns is 90000000000000, which is more than a day; this "
         "is not a reading");
  refuse("Jitter=1\nStratum=17", 19,
         "file: systemd-timesyncd's stratum is 17, which is not 0 to 16; this is not a reading");
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
  assert_string_equal(why.text, "file: it is longer than 64 KiB");
  assert_int_equal(why.reason, REASON_BAD_REPLY);
  assert_int_equal(measure("missing"), -ENOENT);
  assert_string_equal(why.text, "missing: No such file or directory");
  assert_int_equal(why.reason, REASON_NO_SOURCE);
  assert_int_equal(measure("."), -EISDIR);
  assert_int_equal(measure("/dev/zero"), -EFBIG);
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
  assert_string_equal(why.text, "standard input: it did not end in time");
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
      cmocka_unit_test(test_whole),        cmocka_unit_test(test_jitter),
      cmocka_unit_test(test_no_reply_yet), cmocka_unit_test(test_zones),
      cmocka_unit_test(test_refused),      cmocka_unit_test(test_far_year),
      cmocka_unit_test(test_files),        cmocka_unit_test(test_stdin),
  };
  (void)alarm(30);
  return cmocka_run_group_tests(tests, temp_enter, leave);
}

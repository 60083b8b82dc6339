/* Tests of timesync_explain.c: what is said beside timesyncd's figures, and when. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "ntp_monitor/why.h"
#include "source/timesyncd/timesync.h"
#include "tests/unit/golden.h"
#include "tests/unit/timesync_good.h"

static struct sample sample;
static char note[SAMPLES_NOTE_BYTES];

static void explain(const struct timesync *raw, int64_t now_ns) {
  struct why why;
  note[0] = '\0';
  assert_int_equal(timesync_sample(raw, now_ns, &sample, &why), 0);
  timesync_explain(raw, &sample, note, sizeof note);
}

static void test_no_reply(void **state) {
  (void)state;
  static const struct {
    const char *server;
    bool servers, addressed;
    const char *command; /* in the note */
  } rows[] = {
      {"", false, false, "NTP="},
      {"", true, false, "networkctl"},
      {"a.example", true, false, "resolvectl"},
      {"a.example", true, true, "journalctl -u systemd-timesyncd"},
  };
  for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
    struct timesync raw = timesync_good();
    raw.replies = 0;
    (void)strcpy(raw.server, rows[i].server);
    raw.servers = rows[i].servers;
    raw.family = rows[i].addressed ? AF_INET : 0;
    raw.address_bytes = rows[i].addressed ? 4 : 0;
    explain(&raw, GOOD_NOW_NS);
    assert_non_null(strstr(sample.remark, rows[i].server));
    assert_non_null(strstr(note, rows[i].command));
    assert_golden(sample.remark, "remark: %s", rows[i].command);
    assert_golden(note, "note: %s", rows[i].command);
    raw.present &= ~(unsigned)TIMESYNC_POLL_INTERVAL; /* a few lines out of a text */
    explain(&raw, GOOD_NOW_NS);
    assert_string_equal(sample.remark, "");
    assert_string_equal(note, "");
  }
}

/* A name too long for the remark is cut between characters. */
static void test_long_name(void **state) {
  (void)state;
  struct timesync raw = timesync_good();
  raw.replies = 0;
  for (size_t i = 0; i + 2 < 200; i += 2) {
    memcpy(raw.server + i, "\xc3\xa4", 3);
  }
  explain(&raw, GOOD_NOW_NS);
  assert_non_null(strstr(sample.remark, "\xc3\xa4..."));
}

static void test_whose_figures(void **state) {
  (void)state;
  static const struct {
    const char *server;
    int family;
    int64_t age_s;
    bool said;
  } rows[] = {
      {"ntp.example.org", AF_INET, 12, false},
      {"192.0.2.1", AF_INET, 12, false},
      {"192.0.2.2", AF_INET, 12, true},
      {"2001:db8::1", AF_INET, 12, false},
      {"", AF_INET, 12, true},
      {"", 0, 12, true},
      {"ntp.example.org", 0, 12, true},
      {"ntp.example.org", AF_INET, 92, false},
      {"ntp.example.org", AF_INET, 93, true},
      {"ntp.example.org", AF_INET, -93, false},
  };
  for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
    struct timesync raw = timesync_good();
    (void)strcpy(raw.server, rows[i].server);
    raw.family = rows[i].family;
    raw.address_bytes = rows[i].family == 0 ? 0 : 4;
    int64_t t4_ns = (int64_t)raw.stamp_us[TIMESYNC_T4] * 1000;
    explain(&raw, t4_ns + rows[i].age_s * 1000000000);
    if ((note[0] != '\0') != rows[i].said) {
      fail_msg("row %zu: '%s'", i, note);
    }
    if (rows[i].said) {
      assert_golden(note, "perhaps another's");
    }
    assert_string_equal(sample.remark, "");
  }
}

static void test_age(void **state) {
  (void)state;
  struct timesync raw = timesync_good();
  explain(&raw, GOOD_NOW_NS);
  assert_string_equal(note, "");
  raw.early_us = INT64_C(14) * 3600 * 1000000;
  raw.late_us = INT64_C(12) * 3600 * 1000000;
  (void)strcpy(raw.zone, "CEST");
  explain(&raw, GOOD_NOW_NS);
  assert_non_null(strstr(note, "CEST"));
  assert_golden(note, "CEST");
  raw.server[0] = '\0';
  raw.zone[0] = '\0';
  explain(&raw, GOOD_NOW_NS + INT64_C(86400000000000));
  assert_golden(note, "no zone, and perhaps another's");
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(test_no_reply),
      cmocka_unit_test(test_long_name),
      cmocka_unit_test(test_whose_figures),
      cmocka_unit_test(test_age),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}

/* Tests of format/influx.c: one line of the run and one a server, types, escapes, and what is left
 * out. */
#include <string.h>

#include "tests/unit/printed.h"

static struct example example;

static int fill(void **state) {
  (void)state;
  example_fill(&example);
  return 0;
}

#define NOW " 1795237878010060123\n"
#define RUN(verdict, reason) \
  "ntp_monitor,host=pi verdict=" verdict "i,reason=\"" reason "\",run_duration_s=0.012345" NOW
#define TAGS "ntp_monitor,host=pi,server=ntp.example.org,source=timesyncd "
#define JUDGED "verdict=1i,reason=\"jitter\""

static void test_whole(void **state) {
  (void)state;
  static const char want[] = RUN("1", "jitter") TAGS
      "jitter_s=2.15,offset_s=0.000023,delay_s=0.000069,root_distance_s=0.0001,age_s=12.3,"
      "error_bound_s=0.0001575,poll_interval_s=32.0,stratum=2i,leap=0i,replies=10i," JUDGED
      ",jitter_kind=\"rms8\",address=\"192.0.2.1\"" NOW;
  assert_printed(&format_influx, &example.report, false, want);
  assert_printed(&format_influx, &example.report, true, want); /* never coloured */
}

/* The verdict is there without any server; the host is not, where it has no name. */
static void test_no_reading(void **state) {
  (void)state;
  example.report.finding_count = 0;
  example.report.worst = NULL;
  example.report.verdict = VERDICT_UNKNOWN;
  example.report.reason = REASON_NO_BUS;
  example.report.exit_status = 3;
  assert_printed(&format_influx, &example.report, false, RUN("3", "no-bus"));
  example.report.host = "";
  example.report.run_duration_ns = 2 * DURATION_S;
  assert_printed(&format_influx, &example.report, false,
                 "ntp_monitor verdict=3i,reason=\"no-bus\",run_duration_s=2.0" NOW);
}

/* The line reached no log: the run's number is the exit status, the server's is its own. */
static void test_lost(void **state) {
  (void)state;
  example.report.exit_status = 3;
  example.samples[0] = (struct sample){.server = "ntp.example.org"};
  assert_printed(&format_influx, &example.report, false, RUN("3", "jitter") TAGS JUDGED NOW);
}

/* One that is listed only has no verdict; one of whom nothing is known, no line. */
static void test_listed(void **state) {
  (void)state;
  example.report.finding_count = 3;
  for (size_t i = 0; i < 3; i++) {
    example.samples[i] = (struct sample){.server = "ntp.example.org", .listed = true};
    example.samples[i].present = 1U << FIELD_SENT | 1U << FIELD_SPIKE;
  }
  sample_set(&example.samples[1], METRIC_REACH, 0);
  example.samples[2].state = STATE_UNREACHABLE;
  assert_printed(
      &format_influx, &example.report, false,
      RUN("1",
          "jitter") "ntp_monitor,host=pi,server=ntp.example.org\\ #2,source=timesyncd reach=0i" NOW
                    "ntp_monitor,host=pi,server=ntp.example.org\\ #3,source=timesyncd "
                    "state=\"unreachable\"" NOW);
}

static void test_values(void **state) {
  (void)state;
  struct sample *sample = &example.samples[0];
  *sample = (struct sample){.server = "ntp.example.org"};
  sample_set(sample, METRIC_JITTER, INT64_MAX);
  sample_set(sample, METRIC_OFFSET, INT64_MIN);
  sample_set(sample, METRIC_DELAY, 0);
  sample_set(sample, METRIC_ROOT_DISTANCE, 1);
  sample_set(sample, METRIC_AGE, -DURATION_S);
  sample_set(sample, METRIC_STRATUM, 16);
  sample_set(sample, METRIC_REACH, 8);
  sample_set(sample, METRIC_CLOCK_CLASS, 255);
  sample->present |= 1U << FIELD_POLL_INTERVAL | 1U << FIELD_LEAP | 1U << FIELD_REPLIES;
  sample->poll_interval_ns = 1500 * DURATION_MS;
  sample->leap = LEAP_UNSYNCHRONISED;
  sample->replies = INT64_MAX;
#define VALUES                                                                                \
  "jitter_s=9223372036.854775807,offset_s=-9223372036.854775808,delay_s=0.0,root_distance_s=" \
  "0.000000001,age_s=-1.0,poll_interval_s=1.5,stratum=16i,reach=8i,clock_class=255i,leap=3i,"
  assert_printed(&format_influx, &example.report, false,
                 RUN("1", "jitter") TAGS VALUES "replies=9223372036854775807i," JUDGED NOW);
  sample->replies++; /* beyond what its integers hold */
  assert_printed(&format_influx, &example.report, false, RUN("1", "jitter") TAGS VALUES JUDGED NOW);
}

/* Tags and strings have rules of their own. */
static void test_escapes(void **state) {
  (void)state;
  example.samples[0] = (struct sample){.server = "a b,c=d\"e\\f\ng\\"};
  (void)strcpy(example.samples[0].address, "a b,c=d\"e\\f\ng\\");
  example.report.host = "\\";
  example.findings[0].source = "=";
  assert_printed(&format_influx, &example.report, false,
                 "ntp_monitor,host=\\x5c " JUDGED ",run_duration_s=0.012345" NOW
                 "ntp_monitor,host=\\x5c,server=a\\ b\\,c\\=d\"e\\f\\ g\\x5c,source=\\= " JUDGED
                 ",address=\"a b,c=d\\\"e\\\\f g\\\\\"" NOW);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test_setup(test_whole, fill),  cmocka_unit_test_setup(test_no_reading, fill),
      cmocka_unit_test_setup(test_lost, fill),   cmocka_unit_test_setup(test_listed, fill),
      cmocka_unit_test_setup(test_values, fill), cmocka_unit_test_setup(test_escapes, fill),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}

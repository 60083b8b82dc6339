/* Tests of format/json.c: one object on one line, its nulls, decimals and escapes. */
#include <string.h>

#include "tests/unit/printed.h"

static struct example example;

static int fill(void **state) {
  (void)state;
  example_fill(&example);
  return 0;
}

#define HEAD                                                                             \
  "{\"schema\":1,\"time\":\"2026-11-21T05:11:18.010060Z\",\"host\":\"pi\","              \
  "\"source\":\"timesyncd\",\"verdict\":\"warning\",\"reason\":\"jitter\",\"reasons\":[" \
  "\"jitter\"],\"message\":"
#define MESSAGE \
  "\"NTP jitter above threshold: 2.15s (threshold: 2s)\",\"note\":null,\"exit_status\":1,"
#define LIMITS "\"limits\":{\"jitter_s\":{\"warning\":2,\"critical\":null}},"
#define SERVER "{\"server\":\"ntp.example.org\",\"address\":\"192.0.2.1\","
#define BOUND(stratum)                                \
  "\"error_bound_s\":0.0001575,\"stratum\":" #stratum \
  ",\"reach\":null,\"clock_class\":null,\"jitter_kind\":\"rms8\","
#define NO_STATE "\"state\":null,\"remark\":null,"
#define SERVER_TAIL                                                                           \
  "\"verdict\":\"warning\",\"reason\":\"jitter\",\"reasons\":[\"jitter\"],\"jitter_s\":2.15," \
  "\"offset_s\":0.000023,"                                                                    \
  "\"delay_s\":0.000069,\"root_distance_s\":0.0001,\"age_s\":12.3," BOUND(                    \
      2) "\"poll_interval_s\":32,\"leap\":\"none\",\"replies\":10,\"sent\":null,\"spike\":"   \
         "false," NO_STATE "\"source\":\"timesyncd\"}"

static void test_whole(void **state) {
  (void)state;
  assert_printed(&format_json, &example.report, false,
                 HEAD MESSAGE LIMITS "\"servers\":[" SERVER SERVER_TAIL "]}\n");
  assert_printed(&format_json, &example.report, true, /* never coloured */
                 HEAD MESSAGE LIMITS "\"servers\":[" SERVER SERVER_TAIL "]}\n");
}

static void test_several_servers(void **state) {
  (void)state;
  example.report.finding_count = 3;
  assert_printed(&format_json, &example.report, false,
                 HEAD MESSAGE LIMITS "\"servers\":[" SERVER SERVER_TAIL "," SERVER SERVER_TAIL
                                     "," SERVER SERVER_TAIL "]}\n");
}

static void test_no_reading(void **state) {
  (void)state;
  example.report.finding_count = 0;
  example.report.worst = NULL;
  example.report.verdict = VERDICT_UNKNOWN;
  example.report.reason = REASON_NO_BUS;
  example.report.reasons = 1U << REASON_NO_BUS;
  example.report.exit_status = 3;
  example.report.host = "";
  example.report.source = "auto";
  assert_printed(&format_json, &example.report, false,
                 "{\"schema\":1,\"time\":\"2026-11-21T05:11:18.010060Z\",\"host\":null,"
                 "\"source\":\"auto\",\"verdict\":\"unknown\",\"reason\":\"no-bus\",\"reasons\":["
                 "\"no-bus\"],\"message\":"
                 "\"NTP jitter above threshold: 2.15s (threshold: "
                 "2s)\",\"note\":null,\"exit_status\":3," LIMITS "\"servers\":[]}\n");
}

static void test_nulls(void **state) {
  (void)state;
  example.samples[0].present = 0;
  example.samples[0].jitter_kind = JITTER_NONE;
  example.samples[0].server[0] = '\0';
  example.samples[0].address[0] = '\0';
  assert_printed(
      &format_json, &example.report, false,
      HEAD MESSAGE LIMITS
      "\"servers\":[{\"server\":null,\"address\":null,\"verdict\":\"warning\","
      "\"reason\":\"jitter\",\"reasons\":[\"jitter\"],\"jitter_s\":null,\"offset_s\":"
      "null,\"delay_s\":null,"
      "\"root_distance_s\":null,\"age_s\":null,\"error_bound_s\":null,\"stratum\":null,"
      "\"reach\":null,\"clock_class\":null,\"jitter_kind\":null,\"poll_interval_s\":null,"
      "\"leap\":null,\"replies\":null,\"sent\":null,\"spike\":null," NO_STATE
      "\"source\":\"timesyncd\"}]}\n");
}

static void test_values(void **state) {
  (void)state;
  struct sample *sample = &example.samples[0];
  sample->value[METRIC_JITTER] = 1;
  sample->value[METRIC_OFFSET] = -1500000000;
  sample->value[METRIC_DELAY] = 0;
  sample->value[METRIC_ROOT_DISTANCE] = INT64_MAX;
  sample->value[METRIC_AGE] = -9;
  sample->poll_interval_ns = INT64_C(2048000000000);
  sample->leap = LEAP_UNSYNCHRONISED;
  sample->replies = UINT64_MAX;
  sample->spike = true;
  sample_set(sample, METRIC_STRATUM, 16);
  example.findings[0].verdict = VERDICT_OK;
  example.findings[0].reason = REASON_WARMING_UP;
  example.findings[0].reasons = 1U << REASON_WARMING_UP;
  example.findings[0].source = "text";
  assert_printed(&format_json, &example.report, false,
                 HEAD MESSAGE LIMITS
                 "\"servers\":[" SERVER
                 "\"verdict\":\"ok\",\"reason\":\"warming-up\",\"reasons\":[\"warming-up\"],"
                 "\"jitter_s\":0.000000001,\"offset_s\":-1.5,\"delay_s\":0,"
                 "\"root_distance_s\":9223372036.854775807,\"age_s\":-0.000000009," BOUND(
                     16) "\"poll_interval_s\":2048,\"leap\":\"unsynchronised\","
                         "\"replies\":18446744073709551615,\"sent\":null,\"spike\":true," NO_STATE
                         "\"source\":\"text\"}]}\n");
}

static void test_leaps(void **state) {
  (void)state;
  static const char *const leaps[] = {"none", "insert", "delete", "unsynchronised"};
  for (enum leap leap = LEAP_NONE; leap <= LEAP_UNSYNCHRONISED; leap++) {
    char want[2048] = HEAD MESSAGE LIMITS "\"servers\":[" SERVER;
    char tail[] = SERVER_TAIL;
    char *at = strstr(tail, "none");
    *at = '\0';
    (void)strcat(strcat(strcat(want, tail), leaps[leap]), at + strlen("none"));
    (void)strcat(want, "]}\n");
    example.samples[0].leap = leap;
    assert_printed(&format_json, &example.report, false, want);
  }
}

/* RFC 8259 section 7. */
static void test_escapes(void **state) {
  (void)state;
  (void)strcpy(example.report.message, "a\"b\\c\n\x01\x1f/ \xc3\xa9 \\x1b");
  assert_printed(&format_json, &example.report, false,
                 HEAD "\"a\\\"b\\\\c\\u000a\\u0001\\u001f/ \xc3\xa9 "
                      "\\\\x1b\",\"note\":null,\"exit_status\":1," LIMITS
                      "\"servers\":[" SERVER SERVER_TAIL "]}\n");
}

static void test_limits(void **state) {
  (void)state;
  example.config.limit[METRIC_JITTER].critical = 5 * DURATION_S;
  example.config.limit[METRIC_OFFSET].critical = DURATION_MS;
  example.config.limit[METRIC_ROOT_DISTANCE].warning = DURATION_US;
  assert_printed(
      &format_json, &example.report, false,
      HEAD MESSAGE
      "\"limits\":{\"jitter_s\":{\"warning\":2,\"critical\":5},\"offset_s\":{\"warning\":"
      "null,\"critical\":0.001},\"root_distance_s\":{\"warning\":0.000001,\"critical\":"
      "null}},\"servers\":[" SERVER SERVER_TAIL "]}\n");
}

/* A server that is listed only has no verdict; counts have no unit. */
static void test_listed(void **state) {
  (void)state;
  struct sample *sample = &example.samples[0];
  *sample = (struct sample){.server = "b.example.org",
                            .remark = "reach is \"low\"",
                            .listed = true,
                            .state = STATE_FALSETICKER,
                            .jitter_kind = JITTER_STDDEV};
  sample_set(sample, METRIC_REACH, 7);
  sample->sent = 4;
  sample->present |= 1U << FIELD_SENT;
  example.config.limit[METRIC_REACH] = (struct limit){4, 2};
  assert_printed(
      &format_json, &example.report, false,
      HEAD MESSAGE
      "\"limits\":{\"jitter_s\":{\"warning\":2,\"critical\":null},\"reach\":{\"warning\":4,"
      "\"critical\":2}},\"servers\":[{\"server\":\"b.example.org\",\"address\":null,"
      "\"verdict\":null,\"reason\":null,\"jitter_s\":null,\"offset_s\":null,\"delay_s\":null,"
      "\"root_distance_s\":null,\"age_s\":null,\"error_bound_s\":null,\"stratum\":null,"
      "\"reach\":7,\"clock_class\":null,\"jitter_kind\":\"stddev\",\"poll_interval_s\":null,"
      "\"leap\":null,"
      "\"replies\":null,\"sent\":4,\"spike\":null,\"state\":\"falseticker\","
      "\"remark\":\"reach is \\\"low\\\"\",\"source\":\"timesyncd\"}]}\n");
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test_setup(test_whole, fill),
      cmocka_unit_test_setup(test_several_servers, fill),
      cmocka_unit_test_setup(test_no_reading, fill),
      cmocka_unit_test_setup(test_nulls, fill),
      cmocka_unit_test_setup(test_values, fill),
      cmocka_unit_test_setup(test_leaps, fill),
      cmocka_unit_test_setup(test_escapes, fill),
      cmocka_unit_test_setup(test_limits, fill),
      cmocka_unit_test_setup(test_listed, fill),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}

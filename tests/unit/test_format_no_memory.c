/* Without memory for the servers the formats of time series keep the verdict, and say what is
 * missing. */
#include "format/series.h"
#include "tests/unit/golden.h"
#include "tests/unit/printed.h"

/* In place of series.c's. */
struct series *series_make(const struct report *report) {
  (void)report;
  return NULL;
}

static struct example example;

static void test_influx(void **state) {
  (void)state;
  static const char want[] = "ntp_monitor,host=pi verdict=1i,reason=\"jitter\",run_duration_s="
                             "0.012345 1795237878010060123\n# ";
  example_fill(&example);
  const char *have = printed(&format_influx, &example.report, false);
  assert_memory_equal(have, want, strlen(want));
  assert_golden(have + strlen(want), "influx");
}

static void test_prometheus(void **state) {
  (void)state;
  char comment[64];
  example_fill(&example);
  const char *have = printed(&format_prometheus, &example.report, false);
  (void)snprintf(comment, sizeof comment, "%.*s", (int)strcspn(have, "\n"), have);
  assert_golden(comment, "prometheus");
  assert_memory_equal(have + strlen(comment), "\n# HELP ", 8);
  assert_non_null(strstr(have, "\nntp_monitor_verdict 1\n"));
  assert_null(strstr(have, "server="));
}

int main(void) {
  const struct CMUnitTest tests[] = {cmocka_unit_test(test_influx),
                                     cmocka_unit_test(test_prometheus)};
  return cmocka_run_group_tests(tests, NULL, NULL);
}

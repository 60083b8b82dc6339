/* Without memory for the servers the formats of time series keep the verdict, and say what is
 * missing. */
#include "ntp_monitor/series.h"
#include "tests/unit/printed.h"

/* In place of series.c's. */
struct series *series_make(const struct report *report) {
  (void)report;
  return NULL;
}

static void test_influx(void **state) {
  (void)state;
  static struct example example;
  example_fill(&example);
  assert_printed(&format_influx, &example.report, false,
                 "ntp_monitor,host=pi verdict=1i,reason=\"jitter\",run_duration_s=0.012345 "
                 "1795237878010060123\n# no memory to show the servers\n");
}

static void test_prometheus(void **state) {
  (void)state;
  static struct example example;
  static char have[16 * 1024];
  example_fill(&example);
  FILE *stream = fmemopen(have, sizeof have, "w");
  assert_non_null(stream);
  format_prometheus.print(stream, &example.report, false);
  assert_int_equal(fclose(stream), 0);
  assert_int_equal(strncmp(have, "# no memory to show the servers\n# HELP ", 39), 0);
  assert_non_null(strstr(have, "\nntp_monitor_verdict 1\n"));
  assert_null(strstr(have, "server="));
}

int main(void) {
  const struct CMUnitTest tests[] = {cmocka_unit_test(test_influx),
                                     cmocka_unit_test(test_prometheus)};
  return cmocka_run_group_tests(tests, NULL, NULL);
}

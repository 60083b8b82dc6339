/* Tests of output.c: all that is wanted is written, by the command line and by every key of
 * [output]. */
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
#include "ntp_monitor/format.h"
#include "ntp_monitor/output.h"
#include "ntp_monitor/report.h"
#include "ntp_monitor/trace.h"
#include "ntp_monitor/why.h"
#include "tests/unit/temp.h"

static int any_source(const char *text, struct why *why) {
  (void)text;
  (void)why;
  return 0;
}

static struct config config;
static struct output_orders orders;
static struct env env;
static struct report report;
static unsigned failures;

static void begin(void) {
  static struct trace trace;
  trace = (struct trace){.fd = -1, .off = true};
  config_init(&config, any_source);
  orders.count = 0;
  env = (struct env){.uid = 1000, .trace = &trace};
  env.deadline_ns = clock_monotonic_ns() + 10 * DURATION_S;
  report = (struct report){.version = "0", .host = "h", .source = "text", .config = &config};
  failures = 0;
}

static void count_failure(void *user, const struct why *why) {
  (void)user;
  (void)fprintf(stderr, "%s\n", why->text);
  failures++;
}

static size_t outputs_in(const char *folder) {
  size_t count = 0;
  for (char name = 'a'; name <= 'z'; name++) {
    char path[TEMP_PATH_BYTES + 16];
    (void)snprintf(path, sizeof path, "%s/%c", folder, name);
    count += access(path, F_OK) == 0;
    (void)unlink(path);
  }
  return count;
}

/* As many as there can be: a key without its row in output.c is one too few, a row without its room
 * a word of UBSan's. */
static void test_all(void **state) {
  (void)state;
  char targets[OUTPUT_ORDERS_MAX][TEMP_PATH_BYTES + 16];
  char name = 'a';
  begin();
  for (size_t i = 0; i < config_key_count; i++) {
    char path[TEMP_PATH_BYTES + 16];
    struct why why;
    (void)snprintf(path, sizeof path, "%s/%c", temp_name(), name);
    if (strcmp(config_keys[i].section, "output") == 0) {
      assert_int_equal(config_set(&config, &config_keys[i], path, &config_command_line, &why), 0);
      name++;
    }
  }
  assert_true(name > 'a');
  for (; orders.count < OUTPUT_ORDERS_MAX; orders.count++, name++) {
    char *target = targets[orders.count];
    (void)snprintf(target, sizeof targets[0], "%s/%c", temp_name(), name);
    orders.order[orders.count].format = &format_json;
    orders.order[orders.count].target = target;
  }
  output_all(&orders, &config, &report, &env, count_failure, NULL);
  assert_int_equal(failures, 0);
  assert_int_equal(outputs_in(temp_name()), name - 'a');
}

/* Outputs of the configuration are this machine's: a reading of another is not written there. */
static void test_another_machine(void **state) {
  (void)state;
  begin();
  (void)strcpy(config.output_json, "a"); /* in the current folder, which is the test's own */
  config.host = "far";
  output_all(&orders, &config, &report, &env, count_failure, NULL);
  config.host = NULL;
  config.machine = "box";
  output_all(&orders, &config, &report, &env, count_failure, NULL);
  assert_int_equal(outputs_in(temp_name()), 0);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(test_all),
      cmocka_unit_test(test_another_machine),
  };
  return cmocka_run_group_tests(tests, temp_enter, temp_leave);
}

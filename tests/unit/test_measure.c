/* Tests of measure.c: from names of sources to readings. The sources are this file's own. */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "ntp_monitor/config.h"
#include "ntp_monitor/env.h"
#include "ntp_monitor/measure.h"
#include "ntp_monitor/source.h"
#include "ntp_monitor/trace.h"

static struct {
  int error;      /* of timesyncd */
  unsigned asked; /* how often it was */
  char argument[64];
} fake;

static int measure_timesyncd(const struct env *env, const struct config *config,
                             const char *argument, struct samples *samples, struct why *why) {
  struct sample sample = {.server = "ntp.example.org"};
  (void)env;
  (void)config;
  assert_null(argument);
  fake.asked++;
  assert_int_equal(samples_add(samples, &sample), 0); /* a failing one may have begun */
  return fake.error == 0 ? 0 : why_set(why, REASON_NO_SERVICE, fake.error, "it sleeps");
}

static int measure_text(const struct env *env, const struct config *config, const char *argument,
                        struct samples *samples, struct why *why) {
  struct sample sample = {.server = "text"};
  (void)env;
  (void)config;
  (void)why;
  (void)strcpy(fake.argument, argument);
  return samples_add(samples, &sample) + samples_add(samples, &sample);
}

const struct source source_timesyncd = {.name = "timesyncd",
                                        .summary = "",
                                        .automatic = true,
                                        .remote = true,
                                        .measure = measure_timesyncd};
const struct source source_text = {
    .name = "text", .argument = "FILE", .summary = "", .measure = measure_text};

static struct reading readings[REPORT_READINGS_MAX];

/* names: between blanks, and not checked as those of a file or a command line are. */
static size_t run(const char *names) {
  static struct trace trace;
  static struct config config;
  static char list[256];
  struct env env = {.trace = &trace};
  trace = (struct trace){.fd = -1, .off = true};
  config = (struct config){.check_source = source_check};
  memset(&fake.argument, 0, sizeof fake.argument);
  fake.asked = 0;
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
  fake.error = 0;
  assert_int_equal(run("timesyncd"), 1);
  assert_string_equal(readings[0].source, "timesyncd");
  assert_int_equal(readings[0].samples.count, 1);
  assert_string_equal(readings[0].samples.items[0].server, "ntp.example.org");
  assert_int_equal(fake.asked, 1);
  release(1);
}

static void test_failing(void **state) {
  (void)state;
  fake.error = -ENXIO;
  assert_int_equal(run("timesyncd"), 1);
  assert_int_equal(readings[0].samples.count, 0);
  assert_null(readings[0].samples.items);
  assert_int_equal(readings[0].why.reason, REASON_NO_SERVICE);
  assert_string_equal(readings[0].why.text, "it sleeps");
}

static void test_several(void **state) {
  (void)state;
  fake.error = -ENXIO;
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

static void test_auto(void **state) {
  (void)state;
  fake.error = 0;
  assert_int_equal(run("auto"), 1);
  assert_string_equal(readings[0].source, "timesyncd");
  assert_int_equal(readings[0].samples.count, 1);
  assert_string_equal(fake.argument, ""); /* text is never tried by itself */
  release(1);
}

/* All that was tried is listed. */
static void test_auto_fails(void **state) {
  (void)state;
  fake.error = -ENXIO;
  assert_int_equal(run("auto"), 1);
  assert_string_equal(readings[0].source, "auto");
  assert_int_equal(readings[0].samples.count, 0);
  assert_int_equal(readings[0].why.reason, REASON_NO_SERVICE);
  assert_string_equal(readings[0].why.text, "tried timesyncd: it sleeps");
}

static void test_unknown(void **state) {
  (void)state;
  assert_int_equal(run("nonsense text"), 2);
  assert_string_equal(readings[0].source, "nonsense");
  assert_int_equal(readings[0].samples.count, 0);
  assert_int_equal(readings[0].why.reason, REASON_CONFIG);
  assert_string_equal(readings[0].why.text,
                      "'nonsense' is no source; there are: auto, timesyncd, text:FILE");
  assert_string_equal(readings[1].why.text, "'text' should be text:FILE");
}

static void test_check(void **state) {
  (void)state;
  static const struct {
    const char *text;
    bool good;
  } rows[] = {{"auto", true},        {"timesyncd", true}, {"text:-", true},
              {"text:a b", true},    {"text:", false},    {"text", false},
              {"timesyncd:", false}, {"timesync", false}, {"timesyncdx", false},
              {"", false},           {":", false},        {"AUTO", false}};
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
      cmocka_unit_test(test_auto_fails), cmocka_unit_test(test_unknown),
      cmocka_unit_test(test_check),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}

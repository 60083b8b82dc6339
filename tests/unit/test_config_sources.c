/* Tests of config_values.c: the list of sources, from files and from the command line. */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "tests/unit/notes.h"

static const struct origin somewhere = {.path = "conf", .line = 7};

static void assert_sources(const struct config *config, const char *want) {
  char have[CONFIG_TEXT_BYTES];
  config_print_value(config, config_find("monitoring", "source"), have, sizeof have);
  assert_string_equal(have, want);
}

static void assert_origin(const struct config *config, const char *want) {
  char have[CONFIG_TEXT_BYTES];
  config_print_origin(&config->origin[config_find("monitoring", "source") - config_keys], have,
                      sizeof have);
  assert_string_equal(have, want);
}

static int set(struct config *config, const char *text, struct why *why) {
  return config_set(config, config_find("monitoring", "source"), text, &somewhere, why);
}

static void test_from_a_file(void **state) {
  (void)state;
  struct config config;
  struct why why;
  config_init(&config, notes_check_source);
  assert_int_equal(config.source_count, 1);
  assert_string_equal(config.source[0], "auto");
  assert_int_equal(set(&config, " a  b:c\td ", &why), 0);
  assert_int_equal(config.source_count, 3);
  assert_string_equal(config.source[1], "b:c");
  assert_sources(&config, "a b:c d");
  assert_origin(&config, "conf:7");
  assert_int_equal(set(&config, "x bad y", &why), -EINVAL);
  assert_string_equal(why.text, "'bad' is bad");
  assert_sources(&config, "a b:c d");
  assert_int_equal(set(&config, "\t ", &why), -EINVAL);
  assert_golden(why.text, "blanks");
  assert_sources(&config, "a b:c d");
}

static void test_too_many_in_a_file(void **state) {
  (void)state;
  struct config config;
  struct why why;
  config_init(&config, notes_check_source);
  assert_int_equal(set(&config, "1 2 3 4 5 6 7 8 9 10 11 12 13 14 15 16", &why), 0);
  assert_int_equal(config.source_count, 16);
  assert_true(set(&config, "1 2 3 4 5 6 7 8 9 10 11 12 13 14 15 16 17", &why) < 0);
  assert_golden(why.text, "17 in a file");
  assert_int_equal(config.source_count, 16);
}

/* A text that does not fit must not be cut into another one. */
static void test_too_long_in_a_file(void **state) {
  (void)state;
  struct config config;
  struct why why;
  char text[CONFIG_TEXT_BYTES + 8];
  memset(text, 'x', sizeof text - 1);
  text[sizeof text - 1] = '\0';
  config_init(&config, notes_check_source);
  assert_true(set(&config, text, &why) < 0);
  assert_sources(&config, "auto");
}

/* The first one takes the place of what the layers below have, the next ones follow it. */
static void test_from_the_command_line(void **state) {
  (void)state;
  struct config config;
  struct why why;
  config_init(&config, notes_check_source);
  assert_int_equal(set(&config, "a b", &why), 0);
  assert_int_equal(config_add_source(&config, "bad", &why), -EINVAL);
  assert_sources(&config, "a b");
  assert_origin(&config, "conf:7");
  assert_int_equal(config_add_source(&config, "text:a file", &why), 0);
  assert_sources(&config, "text:a file");
  assert_origin(&config, "command line");
  assert_int_equal(config_add_source(&config, "c", &why), 0);
  assert_sources(&config, "text:a file c");
  assert_int_equal(config_add_source(&config, "bad", &why), -EINVAL);
  assert_sources(&config, "text:a file c");
}

static void test_too_many_on_the_command_line(void **state) {
  (void)state;
  struct config config;
  struct why why;
  config_init(&config, notes_check_source);
  for (int i = 0; i < CONFIG_SOURCES_MAX; i++) {
    assert_int_equal(config_add_source(&config, "x", &why), 0);
  }
  assert_int_equal(config_add_source(&config, "x", &why), -E2BIG);
  assert_golden(why.text, "17 on the command line");
  assert_int_equal(config.source_count, 16);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(test_from_a_file),
      cmocka_unit_test(test_too_many_in_a_file),
      cmocka_unit_test(test_too_long_in_a_file),
      cmocka_unit_test(test_from_the_command_line),
      cmocka_unit_test(test_too_many_on_the_command_line),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}

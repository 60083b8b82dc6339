/* Tests of text.c: shortening, and the word that was meant. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "ntp_monitor/text.h"

static void test_truncate(void **state) {
  (void)state;
  static const struct {
    const char *text;
    size_t length;
    const char *want;
  } rows[] = {
      {"", 4, ""},
      {"abcd", 4, "abcd"},
      {"abcde", 5, "abcde"},
      {"abcde", 4, "a..."},
      {"abcdefgh", 7, "abcd..."},
      {"\xc3\xa9\xc3\xa9\xc3\xa9", 6, "\xc3\xa9\xc3\xa9\xc3\xa9"},
      {"\xc3\xa9\xc3\xa9\xc3\xa9", 5, "\xc3\xa9..."},
      {"\xc3\xa9\xc3\xa9\xc3\xa9", 4, "..."},
      {"\xf0\x9f\x95\x90\xf0\x9f\x95\x90", 7, "\xf0\x9f\x95\x90..."},
      {"\xf0\x9f\x95\x90\xf0\x9f\x95\x90", 6, "..."},
      {"\xf0\x9f\x95\x90\xf0\x9f\x95\x90", 8, "\xf0\x9f\x95\x90\xf0\x9f\x95\x90"},
      {"a\xed\x95\x9c\xed\x95\x9c", 6, "a..."},
      {"a\xed\x95\x9c\xed\x95\x9c", 5, "a..."},
      {"a\xed\x95\x9c\xed\x95\x9c", 4, "a..."},
  };
  for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
    char text[32];
    (void)strcpy(text, rows[i].text);
    text_truncate(text, rows[i].length);
    assert_string_equal(text, rows[i].want);
  }
}

struct row {
  const char *name;
  int more;
};

static const struct row rows[] = {
    {"jitter_threshold", 1}, {"jitter_critical", 2}, {"source", 3}, {"log", 4}, {"x", 5}};

static const char *nearest(const char *word) {
  return text_nearest(word, &rows[0].name, sizeof rows / sizeof *rows, sizeof *rows);
}

static void test_nearest(void **state) {
  (void)state;
  static const struct {
    const char *word, *want;
  } words[] = {
      {"jitter_threshold", "jitter_threshold"},
      {"jiter_threshold", "jitter_threshold"},
      {"jitter_treshhold", "jitter_threshold"},
      {"JITTER_THRESHOLD", "jitter_threshold"},
      {"jitter_critcal", "jitter_critical"},
      {"threshold", NULL},
      {"sorce", "source"},
      {"sources", "source"},
      {"suorce", "source"},
      {"sauce", "source"},
      {"lag", "log"},
      {"loge", "log"},
      {"y", "x"},
      {"banana", NULL},
      {"", "x"},
      {"a word of more than forty-eight bytes, which is far from all", NULL},
  };
  for (size_t i = 0; i < sizeof words / sizeof *words; i++) {
    const char *have = nearest(words[i].word);
    if (have == NULL || words[i].want == NULL) {
      if (have != words[i].want) {
        fail_msg("'%s': %s", words[i].word, have != NULL ? have : "none");
      }
    } else {
      assert_string_equal(have, words[i].want);
    }
  }
}

/* Of two that are near, the nearer one. */
static void test_nearer(void **state) {
  (void)state;
  static const struct row near[] = {{"offset_threshold", 0}, {"offset_thresholds", 0}};
  assert_string_equal(text_nearest("offset_thresholdz", &near[0].name, 2, sizeof *near),
                      "offset_threshold");
  assert_string_equal(text_nearest("offset_thresholds", &near[0].name, 2, sizeof *near),
                      "offset_thresholds");
  assert_null(text_nearest("offset", &near[0].name, 0, sizeof *near));
}

static void test_list(void **state) {
  (void)state;
  char out[12] = "";
  text_list(out, sizeof out, ", ", "%s", "one");
  assert_string_equal(out, "one");
  text_list(out, sizeof out, ", ", "%d", 2);
  assert_string_equal(out, "one, 2");
  text_list(out, sizeof out, ", ", "%s", "three");
  assert_string_equal(out, "one, 2, ...");
}

static void test_plural(void **state) {
  (void)state;
  assert_string_equal(text_plural(0), "s");
  assert_string_equal(text_plural(1), "");
  assert_string_equal(text_plural(2), "s");
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(test_list),     cmocka_unit_test(test_plural),
      cmocka_unit_test(test_truncate), cmocka_unit_test(test_nearest),
      cmocka_unit_test(test_nearer),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}

/* Tests of text.c: nothing foreign acts on a log or a terminal, at any size. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "ntp_monitor/text.h"
#include "tests/unit/seed.h"

static void check(const char *text, size_t length, const char *want) {
  char out[256];
  memset(out, '#', sizeof out);
  text_escape(out, sizeof out, text, length);
  assert_string_equal(out, want);
}
#define CHECK(text, want) check(text, sizeof(text) - 1, want)

static void test_passes(void **state) {
  (void)state;
  char ascii[96];
  for (int i = 0; i < 95; i++) {
    ascii[i] = (char)(0x20 + i);
  }
  ascii[95] = '\0';
  check(ascii, 95, ascii);
  CHECK("", "");
  CHECK("caf\xc3\xa9", "caf\xc3\xa9");
  CHECK("\xed\x95\x9c\xea\xb5\xad", "\xed\x95\x9c\xea\xb5\xad"); /* U+D55C U+AD6D */
  CHECK("\xc2\xa0", "\xc2\xa0");                                 /* U+00A0, the first after C1 */
  CHECK("\xed\x9f\xbf\xee\x80\x80", "\xed\x9f\xbf\xee\x80\x80"); /* around the surrogates */
  CHECK("\xf0\x9f\x95\x90", "\xf0\x9f\x95\x90");                 /* U+1F550 */
  CHECK("\xf4\x8f\xbf\xbd", "\xf4\x8f\xbf\xbd");                 /* U+10FFFD */
  CHECK("\xdf\xbf\xe0\xa0\x80\xef\xbf\xbd\xf0\x90\x80\x80",
        "\xdf\xbf\xe0\xa0\x80\xef\xbf\xbd\xf0\x90\x80\x80"); /* least and most of each length */
}

static void test_controls(void **state) {
  (void)state;
  char want[8];
  for (unsigned c = 0; c < 0x20; c++) {
    char text = (char)c;
    (void)snprintf(want, sizeof want, "\\x%02x", c);
    check(&text, 1, want);
  }
  CHECK("\x7f", "\\x7f");
  CHECK("a\0b", "a\\x00b");
  CHECK("\033[2J", "\\x1b[2J");
  for (unsigned c = 0x80; c < 0xa0; c++) { /* C1 as UTF-8 */
    char wide[16];
    const char text[2] = {(char)0xc2, (char)c};
    (void)snprintf(wide, sizeof wide, "\\xc2\\x%02x", c);
    check(text, 2, wide);
  }
}

static void utf8(uint32_t point, char out[5]) {
  int bytes = point < 0x80 ? 1 : point < 0x800 ? 2 : point < 0x10000 ? 3 : 4;
  static const unsigned lead[] = {0, 0, 0xc0, 0xe0, 0xf0};
  for (int i = bytes - 1; i > 0; i--) {
    out[i] = (char)(0x80 | (point & 0x3f));
    point >>= 6;
  }
  out[0] = (char)(lead[bytes] | point);
  out[bytes] = '\0';
}

static void test_acting_points(void **state) {
  (void)state;
  static const uint32_t points[] = {0x061c, 0x200e, 0x200f, 0x2028, 0x2029, 0x202a,  0x202b,
                                    0x202c, 0x202d, 0x202e, 0x2066, 0x2067, 0x2068,  0x2069,
                                    0xfeff, 0xfdd0, 0xfdef, 0xfffe, 0xffff, 0x1fffe, 0x10ffff};
  for (size_t i = 0; i < sizeof points / sizeof *points; i++) {
    char text[5];
    char out[64];
    utf8(points[i], text);
    text_escape(out, sizeof out, text, strlen(text));
    assert_int_equal(strlen(out), 4 * strlen(text));
    assert_memory_equal(out, "\\x", 2);
  }
}

/* RFC 3629: overlong forms, surrogates, what lies beyond U+10FFFF, and broken ones. */
static void test_no_utf8(void **state) {
  (void)state;
  CHECK("\x80", "\\x80");
  CHECK("\xbf", "\\xbf");
  CHECK("\xff\xfe", "\\xff\\xfe");
  CHECK("\xc3", "\\xc3");
  CHECK("\xc3(", "\\xc3(");
  CHECK("\xe2\x82", "\\xe2\\x82");
  CHECK("\xe2\x28\xa1", "\\xe2(\\xa1");
  CHECK("\xf0\x9f\x95", "\\xf0\\x9f\\x95");
  CHECK("\xf0\x9f\x95x", "\\xf0\\x9f\\x95x");
  CHECK("\xc0\x8a", "\\xc0\\x8a");
  CHECK("\xc1\xbf", "\\xc1\\xbf");
  CHECK("\xe0\x80\x8a", "\\xe0\\x80\\x8a");
  CHECK("\xe0\x9f\xbf", "\\xe0\\x9f\\xbf");
  CHECK("\xf0\x80\x80\x8a", "\\xf0\\x80\\x80\\x8a");
  CHECK("\xf0\x8f\xbf\xbf", "\\xf0\\x8f\\xbf\\xbf");
  CHECK("\xed\xa0\x80", "\\xed\\xa0\\x80");
  CHECK("\xed\xbf\xbf", "\\xed\\xbf\\xbf");
  CHECK("\xf4\x90\x80\x80", "\\xf4\\x90\\x80\\x80");
  CHECK("\xf8\x88\x80\x80\x80", "\\xf8\\x88\\x80\\x80\\x80");
  CHECK("a\xff\xc3\xa9z", "a\\xff\xc3\xa9z"); /* and what follows is read again */
}

/* Only length bytes are looked at, even where a character reaches over them. */
static void test_length(void **state) {
  (void)state;
  check("abc", 2, "ab");
  check("\xc3\xa9", 1, "\\xc3");
  check("\xf0\x9f\x95\x90", 3, "\\xf0\\x9f\\x95");
}

/* At every size: terminated, within it, whole characters, and a sign that it was cut. */
static void test_sizes(void **state) {
  (void)state;
  static const char text[] = "ab\xc3\xa9\033\xed\x95\x9cx\xff\xf0\x9f\x95\x90yz0123";
  char whole[128];
  text_escape(whole, sizeof whole, text, sizeof text - 1);
  for (size_t size = 8; size < sizeof whole; size++) {
    char out[160];
    char again[160];
    memset(out, '#', sizeof out);
    text_escape(out, size, text, sizeof text - 1);
    size_t length = strlen(out);
    assert_in_range(length, 0, size - 1);
    assert_int_equal(out[size], '#');
    if (size > strlen(whole)) {
      assert_string_equal(out, whole);
      continue;
    }
    assert_string_equal(out + length - 3, "...");
    assert_memory_equal(out, whole, length - 3);
    text_escape(again, sizeof again, out, length); /* no character and no \xNN was cut */
    assert_string_equal(again, out);
    assert_int_not_equal(whole[length - 3] & 0xc0, 0x80);
    const char *slash = strrchr(out, '\\');
    assert_true(slash == NULL || (size_t)(slash - out) + 4 <= length - 3);
    assert_true(length + 12 >= size); /* and no more than one thing too much */
  }
}

static void test_random(void **state) {
  (void)state;
  uint64_t random = seed_begin("text escape");
  for (int round = 0; round < 20000; round++) {
    char text[64];
    char out[300];
    char again[300];
    size_t length = seed_next(&random) % sizeof text;
    size_t size = 8 + seed_next(&random) % 280;
    for (size_t i = 0; i < length; i++) {
      text[i] = (char)seed_next(&random);
    }
    memset(out, '#', sizeof out);
    text_escape(out, size, text, length);
    assert_true(strlen(out) < size);
    assert_int_equal(out[size], '#');
    for (const char *at = out; *at != '\0'; at++) {
      assert_true((unsigned char)*at >= 0x20 && *at != 0x7f);
    }
    text_escape(again, sizeof again, out, strlen(out)); /* safe text stays as it is */
    assert_string_equal(again, out);
  }
}

static void test_wrap(void **state) {
  (void)state;
  static const struct {
    const char *text, *want;
  } rows[] = {
      {"", ""},
      {"one two\n", "one two\n"},
      {"123456789 12345\n", "123456789\n    12345\n"},
      {"1234567890\n\n  abcd   bcdefg\n", "1234567890\n\n  abcd\n    bcdefg\n"},
      {" a  bc de fg h\n", " a  bc de\n    fg h\n"},
      {" a    bc de\n", " a    bc\n    de\n"},
      {"longer_than_a_line next\n", "longer_than_a_line\n    next\n"},
      {"\033[32mOK\033[0m  12 4 6\n", "\033[32mOK\033[0m  12 4 6\n"},
      {"\xc3\xa9\xc3\xa9\xc3\xa9\xc3\xa9 12345\n", "\xc3\xa9\xc3\xa9\xc3\xa9\xc3\xa9 12345\n"},
  };
  for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
    char *text = NULL;
    size_t bytes = 0;
    FILE *stream = open_memstream(&text, &bytes);
    assert_non_null(stream);
    text_wrap(stream, rows[i].text, 10);
    assert_int_equal(fclose(stream), 0);
    assert_string_equal(text, rows[i].want);
    free(text);
  }
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(test_wrap),     cmocka_unit_test(test_passes),
      cmocka_unit_test(test_controls), cmocka_unit_test(test_acting_points),
      cmocka_unit_test(test_no_utf8),  cmocka_unit_test(test_length),
      cmocka_unit_test(test_sizes),    cmocka_unit_test(test_random),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}

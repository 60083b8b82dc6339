/* Tests of output/blank.c: a secret in every form that it is sent in or repeated in. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "output/blank.h"

static void test_forms(void **state) {
  (void)state;
  static const struct {
    const char *secret, *text, *want;
  } rows[] = {
      {"s3cret", "no", "no"},
      {"s3cret", "a s3cret b s3crets3cret", "a ****** b ************"},
      {"s3cret", "s3cre and s3cret.", "s3cre and ******."},
      {"a/b+c", "/x?t=a%2Fb%2bc&y", "/x?t=*********&y"},
      {"a/b+c", "a\\/b\\u002bc", "***********"},
      {"a\"b\\c", "{\"error\":\"a\\\"b\\\\c is wrong\"}", "{\"error\":\"******* is wrong\"}"},
      {"a&b<c", "a\\u0026b\\u003cc", "***************"},
      {"a&b<c'", "<p>a&amp;b&lt;c&#39;</p>", "<p>*****************</p>"},
      {"a&b<c'", "<p>a&#38;b&#x3C;c&apos;</p>", "<p>********************</p>"},
      {"s3cret", "%73%33%63%72%65%74", "******************"},
      {"s3cret", "cut off: s3cr", "cut off: ****"},
      {"s3cret", "as this", "as this"},
      {"geheim/x", "{\"error\":\"geheim\\\\\\/x\"}", "{\"error\":\"***********\"}"},
      {"geheim/x", "cut in an escape: geheim\\", "cut in an escape: *******"},
      {"geheim/x", "cut in an escape: geheim%2", "cut in an escape: ********"},
      {"geheim&xyz", "cut: geheim&am", "cut: *********"},
      {"S3cretTokenLong1234567890", "unknown token S3cretTokenLong12...",
       "unknown token *****************..."},
      {"a b&c", "t=a+b%26c&x=1", "t=*******&x=1"},
      {"a'bcd", "\"a\\'bcd\"", "\"******\""},
      {"geheim/x", "geheim%2 goes on after it", "geheim%2 goes on after it"},
      {"", "x", "x"},
      {"\xc3\xb6\xc3\xb6", "%C3%B6%c3%b6", "************"},
  };
  for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
    char text[256];
    (void)strcpy(text, rows[i].text);
    blank_secret(text, rows[i].secret);
    assert_string_equal(text, rows[i].want);
  }
}

/* RFC 4648 section 10, without the padding. */
static void test_base64(void **state) {
  (void)state;
  static const struct {
    const char *text, *want;
  } rows[] = {{"", ""},           {"f", "Zg"},          {"fo", "Zm8"},         {"foo", "Zm9v"},
              {"foob", "Zm9vYg"}, {"fooba", "Zm9vYmE"}, {"foobar", "Zm9vYmFy"}};
  for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
    char out[16];
    assert_int_equal(blank_base64(out, sizeof out, rows[i].text), strlen(rows[i].want));
    assert_string_equal(out, rows[i].want);
  }
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(test_forms),
      cmocka_unit_test(test_base64),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}

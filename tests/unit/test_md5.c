/* Tests of md5.c: the test suite of RFC 1321 appendix A.5, as far as it fits into one block. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "ntp_monitor/md5.h"

static void test_vectors(void **state) {
  (void)state;
  static const char *const rows[][2] = {
      {"", "d41d8cd98f00b204e9800998ecf8427e"},
      {"a", "0cc175b9c0f1b6a831c399e269772661"},
      {"abc", "900150983cd24fb0d6963f7d28e17f72"},
      {"message digest", "f96b697d7cb7938d525a2f31aaf161d0"},
      {"abcdefghijklmnopqrstuvwxyz", "c3fcd3d76192e4007dfb496cca67e13b"},
      /* 55 bytes: the longest; by md5sum(1) */
      {"1234567890123456789012345678901234567890123456789012345",
       "c9ccf168914a1bcfc3229f1948e67da0"},
  };
  for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
    uint8_t digest[MD5_BYTES];
    char text[2 * MD5_BYTES + 1];
    md5((const uint8_t *)rows[i][0], strlen(rows[i][0]), digest);
    for (size_t k = 0; k < MD5_BYTES; k++) {
      (void)snprintf(text + 2 * k, 3, "%02x", digest[k]);
    }
    assert_string_equal(text, rows[i][1]);
  }
}

int main(void) {
  const struct CMUnitTest tests[] = {cmocka_unit_test(test_vectors)};
  return cmocka_run_group_tests(tests, NULL, NULL);
}

/* Tests of mode6_text.c: what ntpd's variables are, and what they cannot be. */
#include <errno.h>
#include <inttypes.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "ntp_monitor/duration.h"
#include "ntp_monitor/why.h"
#include "source/ntpd/mode6.h"
#include "tests/unit/golden.h"
#include "tests/unit/seed.h"

static struct mode6_values values;
static struct why why;

/* From memory of just its size: reading on is seen. */
static int read_bytes(const char *text, size_t bytes) {
  char *copy = malloc(bytes > 0 ? bytes : 1);
  assert_non_null(copy);
  memcpy(copy, text, bytes);
  why.text[0] = '\0';
  int error = mode6_read(copy, bytes, &values, &why);
  free(copy);
  return error;
}

static int read_text(const char *text) {
  return read_bytes(text, strlen(text));
}

static void good(const char *text, enum mode6_variable variable, int64_t want) {
  assert_int_equal(read_text(text), 0);
  if (!mode6_has(&values, variable) || values.number[variable] != want) {
    fail_msg("%s: read as %" PRId64, text, values.number[variable]);
  }
}

/* As ntpsec 1.2.2 sends them. */
static void test_ntpsec(void **state) {
  (void)state;
  assert_int_equal(
      read_text(
          "leap=0, rootdelay=0.048, rootdisp=10.488, reftime=0xeeac3d0e.5b08f865,\r\npeer=17767, "
          "offset=10.047681, sys_jitter=0.328990, clock=0xeeac3d10.1b3ecbcc\r\n"),
      0);
  assert_int_equal(values.number[MODE6_LEAP], 0);
  assert_int_equal(values.number[MODE6_ROOTDELAY], 48000);
  assert_int_equal(values.number[MODE6_ROOTDISP], 10488000);
  assert_int_equal(values.number[MODE6_REFTIME], (int64_t)0xeeac3d0e5b08f865);
  assert_int_equal(values.number[MODE6_PEER], 17767);
  assert_int_equal(values.number[MODE6_OFFSET], 10047681);
  assert_int_equal(values.number[MODE6_SYS_JITTER], 328990);
  assert_int_equal(values.number[MODE6_CLOCK], (int64_t)0xeeac3d101b3ecbcc);
  assert_false(mode6_has(&values, MODE6_STRATUM));
  assert_int_equal(
      read_text(
          "srcadr=10.9.1.1, srchost=\"ntp.example.org\", stratum=1, hpoll=3, rootdelay=0.000,\r\n"
          "rootdisp=0.000, rec=0xeeac3c7a.ecd86881, reach=0xff, delay=0.006623,\r\n"
          "offset=-10.000118, jitter=0.000311, dispersion=3937.508260, flash=0x400\r\n"),
      0);
  assert_string_equal(values.address, "10.9.1.1");
  assert_string_equal(values.host, "ntp.example.org");
  assert_int_equal(values.number[MODE6_REACH], 255);
  assert_int_equal(values.number[MODE6_OFFSET], -10000118);
  assert_int_equal(values.number[MODE6_DISPERSION], 3937508260);
  assert_int_equal(values.number[MODE6_FLASH], 0x400);
}

/* Made by hand in the form of the classic ntpd (ntpd/ntp_control.c of 4.2.8): us for most. */
static void test_classic(void **state) {
  (void)state;
  assert_int_equal(
      read_text("srcadr=192.0.2.7, srcport=123, stratum=2, rootdelay=12.345, rootdisp=34.567,\r\n"
                "refid=192.0.2.1, reach=377, hpoll=10, offset=-0.123, delay=9.876, flash=0"),
      -EBADMSG); /* 377 is ntpq's octal: on the wire it is 0xff */
  assert_int_equal(
      read_text(
          "srcadr=\"192.0.2.7\", srcport=123, stratum=2, rootdelay=12.345, rootdisp=34.567,\r\n"
          "refid=192.0.2.1, reach=0x7f, hpoll=10, offset=-0.123, delay=9.876, flash=0, "
          "xleave=0.012"),
      0);
  assert_string_equal(values.address, "192.0.2.7");
  assert_int_equal(values.number[MODE6_OFFSET], -123000);
  assert_int_equal(values.number[MODE6_DELAY], 9876000);
  assert_int_equal(values.number[MODE6_HPOLL], 10);
  assert_false(mode6_has(&values, MODE6_REC));
}

static void test_numbers(void **state) {
  (void)state;
  good("offset=0", MODE6_OFFSET, 0);
  good("offset=-0.000001", MODE6_OFFSET, -1);
  good("offset=1.", MODE6_OFFSET, 1000000);
  good("offset=0.1", MODE6_OFFSET, 100000);
  good("offset=0.0000019999", MODE6_OFFSET, 1);
  good("offset=4294967296000", MODE6_OFFSET, INT64_C(4294967296) * DURATION_S);
  good("stratum=16", MODE6_STRATUM, 16);
  good("reach=0x0", MODE6_REACH, 0);
  good("reach=255", MODE6_REACH, 255);
  good("peer=65535", MODE6_PEER, 65535);
  good("flash=0xffff", MODE6_FLASH, 65535);
  good("rec=0x00000000.00000000", MODE6_REC, 0);
  good("rec=0xffffffff.ffffffff", MODE6_REC, -1);
}

static void test_grammar(void **state) {
  (void)state;
  good("leap=1,leap=2", MODE6_LEAP, 1);
  good(", ,\r\n leap=1 \r\n,,", MODE6_LEAP, 1);
  good("other=\"a, leap=3\", leap=1", MODE6_LEAP, 1);
  good("other=\"a=b\",leap=1", MODE6_LEAP, 1);
  good("leap, leap=1", MODE6_LEAP, 1);  /* a name without a value */
  good("leap=, leap=1", MODE6_LEAP, 1); /* and with none */
  good("=3,leap=1", MODE6_LEAP, 1);
  good("other=nan, offset2=x, leap=1", MODE6_LEAP, 1);
  assert_int_equal(read_text("leapx=1, lea=1, LEAP=1, xleap=1"), 0);
  assert_int_equal(values.present, 0);
  assert_int_equal(read_text(""), 0);
  assert_int_equal(values.present, 0);
  assert_int_equal(read_bytes("leap=1\0\0", 8), 0);
  assert_int_equal(values.number[MODE6_LEAP], 1);
  assert_int_equal(read_text("srchost=\"\", srcadr=\""), -EBADMSG);
  assert_golden(why.text, "a text without its end");
  assert_int_equal(read_text("srchost=\"\", srcadr=fd00::2"), 0);
  assert_string_equal(values.host, "");
  assert_string_equal(values.address, "fd00::2");
}

/* Foreign text does not act. */
static void test_escaped(void **state) {
  (void)state;
  assert_int_equal(read_text("srchost=\"a\nb\x1b[0m\", srcadr=\x80"), 0);
  assert_string_equal(values.host, "a\\x0ab\\x1b[0m");
  assert_string_equal(values.address, "\\x80");
  assert_int_equal(read_text("leap=\x1b[31m"), -EBADMSG);
  assert_non_null(strstr(why.text, "'\\x1b[31m'"));
  assert_golden(why.text, "an escape for leap");
}

static void test_refused(void **state) {
  static const char *const rows[] = {
      "leap=4",
      "leap=-1",
      "leap=0x",
      "leap=+1",
      "leap=1x",
      "leap=1 2",
      "leap=00000000001",
      "stratum=17",
      "peer=65536",
      "peer=0x10000",
      "hpoll=18",
      "hpoll=-1",
      "reach=0x100",
      "reach=0xfg",
      "flash=0x10000",
      "offset=-9223372036854.775808",
      "offset=nan",
      "offset=inf",
      "offset=1e3",
      "offset=0x1",
      "offset=--1",
      "offset=-",
      "offset=.5",
      "offset=1.2.3",
      "offset=1e-3",
      "offset=+1",
      "offset=1 ms",
      "offset=4294967296000.000001",
      "offset=9999999999999",
      "offset=99999999999999999999999",
      "delay=-0.001",
      "jitter=86400000.000001",
      "jitter=-1",
      "sys_jitter=86400001",
      "rootdisp=-1",
      "rec=0",
      "rec=0x1.2",
      "rec=0xeeac3c7a.ecd8688",
      "rec=0xeeac3c7a.ecd868811",
      "rec=eeac3c7a.ecd86881xx",
      "rec=0xeeac3c7a,ecd86881",
      "rec=0xeeac3c7aecd868810",
      "reftime=\"0xeeac3c7a.ecd86881\"",
      "clock=0xeeac3c7g.ecd86881",
      "leap=\"1\"",
  };
  (void)state;
  for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
    struct mode6_values before;
    memset(&values, 0x55, sizeof values);
    before = values;
    if (read_text(rows[i]) != -EBADMSG) {
      fail_msg("%s: %s", rows[i], why.text);
    }
    assert_int_equal(why.reason, REASON_BAD_REPLY);
    assert_memory_equal(&values, &before, sizeof values);
  }
}

/* Every name that is asked for is one that is read, and with each what makes it. */
static void test_names(void **state) {
  static const char *const lists[] = {mode6_system_names, mode6_peer_names};
  unsigned found = 0;
  (void)state;
  for (size_t i = 0; i < 2; i++) {
    char names[512];
    char *rest = NULL;
    assert_true(strlen(lists[i]) < sizeof names && strlen(lists[i]) <= MODE6_DATA_BYTES);
    (void)strcpy(names, lists[i]);
    for (char *name = strtok_r(names, ",", &rest); name; name = strtok_r(NULL, ",", &rest)) {
      char text[128];
      bool stamp =
          strcmp(name, "rec") == 0 || strcmp(name, "reftime") == 0 || strcmp(name, "clock") == 0;
      (void)snprintf(text, sizeof text, "%s=%s", name, stamp ? "0x00000001.00000000" : "1");
      assert_int_equal(read_text(text), 0);
      if (values.present == 0) {
        fail_msg("%s is asked for and not read", name);
      }
      found |= values.present;
    }
  }
  assert_int_equal(found, (1U << MODE6_VARIABLE_COUNT) - 1);
}

/* 10,000 texts of random names and numbers: each number, printed from an integer, comes back as
 * just that; a mutated text is refused or its numbers are in range. */
static void test_random(void **state) {
  uint64_t random = seed_begin("mode6_text");
  (void)state;
  for (int round = 0; round < 10000; round++) {
    char text[512];
    int64_t offset = seed_span(&random) % (INT64_C(4294967296) * DURATION_S);
    int64_t jitter = seed_span(&random) % DURATION_D;
    unsigned stratum = (unsigned)(seed_next(&random) % 17);
    bool minus = seed_next(&random) % 2 != 0;
    (void)snprintf(text, sizeof text,
                   "srcadr=10.0.0.%u, stratum=%u, x=\"%u, offset=1\",\r\noffset=%s%" PRId64
                   ".%06" PRId64 ", jitter=%" PRId64 ".%06" PRId64 "99\r\n",
                   stratum, stratum, stratum, minus ? "-" : "", offset / DURATION_MS,
                   offset % DURATION_MS, jitter / DURATION_MS, jitter % DURATION_MS);
    assert_int_equal(read_text(text), 0);
    assert_int_equal(values.number[MODE6_OFFSET], minus ? -offset : offset);
    assert_int_equal(values.number[MODE6_JITTER], jitter);
    assert_int_equal(values.number[MODE6_STRATUM], stratum);
    for (unsigned i = 0; i < 1 + seed_next(&random) % 4; i++) {
      text[seed_next(&random) % strlen(text)] = (char)(1 + seed_next(&random) % 255);
    }
    if (read_text(text) == 0) {
      assert_in_range(values.number[MODE6_STRATUM], 0, 16);
      assert_in_range(values.number[MODE6_JITTER], 0, DURATION_D);
    } else {
      assert_int_equal(why.reason, REASON_BAD_REPLY);
    }
  }
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(test_ntpsec),  cmocka_unit_test(test_classic),
      cmocka_unit_test(test_numbers), cmocka_unit_test(test_grammar),
      cmocka_unit_test(test_escaped), cmocka_unit_test(test_refused),
      cmocka_unit_test(test_names),   cmocka_unit_test(test_random),
  };
  return cmocka_run_group_tests_name("mode6_text", tests, NULL, NULL);
}

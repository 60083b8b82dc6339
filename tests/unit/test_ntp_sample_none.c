/* Tests of ntp_sample.c: servers that have no vote, and what to say where nobody answered. */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "tests/unit/golden.h"
#include "tests/unit/ntp_replies.h"

/* Servers without a vote: listed beside one that has one; alone, one that has no time to give
 * carries. */
static void test_unusable(void **state) {
  (void)state;
  prepare(4, 1);
  servers[0].reason = REASON_NOT_SYNCHRONISED;
  (void)strcpy(servers[0].remark, "leap indicator is 3");
  reply(1, 0, MS);
  servers[1].local_clock = true;
  reply(2, 0, MS);
  servers[2].follows_us = true;
  assert_int_equal(read_all(), 0);
  assert_int_equal(primary(), 0);
  for (size_t i = 0; i < 3; i++) {
    assert_int_equal(samples.items[i].state, STATE_UNUSABLE);
  }
  assert_int_equal(samples.items[0].leap, LEAP_UNSYNCHRONISED);
  assert_string_equal(samples.items[0].remark, "leap indicator is 3");
  assert_golden(samples.items[1].remark, "local clock");
  assert_golden(samples.items[2].remark, "follows us");
  assert_int_equal(samples.items[3].state, STATE_UNREACHABLE);
  assert_int_equal(samples.answered, 0);
  assert_int_equal(samples.asked, 4);
  reply(3, 7 * MS, MS);
  assert_int_equal(read_all(), 0);
  assert_int_equal(primary(), 3);
  assert_int_equal(samples.answered, 1);
  assert_int_equal(samples.items[1].leap, LEAP_NONE); /* as it says */
  prepare(1, 1);
  servers[0].reason = REASON_NOT_SYNCHRONISED;
  assert_int_equal(read_all(), 0);
  assert_int_equal(primary(), 0);
}

/* Nobody but clocks that cannot vouch for ours: no reading. */
static void test_no_evidence(void **state) {
  (void)state;
  prepare(3, 1);
  reply(0, 0, MS);
  servers[0].follows_us = true;
  reply(1, 0, MS);
  servers[1].local_clock = true;
  servers[2] = (struct ntp_server){.name = "c.example", .ourselves = true};
  assert_int_equal(read_all(), -ENOENT);
  assert_int_equal(why.reason, REASON_NO_SOURCE);
  assert_golden(why.text, "follows us, local clock, ourselves");
  assert_int_equal(samples.asked, 2);
  servers[1].ourselves = true;
  assert_int_equal(read_all(), -ENOENT);
  assert_golden(why.text, "follows us, ourselves twice");
}

static void test_nobody(void **state) {
  (void)state;
  static const struct {
    enum reason reasons[3];
    enum reason reason;
    int error;
  } rows[] = {
      {{REASON_NO_SERVICE, REASON_NO_SERVICE, REASON_NO_SERVICE}, REASON_NO_SERVICE, -ECONNREFUSED},
      {{REASON_NO_SERVICE, REASON_TIMEOUT, REASON_NO_SOURCE}, REASON_TIMEOUT, -ETIMEDOUT},
      {{REASON_NO_SOURCE, REASON_NO_SOURCE, REASON_NO_SOURCE}, REASON_NO_SOURCE, -ENOENT},
      {{REASON_TIMEOUT, REASON_DENIED, REASON_NO_SOURCE}, REASON_DENIED, -EACCES},
      {{REASON_DENIED, REASON_NO_SERVICE, REASON_BAD_REPLY}, REASON_BAD_REPLY, -EBADMSG},
      {{REASON_NO_SOURCE, REASON_NO_SERVICE, REASON_NO_SOURCE}, REASON_NO_SERVICE, -ECONNREFUSED},
  };
  for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
    prepare(3, 1);
    for (size_t k = 0; k < 3; k++) {
      servers[k].reason = rows[i].reasons[k];
      (void)strcpy(servers[k].remark, "said");
    }
    assert_int_equal(read_all(), rows[i].error);
    assert_int_equal(why.reason, rows[i].reason);
    const enum reason *reasons = rows[i].reasons;
    assert_golden(why.text, "%s, %s, %s", reason_name(reasons[0]), reason_name(reasons[1]),
                  reason_name(reasons[2]));
  }
  prepare(1, 1);
  assert_int_equal(read_all(), -ECONNREFUSED);
  assert_string_equal(why.text, "a.example: port unreachable");
}

static void test_nobody_is_bounded(void **state) {
  (void)state;
  prepare(20, 1);
  for (size_t i = 0; i < 20; i++) {
    memset(servers[i].remark, 'x', sizeof servers[i].remark - 1);
  }
  assert_int_equal(read_all(), -ECONNREFUSED);
  assert_true(strlen(why.text) < WHY_TEXT_BYTES);
  for (size_t i = 0; i < 20; i++) {
    (void)strcpy(servers[i].remark, "x");
  }
  assert_int_equal(read_all(), -ECONNREFUSED);
  assert_golden(why.text, "20 servers");
}

static int tear_down(void **state) {
  (void)state;
  samples_free(&samples);
  return 0;
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(test_unusable),
      cmocka_unit_test(test_no_evidence),
      cmocka_unit_test(test_nobody),
      cmocka_unit_test(test_nobody_is_bounded),
  };
  return cmocka_run_group_tests(tests, NULL, tear_down);
}

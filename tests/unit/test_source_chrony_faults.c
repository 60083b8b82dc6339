/* Tests of the source chrony: why there is no reading, and after how long. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include <cmocka.h>

#include "tests/unit/chrony_world.h"
#include "tests/unit/golden.h"
#include "tests/unit/seed.h"

static int begin(void **state) {
  (void)state;
  world_begin();
  return 0;
}

/* The reading fails, for this reason. */
static void refuse(enum reason reason, const char *label) {
  struct samples samples;
  struct why why;
  assert_true(world_measure(&samples, &why) < 0);
  assert_golden(why.text, "%s", label);
  assert_int_equal(why.reason, reason);
  samples_free(&samples);
}

static void close_udp(void) {
  world.way[1].answer_error = world.way[2].answer_error = -ECONNREFUSED;
}

static void test_not_running(void **state) {
  (void)state;
  world.there = false;
  world.way[0].connect_error = -ENOENT;
  close_udp();
  refuse(REASON_NO_SERVICE, "not there");
  world.way[0].connect_error = -EACCES; /* a folder of a chronyd that is gone */
  refuse(REASON_NO_SERVICE, "not there, and its folder closed");
}

static void test_denied(void **state) {
  (void)state;
  world.way[0].connect_error = -EACCES;
  close_udp();
  world.there = true; /* its socket lets us in, its folder not */
  refuse(REASON_DENIED, "denied");
  world.there = false; /* not even the socket, but the kernel knows of it */
  world.listed = true;
  refuse(REASON_DENIED, "denied");
}

static void test_hangs(void **state) {
  (void)state;
  world.way[0].silent = world.way[1].silent = world.way[2].silent = true;
  refuse(REASON_TIMEOUT, "all ways silent");
  assert_int_equal(world.sent, 9);
  world_begin();
  world.way[0].connect_error = -EACCES;
  world.way[2].answer_error = -ECONNREFUSED;
  world.way[1].silent = true;
  refuse(REASON_TIMEOUT, "socket denied, 127.0.0.1 silent, ::1 refused");
}

static void test_hangs_past_the_deadline(void **state) {
  (void)state;
  for (int64_t timeout_ms = 1; timeout_ms < 30000; timeout_ms = timeout_ms * 3 / 2 + 1) {
    struct samples samples;
    struct why why;
    world_begin();
    env_set_timeout(&world_env, timeout_ms * DURATION_MS);
    world.way[0].silent = world.way[1].silent = world.way[2].silent = true;
    assert_true(world_measure(&samples, &why) < 0); /* which looks at the deadline */
    assert_int_equal(why.reason, REASON_TIMEOUT);
  }
}

static void fall_silent(struct candm_reply *reply) {
  (void)reply;
  world.way[0].silent = true;
}

/* The first answers come, and then no more: not asked by other ways. */
static void test_hangs_later(void **state) {
  (void)state;
  world.odd_command = CANDM_TRACKING;
  world.spoil = fall_silent;
  refuse(REASON_TIMEOUT, "silent after the first answers");
}

static void vanish(struct candm_reply *reply) {
  (void)reply;
  world.way[0].answer_error = -ECONNREFUSED;
}

static void test_vanishes(void **state) {
  (void)state;
  static const unsigned commands[] = {CANDM_N_SOURCES, CANDM_SOURCE_DATA, CANDM_SOURCESTATS,
                                      CANDM_SOURCE_NAME};
  for (size_t i = 0; i < sizeof commands / sizeof *commands; i++) {
    world_begin();
    world.odd_command = commands[i];
    world.spoil = vanish;
    refuse(REASON_NO_SERVICE, "vanishes");
  }
}

static const struct {
  unsigned command;
  const char *name;
} commands[] = {{CANDM_TRACKING, "TRACKING"},
                {CANDM_N_SOURCES, "N_SOURCES"},
                {CANDM_SOURCE_DATA, "SOURCE_DATA"},
                {CANDM_SOURCESTATS, "SOURCESTATS"}};
enum { COMMANDS = sizeof commands / sizeof *commands };

static void test_statuses(void **state) {
  (void)state;
  static const struct {
    unsigned status;
    enum reason reason;
  } rows[] = {
      {CANDM_UNAUTHORISED, REASON_DENIED},  {CANDM_FAILED, REASON_BAD_REPLY},
      {CANDM_INVALID, REASON_BAD_REPLY},    {CANDM_BAD_VERSION, REASON_BAD_REPLY},
      {CANDM_BAD_LENGTH, REASON_BAD_REPLY}, {65535, REASON_BAD_REPLY},
  };
  for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
    for (size_t k = 0; k < COMMANDS; k++) {
      char label[64];
      (void)snprintf(label, sizeof label, "%s: status %u", commands[k].name, rows[i].status);
      world_begin();
      world.odd_command = commands[k].command;
      world.odd_status = rows[i].status;
      refuse(rows[i].reason, label);
    }
  }
}

static void other_version(struct candm_reply *reply) {
  reply->data[0] = 7;
}

static void shorter(struct candm_reply *reply) {
  reply->length_bytes--;
}

static void bare(struct candm_reply *reply) {
  reply->length_bytes = 3;
}

/* What is no answer is dropped, and is told when nothing better comes. */
static void test_no_answers(void **state) {
  (void)state;
  static const struct {
    void (*spoil)(struct candm_reply *reply);
    const char *flaw;
  } rows[] = {{other_version, "of version 7"}, {shorter, "a byte short"}, {bare, "of 3 bytes"}};
  for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
    for (size_t k = 0; k < COMMANDS; k++) {
      char label[64];
      (void)snprintf(label, sizeof label, "%s: %s", commands[k].name, rows[i].flaw);
      world_begin();
      world.odd_command = commands[k].command;
      world.spoil = rows[i].spoil;
      refuse(REASON_BAD_REPLY, label);
    }
  }
}

/* For ever, at full speed: it comes to an end, and is told. */
static void test_flood(void **state) {
  (void)state;
  world.junk = UINT32_MAX;
  struct samples samples;
  struct why why;
  assert_true(world_measure(&samples, &why) < 0);
  assert_int_equal(why.reason, REASON_BAD_REPLY);
}

static void out_of_range(struct candm_reply *reply) {
  packet_put(reply, PACKET_BODY + 24, 4, 0xffffffff); /* stratum and leap, or state and mode */
  packet_put(reply, PACKET_BODY + 36, 4, packet_float(-1)); /* sd */
}

static void test_cannot_be(void **state) {
  (void)state;
  for (size_t k = 0; k < COMMANDS; k++) {
    char label[64];
    (void)snprintf(label, sizeof label, "%s: out of range", commands[k].name);
    world_begin();
    world.odd_command = commands[k].command;
    world.spoil = out_of_range;
    world.source_count = k == 1 ? 4096 : 1;
    refuse(REASON_BAD_REPLY, label);
  }
}

/* Ten thousand conversations in which one answer has some bits changed: a reading or a reason,
 * and in time. */
static uint64_t random_state;

static void flip(struct candm_reply *reply) {
  for (uint64_t count = seed_next(&random_state) % 4; count > 0; count--) {
    size_t bit = seed_next(&random_state) % (reply->length_bytes * 8);
    reply->data[bit / 8] ^= (uint8_t)(1U << bit % 8);
  }
}

static void test_random(void **state) {
  (void)state;
  random_state = seed_begin("test_random");
  unsigned readings = 0;
  for (int round = 0; round < 10000; round++) {
    struct samples samples;
    struct why why;
    world_begin();
    world.odd_command = commands[seed_next(&random_state) % COMMANDS].command;
    world.spoil = flip;
    int error = world_measure(&samples, &why);
    assert_int_equal(error == 0, samples.count > 0);
    assert_int_equal(error < 0, why.text[0] != '\0');
    readings += error == 0;
    samples_free(&samples);
  }
  assert_in_range(readings, 1000, 9900);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test_setup(test_not_running, begin),
      cmocka_unit_test_setup(test_denied, begin),
      cmocka_unit_test_setup(test_hangs, begin),
      cmocka_unit_test_setup(test_hangs_past_the_deadline, begin),
      cmocka_unit_test_setup(test_hangs_later, begin),
      cmocka_unit_test_setup(test_vanishes, begin),
      cmocka_unit_test_setup(test_statuses, begin),
      cmocka_unit_test_setup(test_no_answers, begin),
      cmocka_unit_test_setup(test_flood, begin),
      cmocka_unit_test_setup(test_cannot_be, begin),
      cmocka_unit_test_setup(test_random, begin),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}

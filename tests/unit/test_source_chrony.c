/* Tests of the source chrony: which way it takes, how often it asks, and what becomes of the
 * answers. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "tests/unit/ask.h"
#include "tests/unit/chrony_world.h"
#include "tests/unit/golden.h"

static struct samples samples;
static struct why why;

static int begin(void **state) {
  (void)state;
  world_begin();
  return 0;
}

static int end(void **state) {
  (void)state;
  samples_free(&samples);
  return 0;
}

static void test_healthy(void **state) {
  (void)state;
  assert_int_equal(world_measure(&samples, &why), 0);
  assert_int_equal(samples.count, 1);
  assert_string_equal(samples.items[0].server, "ntp.example");
  assert_string_equal(samples.items[0].address, "127.1.2.3");
  assert_int_equal(samples.items[0].value[METRIC_JITTER], 62500 * DURATION_US);
  assert_int_equal(samples.items[0].value[METRIC_OFFSET], 250 * DURATION_MS);
  assert_int_equal(samples.items[0].value[METRIC_ERROR_BOUND], 625 * DURATION_MS);
  assert_false(samples.items[0].listed);
  assert_int_equal(world.sent, 5); /* one question each */
  assert_int_equal(world.now_ns, world_env.start_ns);
  for (unsigned i = 0; i < world.sent; i++) {
    assert_int_equal(world.sent_way[i], CHRONY_WAY_SOCKET);
  }
}

/* The next way where one is closed, refuses or is silent; and then only that. */
static void test_ways(void **state) {
  (void)state;
  for (int way = 1; way < CHRONY_WAYS; way++) {
    for (int kind = 0; kind < 3; kind++) {
      world_begin();
      for (int i = 0; i < way; i++) {
        world.way[i].connect_error = kind == 0 ? -EACCES : 0;
        world.way[i].answer_error = kind == 1 ? -ECONNREFUSED : 0;
        world.way[i].silent = kind == 2;
      }
      assert_int_equal(world_measure(&samples, &why), 0);
      assert_int_equal(samples.count, 1);
      assert_int_equal(world.now_ns - world_env.start_ns, kind == 2 ? way * DURATION_S : 0);
      for (unsigned i = 0; i < 5; i++) {
        assert_int_equal(world.sent_way[world.sent - 1 - i], way);
      }
      samples_free(&samples);
    }
  }
}

/* As chronyc: 1, 2, 4 s. */
static void test_asks_again(void **state) {
  (void)state;
  static const int64_t want_s[] = {0, 1, 3};
  world.way[0].connect_error = -ENOENT;
  world.way[2].connect_error = -EAFNOSUPPORT;
  world.deaf = 2;
  assert_int_equal(world_measure(&samples, &why), 0);
  for (size_t i = 0; i < 3; i++) {
    assert_int_equal(world.sent_ns[i] - world_env.start_ns, want_s[i] * DURATION_S);
  }
  assert_int_equal(world.sent, 7);
}

static void test_drops_junk(void **state) {
  (void)state;
  world.junk = 7;
  assert_int_equal(world_measure(&samples, &why), 0);
  assert_int_equal(world.now_ns, world_env.start_ns);
  assert_int_equal(world.sent, 5);
}

/* A chronyd before 4.0 does not know the question: it is asked once. */
static void test_no_names(void **state) {
  (void)state;
  static const unsigned statuses[] = {CANDM_INVALID, CANDM_UNAUTHORISED};
  for (size_t i = 0; i < 2; i++) {
    world_begin();
    world.source_count = 2;
    world.source[1] = world.source[0];
    world.source[1].state = CANDM_COMBINED;
    world.odd_command = CANDM_SOURCE_NAME;
    world.odd_status = statuses[i];
    assert_int_equal(world_measure(&samples, &why), 0);
    assert_int_equal(world.asked[CANDM_SOURCE_NAME], 1);
    assert_int_equal(samples.count, 2);
    assert_string_equal(samples.items[1].server, "");
    assert_string_equal(samples.items[1].address, "127.1.2.3");
    samples_free(&samples);
  }
}

/* A source whose name is not known was removed just now: the next one's is asked for. */
static void test_one_without_name(void **state) {
  (void)state;
  world.source_count = 2;
  world.source[1] = world.source[0];
  world.odd_command = CANDM_SOURCE_NAME;
  world.odd_status = CANDM_NO_SUCH_SOURCE;
  assert_int_equal(world_measure(&samples, &why), 0);
  assert_int_equal(world.asked[CANDM_SOURCE_NAME], 2);
}

static void test_reference_has_no_name(void **state) {
  (void)state;
  world.source[0].mode = CANDM_REFERENCE;
  world.source[0].address = "PHC0";
  assert_int_equal(world_measure(&samples, &why), 0);
  assert_int_equal(world.asked[CANDM_SOURCE_NAME], 0);
  assert_string_equal(samples.items[0].server, "PHC0");
  /* The statistics have the name elsewhere than the fake has it. */
  assert_golden(samples.items[0].remark, "reference clock");
}

/* The list changes while it is read. */
static void test_removed(void **state) {
  (void)state;
  world.source_count = 3;
  world.source[1] = world.source[2] = world.source[0];
  world.odd_command = CANDM_SOURCE_DATA;
  world.odd_turn = 2;
  world.odd_status = CANDM_NO_SUCH_SOURCE;
  assert_int_equal(world_measure(&samples, &why), 0);
  assert_int_equal(samples.count, 2);
}

static void test_statistics_removed(void **state) {
  (void)state;
  world.odd_command = CANDM_SOURCESTATS;
  world.odd_status = CANDM_NO_SUCH_SOURCE;
  assert_int_equal(world_measure(&samples, &why), 0);
  assert_false(sample_has(&samples.items[0], METRIC_JITTER));
  assert_golden(samples.items[0].remark, "statistics removed");
}

static void other_address(struct candm_reply *reply) {
  reply->data[PACKET_BODY + 4] ^= 1;
}

static void test_statistics_of_another(void **state) {
  (void)state;
  world.odd_command = CANDM_SOURCESTATS;
  world.spoil = other_address;
  assert_int_equal(world_measure(&samples, &why), 0);
  assert_false(sample_has(&samples.items[0], METRIC_JITTER));
}

static void test_none_selected(void **state) {
  (void)state;
  world.source_count = 0;
  world.tracking.leap = 3;
  assert_int_equal(world_measure(&samples, &why), 0);
  assert_int_equal(samples.count, 1);
  assert_golden(samples.items[0].remark, "no sources");
}

/* --- runs --------------------------------------------------------------------------- */

static bool runs(void) {
  bool found = source_chrony.runs(ASK(&world_env, &world_config, NULL));
  for (int i = 0; i < CHRONY_WAYS; i++) {
    assert_true(world.way[i].fd < 0 || fcntl(world.way[i].fd, F_GETFD) < 0);
  }
  return found;
}

static void test_runs(void **state) {
  (void)state;
  assert_true(runs());
  assert_int_equal(world.sent, 1);
  world_begin();
  world.way[0].silent = true; /* it hangs, and is there */
  assert_true(runs());
  assert_true(world.now_ns - world_env.start_ns <= 100 * DURATION_MS);
  world_begin();
  world.there = false;
  world.way[0].connect_error = -EACCES;
  world.way[1].answer_error = world.way[2].answer_error = -ECONNREFUSED;
  world.listed = true;
  assert_true(runs());
  for (int way = 1; way < CHRONY_WAYS; way++) {
    world_begin();
    world.there = false;
    world.way[0].connect_error = -ENOENT;
    world.way[3 - way].connect_error = -EAFNOSUPPORT;
    assert_true(runs());
  }
  world_begin();
  world.odd_command = CANDM_N_SOURCES;
  world.odd_status = CANDM_UNAUTHORISED; /* opencommands: nobody knows how many it has */
  assert_true(runs());
}

/* It sets no clock then: no rival of the service that does. */
static void test_runs_without_sources(void **state) {
  (void)state;
  for (int way = 0; way < CHRONY_WAYS; way++) {
    world_begin();
    world.source_count = 0;
    for (int i = 0; i < way; i++) {
      world.way[i].connect_error = -EACCES;
    }
    world.listed = true;
    assert_false(runs());
  }
}

static void test_does_not_run(void **state) {
  (void)state;
  world.there = false;
  world.listed = true; /* some other's, for ours is not there */
  world.way[0].connect_error = -ENOENT;
  world.way[1].answer_error = world.way[2].answer_error = -ECONNREFUSED;
  assert_false(runs());
  assert_int_equal(world.now_ns, world_env.start_ns);
  world.way[1].answer_error = 0;
  world.way[1].silent = true;
  assert_false(runs());
  assert_true(world.now_ns - world_env.start_ns <= 100 * DURATION_MS);
  world_begin();
  world.way[0].answer_error = -ECONNREFUSED; /* it ended just now */
  world.way[1].answer_error = world.way[2].answer_error = -ECONNREFUSED;
  assert_false(runs());
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test_setup_teardown(test_healthy, begin, end),
      cmocka_unit_test_setup_teardown(test_ways, begin, end),
      cmocka_unit_test_setup_teardown(test_asks_again, begin, end),
      cmocka_unit_test_setup_teardown(test_drops_junk, begin, end),
      cmocka_unit_test_setup_teardown(test_no_names, begin, end),
      cmocka_unit_test_setup_teardown(test_one_without_name, begin, end),
      cmocka_unit_test_setup_teardown(test_reference_has_no_name, begin, end),
      cmocka_unit_test_setup_teardown(test_removed, begin, end),
      cmocka_unit_test_setup_teardown(test_statistics_removed, begin, end),
      cmocka_unit_test_setup_teardown(test_statistics_of_another, begin, end),
      cmocka_unit_test_setup_teardown(test_none_selected, begin, end),
      cmocka_unit_test_setup_teardown(test_runs, begin, end),
      cmocka_unit_test_setup_teardown(test_runs_without_sources, begin, end),
      cmocka_unit_test_setup_teardown(test_does_not_run, begin, end),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}

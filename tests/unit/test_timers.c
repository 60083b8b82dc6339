/* Tests of timers.c: against a plain look through all, over random sets and clears. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "ntp_monitor/timers.h"
#include "tests/unit/seed.h"

enum { THINGS = 40, STEPS = 20000 };

static void test_empty(void **state) {
  (void)state;
  struct timers timers;
  assert_int_equal(timers_init(&timers, 3), 0);
  assert_true(timers_first(&timers) == TIMERS_NONE);
  timers_clear(&timers, 2); /* none set: nothing happens */
  timers_set(&timers, 2, -5);
  assert_int_equal(timers_first(&timers), 2);
  timers_clear(&timers, 2);
  assert_true(timers_first(&timers) == TIMERS_NONE);
  timers_free(&timers);
}

static void test_against_all(void **state) {
  (void)state;
  struct timers timers;
  int64_t when[THINGS];
  int64_t least = INT64_MAX;
  uint64_t random = seed_begin("timers");
  assert_int_equal(timers_init(&timers, THINGS), 0);
  for (size_t i = 0; i < THINGS; i++) {
    when[i] = INT64_MAX; /* not set */
  }
  for (int step = 0; step < STEPS; step++) {
    size_t thing = seed_next(&random) % THINGS;
    if (seed_next(&random) % 4 == 0) {
      timers_clear(&timers, thing);
      when[thing] = INT64_MAX;
    } else {
      when[thing] = (int64_t)(seed_next(&random) % 100) - 50; /* many are equal */
      timers_set(&timers, thing, when[thing]);
    }
    least = INT64_MAX;
    for (size_t i = 0; i < THINGS; i++) {
      least = when[i] < least ? when[i] : least;
    }
    size_t first = timers_first(&timers);
    assert_true(first == TIMERS_NONE ? least == INT64_MAX : when[first] == least);
  }
  timers_free(&timers);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(test_empty),
      cmocka_unit_test(test_against_all),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}

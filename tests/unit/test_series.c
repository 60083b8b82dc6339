/* Tests of series.c: every server of a report has a name of its own, whatever it is called. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "format/series.h"
#include "ntp_monitor/report.h"
#include "tests/unit/seed.h"

enum { MANY = SAMPLE_MAX };

static struct sample samples[MANY];
static struct finding findings[MANY];
static struct report report = {.findings = findings};

static void add(const char *source, const char *server, const char *address) {
  struct sample *sample = &samples[report.finding_count];
  (void)snprintf(sample->server, sizeof sample->server, "%s", server);
  (void)snprintf(sample->address, sizeof sample->address, "%s", address);
  findings[report.finding_count++] = (struct finding){.sample = sample, .source = source};
}

/* The findings' names, in their order, are those of want. */
static void assert_named(const char *const want[]) {
  struct series *series = series_make(&report);
  assert_non_null(series);
  for (size_t i = 0; i < report.finding_count; i++) {
    assert_ptr_equal(series[i].finding, &findings[i]);
    assert_string_equal(series[i].server, want[i]);
  }
  free(series);
  report.finding_count = 0;
}

static void test_names(void **state) {
  (void)state;
  add("chrony", "b.example.org", "192.0.2.2");
  add("chrony", "", "192.0.2.3");
  add("chrony", "", "");
  add("chrony", "a.example.org", "");
  add("text", "b.example.org", "192.0.2.2"); /* another source's */
  assert_named(
      (const char *[]){"b.example.org", "192.0.2.3", "", "a.example.org", "b.example.org"});
  assert_named(NULL); /* of nothing */
}

/* A pool: its members by address, whatever their order; the others as ever. */
static void test_pool(void **state) {
  (void)state;
  add("chrony", "pool.example.org", "192.0.2.9");
  add("chrony", "ntp.example.org", "192.0.2.9");
  add("chrony", "pool.example.org", "2001:db8::1");
  add("chrony", "pool.example.org", "");
  add("ntpd", "pool.example.org", "192.0.2.9");
  assert_named((const char *[]){"pool.example.org (192.0.2.9)", "ntp.example.org",
                                "pool.example.org (2001:db8::1)", "pool.example.org",
                                "pool.example.org"});
}

static void test_twins(void **state) {
  (void)state;
  add("text", "", "");
  add("text", "a", "192.0.2.1");
  add("text", "", "192.0.2.5");
  add("text", "a", "192.0.2.1");
  add("text", "", "");
  add("text", "", "192.0.2.5");
  add("text", "a", "192.0.2.1");
  assert_named((const char *[]){"", "a (192.0.2.1)", "192.0.2.5", "a (192.0.2.1) #2", " #2",
                                "192.0.2.5 #2", "a (192.0.2.1) #3"});
}

/* Names that look like ours. */
static void test_hostile(void **state) {
  (void)state;
  add("text", "a #2", "");
  add("text", "a", "");
  add("text", "a", "");
  add("text", "a#", "");
  add("text", "#7", "");
  add("text", "a #2", "");
  add("text", "b (::1)", "");
  add("text", "b", "::1");
  add("text", "b", "::1");
  assert_named((const char *[]){"a #2 #1", "a", "a #2", "a#", "#7 #1", "a #2 #2", "b (::1)",
                                "b (::1) #2", "b (::1) #3"});
}

/* The longest names keep all that tells them apart. */
static void test_longest(void **state) {
  (void)state;
  char name[SAMPLE_SERVER_BYTES];
  char address[SAMPLE_ADDRESS_BYTES];
  char want[2][SERIES_SERVER_BYTES];
  memset(name, 'n', sizeof name);
  memset(address, '1', sizeof address);
  name[sizeof name - 1] = '\0';
  address[sizeof address - 1] = '\0';
  for (int i = 0; i < 2; i++) {
    add("text", name, address);
    (void)snprintf(want[i], sizeof want[i], "%s (%s)%s", name, address, i == 0 ? "" : " #2");
  }
  assert_named((const char *[]){want[0], want[1]});
}

static int compare(const void *a, const void *b) {
  return strcmp(a, b);
}

/* Any names out of few letters: no two are the same, as many as there can be. */
static void test_any(void **state) {
  (void)state;
  static const char letters[] = "a #12()";
  static char names[MANY][SERIES_SERVER_BYTES];
  uint64_t random = seed_begin("test_any");
  for (int round = 0; round < 20; round++) {
    for (size_t i = 0; i < MANY; i++) {
      char text[2][8] = {"", ""};
      for (int k = 0; k < 12; k++) {
        text[k % 2][k / 2] = letters[seed_next(&random) % sizeof letters]; /* or its end */
      }
      add("text", text[0], text[1]);
    }
    struct series *series = series_make(&report);
    assert_non_null(series);
    for (size_t i = 0; i < MANY; i++) {
      (void)strcpy(names[i], series[i].server);
    }
    qsort(names, MANY, sizeof names[0], compare);
    for (size_t i = 1; i < MANY; i++) {
      assert_string_not_equal(names[i - 1], names[i]);
    }
    free(series);
    report.finding_count = 0;
  }
}

/* Where memory runs out, ASan would end the test. */
const char *__asan_default_options(void);
const char *__asan_default_options(void) {
  return "allocator_may_return_null=1";
}

static void test_no_memory(void **state) {
  (void)state;
  report.finding_count = SIZE_MAX / sizeof(struct series) + 1;
  assert_null(series_make(&report));
  report.finding_count = 0;
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(test_names),     cmocka_unit_test(test_pool),
      cmocka_unit_test(test_twins),     cmocka_unit_test(test_hostile),
      cmocka_unit_test(test_longest),   cmocka_unit_test(test_any),
      cmocka_unit_test(test_no_memory),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}

/*
 * Linked into a program with sanitizers, whose leak check takes most of a run's time. Leaks are
 * looked for by the unit tests, by valgrind.bats in the plain program, and by the sweeps of memory,
 * which turn the check on again.
 */
const char *__asan_default_options(void); /* sanitizer/asan_interface.h */

const char *__asan_default_options(void) {
  return "detect_leaks=0";
}

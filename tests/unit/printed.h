/* Captures what a format prints, as a text to compare. */
#ifndef TESTS_UNIT_PRINTED_H
#define TESTS_UNIT_PRINTED_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include <cmocka.h>

#include "ntp_monitor/format.h"
#include "ntp_monitor/judge.h"
#include "tests/unit/example.h"

static inline const char *printed(const struct format *format, const struct report *report,
                                  bool colour) {
  static char have[16 * 1024];
  have[0] = '\0';
  FILE *stream = fmemopen(have, sizeof have, "w");
  assert_non_null(stream);
  for (size_t i = 0; i < report->finding_count; i++) { /* as it would be judged */
    judge_age(&report->findings[i], report->config);
  }
  format->print(stream, report, colour);
  assert_int_equal(ferror(stream), 0);
  assert_int_equal(fclose(stream), 0);
  return have;
}

static inline void assert_printed(const struct format *format, const struct report *report,
                                  bool colour, const char *want) {
  assert_string_equal(printed(format, report, colour), want);
}

#endif

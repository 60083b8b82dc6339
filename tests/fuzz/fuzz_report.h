/* The parts of fuzz_report. */
#ifndef TESTS_FUZZ_FUZZ_REPORT_H
#define TESTS_FUZZ_FUZZ_REPORT_H

#include "log/frame.h"
#include "ntp_monitor/report.h"
#include "tests/fuzz/fuzz.h"

#include <stddef.h>

/* Each holds a report against what is promised of it. */

void fuzz_verdict(const struct report *report, const struct reading *readings, size_t count,
                  unsigned problems);
void fuzz_formats(const struct report *report);
void fuzz_frames(const struct frame_line *line);
void fuzz_prometheus(const char *text, const struct report *report);
void fuzz_influx(const char *text, const struct report *report);

/* Takes a plain decimal of at most 9 places: where it ends, and in *value_ns what it is, times 1e9.
 */
const char *fuzz_decimal(const char *at, fuzz_wide *value_ns);

#endif

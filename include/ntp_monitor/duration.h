/* Spans of time as people write them: the one parser and the one printer. */
#ifndef NTP_MONITOR_DURATION_H
#define NTP_MONITOR_DURATION_H

#include <stddef.h>
#include <stdint.h>

enum { DURATION_TEXT_BYTES = 64 };

#define DURATION_NS INT64_C(1)
#define DURATION_US (1000 * DURATION_NS)
#define DURATION_MS (1000 * DURATION_US)
#define DURATION_S (1000 * DURATION_MS)
#define DURATION_MIN (60 * DURATION_S)
#define DURATION_H (60 * DURATION_MIN)
#define DURATION_D (24 * DURATION_H)
#define DURATION_W (7 * DURATION_D)

struct why;

/*
 * Reads a span (systemd.time(7)'s grammar, fewer unit names, and ns): one
 * or more of NUMBER UNIT, blanks allowed between, or one bare number of seconds.
 * Units: ns us µs μs ms s min h d w. NUMBER is digits with an optional point;
 * digits below 1 ns are cut. Always the C locale.
 * Returns 0, or -EINVAL / -ERANGE with why->text quoting what was seen and
 * *span_ns untouched.
 */
int duration_parse(const char *text, int64_t *span_ns, struct why *why);

/* Prints a span exactly, in the unit that suits it: 0, 9us, 1.207ms, 2.15s,
 * 1min 30.5s, -23us. duration_parse reads it back (but for the sign). out has
 * DURATION_TEXT_BYTES. Returns out. */
const char *duration_print(char *out, int64_t span_ns);

/* The same for people, rounded: four significant digits below a minute (never to 0), from there on
 * tenths of a second, from 10 min on seconds, from an hour on minutes, from a day on hours. */
const char *duration_print_short(char *out, int64_t span_ns);

/* The span that duration_print_short shows; away from 0 where it lies in the middle. */
int64_t duration_short(int64_t span_ns);

/* Prints a span as a plain decimal of seconds: 2, 0.000023, -1.5. Never an
 * exponent, exact. out has DURATION_TEXT_BYTES. Returns out. */
const char *duration_print_seconds(char *out, int64_t span_ns);

/* The span cut to whole seconds, below 10 s to tenths, below 1 s to ms: for ages. */
int64_t duration_round(int64_t span_ns);

/* The span without its sign; INT64_MAX for the one span that has no positive counterpart. */
int64_t duration_abs(int64_t span_ns);

#endif

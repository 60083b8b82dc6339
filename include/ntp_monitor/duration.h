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
 * Parses a span in the grammar of systemd.time(7), with fewer unit names, and ns: one or more of
 * NUMBER UNIT, blanks allowed between, or a single bare number of seconds. Units: ns us µs μs ms s
 * min h d w. NUMBER is digits with an optional point; digits below 1 ns are cut. Ignores the
 * locale. Returns 0, or -EINVAL or -ERANGE with why->text quoting text and *span_ns untouched.
 */
int duration_parse(const char *text, int64_t *span_ns, struct why *why);

/* Prints a span exactly, in the unit that suits it: 0, 9us, 1.207ms, 2.15s, 1min 30.5s, -23us.
 * duration_parse() reads it back, except for the sign. out has DURATION_TEXT_BYTES. Returns out. */
const char *duration_print(char *out, int64_t span_ns);

/* Prints a span exactly, with a + if it is positive: +23us. Returns out. */
const char *duration_print_signed(char *out, int64_t span_ns);

/* Prints a span rounded for people: below a minute to four significant digits (never to 0), below
 * 10 min to tenths of a second, below an hour to seconds, below a day to minutes, else to hours. */
const char *duration_print_short(char *out, int64_t span_ns);

/* Returns the span that duration_print_short() shows; halfway cases round away from 0. */
int64_t duration_short(int64_t span_ns);

/* Prints a span exactly as decimal seconds, without exponent: 2, 0.000023, -1.5. out has
 * DURATION_TEXT_BYTES. Returns out. */
const char *duration_print_seconds(char *out, int64_t span_ns);

/* Cuts a span to whole seconds, below 10 s to tenths, below 1 s to ms; used for ages. */
int64_t duration_round(int64_t span_ns);

/* Returns the span without its sign; INT64_MAX for INT64_MIN, which has no positive counterpart. */
int64_t duration_abs(int64_t span_ns);

/* Return the lesser, or the greater, of two spans, or of two moments of the same clock, in the same
 * unit. */
int64_t duration_lesser(int64_t a, int64_t b);
int64_t duration_greater(int64_t a, int64_t b);

#endif

/* Text that came from outside, made safe to show. */
#ifndef NTP_MONITOR_TEXT_H
#define NTP_MONITOR_TEXT_H

#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>

/*
 * Copies length bytes of foreign text into out (size bytes, always terminated)
 * so that no byte of it can act on a log or a terminal: printable ASCII and
 * valid UTF-8 pass; C0, DEL, C1, bidi controls (U+061C, U+200E/F, U+202A-E,
 * U+2066-9), line separators (U+2028/9), U+FEFF, noncharacters and bytes that are
 * no UTF-8 become \xNN. What does not fit ends in "..." on a character boundary.
 * size must be at least 8.
 */
void text_escape(char *out, size_t size, const char *text, size_t length);

/* Shortens text in place to at most length bytes, ending in "..." on a UTF-8
 * character boundary; length must be at least 4. */
void text_truncate(char *text, size_t length);

/* Appends to what stands in out (size bytes, at least 4) what fits; where that is not all, out ends
 * in
 * "..." on a UTF-8 character boundary. */
void text_append(char *out, size_t size, const char *format, ...)
    __attribute__((format(printf, 3, 4)));
void text_vappend(char *out, size_t size, const char *format, va_list arguments)
    __attribute__((format(printf, 3, 0)));

/* The row of names (count of them, stride bytes apart, each row starting with
 * a `const char *name`) nearest to word by edit distance, or NULL where none is
 * near enough (a third of its length) to be meant. */
const char *text_nearest(const char *word, const void *names, size_t count, size_t stride);

/* Prints text with its lines broken at blanks, so that none has more than columns characters unless
 * a word of it does; what is broken off is indented, in a table's row (it begins with a blank) to
 * where its last column begins. Terminal escapes (ESC [ ... m) take no column. */
void text_wrap(FILE *out, const char *text, unsigned columns);

#endif

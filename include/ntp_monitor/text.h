/* Text: made safe to show, appended, compared and wrapped. */
#ifndef NTP_MONITOR_TEXT_H
#define NTP_MONITOR_TEXT_H

#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>

/*
 * Copies length bytes of foreign text into out (size bytes, always terminated) so that no byte of
 * it can act on a log or a terminal. Printable ASCII passes, and valid UTF-8 but for controls (C0,
 * DEL, C1), bidi controls (U+061C, U+200E/F, U+202A-E, U+2066-9), what is invisible (U+200B-D,
 * U+2060-5, U+206A-F, U+FEFF, U+FFF9-B, U+E0000-7F), line separators (U+2028/9) and noncharacters;
 * these and invalid UTF-8 become \xNN. A text that does not fit ends in "..." on a
 * character boundary. size must be at least 8.
 */
void text_escape(char *out, size_t size, const char *text, size_t length);

/* Shortens text in place to at most length bytes, ending in "..." on a UTF-8 character boundary.
 * length must be at least 4. */
void text_truncate(char *text, size_t length);

/* Append to the text in out (size bytes, at least 4) as much as fits; if that is not all, out ends
 * in "..." on a UTF-8 character boundary. text_list() appends an item of a list: after separator,
 * unless out is empty. */
void text_append(char *out, size_t size, const char *format, ...)
    __attribute__((format(printf, 3, 4)));
void text_list(char *out, size_t size, const char *separator, const char *format, ...)
    __attribute__((format(printf, 4, 5)));
void text_vappend(char *out, size_t size, const char *format, va_list arguments)
    __attribute__((format(printf, 3, 0)));

/* Returns the ending of a regular noun after count: "" for one, else "s". */
const char *text_plural(size_t count);

/* Returns the name nearest to word by edit distance, or NULL if none is within a third of the
 * length of word. names has count rows, stride bytes apart, each starting with a `const char
 * *name`. */
const char *text_nearest(const char *word, const void *names, size_t count, size_t stride);

/* Prints text with its lines broken at blanks, so that none has more than columns characters unless
 * a single word does. Continuation lines are indented, those of a table's row (which begins with a
 * blank) to the start of its last column. Terminal escapes (ESC [ ... m) take no column. */
void text_wrap(FILE *out, const char *text, unsigned columns);

#endif

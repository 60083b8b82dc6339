/*
 * Foreign text, made safe to show.
 *
 * Server names, error messages and file contents end up in logs and on terminals, where a newline
 * forges a line and an escape sequence acts. So everything foreign passes through one function,
 * where it enters the program.
 */
#include "ntp_monitor/text.h"

#include <assert.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>

/* Decodes the UTF-8 sequence at text (RFC 3629 section 4) into *point. Returns its length in bytes,
 * or 0 if there is none. */
static size_t utf8_decode(const unsigned char *text, size_t length, uint32_t *point) {
  static const struct {
    unsigned char mask, lead;
    size_t bytes;
    uint32_t least;
  } forms[] = {
      {0x80, 0x00, 1, 0}, {0xe0, 0xc0, 2, 0x80}, {0xf0, 0xe0, 3, 0x800}, {0xf8, 0xf0, 4, 0x10000}};
  for (size_t i = 0; i < sizeof forms / sizeof *forms; i++) {
    if ((text[0] & forms[i].mask) != forms[i].lead || length < forms[i].bytes) {
      continue;
    }
    uint32_t value = text[0] & (uint32_t)~forms[i].mask & 0xff;
    for (size_t k = 1; k < forms[i].bytes; k++) {
      if ((text[k] & 0xc0) != 0x80) {
        return 0;
      }
      value = value << 6 | (text[k] & 0x3f);
    }
    bool surrogate = value >= 0xd800 && value <= 0xdfff;
    if (value < forms[i].least || value > 0x10ffff || surrogate) {
      return 0;
    }
    *point = value;
    return forms[i].bytes;
  }
  return 0;
}

/* Recognises code points that act on a display or a log instead of being shown. Noncharacters are
 * among them: journalctl shows a field that holds one as "blob data". */
static bool is_control(uint32_t point) {
  static const struct {
    uint32_t first, last;
  } ranges[] = {{0, 0x1f},        {0x7f, 0x9f},      {0x61c, 0x61c},   {0x200b, 0x200f},
                {0x2028, 0x202e}, {0x2060, 0x206f},  {0xfdd0, 0xfdef}, {0xfeff, 0xfeff},
                {0xfff9, 0xfffb}, {0xe0000, 0xe007f}};
  for (size_t i = 0; i < sizeof ranges / sizeof *ranges; i++) {
    if (point >= ranges[i].first && point <= ranges[i].last) {
      return true;
    }
  }
  return (point & 0xfffe) == 0xfffe;
}

/* Ends text in "..." within length bytes, of which it has at least as many. */
static void put_ellipsis(char *text, size_t length) {
  size_t end = length - 3;
  while (end > 0 && ((unsigned char)text[end] & 0xc0) == 0x80) {
    end--;
  }
  memcpy(text + end, "...", 4);
}

void text_truncate(char *text, size_t length) {
  if (strlen(text) > length) {
    put_ellipsis(text, length);
  }
}

void text_escape(char *out, size_t size, const char *text, size_t length) {
  static const char hex[] = "0123456789abcdef";
  const unsigned char *from = (const unsigned char *)text;
  size_t used = 0;
  size_t safe = 0; /* the last boundary at which "..." still fits */
  for (size_t i = 0; i < length;) {
    uint32_t point = 0;
    size_t bytes = utf8_decode(from + i, length - i, &point);
    bool plain = bytes > 0 && !is_control(point);
    if (bytes == 0) {
      bytes = 1; /* no UTF-8 */
    }
    size_t wanted = bytes;
    if (!plain) {
      wanted = 4 * bytes; /* \xNN */
    }
    if (used + 4 <= size) {
      safe = used;
    }
    if (used + wanted >= size) {
      memcpy(out + safe, "...", 4);
      return;
    }
    for (size_t k = 0; k < bytes; k++) {
      if (plain) {
        out[used++] = (char)from[i + k];
      } else {
        out[used++] = '\\';
        out[used++] = 'x';
        out[used++] = hex[from[i + k] >> 4];
        out[used++] = hex[from[i + k] & 15];
      }
    }
    i += bytes;
  }
  out[used] = '\0';
}

enum { WORD_BYTES = 48 };

static size_t get_lesser(size_t a, size_t b) {
  return a < b ? a : b;
}

/* Returns Levenshtein's distance, ignoring case; b is a name from one of our tables. */
static size_t get_distance(const char *a, const char *b) {
  size_t row[WORD_BYTES + 1];
  size_t width = strlen(b);
  assert(width <= WORD_BYTES);
  for (size_t k = 0; k <= width; k++) {
    row[k] = k;
  }
  for (size_t i = 0; a[i] != '\0'; i++) {
    size_t corner = row[0];
    row[0] = i + 1;
    for (size_t k = 0; k < width; k++) {
      size_t change = corner + (strncasecmp(a + i, b + k, 1) != 0);
      corner = row[k + 1];
      size_t drop = get_lesser(row[k], row[k + 1]) + 1;
      row[k + 1] = get_lesser(change, drop);
    }
  }
  return row[width];
}

const char *text_nearest(const char *word, const void *names, size_t count, size_t stride) {
  const char *best = NULL;
  size_t least = strlen(word) / 3 + 1;
  for (size_t i = 0; i < count; i++) {
    const char *name = *(const char *const *)(const void *)((const char *)names + i * stride);
    size_t steps = get_distance(word, name);
    if (steps <= least) {
      if (steps == 0) {
        return name;
      }
      least = steps - 1;
      best = name;
    }
  }
  return best;
}

/* Returns the columns of the word at text, and its length in *bytes. */
static unsigned measure_word(const char *text, size_t *bytes) {
  unsigned columns = 0;
  size_t i = 0;
  while (text[i] != '\0' && text[i] != ' ' && text[i] != '\n') {
    if (text[i] == '\033') { /* ECMA-48 section 5.4: a sequence extends to its final byte */
      i += strcspn(text + i, "m\n");
      i += text[i] == 'm';
      continue;
    }
    columns += ((unsigned char)text[i] & 0xc0) != 0x80; /* not in the middle of a character */
    i++;
  }
  *bytes = i;
  return columns;
}

void text_wrap(FILE *out, const char *text, unsigned columns) {
  enum { INDENT = 4 };
  unsigned used = 0;
  unsigned indent = INDENT;
  bool row = false; /* of a table: begins with a blank, has blanks between its columns */
  while (*text != '\0') {
    unsigned blanks = (unsigned)strspn(text, " ");
    size_t bytes = 0;
    unsigned width = measure_word(text + blanks, &bytes);
    if (used == 0) {
      row = blanks > 0;
    }
    if (row && used > 0 && blanks > 1 && used + blanks < columns / 2) {
      indent = used + blanks;
    }
    if (used > indent + 1 && used + blanks + width > columns) {
      (void)fprintf(out, "\n%*s", (int)indent, "");
      used = indent;
    } else {
      (void)fprintf(out, "%*s", (int)blanks, "");
      used += blanks;
    }
    (void)fwrite(text + blanks, 1, bytes, out);
    used += width;
    text += blanks + bytes;
    if (*text == '\n') {
      (void)fputc('\n', out);
      used = 0;
      indent = INDENT;
      text++;
    }
  }
}

void text_vappend(char *out, size_t size, const char *format, va_list arguments) {
  size_t used = strlen(out);
  int wanted = vsnprintf(out + used, size - used, format, arguments);
  if (wanted >= 0 && (size_t)wanted >= size - used) {
    put_ellipsis(out, size - 1);
  }
}

void text_append(char *out, size_t size, const char *format, ...) {
  va_list arguments;
  va_start(arguments, format);
  text_vappend(out, size, format, arguments);
  va_end(arguments);
}

void text_list(char *out, size_t size, const char *separator, const char *format, ...) {
  if (out[0] != '\0') {
    text_append(out, size, "%s", separator);
  }
  va_list arguments;
  va_start(arguments, format);
  text_vappend(out, size, format, arguments);
  va_end(arguments);
}

const char *text_plural(size_t count) {
  return count == 1 ? "" : "s";
}

/*
 * Blanks a secret in what a server sends back.
 *
 * A server, or something on the way, may repeat what it was sent: the header in a page of its own,
 * in JSON, in a URL. So the secret is looked for as it is, as RFC 7617 packs it (base64 of
 * user:password), and both in the escapes that such places have.
 */
#include "output/blank.h"

#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>

/* So much of a secret at the very end of a text, which was cut there, is blanked as well. */
enum { PART_BYTES = 4, ESCAPE_BYTES_MAX = 12 };
/* A server may quote it shortened: half of it, if that is at least so much, is blanked anywhere. */
enum { SHORTENED_BYTES = 8 };
#define NUMBER_LETTERS "\\ux0123456789abcdefABCDEF"
#define NAME_LETTERS "#abcdefghijklmnopqrstuvwxyzABCDEFX0123456789"

/* The number of bytes at text that one letter takes, with the letter; 0 where there is none. */
typedef size_t read_letter(const char *text, char *letter);

static size_t read_plain(const char *text, char *letter) {
  *letter = *text;
  return *text != '\0';
}

/* Digits of base: their value, of at most 32 bits; how many there are, up to most. */
static size_t read_digits(const char *text, unsigned base, size_t most, unsigned *value) {
  static const char digits[] = "0123456789abcdef";
  size_t count = 0;
  *value = 0;
  for (; count < most && text[count] != '\0'; count++) {
    const char *digit = memchr(digits, text[count] | 0x20, base);
    if (digit == NULL) {
      break;
    }
    *value = *value * base + (unsigned)(digit - digits);
  }
  return count;
}

/* RFC 3986 section 2.1: %XX. */
static size_t read_url(const char *text, char *letter) {
  unsigned value = 0;
  if (text[0] == '%' && read_digits(text + 1, 16, 2, &value) == 2) {
    *letter = (char)value;
    return 3;
  }
  return read_plain(text, letter);
}

/* The same as a form has it: a blank is a plus. */
static size_t read_form(const char *text, char *letter) {
  if (text[0] == '+') {
    *letter = ' ';
    return 1;
  }
  return read_url(text, letter);
}

/* RFC 8259 section 7: a backslash and a sign, or \uXXXX; JavaScript's \' as well. */
static size_t read_json(const char *text, char *letter) {
  unsigned value = 0;
  if (text[0] == '\\' && text[1] == 'u' && read_digits(text + 2, 16, 4, &value) == 4) {
    *letter = (char)value;
    return 6;
  }
  if (text[0] == '\\' && text[1] != '\0' && strchr("\"\\/'", text[1]) != NULL) {
    *letter = text[1];
    return 2;
  }
  return read_plain(text, letter);
}

/* JSON that a string of JSON holds, as where a proxy quotes what it was answered. */
static size_t read_json_twice(const char *text, char *letter) {
  enum { ESCAPE_BYTES = sizeof "\\u0000" };
  char inner[ESCAPE_BYTES] = "";
  size_t ends[ESCAPE_BYTES]; /* in the text, of each letter of inner */
  size_t bytes = 0;
  for (size_t i = 0; i < ESCAPE_BYTES - 1; i++) {
    bytes += read_json(text + bytes, &inner[i]);
    ends[i] = bytes;
  }
  size_t letters = read_json(inner, letter);
  return letters > 0 ? ends[letters - 1] : 0;
}

/* HTML's &name; and &#number; of the signs that have to be written so. */
static size_t read_html(const char *text, char *letter) {
  static const struct {
    const char *name;
    char letter;
  } names[] = {{"&amp;", '&'}, {"&lt;", '<'}, {"&gt;", '>'}, {"&quot;", '"'}, {"&apos;", '\''}};
  unsigned value = 0;
  for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
    if (strncasecmp(text, names[i].name, strlen(names[i].name)) == 0) {
      *letter = names[i].letter;
      return strlen(names[i].name);
    }
  }
  if (text[0] == '&' && text[1] == '#') {
    bool hex = (text[2] | 0x20) == 'x';
    size_t head = hex ? 3 : 2;
    size_t count = read_digits(text + head, hex ? 16 : 10, 6, &value);
    if (count > 0 && text[head + count] == ';' && value < 256) {
      *letter = (char)value;
      return head + count + 1;
    }
  }
  return read_plain(text, letter);
}

/* True if text ends in the middle of the escape at its beginning. */
static bool is_cut(const char *text) {
  size_t bytes = strlen(text);
  return bytes > 0 && bytes < ESCAPE_BYTES_MAX && strchr("\\%&", text[0]) != NULL &&
         strspn(text + 1, text[0] == '&' ? NAME_LETTERS : NUMBER_LETTERS) == bytes - 1;
}

/* Returns how many bytes at text show the secret: all of it, half of it or more, or its beginning
 * if the text ends there, also in the middle of an escape; else 0. */
static size_t match(const char *text, const char *secret, read_letter *read) {
  size_t used = 0;
  size_t letters = 0;
  for (; secret[letters] != '\0'; letters++) {
    char letter = '\0';
    size_t bytes = read(text + used, &letter);
    if (bytes == 0) {
      return letters >= PART_BYTES ? used : 0;
    }
    if (letter != secret[letters]) {
      if (letters >= PART_BYTES && (is_cut(text + used) || is_cut(text + used - 1))) {
        return used + strlen(text + used);
      }
      return letters >= SHORTENED_BYTES && letters >= strlen(secret) / 2 ? used : 0;
    }
    used += bytes;
  }
  return used;
}

void blank_secret(char *text, const char *secret) {
  static read_letter *const forms[] = {read_plain, read_url,        read_form,
                                       read_json,  read_json_twice, read_html};
  for (size_t i = 0; text[i] != '\0' && secret[0] != '\0'; i++) {
    for (size_t form = 0; form < sizeof forms / sizeof *forms; form++) {
      size_t bytes = match(text + i, secret, forms[form]);
      memset(text + i, '*', bytes);
    }
  }
}

size_t blank_base64(char *out, size_t size_bytes, const char *text) {
  static const char letters[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
  size_t used = 0;
  uint32_t bits = 0;
  unsigned count = 0;
  for (; *text != '\0' && used + 2 < size_bytes; text++) {
    bits = bits << 8 | (unsigned char)*text;
    for (count += 8; count >= 6; count -= 6) {
      out[used++] = letters[bits >> (count - 6) & 63];
    }
  }
  if (count > 0) {
    out[used++] = letters[bits << (6 - count) & 63];
  }
  out[used] = '\0';
  return used;
}

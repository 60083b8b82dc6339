/*
 * Blanks a secret in what a server sends back.
 *
 * A server or a proxy may echo the request: a header in an HTML page, in JSON, in a URL. The caller
 * blanks both the plain secret and its base64 form (RFC 7617: user:password); each is searched for
 * in the escapes of all these places.
 */
#include "output/blank.h"

#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>

/* The shortest beginning of a secret that is blanked at the end of a text, which may be cut. */
enum { PART_BYTES = 4 };
/* The shortest beginning that is blanked anywhere, if it is also half of the secret: a server may
 * quote a secret shortened. */
enum { SHORTENED_BYTES = 8 };
/* An escape is shorter than this. */
enum { ESCAPE_BYTES_MAX = 12 };
/* The letters of escapes: numeric ones, and those of HTML. */
#define NUMBER_LETTERS "\\ux0123456789abcdefABCDEF"
#define NAME_LETTERS "#abcdefghijklmnopqrstuvwxyzABCDEFX0123456789"

/* Reads one letter, which may be escaped. Returns the number of bytes it takes, 0 at the end. */
typedef size_t read_letter(const char *text, char *letter);

static size_t read_plain(const char *text, char *letter) {
  *letter = *text;
  return *text != '\0';
}

/* Reads up to most digits of base (at most 16); their value must fit 32 bits. Returns how many. */
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

/* %XX: RFC 3986 section 2.1. */
static size_t read_url(const char *text, char *letter) {
  unsigned value = 0;
  if (text[0] == '%' && read_digits(text + 1, 16, 2, &value) == 2) {
    *letter = (char)value;
    return 3;
  }
  return read_plain(text, letter);
}

/* %XX of a form (application/x-www-form-urlencoded), where a plus stands for a blank. */
static size_t read_form(const char *text, char *letter) {
  if (text[0] == '+') {
    *letter = ' ';
    return 1;
  }
  return read_url(text, letter);
}

/* JSON, RFC 8259 section 7: a backslash and a sign, or \uXXXX; also JavaScript's \'. */
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

/* JSON within a JSON string, as a proxy quotes the answer it got. */
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
  if (letters == 0) {
    return 0;
  }
  return ends[letters - 1];
}

/* HTML: &name; of the signs that need it, and &#number; of any. */
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
    size_t head = 2;
    unsigned base = 10;
    if ((text[2] | 0x20) == 'x') {
      head = 3;
      base = 16;
    }
    size_t count = read_digits(text + head, base, 6, &value);
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

/* Returns how many bytes at text show the secret: all of it, at least half of it, or its beginning
 * if the text ends there, even in the middle of an escape; else 0. */
static size_t match_secret(const char *text, const char *secret, read_letter *read) {
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
      size_t bytes = match_secret(text + i, secret, forms[form]);
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

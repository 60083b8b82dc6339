/* Reads JSON (RFC 8259) as a stranger would: just enough to say whether it is any, and what a
 * text in it was. */
#include <ctype.h>
#include <stdlib.h>
#include <string.h>

#include "tests/fuzz/fuzz.h"

static const char *value(const char *at, unsigned depth);

/* Each takes what begins at `at` and returns where it ends, or NULL. */

static const char *string(const char *at) {
  if (*at != '"') {
    return NULL;
  }
  for (at++; *at != '"'; at++) {
    if ((unsigned char)*at < 0x20) {
      return NULL;
    }
    if (*at == '\\') {
      at++;
      if (*at == '\0' || strchr("\"\\/bfnrtu", *at) == NULL) {
        return NULL;
      }
      for (unsigned i = 0; *at == 'u' && i < 4; i++) {
        if (isxdigit((unsigned char)at[1 + i]) == 0) {
          return NULL;
        }
      }
    }
  }
  return at + 1;
}

static const char *number(const char *at) {
  static const char digits[] = "0123456789";
  at += *at == '-';
  size_t whole = strspn(at, digits);
  if (whole == 0 || (at[0] == '0' && whole > 1)) {
    return NULL;
  }
  at += whole;
  if (*at == '.') {
    size_t fraction = strspn(at + 1, digits);
    at = fraction > 0 ? at + 1 + fraction : NULL;
  }
  return at; /* and never an exponent: not every reader takes one */
}

static const char *container(const char *at, unsigned depth) {
  bool object = *at == '{';
  const char end = object ? '}' : ']';
  at++;
  if (*at == end) {
    return at + 1;
  }
  for (;; at++) {
    at = object ? string(at) : at;
    if (at == NULL || (object && *at++ != ':')) {
      return NULL;
    }
    at = value(at, depth);
    if (at == NULL || *at == end) {
      return at == NULL ? NULL : at + 1;
    }
    if (*at != ',') {
      return NULL;
    }
  }
}

static const char *value(const char *at, unsigned depth) {
  static const char *const words[] = {"null", "true", "false"};
  if (depth == 0) {
    return NULL;
  }
  for (size_t i = 0; i < sizeof words / sizeof *words; i++) {
    if (strncmp(at, words[i], strlen(words[i])) == 0) {
      return at + strlen(words[i]);
    }
  }
  return *at == '"' ? string(at) : *at == '{' || *at == '[' ? container(at, depth - 1) : number(at);
}

bool fuzz_json(const char *text) {
  const char *end = *text == '{' ? value(text, 8) : NULL;
  return end != NULL && strcmp(end, "\n") == 0;
}

bool fuzz_json_text(const char *json, const char *key, char *out, size_t size) {
  char quoted[64];
  (void)snprintf(quoted, sizeof quoted, "\"%s\":", key);
  const char *at = strstr(json, quoted); /* in a string the quotes have backslashes */
  MUST(at != NULL);
  at += strlen(quoted);
  if (*at != '"') {
    return false;
  }
  size_t used = 0;
  for (at++; *at != '"'; at++) {
    char c = *at;
    if (c == '\\') {
      c = *++at;
      if (c == 'u') {
        const char hex[] = {at[3], at[4], '\0'}; /* below 0x20 alone */
        c = (char)strtoul(hex, NULL, 16);
        at += 4;
      }
    }
    MUST(used + 1 < size);
    out[used++] = c;
  }
  out[used] = '\0';
  return true;
}

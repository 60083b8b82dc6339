/* Fuzz target: the beginning of a connection as an HTTP request; and the heads of answers. */
#include "ntp_monitor/inetd.h"

#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "tests/fuzz/fuzz.h"

#define TOKEN "[-!#$%&'*+.^_`|~0-9A-Za-z]+"

/* No control but a tab and the ends of lines, the last CR of which may be the text's. */
static bool is_plain(const char *text, size_t bytes) {
  for (size_t i = 0; i < bytes; i++) {
    unsigned char c = (unsigned char)text[i];
    if (c == '\r' ? i + 1 < bytes && text[i + 1] != '\n'
                  : (c < 0x20 && c != '\t' && c != '\n') || c == 0x7f) {
      return false;
    }
  }
  return true;
}

/* Counts the lines before the empty one that begin with Host: */
static unsigned hosts(const char *text) {
  unsigned count = 0;
  text += strncmp(text, "\r\n", 2) == 0 ? 2 : 0;
  for (;;) {
    text = strchr(text, '\n');
    if (text == NULL || *++text == '\n' || strncmp(text, "\r\n", 2) == 0) {
      return count;
    }
    count += strncasecmp(text, "host:", 5) == 0;
  }
}

/* Returns whether the text is a request for one of our pages: RFC 9112's grammar as a regular
 * expression. */
static bool is_request(const char *text) {
  static void *slot;
  static const char grammar[] =
      "(\r\n)?(GET|HEAD) ([hH][tT][tT][pP]://[^/? \r\n]*)?/(metrics|health)"
      "([?][^ \r\n]*)? HTTP/1[.][0-9]\r?\n"
      "(" TOKEN ":[^\r\n]*\r?\n)*\r?\n(.|\n)*";
  if (!fuzz_matches(&slot, grammar, text)) {
    return false;
  }
  unsigned count = hosts(text);
  return count == 1 || (count == 0 && strstr(text, " HTTP/1.0") != NULL &&
                        strstr(text, " HTTP/1.0") < strchr(text + 2, '\n'));
}

static void check(const char *text, size_t bytes) {
  struct inetd_request request = {.head = true};
  enum inetd_status status = inetd_parse(text, bytes, &request);
  MUST(is_plain(text, bytes) || status == INETD_BAD);
  MUST(status != INETD_MORE || bytes < INETD_REQUEST_BYTES);
  MUST((status != INETD_LONG_LINE && status != INETD_LONG_HEAD) || bytes == INETD_REQUEST_BYTES);
  if (!is_plain(text, bytes)) {
    return;
  }
  char *string = strndup(text, bytes);
  MUST(string != NULL && (status == INETD_OK) == is_request(string));
  if (status == INETD_OK) {
    static void *slot;
    const char *line = string + strspn(string, "\r\n");
    bool health = fuzz_matches(&slot, "[^? ]+ [^? ]*/health[? ](.|\n)*", line);
    MUST(request.head == (*line == 'H') && (request.page == INETD_HEALTH) == health);
  }
  free(string);
  for (size_t part = bytes / 2; part < bytes; part += 1 + bytes / 8) {
    struct inetd_request unused;
    enum inetd_status sooner = inetd_parse(text, part, &unused);
    MUST(sooner != INETD_BAD || status == INETD_BAD);
    MUST(sooner != INETD_OK || status == INETD_OK);
  }
}

static void print(uint64_t number, bool metrics, enum inetd_status status) {
  static void *slot;
  char head[INETD_HEAD_BYTES];
  char body[INETD_BODY_BYTES];
  size_t bytes = inetd_print_head(head, status, metrics, (size_t)number, (int64_t)number);
  MUST(bytes == strlen(head) && bytes < sizeof head);
  MUST(fuzz_matches(
      &slot, "HTTP/1[.]1 [2-5][0-9][0-9] [A-Za-z ]+\r\n([A-Za-z-]+: [^\r\n]*\r\n)+\r\n", head));
  MUST((strstr(head, "\r\nAllow: ") != NULL) == (status == INETD_NO_METHOD));
  inetd_print_refusal(body, status);
  MUST(fuzz_is_safe_lines(body) && strchr(body, '\n') == body + strlen(body) - 1);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
  static const enum inetd_status all[] = {INETD_BAD,    INETD_NOT_FOUND, INETD_NO_METHOD,
                                          INETD_SLOW,   INETD_LONG_LINE, INETD_LONG_HEAD,
                                          INETD_FAILED, INETD_UNWELL,    INETD_NO_VERSION};
  struct bytes bytes = {data, size};
  uint8_t first = fuzz_byte(&bytes);
  bool full = (first & 7) == 7; /* as much as there may be, the rest of it between */
  size_t length = full ? INETD_REQUEST_BYTES : bytes.left;
  char *text = malloc(length > 0 ? length : 1);
  MUST(text != NULL);
  memset(text, 'a', length);
  size_t half = full ? bytes.left / 2 : 0;
  memcpy(text, bytes.at, half);
  memcpy(text + length - (bytes.left - half), bytes.at + half, bytes.left - half);
  check(text, length);
  free(text);
  print(fuzz_number(&bytes), (first & 1) != 0, all[first % (sizeof all / sizeof *all)]);
  return 0;
}

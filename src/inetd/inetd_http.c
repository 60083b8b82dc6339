/*
 * The subset of HTTP/1.1 that --inetd understands: one request and its answer.
 *
 *   GET /metrics HTTP/1.1 CRLF          request-line    RFC 9112 section 3
 *   Host: pi:9559 CRLF                  field-lines     RFC 9112 section 5
 *   CRLF                                their end; a body that follows is not read
 *
 * Two pages need no more of HTTP than this. Anything irregular is refused, since no client of these
 * pages sends it.
 */
#include "ntp_monitor/inetd.h"

#include <stdio.h>
#include <string.h>
#include <strings.h>
#include <time.h>

static const struct {
  const char *path;
  enum inetd_page page;
} pages[] = {{"/metrics", INETD_METRICS}, {"/health", INETD_HEALTH}};

/* A piece of the request; not a string. */
struct part {
  const char *at;
  size_t bytes;
};

static bool is(struct part part, const char *word) {
  return part.bytes == strlen(word) && memcmp(part.at, word, part.bytes) == 0;
}

/* True for a valid method or field name (token, RFC 9110 section 5.6.2). */
static bool is_token(struct part part) {
  static const char others[] = "!#$%&'*+-.^_`|~0123456789";
  for (size_t i = 0; i < part.bytes; i++) {
    char letter = (char)(part.at[i] | 0x20);
    if ((letter < 'a' || letter > 'z') && memchr(others, part.at[i], sizeof others - 1) == NULL) {
      return false;
    }
  }
  return part.bytes > 0;
}

/* Cuts off and returns the part before the first mark, or all if there is none. Drops the mark. */
static struct part cut(struct part *rest, char mark) {
  const char *end = memchr(rest->at, mark, rest->bytes);
  struct part part = *rest;
  size_t dropped = rest->bytes;
  if (end != NULL) {
    part.bytes = (size_t)(end - rest->at);
    dropped = part.bytes + 1;
  }
  rest->at += dropped;
  rest->bytes -= dropped;
  return part;
}

/* Cuts off and returns the next line, without its end: CR LF, or LF alone (RFC 9112 section 2.2).
 */
static struct part cut_line(struct part *rest) {
  struct part line = cut(rest, '\n');
  line.bytes -= line.bytes > 0 && line.at[line.bytes - 1] == '\r';
  return line;
}

/* Returns the path of a request's target: /path?query, or http://host/path?query, which a server
 * must also accept (RFC 9112 section 3.2). */
static struct part find_path(struct part target) {
  static const char scheme[] = "http://";
  size_t bytes = sizeof scheme - 1;
  struct part path = cut(&target, '?');
  if (path.bytes >= bytes && strncasecmp(path.at, scheme, bytes) == 0) {
    while (bytes < path.bytes && path.at[bytes] != '/') {
      bytes++;
    }
    path.at += bytes;
    path.bytes -= bytes;
  }
  return path;
}

/* Reads METHOD SP TARGET SP HTTP/1.x. Sets *minor to x. */
static enum inetd_status read_request_line(struct part line, struct inetd_request *request,
                                           char *minor) {
  static const char version_is[] = "HTTP/1.";
  struct part method = cut(&line, ' ');
  struct part target = cut(&line, ' ');
  struct part path = find_path(target);
  enum inetd_status status = INETD_NOT_FOUND;
  request->head = is(method, "HEAD");
  if (!is_token(method) || target.bytes == 0 || line.bytes != sizeof version_is ||
      memcmp(line.at, version_is, 5) != 0 || line.at[5] < '0' || line.at[5] > '9' ||
      line.at[6] != '.' || line.at[7] < '0' || line.at[7] > '9') {
    return INETD_BAD;
  }
  if (line.at[5] != '1') {
    return INETD_NO_VERSION;
  }
  *minor = line.at[7];
  if (!request->head && !is(method, "GET")) {
    return INETD_NO_METHOD;
  }
  for (size_t i = 0; i < sizeof pages / sizeof *pages; i++) {
    if (is(path, pages[i].path)) {
      request->page = pages[i].page;
      status = INETD_OK;
    }
  }
  return status;
}

/* Reads "Name: value" lines up to the empty line. Returns INETD_OK, INETD_BAD, or INETD_MORE if the
 * empty line is missing. */
static enum inetd_status read_fields(struct part rest, char minor) {
  size_t hosts = 0;
  while (rest.bytes > 0 && memchr(rest.at, '\n', rest.bytes) != NULL) {
    struct part line = cut_line(&rest);
    if (line.bytes == 0) { /* RFC 9112 section 3.2: exactly one Host; none is fine in HTTP/1.0 */
      return hosts == 1 || (hosts == 0 && minor == '0') ? INETD_OK : INETD_BAD;
    }
    if (memchr(line.at, ':', line.bytes) == NULL) {
      return INETD_BAD;
    }
    struct part name = cut(&line, ':');
    if (!is_token(name)) {
      return INETD_BAD;
    }
    hosts += name.bytes == 4 && strncasecmp(name.at, "host", 4) == 0;
  }
  return INETD_MORE;
}

/* True if text holds a control character, or a CR that ends no line: it is not HTTP, but perhaps
 * TLS. A CR at the end of text may still end a line. */
static bool is_foreign(const char *text, size_t bytes) {
  for (size_t i = 0; i < bytes; i++) {
    unsigned char letter = (unsigned char)text[i];
    bool ends = letter == '\n' || (letter == '\r' && (i + 1 == bytes || text[i + 1] == '\n'));
    if ((letter < ' ' && letter != '\t' && !ends) || letter == 0x7f) {
      return true;
    }
  }
  return false;
}

enum inetd_status inetd_parse(const char *text, size_t bytes, struct inetd_request *request) {
  struct part rest = {text, bytes};
  char minor = '0';
  bool full = bytes == INETD_REQUEST_BYTES;
  *request = (struct inetd_request){.page = INETD_METRICS};
  if (is_foreign(text, bytes)) {
    return INETD_BAD;
  }
  if (bytes >= 2 && memcmp(text, "\r\n", 2) == 0) { /* RFC 9112 section 2.2: skip an empty line */
    rest.at += 2;
    rest.bytes -= 2;
  }
  if (memchr(rest.at, '\n', rest.bytes) == NULL) {
    return full ? INETD_LONG_LINE : INETD_MORE;
  }
  enum inetd_status status = read_request_line(cut_line(&rest), request, &minor);
  if (status == INETD_BAD || status == INETD_NO_VERSION) {
    return status;
  }
  enum inetd_status fields = read_fields(rest, minor);
  if (fields == INETD_MORE && full) {
    return INETD_LONG_HEAD;
  }
  if (fields != INETD_OK) {
    return fields;
  }
  return status;
}

/* --- the answer --------------------------------------------------------------- */

/* The words of RFC 9110 section 15, and a line for a person. */
static const struct {
  enum inetd_status status;
  const char *reason, *line;
} words[] = {
    {INETD_OK, "OK", ""},
    {INETD_BAD, "Bad Request", "not an HTTP request"},
    {INETD_NOT_FOUND, "Not Found", "only /metrics and /health exist"},
    {INETD_NO_METHOD, "Method Not Allowed", "only GET and HEAD are allowed"},
    {INETD_SLOW, "Request Timeout", "the request took too long"},
    {INETD_LONG_LINE, "URI Too Long", "the request is too long"},
    {INETD_LONG_HEAD, "Request Header Fields Too Large", "the request is too long"},
    {INETD_FAILED, "Internal Server Error", "no report: see the log"},
    {INETD_UNWELL, "Service Unavailable", ""},
    {INETD_NO_VERSION, "HTTP Version Not Supported", "only HTTP/1 is supported"},
};

static size_t inetd_http_find(enum inetd_status status) {
  size_t i = 0;
  while (words[i].status != status) {
    i++;
  }
  return i;
}

void inetd_print_refusal(char body[INETD_BODY_BYTES], enum inetd_status status) {
  (void)snprintf(body, INETD_BODY_BYTES, "%s\n", words[inetd_http_find(status)].line);
}

size_t inetd_print_head(char head[INETD_HEAD_BYTES], enum inetd_status status, bool metrics,
                        size_t body_bytes, int64_t now_ns) {
  char date[64] = "";
  struct tm utc;
  time_t now_s = (time_t)(now_ns / 1000000000);
  if (gmtime_r(&now_s, &utc) != NULL) {
    (void)strftime(date, sizeof date, "%a, %d %b %Y %H:%M:%S GMT", &utc); /* RFC 9110 5.6.7 */
  }
  const char *version = metrics ? "version=0.0.4; " : "";
  const char *allow = status == INETD_NO_METHOD ? "Allow: GET, HEAD\r\n" : "";
  int length = snprintf(head, INETD_HEAD_BYTES,
                        "HTTP/1.1 %d %s\r\n"
                        "Date: %s\r\n"
                        "Content-Type: text/plain; %scharset=utf-8\r\n"
                        "Content-Length: %zu\r\n"
                        "Cache-Control: no-store\r\n"
                        "%s"
                        "Connection: close\r\n\r\n",
                        (int)status, words[inetd_http_find(status)].reason, date, version,
                        body_bytes, allow);
  return (size_t)length;
}

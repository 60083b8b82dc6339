/* Tests of inetd_http.c: which requests are understood, and the heads of answers byte for byte. */
#include <ctype.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "ntp_monitor/inetd.h"
#include "tests/unit/seed.h"

static struct inetd_request request;

/* Of a copy of just that size, so that reading on is seen. */
static enum inetd_status parse_bytes(const char *text, size_t bytes) {
  char *copy = malloc(bytes > 0 ? bytes : 1);
  assert_non_null(copy);
  memcpy(copy, text, bytes);
  enum inetd_status status = inetd_parse(copy, bytes, &request);
  free(copy);
  return status;
}

static enum inetd_status parse(const char *text) {
  return parse_bytes(text, strlen(text));
}

#define END " HTTP/1.1\r\nHost: pi:9559\r\n\r\n"

static void test_good(void **state) {
  (void)state;
  static const struct {
    const char *text;
    enum inetd_page page;
    bool head;
  } rows[] = {
      {"GET /metrics" END, INETD_METRICS, false},
      {"GET /health" END, INETD_HEALTH, false},
      {"HEAD /metrics" END, INETD_METRICS, true},
      {"HEAD /health" END, INETD_HEALTH, true},
      {"GET /metrics?name[]=x&y" END, INETD_METRICS, false},
      {"GET http://pi:9559/metrics" END, INETD_METRICS, false},
      {"GET HTTP://pi/health?" END, INETD_HEALTH, false},
      {"GET /metrics HTTP/1.0\r\n\r\n", INETD_METRICS, false},
      {"GET /metrics HTTP/1.0\r\nHost: a\r\n\r\n", INETD_METRICS, false},
      {"GET /metrics HTTP/1.9\r\nhOST:\r\n\r\n", INETD_METRICS, false},
      {"GET /metrics HTTP/1.1\nHost: a\n\n", INETD_METRICS, false},
      {"\r\nGET /metrics" END, INETD_METRICS, false},
      {"GET /metrics" END "more that is not ours", INETD_METRICS, false},
      {"GET /metrics HTTP/1.1\r\nHost: a\r\nAccept: text/plain;\tq=1\r\nX-\xc3\xa4", 0, false},
      {"GET /metrics HTTP/1.1\r\nHost: \xff\xfe\r\nAccept:*/*\r\n\r\n", INETD_METRICS, false},
  };
  for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
    enum inetd_status status = parse(rows[i].text);
    bool whole = strstr(rows[i].text, "\n\r\n") != NULL || strstr(rows[i].text, "\n\n") != NULL;
    if (status != (whole ? INETD_OK : INETD_MORE)) {
      fail_msg("%d: %s", (int)status, rows[i].text);
    }
    if (whole) {
      assert_int_equal(request.page, rows[i].page);
      assert_int_equal(request.head, rows[i].head);
    }
  }
}

static void test_refused(void **state) {
  (void)state;
  static const struct {
    const char *text;
    enum inetd_status status;
  } rows[] = {
      {"GET /" END, INETD_NOT_FOUND},
      {"GET /metrics/" END, INETD_NOT_FOUND},
      {"GET /METRICS" END, INETD_NOT_FOUND},
      {"GET /metric" END, INETD_NOT_FOUND},
      {"GET metrics" END, INETD_NOT_FOUND},
      {"GET //metrics" END, INETD_NOT_FOUND},
      {"GET /../metrics" END, INETD_NOT_FOUND},
      {"GET /metric%73" END, INETD_NOT_FOUND},
      {"GET http://metrics" END, INETD_NOT_FOUND},
      {"GET https://pi/metrics" END, INETD_NOT_FOUND},
      {"GET http://pi?x/metrics" END, INETD_NOT_FOUND},
      {"GET *" END, INETD_NOT_FOUND},
      {"POST /metrics" END, INETD_NO_METHOD},
      {"get /metrics" END, INETD_NO_METHOD},
      {"GETT /metrics" END, INETD_NO_METHOD},
      {"OPTIONS *" END, INETD_NO_METHOD},
      {"CONNECT pi:1" END, INETD_NO_METHOD},
      {"BREW /nothing" END, INETD_NO_METHOD},
      {"GET /metrics HTTP/2.0\r\n", INETD_NO_VERSION},
      {"GET /metrics HTTP/0.9\r\n", INETD_NO_VERSION},
      {"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n", INETD_NO_VERSION},
      {"GET /metrics\r\n", INETD_BAD},
      {"GET\r\n", INETD_BAD},
      {"\r\n\r\n", INETD_BAD},
      {"\n", INETD_BAD},
      {"GET  /metrics" END, INETD_BAD},
      {"GET /metrics  HTTP/1.1\r\n", INETD_BAD},
      {"GET /metrics HTTP/1.1 \r\n", INETD_BAD},
      {"GET /metrics http/1.1\r\n", INETD_BAD},
      {"GET /metrics HTTP/1\r\n", INETD_BAD},
      {"GET /metrics HTTP/1.10\r\n", INETD_BAD},
      {"GET /metrics HTTP/a.1\r\n", INETD_BAD},
      {"GET /metrics HTTP/1,1\r\n", INETD_BAD},
      {"GET /metrics XTTP/1.1\r\n", INETD_BAD},
      {" GET /metrics" END, INETD_BAD},
      {"G(T /metrics" END, INETD_BAD},
      {"GET /metrics HTTP/1.1\r\n\r\n", INETD_BAD},
      {"GET /metrics HTTP/1.1\r\nHost: a\r\nHost: b\r\n\r\n", INETD_BAD},
      {"GET /metrics HTTP/1.0\r\nHost: a\r\nHost: b\r\n\r\n", INETD_BAD},
      {"GET /metrics HTTP/1.1\r\nHost : a\r\n\r\n", INETD_BAD},
      {"GET /metrics HTTP/1.1\r\n Host: a\r\n\r\n", INETD_BAD},
      {"GET /metrics HTTP/1.1\r\nHost: a\r\n folded\r\n\r\n", INETD_BAD},
      {"GET /metrics HTTP/1.1\r\nHost\r\n", INETD_BAD},
      {"GET /metrics HTTP/1.1\r\n: x\r\n", INETD_BAD},
      {"GET /metrics HTTP/1.1\r\nHost: a\rb\r\n\r\n", INETD_BAD},
      {"GET /met\x01rics", INETD_BAD},
      {"GET /met\x7frics", INETD_BAD},
      {"\x16\x03\x01", INETD_BAD},
  };
  for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
    enum inetd_status status = parse(rows[i].text);
    if (status != rows[i].status) {
      fail_msg("%d instead of %d: %s", (int)status, (int)rows[i].status, rows[i].text);
    }
  }
  assert_int_equal(parse_bytes("GET /\0" END, sizeof "GET /\0" END - 1), INETD_BAD);
}

/* HEAD has no body whatever the status. */
static void test_head(void **state) {
  (void)state;
  assert_int_equal(parse("HEAD /nothing" END), INETD_NOT_FOUND);
  assert_true(request.head);
  assert_int_equal(parse("HEAD /metrics HTTP/2.0\r\n"), INETD_NO_VERSION);
  assert_true(request.head);
  assert_int_equal(parse("HEADS /metrics" END), INETD_NO_METHOD);
  assert_false(request.head);
}

/* Every beginning of a good request wants more, and the whole of it no more. */
static void test_pieces(void **state) {
  (void)state;
  static const char whole[] = "\r\nGET /metrics HTTP/1.1\r\nHost: pi\r\nA: b\r\n\r\n";
  for (size_t bytes = 0; bytes < sizeof whole - 1; bytes++) {
    if (parse_bytes(whole, bytes) != INETD_MORE) {
      fail_msg("after %zu bytes", bytes);
    }
  }
  assert_int_equal(parse(whole), INETD_OK);
}

static void test_long(void **state) {
  (void)state;
  static char text[INETD_REQUEST_BYTES];
  memset(text, 'a', sizeof text);
  memcpy(text, "GET /", 5);
  assert_int_equal(parse_bytes(text, sizeof text - 1), INETD_MORE);
  assert_int_equal(parse_bytes(text, sizeof text), INETD_LONG_LINE);
  memcpy(text, "GET /metrics HTTP/1.1\r\nX: ", 26);
  assert_int_equal(parse_bytes(text, sizeof text - 1), INETD_MORE);
  assert_int_equal(parse_bytes(text, sizeof text), INETD_LONG_HEAD);
  memcpy(text + sizeof text - 13, "\r\nHost: a\r\n\r\n", 13);
  assert_int_equal(parse_bytes(text, sizeof text), INETD_OK);
}

/* --- against a reader of another kind --------------------------------------------- */

static bool is_tchar(char c) {
  return isalnum((unsigned char)c) || (c != '\0' && strchr("!#$%&'*+-.^_`|~", c) != NULL);
}

/* Recognises a request for one of the pages as strictly as the program, by sscanf. */
static bool accepts(const char *text) {
  char method[8] = "";
  char target[64] = "";
  char minor = 0;
  int used = 0;
  int hosts = 0;
  text += strncmp(text, "\r\n", 2) == 0 ? 2 : 0;
  for (const char *at = text; *at != '\0'; at++) {
    if ((*at == '\r' && at[1] != '\n' && at[1] != '\0') || *at == 1) {
      return false;
    }
  }
  if (sscanf(text, "%7[A-Z] %63[^ \n] HTTP/1.%c%n", method, target, &minor, &used) != 3 ||
      !isdigit((unsigned char)minor) || text[strlen(method)] != ' ' ||
      text[strlen(method) + 1 + strlen(target)] != ' ' ||
      strncmp(text + strlen(method) + strlen(target) + 2, "HTTP", 4) != 0) {
    return false;
  }
  text += used;
  for (;;) {
    text += *text == '\r';
    if (*text++ != '\n') {
      return false;
    }
    if (strncmp(text, "\r\n", 2) == 0 || *text == '\n') {
      break;
    }
    const char *name = text;
    while (is_tchar(*text)) {
      text++;
    }
    if (text == name || *text != ':') {
      return false;
    }
    hosts += text - name == 4 && strncasecmp(name, "host", 4) == 0;
    text += strcspn(text, "\r\n");
  }
  target[strcspn(target, "?")] = '\0';
  const char *path = strncasecmp(target, "http://", 7) == 0 ? strchr(target + 7, '/') : target;
  return (strcmp(method, "GET") == 0 || strcmp(method, "HEAD") == 0) && path != NULL &&
         (strcmp(path, "/metrics") == 0 || strcmp(path, "/health") == 0) &&
         (hosts == 1 || (hosts == 0 && minor == '0'));
}

static void test_random(void **state) {
  (void)state;
  static const char *const pieces[] = {"GET",  "HEAD",     " ",        "/metrics", "/health",  "?q",
                                       " ",    "HTTP/1.1", "HTTP/1.0", "\r\n",     "\r\n",     "\n",
                                       "Host", ":",        " a",       "\r",       "http://h", "X",
                                       "\x01", "\t",       "HTTP/2.0", "PUT"};
  uint64_t seed = seed_begin("requests");
  int good = 0;
  for (int i = 0; i < 20000; i++) {
    char text[1024] = "";
    if (i % 2 == 0) { /* a good one, of which a piece is changed now and then */
      (void)snprintf(text, sizeof text, "GET /metrics HTTP/1.%c\r\nHost: a\r\nX: y\r\n\r\n",
                     i % 4 == 0 ? '1' : '0');
      if (i % 3 != 0) {
        text[seed_next(&seed) % strlen(text)] = " \r\n:/a1?\t\x01"[seed_next(&seed) % 10];
      }
    } else {
      size_t count = seed_next(&seed) % 24;
      for (size_t k = 0; k < count; k++) {
        (void)strcat(text, pieces[seed_next(&seed) % (sizeof pieces / sizeof *pieces)]);
      }
    }
    bool taken = parse(text) == INETD_OK;
    good += taken;
    if (taken != accepts(text)) {
      fail_msg("%s: '%s'", taken ? "taken" : "refused", text);
    }
  }
  assert_in_range(good, 3000, 17000);
}

/* --- answers ------------------------------------------------------------------------- */

static void test_heads(void **state) {
  (void)state;
  char head[INETD_HEAD_BYTES];
  size_t bytes = inetd_print_head(head, INETD_OK, true, 4711, INT64_C(1795237878010060123));
  assert_string_equal(head, "HTTP/1.1 200 OK\r\n"
                            "Date: Sat, 21 Nov 2026 05:11:18 GMT\r\n"
                            "Content-Type: text/plain; version=0.0.4; charset=utf-8\r\n"
                            "Content-Length: 4711\r\n"
                            "Cache-Control: no-store\r\n"
                            "Connection: close\r\n\r\n");
  assert_int_equal(bytes, strlen(head));
  (void)inetd_print_head(head, INETD_NO_METHOD, false, 0, 0);
  assert_string_equal(head, "HTTP/1.1 405 Method Not Allowed\r\n"
                            "Date: Thu, 01 Jan 1970 00:00:00 GMT\r\n"
                            "Content-Type: text/plain; charset=utf-8\r\n"
                            "Content-Length: 0\r\n"
                            "Cache-Control: no-store\r\n"
                            "Allow: GET, HEAD\r\n"
                            "Connection: close\r\n\r\n");
}

/* Of each status, and at any time, it is whole. */
static void test_refusals(void **state) {
  (void)state;
  static const enum inetd_status all[] = {
      INETD_OK,        INETD_BAD,       INETD_NOT_FOUND, INETD_NO_METHOD, INETD_SLOW,
      INETD_LONG_LINE, INETD_LONG_HEAD, INETD_FAILED,    INETD_UNWELL,    INETD_NO_VERSION};
  for (size_t i = 0; i < sizeof all / sizeof *all; i++) {
    char head[INETD_HEAD_BYTES];
    char body[INETD_BODY_BYTES];
    char line[32];
    inetd_print_refusal(body, all[i]);
    assert_int_equal(body[strlen(body) - 1], '\n');
    (void)snprintf(line, sizeof line, "HTTP/1.1 %d ", (int)all[i]);
    size_t bytes = inetd_print_head(head, all[i], false, SIZE_MAX, INT64_MAX);
    assert_int_equal(bytes, strlen(head));
    assert_int_equal(strncmp(head, line, strlen(line)), 0);
    assert_string_equal(head + bytes - 4, "\r\n\r\n");
  }
}

int main(void) {
  const struct CMUnitTest tests[] = {cmocka_unit_test(test_good),  cmocka_unit_test(test_refused),
                                     cmocka_unit_test(test_head),  cmocka_unit_test(test_pieces),
                                     cmocka_unit_test(test_long),  cmocka_unit_test(test_random),
                                     cmocka_unit_test(test_heads), cmocka_unit_test(test_refusals)};
  return cmocka_run_group_tests(tests, NULL, NULL);
}

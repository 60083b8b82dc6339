/*
 * What InfluxDB's two HTTP APIs want of a request, and how they say no.
 *
 *   InfluxDB 1  POST /write?db=D&precision=ns            Basic authentication   {"error":"..."}
 *   InfluxDB 2  POST /api/v2/write?org=O&bucket=B&...    Authorization: Token   {"message":"..."}
 *
 * Both take line protocol and answer 204 (docs.influxdata.com: InfluxDB 1.8 "/write", 2 "Write
 * data"). Nobody is asked which of them a server is: whoever has a token knows.
 */
#include "output/influx_api.h"

#include <errno.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>

#include "ntp_monitor/config.h"

/* Appends text, all but RFC 3986's unreserved characters (section 2.3) as %XX where encoded. */
static void influx_append(char *url, const char *text, bool encoded) {
  static const char plain[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-._~";
  size_t used = strlen(url);
  for (; *text != '\0' && used < INFLUX_URL_BYTES - 1; text++) {
    bool as_is = !encoded || strchr(plain, *text) != NULL;
    (void)snprintf(url + used, INFLUX_URL_BYTES - used, as_is ? "%c" : "%%%02X",
                   as_is ? *text : (unsigned char)*text);
    used += strlen(url + used);
  }
}

int influx_url(const struct config *config, enum influx_api api, const char *base,
               char url[INFLUX_URL_BYTES]) {
  url[0] = '\0';
  influx_append(url, base, false);
  if (api == INFLUX_1) {
    influx_append(url, "/write?db=", false);
    influx_append(url, config->influx_database, true);
  } else {
    influx_append(url, "/api/v2/write?org=", false);
    influx_append(url, config->influx_org, true);
    influx_append(url, "&bucket=", false);
    influx_append(url, config->influx_bucket, true);
  }
  influx_append(url, "&precision=ns", false);
  return strlen(url) < INFLUX_URL_BYTES - 1 ? 0 : -ENAMETOOLONG;
}

/* --- the answer ------------------------------------------------------------- */

static const char *skip_blanks(const char *at) {
  return at + strspn(at, " \t\r\n");
}

/* The character that \uXXXX at hex stands for, where it is printable ASCII (Go's encoder writes <,
 * > and & so), else '?'; 0 where these are not four hexadecimal digits. */
static char escaped(const char *hex) {
  unsigned point = 0;
  for (size_t i = 0; i < 4; i++) {
    static const char digits[] = "0123456789abcdef";
    const char *digit = hex[i] != '\0' ? strchr(digits, hex[i] | 0x20) : NULL;
    if (digit == NULL) {
      return 0;
    }
    point = point * 16 + (unsigned)(digit - digits);
  }
  return point > 0x1f && point < 0x7f ? (char)point : '?';
}

/* A string of JSON (RFC 8259 section 7) behind its first quote: whether it ends. */
static bool read_string(const char *at, char *out) {
  size_t used = 0;
  for (; *at != '\0' && *at != '"'; at++) {
    char letter = *at;
    if (letter == '\\') {
      letter = *++at;
      if (letter == 'u') {
        letter = escaped(at + 1);
        if (letter == 0) {
          return false;
        }
        at += 4;
      } else if (letter == '\0') {
        return false;
      } else if (strchr("bfnrt", letter) != NULL) {
        letter = ' ';
      }
    }
    if (used < INFLUX_REASON_BYTES - 1) {
      out[used++] = letter;
    }
  }
  out[used] = '\0';
  return *at == '"';
}

void influx_reason(const char *body, char reason[INFLUX_REASON_BYTES]) {
  static const char *const keys[] = {"\"message\"", "\"error\""};
  reason[0] = '\0';
  body = skip_blanks(body);
  if (*body == '<') {
    return; /* a page for a browser: some other server's */
  }
  for (size_t i = 0; i < sizeof keys / sizeof *keys && *body == '{'; i++) {
    const char *at = strstr(body, keys[i]);
    at = at != NULL ? skip_blanks(at + strlen(keys[i])) : NULL;
    at = at != NULL && *at == ':' ? skip_blanks(at + 1) : NULL;
    if (at != NULL && *at == '"' && read_string(at + 1, reason)) {
      return;
    }
  }
  (void)snprintf(reason, INFLUX_REASON_BYTES, "%.*s", *body == '{' ? 0 : (int)strcspn(body, "\r\n"),
                 body);
}

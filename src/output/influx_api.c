/*
 * The requests that InfluxDB's two HTTP APIs expect, and their error answers.
 *
 *   InfluxDB 1  POST /write?db=D&precision=ns            Basic authentication   {"error":"..."}
 *   InfluxDB 2  POST /api/v2/write?org=O&bucket=B&...    Authorization: Token   {"message":"..."}
 *
 * Both take line protocol and answer 204 (docs.influxdata.com: InfluxDB 1.8 "/write", 2 "Write
 * data"). The server's version is not asked for: the keys that are set tell it, since only
 * InfluxDB 2 has tokens.
 */
#include "output/influx_api.h"

#include <errno.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>

#include "ntp_monitor/config.h"
#include "ntp_monitor/why.h"

/* Appends text as it is, as much of it as fits. */
static void influx_append(char *url, const char *text) {
  size_t used = strlen(url);
  (void)snprintf(url + used, INFLUX_URL_BYTES - used, "%s", text);
}

/* Appends text, as much of it as fits, with every character as %XX but the unreserved ones of RFC
 * 3986 section 2.3. */
static void influx_append_encoded(char *url, const char *text) {
  static const char plain[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-._~";
  size_t used = strlen(url);
  for (; *text != '\0' && used < INFLUX_URL_BYTES - 1; text++) {
    bool as_is = strchr(plain, *text) != NULL;
    (void)snprintf(url + used, INFLUX_URL_BYTES - used, as_is ? "%c" : "%%%02X",
                   (unsigned char)*text);
    used += strlen(url + used);
  }
}

int influx_url(const struct config *config, enum influx_api api, const char *base,
               char url[INFLUX_URL_BYTES]) {
  url[0] = '\0';
  influx_append(url, base);
  if (api == INFLUX_1) {
    influx_append(url, "/write?db=");
    influx_append_encoded(url, config->influx_database);
  } else {
    influx_append(url, "/api/v2/write?org=");
    influx_append_encoded(url, config->influx_org);
    influx_append(url, "&bucket=");
    influx_append_encoded(url, config->influx_bucket);
  }
  influx_append(url, "&precision=ns");
  if (strlen(url) == INFLUX_URL_BYTES - 1) { /* full, so probably cut */
    return -ENAMETOOLONG;
  }
  return 0;
}

/* --- the answer ------------------------------------------------------------- */

static const char *skip_blanks(const char *at) {
  return at + strspn(at, " \t\r\n");
}

/* Decodes the XXXX of \uXXXX. Returns the character if it is printable ASCII (Go's encoder escapes
 * <, > and &), '?' if it is another, 0 if these are not four hexadecimal digits. */
static char decode_unicode(const char *hex) {
  unsigned point = 0;
  for (size_t i = 0; i < 4; i++) {
    static const char digits[] = "0123456789abcdef";
    const char *digit = hex[i] != '\0' ? strchr(digits, hex[i] | 0x20) : NULL;
    if (digit == NULL) {
      return 0;
    }
    point = point * 16 + (unsigned)(digit - digits);
  }
  if (point <= 0x1f || point >= 0x7f) {
    return '?';
  }
  return (char)point;
}

/* Reads a JSON string (RFC 8259 section 7) from after its opening quote, and cuts it to
 * INFLUX_REASON_BYTES. Returns false if it has no end. */
static bool read_string(const char *at, char *out) {
  size_t used = 0;
  for (; *at != '\0' && *at != '"'; at++) {
    char letter = *at;
    if (letter == '\\') {
      letter = *++at;
      if (letter == 'u') {
        letter = decode_unicode(at + 1);
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

/* Finds the value of a key in body, taking the first place where the key stands. Returns the
 * string from after its opening quote, or NULL. */
static const char *find_string(const char *body, const char *key) {
  const char *at = strstr(body, key);
  if (at == NULL) {
    return NULL;
  }
  at = skip_blanks(at + strlen(key));
  if (*at != ':') {
    return NULL;
  }
  at = skip_blanks(at + 1);
  if (*at != '"') {
    return NULL;
  }
  return at + 1;
}

void influx_reason(const char *body, char reason[INFLUX_REASON_BYTES]) {
  static const char *const keys[] = {"\"message\"", "\"error\""};
  reason[0] = '\0';
  body = skip_blanks(body);
  if (*body == '<') {
    return; /* an HTML page: this is no InfluxDB */
  }
  for (size_t i = 0; i < sizeof keys / sizeof *keys && *body == '{'; i++) {
    const char *string = find_string(body, keys[i]);
    if (string != NULL && read_string(string, reason)) {
      return;
    }
  }
  reason[0] = '\0';
  if (*body != '{') {
    (void)snprintf(reason, INFLUX_REASON_BYTES, "%.*s", (int)strcspn(body, "\r\n"), body);
  }
}

const char *influx_advice(enum influx_api api, long status) {
  static const struct {
    const char *credentials, *place;
  } rows[] = {
      [INFLUX_1] = {WHY_ADVICE "check username and password_file in [influx]",
                    WHY_ADVICE "check database in [influx]"},
      [INFLUX_2] = {WHY_ADVICE "check token_file in [influx]",
                    WHY_ADVICE "check org and bucket in [influx]"},
  };
  if (status == 401 || status == 403) {
    return rows[api].credentials;
  }
  if (status == 404) {
    return rows[api].place;
  }
  return "";
}

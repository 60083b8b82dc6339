/* Fuzz target: what an InfluxDB says no with; and names of any bytes in the URL that asks it. */
#include "output/influx_api.h"

#include <stdlib.h>
#include <string.h>

#include "ntp_monitor/config.h"
#include "tests/fuzz/fuzz.h"

/* Any body: a string, and nothing of a page. */
static void read_any(const char *body) {
  char reason[INFLUX_REASON_BYTES];
  memset(reason, 'r', sizeof reason);
  influx_reason(body, reason);
  MUST(memchr(reason, '\0', sizeof reason) != NULL);
  MUST(body[strspn(body, " \t\r\n")] != '<' || reason[0] == '\0');
}

/* A text written as JSON is read as that text. */
static void read_back(const char *text, bool second) {
  char reason[INFLUX_REASON_BYTES];
  char wanted[INFLUX_REASON_BYTES] = "";
  size_t room = 6 * strlen(text) + 64;
  char *body = malloc(room);
  MUST(body != NULL);
  size_t used =
      (size_t)snprintf(body, room, second ? "{\"code\":\"x\",\"message\":\"" : "{\"error\" : \"");
  for (size_t i = 0; text[i] != '\0'; i++) {
    unsigned char c = (unsigned char)text[i];
    bool coded = c < 0x20 || c == '<' || c == '>' || c == 0x7f;
    used += (size_t)snprintf(body + used, room - used, coded ? "\\u%04x" : "%c", c);
    if (i < sizeof wanted - 1) {
      wanted[i] = c < 0x20 || c == 0x7f ? '?' : text[i];
      wanted[i + 1] = '\0';
    }
  }
  (void)snprintf(body + used, room - used, "\"}");
  influx_reason(body, reason);
  MUST(strcmp(reason, wanted) == 0);
  free(body);
}

static int hex(char digit) {
  return digit <= '9' ? digit - '0' : digit - 'A' + 10;
}

/* Decoded, the URL has the name as it was, and nothing that ends it. */
static void ask(const char *name) {
  static struct config config;
  char url[INFLUX_URL_BYTES];
  char decoded[CONFIG_TEXT_BYTES] = "";
  (void)snprintf(config.influx_database, sizeof config.influx_database, "%s", name);
  MUST(influx_url(&config, INFLUX_1, "https://h:8086", url) == 0);
  const char *at = strstr(url, "?db=") + 4;
  size_t used = 0;
  for (; *at != '&'; at++) {
    MUST(strchr("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-._~%", *at) !=
             NULL &&
         *at != '\0');
    decoded[used++] = *at == '%' ? (char)(16 * hex(at[1]) + hex(at[2])) : *at;
    at += *at == '%' ? 2 : 0;
  }
  decoded[used] = '\0';
  MUST(strcmp(at, "&precision=ns") == 0 && strcmp(decoded, config.influx_database) == 0);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
  struct bytes bytes = {data, size};
  uint8_t which = fuzz_byte(&bytes);
  char *text = fuzz_text(&bytes, size);
  read_any(text);
  if (strpbrk(text, "\"\\") == NULL) {
    read_back(text, (which & 1) != 0);
  }
  ask(text);
  free(text);
  return 0;
}

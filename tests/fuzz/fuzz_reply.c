/* Well-formed replies to GetAll, of any properties, types and values: see fuzz_bus.h. */
#include <arpa/inet.h>
#include <stdlib.h>
#include <string.h>

#include "ntp_monitor/text.h"
#include "tests/fuzz/fuzz_bus.h"

/* --- any type, any value ------------------------------------------------------ */

static char *append_text(sd_bus_message *message, struct bytes *bytes) {
  uint8_t length = fuzz_byte(bytes);
  char *text = fuzz_text(bytes, length);
  if (length == 255) { /* a huge one */
    free(text);
    text = malloc(20001);
    MUST(text != NULL);
    memset(text, 'x', 20000);
    text[20000] = '\0';
  }
  if (sd_bus_message_append_basic(message, 's', text) < 0) {
    text[0] = '\0'; /* it was no UTF-8 */
    MUST(sd_bus_message_append_basic(message, 's', text) >= 0);
  }
  return text;
}

static void append_any(sd_bus_message *message, const char **signature, struct bytes *bytes,
                       unsigned depth);

/* Where the complete type at signature ends. */
static const char *end_of(const char *signature) {
  while (*signature == 'a') {
    signature++;
  }
  unsigned open = 0;
  do {
    open += *signature == '(' || *signature == '{';
    open -= *signature == ')' || *signature == '}';
    signature++;
  } while (open > 0);
  return signature;
}

static void append_container(sd_bus_message *message, const char **signature, struct bytes *bytes,
                             unsigned depth) {
  const char *end = end_of(*signature);
  bool array = **signature == 'a';
  char type = (char)(array ? 'a' : **signature == '(' ? 'r' : 'e');
  char inner[64];
  (void)snprintf(inner, sizeof inner, "%.*s", (int)(end - *signature - (array ? 1 : 2)),
                 *signature + 1);
  MUST(sd_bus_message_open_container(message, type, inner) >= 0);
  for (unsigned count = array ? fuzz_byte(bytes) % 4 : 1; count > 0; count--) {
    for (const char *at = inner; *at != '\0';) {
      append_any(message, &at, bytes, depth);
    }
  }
  MUST(sd_bus_message_close_container(message) >= 0);
  *signature = end;
}

static void append_variant(sd_bus_message *message, struct bytes *bytes, unsigned depth) {
  static const char *const types[] = {
      "s",
      "t",
      "u",
      "i",
      "x",
      "y",
      "n",
      "b",
      "d",
      "o",
      "g",
      "v",
      "as",
      "ay",
      "aas",
      "a{sv}",
      "(s)",
      "(iay)",
      "(uay)",
      "(iau)",
      "(uuuuittayttttbtt)",
      "(uuuuittayttttbt)",
  };
  const char *type = depth > 8 ? "s" : types[fuzz_byte(bytes) % (sizeof types / sizeof *types)];
  MUST(sd_bus_message_open_container(message, 'v', type) >= 0);
  append_any(message, &type, bytes, depth + 1);
  MUST(sd_bus_message_close_container(message) >= 0);
}

/* One complete type. */
static void append_any(sd_bus_message *message, const char **signature, struct bytes *bytes,
                       unsigned depth) {
  char type = **signature;
  if (strchr("a({", type) != NULL) {
    append_container(message, signature, bytes, depth);
    return;
  }
  ++*signature;
  if (type == 'v') {
    append_variant(message, bytes, depth);
  } else if (type == 's') {
    free(append_text(message, bytes));
  } else if (type == 'o' || type == 'g') {
    MUST(sd_bus_message_append_basic(message, type, type == 'o' ? "/o" : "a{sv}") >= 0);
  } else {
    uint64_t number = fuzz_number(bytes);
    int truth = number & 1;
    const void *value = type == 'b' ? (const void *)&truth : &number;
    MUST(sd_bus_message_append_basic(message, type, value) >= 0);
  }
}

/* --- the reply to GetAll -------------------------------------------------------- */

enum property { NAME, ADDRESS, POLL_INTERVAL, MESSAGE, PROPERTIES };
static const char *const names[PROPERTIES] = {"ServerName", "ServerAddress", "PollIntervalUSec",
                                              "NTPMessage"};

static void append_address(sd_bus_message *message, struct bytes *bytes, struct timesync *want) {
  static const int families[] = {AF_INET, AF_INET6, 0, -1};
  unsigned char address[4096] = {192, 0, 2, 1};
  uint8_t form = fuzz_byte(bytes);
  size_t length = form & 4 ? fuzz_byte(bytes) : (size_t)((form & 3) == 1 ? 16 : 4);
  length = length == 255 ? sizeof address : length;
  want->family = families[form & 3];
  want->address_bytes = length;
  for (size_t i = 0; i < length && i < 16 && bytes->left > 0 && form & 8; i++) {
    address[i] = fuzz_byte(bytes);
  }
  if (length <= sizeof want->address) {
    memcpy(want->address, address, length);
  }
  MUST(sd_bus_message_open_container(message, 'v', "(iay)") >= 0);
  MUST(sd_bus_message_open_container(message, 'r', "iay") >= 0);
  MUST(sd_bus_message_append(message, "i", want->family) >= 0);
  MUST(sd_bus_message_append_array(message, 'y', address, length) >= 0);
  MUST(sd_bus_message_close_container(message) >= 0);
  MUST(sd_bus_message_close_container(message) >= 0);
}

static uint64_t saturated(uint64_t us) {
  return us > UINT64_MAX / 1000 ? UINT64_MAX : us * 1000;
}

/* A good reply, but for the fields that two bytes name. */
static void append_ntp_message(sd_bus_message *message, struct bytes *bytes,
                               struct timesync *want) {
  const uint64_t last_us = FUZZ_NOW_NS / 1000 - 12300000;
  uint64_t field[] = {
      0, 4,  4,   2, (uint64_t)-24, 60, 70, 4, last_us, last_us + 57, last_us + 58, last_us + 69,
      0, 10, 1207};
  unsigned which = fuzz_byte(bytes) | (unsigned)fuzz_byte(bytes) << 8;
  for (size_t i = 0; i < sizeof field / sizeof *field; i++) {
    field[i] = which & 1U << i ? fuzz_number(bytes) : field[i];
  }
  want->leap = (uint32_t)field[0];
  want->version = (uint32_t)field[1];
  want->mode = (uint32_t)field[2];
  want->stratum = (uint32_t)field[3];
  want->precision_log2_s = (int32_t)field[4];
  want->root_delay_ns = saturated(field[5]);
  want->root_dispersion_ns = saturated(field[6]);
  want->reference_bytes = field[7] % 64;
  memcpy(want->stamp_us, &field[8], sizeof want->stamp_us);
  want->spike = field[12] & 1;
  want->replies = field[13];
  want->jitter_ns = saturated(field[14]);
  MUST(sd_bus_message_open_container(message, 'v', "(uuuuittayttttbtt)") >= 0);
  MUST(sd_bus_message_open_container(message, 'r', "uuuuittayttttbtt") >= 0);
  MUST(sd_bus_message_append(message, "uuuuitt", want->leap, want->version, want->mode,
                             want->stratum, want->precision_log2_s, field[5], field[6]) >= 0);
  MUST(sd_bus_message_append_array(message, 'y', field, want->reference_bytes) >= 0);
  MUST(sd_bus_message_append(message, "ttttbtt", field[8], field[9], field[10], field[11],
                             want->spike, field[13], field[14]) >= 0);
  MUST(sd_bus_message_close_container(message) >= 0);
  MUST(sd_bus_message_close_container(message) >= 0);
}

static void append_name(sd_bus_message *message, struct bytes *bytes, struct timesync *want) {
  MUST(sd_bus_message_open_container(message, 'v', "s") >= 0);
  char *text = append_text(message, bytes);
  MUST(sd_bus_message_close_container(message) >= 0);
  text_escape(want->server, sizeof want->server, text, strlen(text));
  free(text);
}

static void append_good(sd_bus_message *message, enum property property, struct bytes *bytes,
                        struct timesync *want) {
  uint64_t us = 0;
  MUST(sd_bus_message_open_container(message, 'e', "sv") >= 0);
  MUST(sd_bus_message_append(message, "s", names[property]) >= 0);
  switch (property) {
  case NAME:
    append_name(message, bytes, want);
    break;
  case ADDRESS:
    append_address(message, bytes, want);
    break;
  case POLL_INTERVAL:
    us = bytes->left > 0 ? fuzz_number(bytes) : 32000000;
    want->poll_interval_ns = saturated(us);
    MUST(sd_bus_message_append(message, "v", "t", us) >= 0);
    break;
  case MESSAGE:
  case PROPERTIES:
    append_ntp_message(message, bytes, want);
    break;
  }
  MUST(sd_bus_message_close_container(message) >= 0);
}

/* name: any value of any type. */
static void append_odd(sd_bus_message *message, const char *name, struct bytes *bytes) {
  MUST(sd_bus_message_open_container(message, 'e', "sv") >= 0);
  MUST(sd_bus_message_append(message, "s", name) >= 0);
  append_variant(message, bytes, 0);
  MUST(sd_bus_message_close_container(message) >= 0);
}

static void append_properties(sd_bus_message *message, struct bytes *bytes, unsigned left_out,
                              struct timesync *want, enum outcome *outcome) {
  unsigned seen = 0;
  unsigned count = 0;
  while (bytes->left > 0) {
    uint8_t kind = fuzz_byte(bytes);
    enum property property = kind % PROPERTIES;
    if (kind < 0x80) {
      append_good(message, property, bytes, want);
      seen |= 1U << property;
      count++;
    } else if (kind < 0xa0) { /* of the wrong type, or by chance of the right one */
      append_odd(message, names[property], bytes);
      *outcome = EITHER;
      seen |= 1U << property;
      count++;
    } else {
      struct bytes none = {bytes->at, 0};
      unsigned times = kind < 0xf0 ? 1 : 100;
      *outcome = kind & 1 ? EITHER : *outcome; /* a list of servers is read, too */
      for (unsigned i = times; i > 0; i--, count++) {
        append_odd(message, kind & 1 ? "LinkNTPServers" : "", times == 1 ? bytes : &none);
      }
    }
  }
  for (enum property i = NAME; i < PROPERTIES; i++) {
    if ((seen & 1U << i) == 0 && (left_out & 1U << i) == 0) {
      append_good(message, i, bytes, want);
      seen |= 1U << i;
      count++;
    }
  }
  if (seen != (1U << PROPERTIES) - 1 || count > 256) {
    *outcome = REFUSED;
  }
}

sd_bus_message *fuzz_message(struct bytes *bytes, struct timesync *want, enum outcome *outcome) {
  sd_bus_message *message = fuzz_message_new();
  uint8_t form = fuzz_byte(bytes);
  *outcome = READ;
  if (form & 0x10) {
    static const char *const types[] = {"s", "a{ss}", "a(sv)", "v", "a{si}", "as", "a{yv}", "g"};
    const char *type = types[form >> 5];
    append_any(message, &type, bytes, 0);
    *outcome = REFUSED;
  } else {
    MUST(sd_bus_message_open_container(message, 'a', "{sv}") >= 0);
    append_properties(message, bytes, form & 15, want, outcome);
    MUST(sd_bus_message_close_container(message) >= 0);
  }
  MUST(sd_bus_message_seal(message, 1, 0) >= 0 && sd_bus_message_rewind(message, 1) >= 0);
  return message;
}

/*
 * The kernel's table of UDP sockets, /proc/self/net/udp and udp6: a heading, then a line per
 * socket.
 *
 * "  sl  local_address rem_address   st tx_queue:rx_queue tr:tm->when retrnsmt   uid  ...": fields
 * between blanks. An address is 32-bit words in the host's byte order, eight hexadecimal digits
 * each, then a colon and the port in four.
 */
#include "source/udp_table.h"

#include <arpa/inet.h>
#include <stddef.h>
#include <string.h>

enum { FIELD_LOCAL = 1, FIELD_UID = 7, WORD_DIGITS = 8, PORT_DIGITS = 4, DECIMAL = 10 };

/* Returns the field with this number (from 0), or NULL. */
static const char *find_field(const char *line, int number) {
  const char *at = line + strspn(line, " ");
  for (int i = 0; i < number; i++) {
    at += strcspn(at, " ");
    at += strspn(at, " ");
  }
  return *at != '\0' && *at != '\n' ? at : NULL;
}

/* Reads exactly digits hexadecimal digits. */
static bool read_hex(const char *text, int digits, uint32_t *out) {
  static const char known[] = "0123456789ABCDEF0123456789abcdef";
  uint32_t value = 0;
  for (int i = 0; i < digits; i++) {
    const char *found = text[i] != '\0' ? strchr(known, text[i]) : NULL;
    if (found == NULL) {
      return false;
    }
    value = value << 4 | (uint32_t)((found - known) & 15);
  }
  *out = value;
  return true;
}

bool udp_table_number(const char *text, uint32_t *out) {
  uint64_t value = 0;
  size_t digits = strspn(text, "0123456789");
  if (digits == 0 || digits > DECIMAL ||
      (text[digits] != '\0' && strchr(" \n", text[digits]) == NULL)) {
    return false;
  }
  for (size_t i = 0; i < digits; i++) {
    value = value * DECIMAL + (uint64_t)(text[i] - '0');
  }
  *out = (uint32_t)value;
  return value <= UINT32_MAX;
}

bool udp_table_read(const char *line, struct udp_socket *out) {
  struct udp_socket found = {.address = {0, 0, htonl(0xffff), 0}};
  uint32_t port = 0;
  const char *local = find_field(line, FIELD_LOCAL);
  const char *uid = find_field(line, FIELD_UID);
  size_t digits = local != NULL ? strcspn(local, ":") : 0;
  size_t words = digits / WORD_DIGITS;
  if (uid == NULL || digits % WORD_DIGITS != 0 || (words != 1 && words != UDP_TABLE_WORDS)) {
    return false;
  }
  for (size_t i = 0; i < words; i++) {
    uint32_t *word = &found.address[UDP_TABLE_WORDS - words + i];
    if (!read_hex(local + i * WORD_DIGITS, WORD_DIGITS, word)) {
      return false;
    }
  }
  const char *end = local + digits + 1 + PORT_DIGITS;
  if (local[digits] != ':' || !read_hex(local + digits + 1, PORT_DIGITS, &port) || *end != ' ' ||
      !udp_table_number(uid, &found.uid)) {
    return false;
  }
  found.port = (uint16_t)port;
  *out = found;
  return true;
}

bool udp_table_receives(const struct udp_socket *socket, const struct udp_socket *to) {
  static const uint32_t any[UDP_TABLE_WORDS] = {0};
  uint32_t any_v4[UDP_TABLE_WORDS] = {0, 0, htonl(0xffff), 0};
  bool v4 = memcmp(to->address, any_v4, 3 * sizeof *any_v4) == 0;
  return socket->port == to->port && (memcmp(socket->address, to->address, sizeof any) == 0 ||
                                      memcmp(socket->address, any, sizeof any) == 0 ||
                                      (v4 && memcmp(socket->address, any_v4, sizeof any_v4) == 0));
}

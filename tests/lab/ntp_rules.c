/*
 * ntp_rules: what the lab's NTP server answers, chosen by the address it was asked at.
 *
 * Apart from the server because it knows packets and no sockets.
 */
#include "ntp_rules.h"

#include <arpa/inet.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

static const int64_t NS_PER_S = 1000000000;
static const int64_t NTP_EPOCH_S = 2208988800; /* 1900 to 1970, RFC 5905 section 6 */

#define ROW(field_, kind_, doc_) \
  { #field_, doc_, kind_, offsetof(struct ntp_rule, field_) }
static const struct settings_key keys[] = {
    ROW(offset, SETTINGS_TIME, "server's clock minus ours; may stand first without its name"),
    ROW(delay, SETTINGS_TIME, "round trip; half of it each way, so the offset stays true"),
    ROW(root_delay, SETTINGS_TIME, "default 0"),
    ROW(root_dispersion, SETTINGS_TIME, "default 0"),
    ROW(leap, SETTINGS_COUNT, "default 0; 1 insert, 2 delete, 3 not synchronised"),
    ROW(version, SETTINGS_COUNT, "default 0, the client's"),
    ROW(mode, SETTINGS_COUNT, "default 4, server"),
    ROW(stratum, SETTINGS_COUNT, "default 1; 0 makes reference=RATE a kiss-o'-death"),
    ROW(poll, SETTINGS_COUNT, "log2 of seconds, default 6"),
    ROW(precision, SETTINGS_COUNT, "log2 of seconds, default -20"),
    ROW(reference, SETTINGS_BYTES, "first four bytes are sent, default LAB"),
    ROW(length, SETTINGS_COUNT, "bytes sent, default 48, at most 1024"),
    ROW(drop, SETTINGS_COUNT, "1: never answer"),
    ROW(drop_every, SETTINGS_COUNT, "n: no answer to each nth request under such a rule"),
    ROW(noise, SETTINGS_COUNT, "so many answers to another request come before each answer"),
    ROW(bad_origin, SETTINGS_COUNT, "1: echo another time than the client's"),
    ROW(zero_transmit, SETTINGS_COUNT, "1: transmit time 0"),
};
static const size_t KEY_COUNT = sizeof keys / sizeof keys[0];

void ntp_rules_init(struct ntp_rules *rules) {
  *rules = (struct ntp_rules){.row = {{.address = "*",
                                       .mode = 4,
                                       .stratum = 1,
                                       .poll = 6,
                                       .precision = -20,
                                       .length = NTP_PACKET_BYTES,
                                       .reference = {"LAB", 3}}},
                              .count = 1};
}

void ntp_rules_print(FILE *out) {
  settings_print(keys, KEY_COUNT, out);
}

/* Returns rules->count when the address has no row. */
static size_t row_of(const struct ntp_rules *rules, const char *address) {
  size_t i = 0;

  while (i < rules->count && strcmp(rules->row[i].address, address) != 0) {
    i++;
  }
  return i;
}

const struct ntp_rule *ntp_rules_find(const struct ntp_rules *rules, const char *address) {
  size_t i = row_of(rules, address);

  return &rules->row[i < rules->count ? i : 0];
}

int ntp_rules_add(struct ntp_rules *rules, const char *text) {
  char copy[512];
  char *save = NULL;
  char *items = NULL;
  struct ntp_rule *rule = NULL;

  if ((size_t)snprintf(copy, sizeof copy, "%s", text) >= sizeof copy ||
      (items = strchr(copy, '=')) == NULL) {
    return -EINVAL;
  }
  *items++ = '\0';
  rule = &rules->row[row_of(rules, copy)];
  if (rule == &rules->row[rules->count]) {
    if (rules->count == NTP_RULES_MAX || strlen(copy) >= sizeof rule->address) {
      return -ENOSPC;
    }
    rules->count++;
    *rule = rules->row[0];
    memcpy(rule->address, copy, strlen(copy) + 1);
  }
  for (char *item = strtok_r(items, ",", &save); item; item = strtok_r(NULL, ",", &save)) {
    if (settings_time(item, &rule->offset) < 0 && settings_apply(keys, KEY_COUNT, item, rule) < 0) {
      return -EINVAL;
    }
  }
  return 0;
}

void ntp_rules_add_file(struct ntp_rules *rules, const char *path) {
  char line[512];
  FILE *file = fopen(path, "re");

  while (file && fgets(line, sizeof line, file)) {
    line[strcspn(line, "\n")] = '\0';
    if (line[0] != '\0' && ntp_rules_add(rules, line) < 0) {
      (void)fprintf(stderr, "%s: cannot read the rule: %s\n", path, line);
    }
  }
  if (file) {
    (void)fclose(file);
  }
}

static void put32(unsigned char *to, int64_t value) {
  uint32_t big_endian = htonl((uint32_t)value); /* the seconds wrap at an era's end, as they must */

  memcpy(to, &big_endian, sizeof big_endian);
}

/* Short format, RFC 5905 section 6: 16 bits of seconds, 16 of fraction. */
static void put_short(unsigned char *to, int64_t ns) {
  put32(to, ns / NS_PER_S * 65536 + ns % NS_PER_S * 65536 / NS_PER_S);
}

static void put_timestamp(unsigned char *to, int64_t unix_ns) {
  int64_t seconds = unix_ns / NS_PER_S - (unix_ns % NS_PER_S < 0);
  int64_t rest_ns = unix_ns - seconds * NS_PER_S;

  put32(to, seconds + NTP_EPOCH_S);
  put32(to + 4, (int64_t)(((uint64_t)rest_ns << 32) / (uint64_t)NS_PER_S));
}

size_t ntp_rules_reply(const struct ntp_rule *rule, const unsigned char *request,
                       int64_t received_ns, unsigned char *reply) {
  int64_t version = rule->version ? rule->version : (request[0] >> 3 & 7);
  int64_t server_ns = received_ns + rule->offset + rule->delay / 2;

  memset(reply, 0, NTP_REPLY_MAX_BYTES);
  reply[0] = (unsigned char)((rule->leap & 3) << 6 | (version & 7) << 3 | (rule->mode & 7));
  reply[1] = (unsigned char)rule->stratum;
  reply[2] = (unsigned char)rule->poll;
  reply[3] = (unsigned char)rule->precision;
  put_short(reply + 4, rule->root_delay);
  put_short(reply + 8, rule->root_dispersion);
  memcpy(reply + 12, rule->reference.data, 4);
  put_timestamp(reply + 16, server_ns - NS_PER_S);
  memcpy(reply + 24, request + 40, 8);
  reply[31] ^= (unsigned char)(rule->bad_origin & 0xff);
  put_timestamp(reply + 32, server_ns);
  return (size_t)rule->length < NTP_REPLY_MAX_BYTES ? (size_t)rule->length : NTP_REPLY_MAX_BYTES;
}

void ntp_rules_stamp(unsigned char *reply, int64_t server_ns) {
  put_timestamp(reply + 40, server_ns);
}

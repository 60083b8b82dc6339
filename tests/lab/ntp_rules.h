/*
 * ntp_rules: what the lab's NTP server answers, chosen by the address it was asked at.
 */
#ifndef NTP_MONITOR_LAB_NTP_RULES_H
#define NTP_MONITOR_LAB_NTP_RULES_H

#include <netinet/in.h>
#include <stdint.h>

#include "settings.h"

enum { NTP_PACKET_BYTES = 48, NTP_REPLY_MAX_BYTES = 1024, NTP_RULES_MAX = 64 };

struct ntp_rule {
  char address[INET6_ADDRSTRLEN];
  int64_t offset, delay, root_delay, root_dispersion;
  int64_t leap, version, mode, stratum, poll, precision;
  int64_t length, drop, drop_every, noise, bad_origin, zero_transmit;
  struct settings_bytes reference;
};

struct ntp_rules { /* row 0 is the rule of every address that has none of its own */
  struct ntp_rule row[NTP_RULES_MAX];
  size_t count;
};

void ntp_rules_init(struct ntp_rules *rules);

/* ADDRESS=ITEM[,ITEM...]: 0, -EINVAL or -ENOSPC. A new address starts as a copy of row 0. */
int ntp_rules_add(struct ntp_rules *rules, const char *text);

/* Adds a file's lines; a line that is no rule is said on stderr. A missing file is an empty one. */
void ntp_rules_add_file(struct ntp_rules *rules, const char *path);

const struct ntp_rule *ntp_rules_find(const struct ntp_rules *rules, const char *address);

/* Writes NTP_REPLY_MAX_BYTES with a transmit time of 0; the returned number of them are to be sent.
 */
size_t ntp_rules_reply(const struct ntp_rule *rule, const unsigned char *request,
                       int64_t received_ns, unsigned char *reply);

/* Writes the transmit time, the last thing before sending. */
void ntp_rules_stamp(unsigned char *reply, int64_t server_ns);

void ntp_rules_print(FILE *out);

#endif

/* The address of a log, or of a server, as users write it. Pure. */
#ifndef NTP_MONITOR_LOG_ADDRESS_H
#define NTP_MONITOR_LOG_ADDRESS_H

#include <stdbool.h>
#include <stdint.h>

enum { ADDRESS_TEXT_BYTES = 256, ADDRESS_SYSLOG_PORT = 514 };

enum address_kind { ADDRESS_LOCAL, ADDRESS_UDP, ADDRESS_JOURNAL, ADDRESS_STDERR, ADDRESS_NONE };

struct log_address {
  enum address_kind kind;
  uint16_t port;                 /* ADDRESS_UDP */
  char text[ADDRESS_TEXT_BYTES]; /* path, or host without brackets and port, with its zone */
};

struct why;

/*
 * Parses /path | host | host:port | v6 | [v6] | [v6]:port | journal | stderr | none; a host may
 * follow udp://. A link-local v6 has a zone: fe80::1%eth0. Returns 0, or -EINVAL with why quoting
 * text and address untouched.
 */
int log_address_parse(const char *text, struct log_address *address, struct why *why);

/* Parses host | host:port | v6 | [v6] | [v6]:port of a server; port is the default. Otherwise like
 * log_address_parse(). */
int log_address_parse_server(const char *text, uint16_t port, struct log_address *address,
                             struct why *why);

/* Returns text without a leading "pool:", and sets *pool if there was one. */
const char *log_address_skip_pool(const char *text, bool *pool);

#endif

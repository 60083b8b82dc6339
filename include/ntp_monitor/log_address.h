/* The address of a log, as users write it. Pure. */
#ifndef NTP_MONITOR_LOG_ADDRESS_H
#define NTP_MONITOR_LOG_ADDRESS_H

#include <stdint.h>

#include "ntp_monitor/net_hostport.h"

enum { ADDRESS_TEXT_BYTES = NET_HOST_BYTES, ADDRESS_SYSLOG_PORT = 514 };

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

#endif

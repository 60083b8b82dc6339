/* The target of a printed report, as users write it. Pure. */
#ifndef NTP_MONITOR_OUTPUT_TARGET_H
#define NTP_MONITOR_OUTPUT_TARGET_H

#include <stdbool.h>
#include <stdint.h>

enum { TARGET_TEXT_BYTES = 256 };

enum target_kind { TARGET_FILE, TARGET_UDP, TARGET_HTTP };

struct output_target {
  enum target_kind kind;
  uint16_t port;                /* TARGET_UDP and TARGET_HTTP */
  char text[TARGET_TEXT_BYTES]; /* path, host, or the whole URL */
};

struct why;

/*
 * Parses /path | udp://host:port | http://host[:port] | https://host[:port]. With relative, a path
 * need not be absolute. Returns 0, or -EINVAL with why quoting text.
 */
int output_target_parse(const char *text, bool relative, struct output_target *target,
                        struct why *why);

#endif

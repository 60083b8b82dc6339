/* Blanks a secret in what a server sends back. Pure. */
#ifndef NTP_MONITOR_BLANK_H
#define NTP_MONITOR_BLANK_H

#include <stddef.h>

/* Overwrites secret with asterisks wherever text shows it, plain or in the escapes of URLs, JSON or
 * HTML. A long enough part of it is overwritten as well: its first half anywhere, or its first
 * characters at the end of text. */
void blank_secret(char *text, const char *secret);

/* Writes text in base64 (RFC 4648 section 4), without the padding, to out. Returns its length. */
size_t blank_base64(char *out, size_t size_bytes, const char *text);

#endif

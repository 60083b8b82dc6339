/* Blanks a secret in what a server sends back. Pure. */
#ifndef NTP_MONITOR_BLANK_H
#define NTP_MONITOR_BLANK_H

#include <stddef.h>

/* Overwrites secret in text by asterisks, wherever it stands as it is or in the escapes of URLs, of
 * JSON or of HTML; a beginning of it, too, where text ends in one. */
void blank_secret(char *text, const char *secret);

/* text in base64 (RFC 4648 section 4) without the padding; returns its length. */
size_t blank_base64(char *out, size_t size_bytes, const char *text);

#endif

/* MD5, RFC 1321: not for secrets; NTP's reference id of an IPv6 address is made with it. Pure. */
#ifndef NTP_MONITOR_MD5_H
#define NTP_MONITOR_MD5_H

#include <stddef.h>
#include <stdint.h>

enum { MD5_BYTES = 16, MD5_DATA_BYTES_MAX = 55 };

/* Computes the digest of at most MD5_DATA_BYTES_MAX bytes, which fit into one block. */
void md5(const uint8_t *data, size_t length_bytes, uint8_t digest[MD5_BYTES]);

#endif

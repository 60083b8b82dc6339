/* The owner of a UDP port, from the kernel's table of sockets: proc_net_udp(5). Pure. */
#ifndef NTP_MONITOR_UDP_TABLE_H
#define NTP_MONITOR_UDP_TABLE_H

#include <stdbool.h>
#include <stdint.h>

enum { UDP_TABLE_WORDS = 4 };

/* A socket. An IPv4 address is in the last word, mapped to IPv6. */
struct udp_socket {
  uint32_t address[UDP_TABLE_WORDS]; /* as in in6_addr, in network byte order */
  uint16_t port;
  uint32_t uid; /* in the reader's user namespace */
};

/* Parses a line of /proc/self/net/udp or udp6. Returns false if it is not a socket, as the heading.
 */
bool udp_table_read(const char *line, struct udp_socket *out);

/* Returns whether socket may receive a datagram to this address and port. */
bool udp_table_receives(const struct udp_socket *socket, const struct udp_socket *to);

/* Reads a decimal number below 2^32 that ends at a blank or the end of the text. Returns false if
 * there is none. */
bool udp_table_number(const char *text, uint32_t *out);

#endif

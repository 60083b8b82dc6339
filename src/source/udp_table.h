/* Who has a UDP port, by the kernel's table of sockets: proc_net_udp(5). Pure: text in, words out.
 */
#ifndef NTP_MONITOR_UDP_TABLE_H
#define NTP_MONITOR_UDP_TABLE_H

#include <stdbool.h>
#include <stdint.h>

enum { UDP_TABLE_WORDS = 4 };

/* A socket. Of an IPv4 address only the last word counts, written as IPv6 maps it. */
struct udp_socket {
  uint32_t address[UDP_TABLE_WORDS]; /* as in in6_addr, in the network's order of bytes */
  uint16_t port;
  uint32_t uid; /* as the user namespace of the reader has it */
};

/* Takes a line of /proc/self/net/udp or udp6 apart; false where it is none, as the heading. */
bool udp_table_read(const char *line, struct udp_socket *out);

/* Whether a datagram to that address and port may end up with this socket. */
bool udp_table_receives(const struct udp_socket *socket, const struct udp_socket *to);

/* A decimal number below 2^32, ended by a blank or the end of the text: false where it is none. */
bool udp_table_number(const char *text, uint32_t *out);

#endif

/* The errno of a network socket in words that help the reader of a log. */
#include <errno.h>
#include <string.h>

#include "ntp_monitor/net.h"

const char *net_words(int error) {
  switch (error) {
  case -EPERM: /* from connect(2) and send(2): nftables, or the BPF program of a control group */
    return "Operation not permitted: blocked by a packet filter or the unit's IPAddressDeny=";
  case -EAFNOSUPPORT:
    return "Address family not supported: not available here, or blocked by the unit's "
           "RestrictAddressFamilies=";
  default:
    return strerror(-error);
  }
}

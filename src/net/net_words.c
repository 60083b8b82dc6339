/* The errno of a network socket in words that help the reader of a log. */
#include <errno.h>
#include <string.h>

#include "ntp_monitor/net.h"

const char *net_words(int error) {
  switch (error) {
  case -EPERM: /* from connect(2) and send(2): nftables, or the BPF program of a control group */
    return "Operation not permitted: a packet filter or the unit's IPAddressDeny= forbids it";
  case -EAFNOSUPPORT:
    return "Address family not supported: this machine has none, or the unit's "
           "RestrictAddressFamilies= forbids it";
  default:
    return strerror(-error);
  }
}

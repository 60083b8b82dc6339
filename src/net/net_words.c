/* What a network socket's errno means for someone who reads it in a log. */
#include <errno.h>
#include <string.h>

#include "ntp_monitor/net.h"

const char *net_words(int error) {
  switch (error) {
  case -EPERM: /* of connect(2) and send(2): nftables, or BPF of a control group */
    return "Operation not permitted: a packet filter or the unit's IPAddressDeny= forbids it";
  case -EAFNOSUPPORT:
    return "Address family not supported: this machine has none, or the unit's "
           "RestrictAddressFamilies= forbids it";
  default:
    return strerror(-error);
  }
}

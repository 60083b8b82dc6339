/* The address of a log, as users write it. */
#include "ntp_monitor/log_address.h"

#include <errno.h>
#include <stddef.h>
#include <string.h>
#include <strings.h>
#include <sys/un.h>

#include "ntp_monitor/why.h"

static int parse_path(const char *text, struct log_address *address, struct why *why) {
  const size_t most = sizeof((struct sockaddr_un *)0)->sun_path;
  if (strlen(text) >= most) {
    return why_set(why, REASON_CONFIG, -EINVAL, "'%.80s' is too long for a socket path (107 bytes)",
                   text);
  }
  *address = (struct log_address){.kind = ADDRESS_LOCAL};
  (void)strcpy(address->text, text);
  return 0;
}

static int parse_udp(const char *text, struct log_address *address, struct why *why) {
  static const char scheme[] = "udp://"; /* other programs want it written so */
  struct net_hostport hostport;
  if (strncmp(text, scheme, sizeof scheme - 1) == 0) {
    text += sizeof scheme - 1;
  }
  int error = net_hostport_parse(text, ADDRESS_SYSLOG_PORT,
                                 "is not a log address; write /path, host, host:port, [IPv6]:port, "
                                 "journal, stderr or none",
                                 &hostport, why);
  if (error == 0) {
    *address = (struct log_address){.kind = ADDRESS_UDP, .port = hostport.port};
    (void)strcpy(address->text, hostport.host);
  }
  return error;
}

int log_address_parse(const char *text, struct log_address *address, struct why *why) {
  static const struct {
    const char *name;
    enum address_kind kind;
  } words[] = {{"journal", ADDRESS_JOURNAL}, {"stderr", ADDRESS_STDERR}, {"none", ADDRESS_NONE}};
  if (text[0] == '/') {
    return parse_path(text, address, why);
  }
  for (size_t i = 0; i < sizeof words / sizeof *words; i++) {
    if (strcasecmp(text, words[i].name) == 0) {
      *address = (struct log_address){.kind = words[i].kind};
      return 0;
    }
  }
  return parse_udp(text, address, why);
}

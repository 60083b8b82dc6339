/* Fuzz target: a log address, and where a line would go by it. */
#include <arpa/inet.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/un.h>

#include "ntp_monitor/config.h"
#include "ntp_monitor/env.h"
#include "ntp_monitor/log.h"
#include "ntp_monitor/log_address.h"
#include "ntp_monitor/net.h"
#include "ntp_monitor/source.h"
#include "ntp_monitor/why.h"
#include "tests/fuzz/fuzz.h"

/* An address, a link-local one with its zone. */
static bool is_literal(const char *host) {
  unsigned char v6[16];
  char number[INET6_ADDRSTRLEN];
  size_t length = strcspn(host, "%");
  if (inet_pton(AF_INET, host, v6) == 1) {
    return true;
  }
  if (length >= sizeof number) {
    return false;
  }
  memcpy(number, host, length);
  number[length] = '\0';
  bool link_local = inet_pton(AF_INET6, number, v6) == 1 && v6[0] == 0xfe && (v6[1] & 0xc0) == 0x80;
  return inet_pton(AF_INET6, number, v6) == 1 && link_local == (host[length] == '%');
}

/* A parsed address, printed and parsed again, is the same. */
static void check_udp(const char *text, const struct log_address *address) {
  static void *host;
  char again[ADDRESS_TEXT_BYTES + 16];
  struct log_address back;
  struct why why;
  bool v6 = strchr(address->text, ':') != NULL;
  text += strncmp(text, "udp://", 6) == 0 ? 6 : 0;
  MUST(address->port > 0);
  MUST(v6 ? is_literal(address->text) : fuzz_matches(&host, "[A-Za-z0-9._-]+", address->text));
  MUST(address->text[0] != '-' && strstr(text, address->text) != NULL);
  (void)snprintf(again, sizeof again, v6 ? "[%s]:%u" : "%s:%u", address->text, address->port);
  MUST(log_address_parse(again, &back, &why) == 0 || strlen(again) >= ADDRESS_TEXT_BYTES);
  MUST(strlen(again) >= ADDRESS_TEXT_BYTES ||
       (back.kind == ADDRESS_UDP && back.port == address->port &&
        strcmp(back.text, address->text) == 0));
  /* A number behind the last colon is the port, a colon alone is none. */
  const char *end = strrchr(text, ':');
  if (end != NULL && (!v6 || end[-1] == ']')) {
    MUST(strtoull(end + 1, NULL, 10) == address->port);
  } else {
    MUST(address->port == ADDRESS_SYSLOG_PORT);
  }
}

static void check_resolved(const struct log_address *address) {
  struct net_address found[NET_ADDRESSES];
  struct why why;
  int count = net_resolve(address->text, address->port, INT64_MAX, found, &why);
  if (count == -ENODEV) { /* a zone that this machine has not */
    MUST(strchr(address->text, '%') != NULL);
    return;
  }
  MUST(count == (is_literal(address->text) ? 1 : 2));
  for (int i = 0; i < count; i++) {
    const struct sockaddr_in *v4 = (const struct sockaddr_in *)&found[i].socket;
    const struct sockaddr_in6 *v6 = (const struct sockaddr_in6 *)&found[i].socket;
    bool is_v4 = v4->sin_family == AF_INET;
    MUST(is_v4 || v6->sin6_family == AF_INET6);
    MUST((is_v4 ? v4->sin_port : v6->sin6_port) == htons(address->port));
    MUST(found[i].length_bytes == (is_v4 ? sizeof *v4 : sizeof *v6));
  }
}

/* No destination twice, the wanted one first, stderr last. */
static void check_chain(const char *text, const struct log_address *address) {
  static struct config config;
  static struct log log;
  struct why why;
  config_init(&config, source_check);
  int error = config_set(&config, config_find("logging", "syslog_address"), text,
                         &config_command_line, &why);
  MUST((error == 0) == (strlen(text) < CONFIG_TEXT_BYTES));
  if (error != 0) {
    return;
  }
  log_init(&log, fuzz_env(), &config);
  if (address->kind == ADDRESS_NONE) {
    MUST(log.destination_count == 0);
    return;
  }
  MUST(log.destination_count >= 1 && log.destination_count <= LOG_DESTINATIONS_MAX);
  MUST(log.destinations[0].kind == address->kind &&
       strcmp(log.destinations[0].text, address->text) == 0);
  MUST(log.destinations[log.destination_count - 1].kind == ADDRESS_STDERR);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
  struct bytes bytes = {data, size};
  char *text = fuzz_text(&bytes, size);
  struct log_address address;
  struct log_address before;
  struct why why;
  memset(&address, 0xaa, sizeof address);
  before = address;
  int error = log_address_parse(text, &address, &why);
  if (error != 0) {
    MUST(error == -EINVAL && memcmp(&address, &before, sizeof address) == 0);
    fuzz_why(&why, REASON_CONFIG);
  } else if (address.kind == ADDRESS_LOCAL) {
    MUST(text[0] == '/' && strcmp(text, address.text) == 0);
    MUST(strlen(text) < sizeof((struct sockaddr_un *)0)->sun_path);
  } else if (address.kind == ADDRESS_UDP) {
    check_udp(text, &address);
    if (is_literal(address.text) || strcasecmp(address.text, "localhost") == 0) {
      check_resolved(&address);
    }
  }
  if (error == 0) {
    check_chain(text, &address);
  }
  free(text);
  return 0;
}

/* The target of a printed report, as users write it. */
#include "ntp_monitor/output_target.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "ntp_monitor/net_hostport.h"
#include "ntp_monitor/why.h"

static int output_target_refuse(struct why *why, const char *text, const char *reason) {
  return why_set(why, REASON_CONFIG, -EINVAL, "'%.80s' %s", text, reason);
}

/* Copies text to plain with a % for %25, which a URL may have before the zone of an IPv6 address
 * (RFC 6874). */
static void unescape_zone(const char *text, char plain[TARGET_TEXT_BYTES]) {
  const char *zone = strstr(text, "%25");
  (void)snprintf(plain, TARGET_TEXT_BYTES, "%s", text);
  if (zone != NULL) {
    (void)snprintf(plain + (zone - text), TARGET_TEXT_BYTES - (size_t)(zone - text), "%%%s",
                   zone + 3);
  }
}

/* Parses the host:port after the scheme. Refuses a path, which would be ignored in silence. */
static int parse_host(const char *text, size_t scheme_bytes, struct output_target *target,
                      struct why *why) {
  struct net_hostport server;
  bool udp = target->kind == TARGET_UDP;
  const char *host = text + scheme_bytes;
  char plain[TARGET_TEXT_BYTES];
  if (strchr(host, '@') != NULL) { /* not quoted: it would stand in a log */
    return why_set(why, REASON_CONFIG, -EINVAL,
                   "contains a password: use the keys of section [influx] for that");
  }
  if (strchr(host, '/') != NULL) {
    return output_target_refuse(why, text, "has a path: write only scheme://host:port");
  }
  unescape_zone(text, plain);
  if (net_hostport_parse(plain + scheme_bytes, udp ? 0 : 8086, NULL, &server, why) != 0) {
    return -EINVAL;
  }
  target->port = server.port;
  (void)snprintf(target->text, sizeof target->text, "%s", udp ? server.host : plain);
  return 0;
}

/* Checks a path, or what was probably meant as something else. Returns what is wrong, or NULL. */
static const char *object_to_path(const char *text, bool relative) {
  bool colon = strchr(text, ':') != NULL;
  if (strstr(text, "://") != NULL) {
    return "is neither a file nor udp://, http:// or https://";
  }
  if (text[0] != '/' && !relative) {
    if (colon) {
      return "is not an absolute path; write udp://, http:// or https:// before a host";
    }
    return "is not an absolute path";
  }
  if (strcmp(text, "-") == 0) {
    return "is not a file: for stdout, write only the format";
  }
  if (relative && colon && strchr(text, '/') == NULL) {
    return "looks like a host: write udp://, http:// or https:// before a host, ./ before a file "
           "name";
  }
  if (text[strlen(text) - 1] == '/') {
    return "names a directory, not a file";
  }
  return NULL;
}

int output_target_parse(const char *text, bool relative, struct output_target *target,
                        struct why *why) {
  static const struct {
    const char *scheme;
    enum target_kind kind;
  } schemes[] = {{"udp://", TARGET_UDP}, {"http://", TARGET_HTTP}, {"https://", TARGET_HTTP}};
  struct output_target parsed = {.kind = TARGET_FILE};
  if (text[0] == '\0') {
    return output_target_refuse(why, text, "is not a file");
  }
  if (strlen(text) >= sizeof parsed.text) {
    return output_target_refuse(why, text, "is too long");
  }
  for (size_t i = 0; i < sizeof schemes / sizeof *schemes; i++) {
    size_t bytes = strlen(schemes[i].scheme);
    if (strncmp(text, schemes[i].scheme, bytes) == 0) {
      parsed.kind = schemes[i].kind;
      if (parse_host(text, bytes, &parsed, why) != 0) {
        return -EINVAL;
      }
      *target = parsed;
      return 0;
    }
  }
  const char *objection = object_to_path(text, relative);
  if (objection != NULL) {
    return output_target_refuse(why, text, objection);
  }
  (void)strcpy(parsed.text, text);
  *target = parsed;
  return 0;
}

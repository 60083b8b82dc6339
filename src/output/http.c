/*
 * The output http: posts a report to InfluxDB, through the plug-in.
 *
 * This file builds the request and judges the answer; the plug-in only carries them, and is opened
 * once the request is complete. It is never closed: libcurl and its TLS library are not made to be
 * unloaded, and the process is about to exit.
 */
#include <arpa/inet.h>
#include <dlfcn.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "ntp_monitor/aside.h"
#include "ntp_monitor/ask.h"
#include "ntp_monitor/clock.h"
#include "ntp_monitor/config.h"
#include "ntp_monitor/env.h"
#include "ntp_monitor/net.h"
#include "ntp_monitor/net_hostport.h"
#include "ntp_monitor/output.h"
#include "ntp_monitor/trace.h"
#include "ntp_monitor/trusted.h"
#include "ntp_monitor/why.h"
#include "output/blank.h"
#include "output/influx_api.h"
#include "output/plugin_http.h"
#include "output/secret.h"

#define PLUGIN_PATH NTP_MONITOR_PLUGINS "/http.so"

/* HOST:PORT: and, for each address, [IPv6] and a comma. */
enum { ADDRESSES_BYTES = NET_HOST_BYTES + 8 + NET_ADDRESSES * (INET6_ADDRSTRLEN + 3) };

/* Everything one request holds. Its secrets are cleared once it has been sent. */
struct post {
  const char *to; /* the URL as the user wrote it, for messages */
  enum influx_api api;
  const char *secret_name; /* shown in the trace: the keys of [influx] that the secret comes from */
  char url[INFLUX_URL_BYTES];
  char addresses[ADDRESSES_BYTES];
  char secret[SECRET_BYTES];
  char authorization[SECRET_BYTES + 32];
  const char *headers[5];
  struct http_request request;
};

/* --- the request ------------------------------------------------------------ */

/* Prints ",ADDRESS" as CURLOPT_RESOLVE expects it (IPv6 in brackets), the first without its comma.
 * Returns the length. */
static int print_address(char *out, size_t size_bytes, const struct sockaddr_storage *socket,
                         bool first) {
  char text[INET6_ADDRSTRLEN] = "";
  const char *comma = first ? "" : ",";
  if (socket->ss_family == AF_INET6) {
    const struct sockaddr_in6 *v6 = (const struct sockaddr_in6 *)socket;
    (void)inet_ntop(AF_INET6, &v6->sin6_addr, text, sizeof text);
    return snprintf(out, size_bytes, "%s[%s]", comma, text);
  }
  const struct sockaddr_in *v4 = (const struct sockaddr_in *)socket;
  (void)inet_ntop(socket->ss_family, &v4->sin_addr, text, sizeof text);
  return snprintf(out, size_bytes, "%s%s", comma, text);
}

/* Resolves a name, since libcurl's resolver keeps no deadline: 0 or a negative errno with why. */
static int resolve_host(struct post *post, const struct net_hostport *server, const struct ask *ask,
                        struct why *why) {
  struct net_address found[NET_ADDRESSES];
  struct in_addr literal;
  struct why inner = {.text = ""};
  /* Only an IPv6 address has a colon; one with a zone is none to inet_pton(3). */
  if (strchr(server->host, ':') != NULL || inet_pton(AF_INET, server->host, &literal) == 1) {
    return 0;
  }
  int count = net_resolve(server->host, server->port, ask->deadline_ns, found, &inner);
  if (count < 0) {
    return why_set(why, REASON_CONFIG, count, "%s: %s", post->to, inner.text);
  }
  int used = snprintf(post->addresses, sizeof post->addresses, "%s:%u:", server->host,
                      (unsigned)server->port);
  for (int i = 0; i < count; i++) {
    used += print_address(post->addresses + used, sizeof post->addresses - (size_t)used,
                          &found[i].socket, i == 0);
  }
  trace_add(ask->env->trace, "http: %s resolves to %s", server->host, post->addresses);
  post->request.addresses = post->addresses;
  return 0;
}

/* Sets the URL and the addresses of its host. Returns 0 or a negative errno with why. */
static int set_url(struct post *post, const struct output_target *target, const struct ask *ask,
                   struct why *why) {
  char base[TARGET_TEXT_BYTES + 16];
  struct net_hostport server;
  const char *rest = strstr(target->text, "://") + 3;
  int error = net_hostport_parse(rest, target->port, NULL, &server, why);
  if (error != 0) {
    return error;
  }
  bool v6 = strchr(server.host, ':') != NULL;
  (void)snprintf(base, sizeof base, v6 ? "%.*s[%s]:%u" : "%.*s%s:%u", (int)(rest - target->text),
                 target->text, server.host, (unsigned)server.port);
  error = influx_url(ask->config, post->api, base, post->url);
  if (error != 0) {
    return why_set(why, REASON_CONFIG, error, "%s: the URL is too long", post->to);
  }
  post->request.url = post->url;
  return resolve_host(post, &server, ask, why);
}

/* Adds the credentials that the configuration names, if any: 0 or a negative errno with why. */
static int authorize(struct post *post, const struct ask *ask, struct why *why) {
  const char *key = "password_file";
  const char *file = ask->config->influx_password_file;
  if (post->api == INFLUX_2) {
    key = "token_file";
    file = ask->config->influx_token_file;
  }
  struct why inner;
  if (file[0] == '\0') {
    return 0;
  }
  int error = secret_read(file, ask, post->secret, &inner);
  if (error != 0) {
    return why_set(why, REASON_CONFIG, error, "%s: %s: %s", post->to, key, inner.text);
  }
  if (post->api == INFLUX_2) {
    post->secret_name = "token_file";
    (void)snprintf(post->authorization, sizeof post->authorization, "Authorization: Token %s",
                   post->secret);
  } else {
    post->secret_name = "username and password_file";
    post->request.user = ask->config->influx_username;
    post->request.password = post->secret;
  }
  return 0;
}

/* --- the plug-in -------------------------------------------------------------- */

/* Refuses a plug-in that someone other than root could change. */
static int check_plugin(const char *to, struct why *why) {
  struct stat status;
  if (stat(PLUGIN_PATH, &status) != 0 || trusted_is_roots(&status)) {
    return 0;
  }
  return why_set(why, REASON_CONFIG, -EPERM,
                 "%s: the plug-in " PLUGIN_PATH
                 " belongs to uid %u with mode %04o, but root loads it only if nobody else "
                 "can write to it" WHY_ADVICE "reinstall it (sudo make install)",
                 to, (unsigned)status.st_uid, (unsigned)status.st_mode & 07777);
}

/* Loads the plug-in. Returns NULL with why if it is missing or of another version. */
static const struct http_plugin *open_plugin(const char *to, struct why *why) {
  /* The TLS library would write the keys of the connection to the file this names. */
  (void)unsetenv("SSLKEYLOGFILE");
  void *object = dlopen(PLUGIN_PATH, RTLD_NOW | RTLD_LOCAL);
  const struct http_plugin *plugin = NULL;
  if (object != NULL) {
    plugin = dlsym(object, HTTP_PLUGIN_NAME);
  }
  if (plugin == NULL) {
    (void)why_set(why, REASON_CONFIG, -ENOENT,
                  "%s: cannot load the http plug-in: %s" WHY_ADVICE
                  "install it (make install, with libcurl4-openssl-dev) and libcurl4",
                  to, dlerror());
    return NULL;
  }
  if (strcmp(plugin->version, NTP_MONITOR_VERSION) != 0) {
    (void)why_set(why, REASON_CONFIG, -EINVAL,
                  "%s: the plug-in " PLUGIN_PATH " has version %s, the program " NTP_MONITOR_VERSION
                  ": reinstall both",
                  to, plugin->version);
    return NULL;
  }
  return plugin;
}

/* --- the answer --------------------------------------------------------------- */

/* Blanks the secret, which a server or a proxy may echo, before text reaches a log. */
static void blank_credentials(const struct post *post, char *text) {
  char pair[CONFIG_TEXT_BYTES + SECRET_BYTES];
  char packed[4 * sizeof pair / 3 + 4];
  blank_secret(text, post->secret);
  if (post->request.user != NULL) {
    (void)snprintf(pair, sizeof pair, "%s:%s", post->request.user, post->secret);
    (void)blank_base64(packed, sizeof packed, pair);
    blank_secret(text, packed);
    explicit_bzero(pair, sizeof pair);
    explicit_bzero(packed, sizeof packed);
  }
}

/* Returns 0 if the server took the report. Only status 204 says so; any web server answers 200. */
static int judge_answer(const struct post *post, const struct http_answer *answer,
                        struct why *why) {
  char reason[INFLUX_REASON_BYTES];
  long status = answer->status;
  if (status == 204) {
    return 0;
  }
  if (status >= 300 && status < 400) {
    return why_set(
        why, REASON_CONFIG, -EREMOTEIO,
        "%s: HTTP status %ld: redirect not followed%s%s" WHY_ADVICE "name the server itself",
        post->to, status, answer->location[0] != '\0' ? ", it points to " : "", answer->location);
  }
  influx_reason(answer->body, reason);
  blank_credentials(post, reason); /* again: unescaping may have uncovered it */
  return why_set(why, REASON_CONFIG, -EREMOTEIO, "%s: HTTP status %ld%s%s%s", post->to, status,
                 reason[0] != '\0' ? ": " : "", reason, influx_advice(post->api, status));
}

static int send_post(struct post *post, const struct ask *ask, struct why *why) {
  static struct http_answer answer;
  char words[HTTP_ERROR_BYTES] = "";
  int error = -ETIMEDOUT;
  if (ask->env->uid == 0 && check_plugin(post->to, why) != 0) {
    return -ENOENT;
  }
  const struct http_plugin *plugin = open_plugin(post->to, why);
  if (plugin == NULL) {
    return -ENOENT;
  }
  post->headers[0] = "User-Agent: ntp_monitor/" NTP_MONITOR_VERSION;
  post->headers[1] = "Content-Type: text/plain; charset=utf-8";
  post->headers[2] = "Expect:"; /* none: a small body is not worth the round trip */
  if (post->authorization[0] != '\0') {
    post->headers[3] = post->authorization;
  }
  post->request.headers = post->headers;
  post->request.timeout_ms = clock_left_ms(ask->deadline_ns);
  if (post->request.timeout_ms > 0) {
    error = plugin->post(&post->request, &answer, words);
  }
  if (error != 0) {
    blank_credentials(post, words);
    return why_set(why, REASON_CONFIG, error, "%s: %s", post->to,
                   words[0] != '\0' ? words : "no time left to send");
  }
  blank_credentials(post, answer.body);
  blank_credentials(post, answer.location);
  trace_add(ask->env->trace, "http: status %ld: %.256s", answer.status, answer.body);
  return judge_answer(post, &answer, why);
}

/* Builds and sends post. The caller clears the secrets in it, also on failure. */
static int make_post(struct post *post, const struct output_target *target, const struct ask *ask,
                     struct why *why) {
  int error = authorize(post, ask, why);
  if (error != 0) {
    return error;
  }
  error = set_url(post, target, ask, why);
  if (error != 0) {
    return error;
  }
  trace_add(ask->env->trace, "http: POST %s, %zu bytes, with %s", post->url,
            post->request.body_bytes, post->secret_name);
  return send_post(post, ask, why);
}

static int http_deliver(const struct output_target *target, const char *text, size_t bytes,
                        const struct ask *ask, struct why *why) {
  struct post post = {.to = target->text,
                      .secret_name = "no secret",
                      .request = {.body = text, .body_bytes = bytes}};
  struct why inner;
  const char *key = NULL;
  int error = config_find_influx(ask->config, &post.api, &key, &inner);
  if (error != 0 && key != NULL) {
    return why_set(why, REASON_CONFIG, error, "%s: %s: %s", post.to, key, inner.text);
  }
  if (error != 0) {
    return why_set(why, REASON_CONFIG, error, "%s: %s", post.to, inner.text);
  }
  if (ask->config->influx_ca_file[0] != '\0') {
    post.request.ca_file = ask->config->influx_ca_file;
  }
  if (post.request.ca_file != NULL && aside_await(post.request.ca_file, ask->deadline_ns) != 0) {
    return why_set(why, REASON_CONFIG, -EREMOTE, "%s: ca_file: %s: " ASIDE_SILENT, post.to,
                   post.request.ca_file);
  }
  error = make_post(&post, target, ask, why);
  explicit_bzero(&post, sizeof post);
  return error;
}

const struct output output_http = {.deliver = http_deliver};

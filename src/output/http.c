/*
 * The output http: posts a report to InfluxDB, through the plug-in.
 *
 * What is asked of the server is put together here, and its answer judged; the plug-in is opened
 * when all is ready, and only carries. It stays open: libcurl and its TLS library are not made to
 * be unloaded, and the process ends.
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
#include "ntp_monitor/log_address.h"
#include "ntp_monitor/net.h"
#include "ntp_monitor/output.h"
#include "ntp_monitor/trace.h"
#include "ntp_monitor/why.h"
#include "output/blank.h"
#include "output/influx_api.h"
#include "output/plugin_http.h"
#include "output/secret.h"

#define PLUGIN_PATH NTP_MONITOR_PLUGINS "/http.so"

/* [IPv6] and a comma each, behind HOST:PORT:. */
enum { ADDRESSES_BYTES = ADDRESS_TEXT_BYTES + 8 + NET_ADDRESSES * (INET6_ADDRSTRLEN + 3) };

/* All that one request holds; the secrets in it are cleared when it was made. */
struct post {
  const char *to; /* the URL as it was written, for what is said */
  enum influx_api api;
  const char *secret_key; /* of [influx], or NULL: none */
  char url[INFLUX_URL_BYTES];
  char addresses[ADDRESSES_BYTES];
  char secret[SECRET_BYTES];
  char authorization[SECRET_BYTES + 32];
  const char *headers[5];
  struct http_request request;
};

/* --- the request ------------------------------------------------------------ */

/* Looks the host up, for libcurl's own way to do so keeps no deadline: 0 or a negative errno with
 * why. */
static int find_host(struct post *post, const struct log_address *host, const struct ask *ask,
                     struct why *why) {
  struct net_address found[NET_ADDRESSES];
  struct in6_addr literal;
  struct why inner = {.text = ""};
  if (inet_pton(AF_INET, host->text, &literal) == 1 ||
      inet_pton(AF_INET6, host->text, &literal) == 1) {
    return 0;
  }
  int count = net_resolve(host->text, host->port, ask->deadline_ns, found, &inner);
  if (count < 0) {
    return why_set(why, REASON_CONFIG, count, "%s: %s", post->to, inner.text);
  }
  int used =
      snprintf(post->addresses, sizeof post->addresses, "%s:%u:", host->text, (unsigned)host->port);
  for (int i = 0; i < count; i++) {
    char text[INET6_ADDRSTRLEN] = "";
    const struct sockaddr_storage *socket = &found[i].socket;
    bool v6 = socket->ss_family == AF_INET6;
    const void *address = v6 ? (const void *)&((const struct sockaddr_in6 *)socket)->sin6_addr
                             : (const void *)&((const struct sockaddr_in *)socket)->sin_addr;
    (void)inet_ntop(socket->ss_family, address, text, sizeof text);
    used += snprintf(post->addresses + used, sizeof post->addresses - (size_t)used,
                     v6 ? "%s[%s]" : "%s%s", i > 0 ? "," : "", text);
  }
  trace_add(ask->env->trace, "http: %s is at %s", host->text, post->addresses);
  post->request.addresses = post->addresses;
  return 0;
}

/* Where to: 0 or a negative errno with why. */
static int aim(struct post *post, const struct output_target *target, const struct ask *ask,
               struct why *why) {
  char base[TARGET_TEXT_BYTES + 16];
  struct log_address host;
  const char *rest = strstr(target->text, "://") + 3;
  int error = log_address_parse_server(rest, target->port, &host, why);
  if (error == 0) {
    bool v6 = strchr(host.text, ':') != NULL;
    (void)snprintf(base, sizeof base, v6 ? "%.*s[%s]:%u" : "%.*s%s:%u", (int)(rest - target->text),
                   target->text, host.text, (unsigned)host.port);
    error = influx_url(ask->config, post->api, base, post->url);
    error = error == 0 ? find_host(post, &host, ask, why)
                       : why_set(why, REASON_CONFIG, error, "%s: the URL is too long", post->to);
  }
  post->request.url = post->url;
  return error;
}

/* Who we are: 0 or a negative errno with why. */
static int authorize(struct post *post, const struct ask *ask, struct why *why) {
  struct why inner;
  bool token = post->api == INFLUX_2;
  const char *file = token ? ask->config->influx_token_file : ask->config->influx_password_file;
  if (file[0] == '\0') {
    return 0;
  }
  post->secret_key = token ? "token_file" : "username and password_file";
  int error = secret_read(file, ask, post->secret, &inner);
  if (error != 0) {
    return why_set(why, REASON_CONFIG, error, "%s: %s: %s", post->to,
                   token ? "token_file" : "password_file", inner.text);
  }
  if (token) {
    (void)snprintf(post->authorization, sizeof post->authorization, "Authorization: Token %s",
                   post->secret);
  } else {
    post->request.user = ask->config->influx_username;
    post->request.password = post->secret;
  }
  return 0;
}

/* --- the plug-in -------------------------------------------------------------- */

/* Code that others could change is nothing for root: as with the configuration. */
static int check_plugin(const char *to, struct why *why) {
  struct stat status;
  if (stat(PLUGIN_PATH, &status) != 0 ||
      (status.st_uid == 0 && (status.st_mode & (S_IWGRP | S_IWOTH)) == 0)) {
    return 0;
  }
  return why_set(why, REASON_CONFIG, -EPERM,
                 "%s: the plug-in " PLUGIN_PATH
                 " belongs to uid %u with mode %04o, and root opens it only where nobody else may "
                 "write" WHY_ADVICE "install it anew (sudo make install)",
                 to, (unsigned)status.st_uid, (unsigned)status.st_mode & 07777);
}

static const struct http_plugin *open_plugin(const char *to, struct why *why) {
  /* Where it points, the keys of a connection would be written for others to read. */
  (void)unsetenv("SSLKEYLOGFILE");
  void *object = dlopen(PLUGIN_PATH, RTLD_NOW | RTLD_LOCAL);
  const struct http_plugin *plugin = object != NULL ? dlsym(object, HTTP_PLUGIN_NAME) : NULL;
  if (plugin == NULL) {
    (void)why_set(why, REASON_CONFIG, -ENOENT,
                  "%s: the plug-in http cannot be opened: %s" WHY_ADVICE
                  "install it (make install, with libcurl4-openssl-dev) and libcurl4",
                  to, dlerror());
  } else if (strcmp(plugin->version, NTP_MONITOR_VERSION) != 0) {
    (void)why_set(why, REASON_CONFIG, -EINVAL,
                  "%s: the plug-in " PLUGIN_PATH
                  " is of version %s and the program of " NTP_MONITOR_VERSION ": install both anew",
                  to, plugin->version);
    plugin = NULL;
  }
  return plugin;
}

/* --- the answer --------------------------------------------------------------- */

/* What a server or something on the way repeats of the request is not for a log. */
static void blank(const struct post *post, char *text) {
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

/* 0 where the server took it, which is status 204 alone: 200 is what any other server says, too. */
static int http_judge(const struct post *post, const struct http_answer *answer, struct why *why) {
  char reason[INFLUX_REASON_BYTES];
  const char *advice = "";
  long status = answer->status;
  if (status == 204) {
    return 0;
  }
  if (status >= 300 && status < 400) {
    return why_set(
        why, REASON_CONFIG, -EREMOTEIO,
        "%s: HTTP status %ld: a redirect is not followed%s%s" WHY_ADVICE "name the server itself",
        post->to, status, answer->location[0] != '\0' ? ", it leads to " : "", answer->location);
  }
  influx_reason(answer->body, reason);
  blank(post, reason); /* escapes within escapes */
  if (status == 401 || status == 403) {
    advice = post->secret_key != NULL ? post->secret_key : "username and password_file";
  } else if (status == 404) {
    advice = post->api == INFLUX_2 ? "org and bucket" : "database";
  }
  return why_set(why, REASON_CONFIG, -EREMOTEIO, "%s: HTTP status %ld%s%s%s%s%s", post->to, status,
                 reason[0] != '\0' ? ": " : "", reason,
                 advice[0] != '\0' ? WHY_ADVICE "check " : "", advice,
                 advice[0] != '\0' ? " in [influx]" : "");
}

static int send_post(struct post *post, const struct ask *ask, struct why *why) {
  static struct http_answer answer;
  char words[HTTP_ERROR_BYTES] = "";
  int refused = ask->env->uid == 0 ? check_plugin(post->to, why) : 0;
  const struct http_plugin *plugin = refused == 0 ? open_plugin(post->to, why) : NULL;
  if (plugin == NULL) {
    return -ENOENT;
  }
  post->headers[0] = "User-Agent: ntp_monitor/" NTP_MONITOR_VERSION;
  post->headers[1] = "Content-Type: text/plain; charset=utf-8";
  post->headers[2] = "Expect:"; /* none: there is nothing to spare by waiting */
  post->headers[3] = post->authorization[0] != '\0' ? post->authorization : NULL;
  post->request.headers = post->headers;
  post->request.timeout_ms = clock_left_ms(ask->deadline_ns);
  int error =
      post->request.timeout_ms > 0 ? plugin->post(&post->request, &answer, words) : -ETIMEDOUT;
  if (error != 0) {
    blank(post, words);
    return why_set(why, REASON_CONFIG, error, "%s: %s", post->to,
                   words[0] != '\0' ? words : "no time is left to send");
  }
  blank(post, answer.body);
  blank(post, answer.location);
  trace_add(ask->env->trace, "http: status %ld: %.256s", answer.status, answer.body);
  return http_judge(post, &answer, why);
}

static int http_deliver(const struct output_target *target, const char *text, size_t bytes,
                        const struct ask *ask, struct why *why) {
  struct post post = {.to = target->text};
  struct why inner;
  const char *key = NULL;
  int error = config_find_influx(ask->config, &post.api, &key, &inner);
  if (error != 0) {
    return why_set(why, REASON_CONFIG, error, "%s: %s%s%s", post.to, key != NULL ? key : "",
                   key != NULL ? ": " : "", inner.text);
  }
  post.request.body = text;
  post.request.body_bytes = bytes;
  post.request.ca_file =
      ask->config->influx_ca_file[0] != '\0' ? ask->config->influx_ca_file : NULL;
  if (post.request.ca_file != NULL && aside_await(post.request.ca_file, ask->deadline_ns) != 0) {
    return why_set(why, REASON_CONFIG, -EREMOTE, "%s: ca_file: %s: " ASIDE_SILENT, post.to,
                   post.request.ca_file);
  }
  error = authorize(&post, ask, why);
  error = error != 0 ? error : aim(&post, target, ask, why);
  if (error == 0) {
    trace_add(ask->env->trace, "http: POST %s, %zu bytes, with %s", post.url, bytes,
              post.secret_key != NULL ? post.secret_key : "no secret");
    error = send_post(&post, ask, why);
  }
  explicit_bzero(&post, sizeof post);
  return error;
}

const struct output output_http = {.kind = TARGET_HTTP, .deliver = http_deliver};

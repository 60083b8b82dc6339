/*
 * The interface between the output http and its plug-in: one request, one answer.
 *
 * The plug-in is a shared object linked against libcurl, so that only a run that posts pays for
 * loading libcurl. It exports one struct http_plugin under the name HTTP_PLUGIN_NAME, and uses
 * nothing of the program.
 */
#ifndef NTP_MONITOR_PLUGIN_HTTP_H
#define NTP_MONITOR_PLUGIN_HTTP_H

#include <stddef.h>

/* The folder of plug-ins, which the Makefile derives from PREFIX. It never comes from the
 * environment, which the user who starts the program controls. */
#ifndef NTP_MONITOR_PLUGINS
#define NTP_MONITOR_PLUGINS "/usr/local/lib/ntp_monitor"
#endif

#define HTTP_PLUGIN_NAME "http_plugin"

enum { HTTP_ANSWER_BYTES = 4096, HTTP_LOCATION_BYTES = 512, HTTP_ERROR_BYTES = 512 };

/* The caller owns all texts. */
struct http_request {
  const char *url;            /* http:// or https://, with host and port */
  const char *addresses;      /* HOST:PORT:ADDRESS,ADDRESS...; NULL: the host is an address */
  const char *const *headers; /* "Name: value" each, ended by NULL */
  const char *user;           /* for Basic authentication (RFC 7617), or NULL */
  const char *password;
  const char *ca_file; /* certificates to trust, PEM; NULL: the system's */
  const void *body;
  size_t body_bytes;
  int timeout_ms; /* for the whole exchange; more than 0 */
};

struct http_answer {
  long status;                        /* RFC 9110 section 15 */
  char body[HTTP_ANSWER_BYTES];       /* the beginning of the body, a string; not escaped */
  char location[HTTP_LOCATION_BYTES]; /* where a redirect leads, or ""; not escaped */
};

struct http_plugin {
  const char *version; /* must equal the program's */
  /* Posts request. Follows no redirect, uses no proxy, and verifies the certificate. Returns 0 with
   * *answer, or a negative errno (-ETIMEDOUT, -ENOMEM, -EIO) with error in libcurl's words, not
   * escaped. */
  int (*post)(const struct http_request *request, struct http_answer *answer,
              char error[HTTP_ERROR_BYTES]);
};

#endif

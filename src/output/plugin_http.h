/*
 * Between the output http and its plug-in: one request, one answer.
 *
 * The plug-in is a shared object beside the program, linked against libcurl, so that only a run
 * that posts something pays for libcurl. It exports one struct http_plugin by the name
 * HTTP_PLUGIN_NAME, and uses nothing of the program.
 */
#ifndef NTP_MONITOR_PLUGIN_HTTP_H
#define NTP_MONITOR_PLUGIN_HTTP_H

#include <stddef.h>

/* The folder of plug-ins: the Makefile's, from PREFIX. Never the environment's, which whoever
 * starts the program writes. */
#ifndef NTP_MONITOR_PLUGINS
#define NTP_MONITOR_PLUGINS "/usr/local/lib/ntp_monitor"
#endif

#define HTTP_PLUGIN_NAME "http_plugin"

enum { HTTP_ANSWER_BYTES = 4096, HTTP_LOCATION_BYTES = 512, HTTP_ERROR_BYTES = 512 };

/* All texts are the caller's; those that may be NULL say so. */
struct http_request {
  const char *url;            /* http:// or https://, of a host and port that are set */
  const char *addresses;      /* HOST:PORT:ADDRESS,ADDRESS... of that host, or NULL: it is one */
  const char *const *headers; /* "Name: value", ended by NULL */
  const char *user;           /* for Basic authentication (RFC 7617), or NULL */
  const char *password;
  const char *ca_file; /* certificates to believe, PEM, or NULL: the system's */
  const void *body;
  size_t body_bytes;
  int timeout_ms; /* from now until the answer is there, more than 0 */
};

struct http_answer {
  long status;                        /* RFC 9110 section 15 */
  char body[HTTP_ANSWER_BYTES];       /* its beginning, a string; foreign */
  char location[HTTP_LOCATION_BYTES]; /* where a redirect leads, or ""; foreign */
};

struct http_plugin {
  const char *version; /* the program's and its own are of one build */
  /* POSTs; follows no redirect, asks no proxy, and trusts no certificate but a good one. 0 with
   * *answer, or a negative errno (-ETIMEDOUT) with error in libcurl's words, foreign. */
  int (*post)(const struct http_request *request, struct http_answer *answer,
              char error[HTTP_ERROR_BYTES]);
};

#endif

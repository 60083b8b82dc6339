/* One HTTP request and its answer: the subset of HTTP/1.1 that --inetd understands (RFC 9110, RFC
 * 9112). */
#ifndef NTP_MONITOR_INETD_H
#define NTP_MONITOR_INETD_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct env;
struct report;
struct why;

enum { INETD_REQUEST_BYTES = 8192, INETD_HEAD_BYTES = 512, INETD_BODY_BYTES = 128 };

/* The HTTP statuses that are used (RFC 9110 section 15, RFC 6585 section 5). */
enum inetd_status {
  INETD_MORE = 0, /* none yet: the request has not ended */
  INETD_OK = 200,
  INETD_BAD = 400,
  INETD_NOT_FOUND = 404,
  INETD_NO_METHOD = 405,
  INETD_SLOW = 408,
  INETD_LONG_LINE = 414,
  INETD_LONG_HEAD = 431,
  INETD_FAILED = 500,
  INETD_UNWELL = 503,
  INETD_NO_VERSION = 505
};

enum inetd_page { INETD_METRICS, INETD_HEALTH };

struct inetd_request {
  enum inetd_page page; /* valid if the status is INETD_OK */
  bool head;            /* HEAD: the answer has no body */
};

/* --- pure: src/inetd/inetd_http.c ------------------------------------------------------ */

/* Parses the first bytes of a request, at most INETD_REQUEST_BYTES; text is not a string. Returns
 * INETD_OK with *request, INETD_MORE, or the status to refuse it with. */
enum inetd_status inetd_parse(const char *text, size_t bytes, struct inetd_request *request);

/* Writes the head of an answer whose body has body_bytes and is a metrics page or a line of text.
 * now_ns is CLOCK_REALTIME. Returns the length. */
size_t inetd_print_head(char head[INETD_HEAD_BYTES], enum inetd_status status, bool metrics,
                        size_t body_bytes, int64_t now_ns);

/* Writes the body of a refusal: one line. */
void inetd_print_refusal(char body[INETD_BODY_BYTES], enum inetd_status status);

/* --- on stdin and stdout: src/inetd/inetd_talk.c ------------------------------------ */

/* True if the command line, valid or not, contains --inetd. */
bool inetd_wanted(int argc, char *const argv[]);

/* Points stderr to /dev/null if it is the connection, so that no message becomes part of the
 * answer. Must be called before anything can write to stderr. */
void inetd_begin(void);

/* Waits for the request until deadline_ns (CLOCK_MONOTONIC). Returns INETD_OK with *request, the
 * status to refuse it with, or INETD_MORE if the peer closed the connection without sending
 * anything. */
enum inetd_status inetd_receive(struct inetd_request *request, int64_t deadline_ns);

/* Sends the answer, and reads the rest of the request so that the answer can arrive. body is NULL
 * for a refusal, which brings its own line. Returns 0 or a negative errno. */
int inetd_answer(const struct inetd_request *request, enum inetd_status status, const char *body,
                 size_t body_bytes, int64_t deadline_ns);

/* --- src/inetd/inetd_serve.c --------------------------------------------------------- */

/* Answers a valid request with its page of report. Returns 0, or a negative errno with why. */
int inetd_serve(const struct inetd_request *request, const struct report *report,
                const struct env *env, struct why *why);

#endif

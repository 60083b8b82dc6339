/* One HTTP request and its answer: what --inetd understands of HTTP/1.1 (RFC 9110, RFC 9112). */
#ifndef NTP_MONITOR_INETD_H
#define NTP_MONITOR_INETD_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct env;
struct report;
struct why;

enum { INETD_REQUEST_BYTES = 8192, INETD_HEAD_BYTES = 512, INETD_BODY_BYTES = 128 };

/* HTTP statuses (RFC 9110 section 15, RFC 6585 section 5) that are answered. */
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
  enum inetd_page page; /* where the status is INETD_OK */
  bool head;            /* HEAD: the answer has no body */
};

/* --- pure: src/inetd/inetd_http.c ------------------------------------------------------ */

/* Reads the first bytes (up to INETD_REQUEST_BYTES, no string) of a request: INETD_OK with
 * *request, INETD_MORE, or how it is refused. */
enum inetd_status inetd_parse(const char *text, size_t bytes, struct inetd_request *request);

/* Writes the head of an answer whose body, of that many bytes, is a metrics page or a line of text.
 * now_ns: CLOCK_REALTIME. Its length. */
size_t inetd_print_head(char head[INETD_HEAD_BYTES], enum inetd_status status, bool metrics,
                        size_t body_bytes, int64_t now_ns);

/* The body of a refusal: one line. */
void inetd_print_refusal(char body[INETD_BODY_BYTES], enum inetd_status status);

/* --- on stdin and stdout: src/inetd/inetd_talk.c ------------------------------------ */

/* Whether the command line, right or wrong, has --inetd in it. */
bool inetd_wanted(int argc, char *const argv[]);

/* First act: what anybody writes to stderr must not become part of the answer. A stderr that is
 * the connection, too, is /dev/null from here on. */
void inetd_begin(void);

/* Waits for the request until deadline_ns (CLOCK_MONOTONIC). INETD_OK with *request, or how it is
 * refused; INETD_MORE: the peer went away without a word. */
enum inetd_status inetd_receive(struct inetd_request *request, int64_t deadline_ns);

/* Answers, and sees to it that the answer can arrive: 0 or a negative errno. body: NULL with a
 * refusal, whose line is known. */
int inetd_answer(const struct inetd_request *request, enum inetd_status status, const char *body,
                 size_t body_bytes, int64_t deadline_ns);

/* --- src/inetd/inetd_serve.c --------------------------------------------------------- */

/* Answers a request that is good with its page of report: 0, or a negative errno with why. */
int inetd_serve(const struct inetd_request *request, const struct report *report,
                const struct env *env, struct why *why);

#endif

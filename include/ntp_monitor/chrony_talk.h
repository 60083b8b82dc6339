/* Questions to chronyd and their answers, over its Unix socket or UDP on the loopback. */
#ifndef NTP_MONITOR_CHRONY_TALK_H
#define NTP_MONITOR_CHRONY_TALK_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include "ntp_monitor/why.h"

struct candm_question;
struct candm_reply;
struct trace;

/* Our own socket file beside chronyd's, which answers only to a path. */
struct chrony_socket {
  int directory; /* its folder; -1: it was not made */
  char name[40]; /* ntp_monitor.PID.sock */
  bool there;    /* something listens on chronyd's socket */
};

/*
 * Connects to the socket at path from a socket file of our own beside it, and removes files of runs
 * killed before. A descriptor, or a negative errno; the caller closes own in either case.
 */
int chrony_socket_open(struct chrony_socket *own, const char *path, pid_t pid);
void chrony_socket_close(struct chrony_socket *own);

/* Returns whether a process has a socket bound to path, by proc(5)'s net/unix, which is readable
 * even if the socket's folder is not. */
bool chrony_socket_listed(const char *path);

/* The routes to chronyd, in chronyc's order: its socket, 127.0.0.1, ::1. */
enum { CHRONY_WAY_SOCKET, CHRONY_WAYS = 3 };

struct chrony_way {
  char name[160]; /* "127.0.0.1 port 323" */
  int fd;         /* -1: closed because of error */
  int error;      /* a negative errno, or 0 */
};

struct chrony_talk {
  struct chrony_way way[CHRONY_WAYS];
  struct chrony_socket own;
  int64_t deadline_ns;
  struct trace *trace;
  const char *flaw;    /* static: what was wrong with the last dropped datagram, or NULL */
  struct why stranger; /* names an untrusted owner of chronyd's socket or port; text "" for none */
};

/* Opens all routes; path may be NULL for UDP only. pid: our own. trace must outlive talk. The
 * caller closes talk even if no route is open. */
void chrony_talk_open(struct chrony_talk *talk, const char *path, uint16_t port, pid_t pid,
                      int64_t deadline_ns, struct trace *trace);

/*
 * Asks over all open routes in turn, and repeats after 1, 2 and 4 s without an answer, as chronyc
 * does. The first answer closes the other routes. Fills question's sequence and attempt. Returns
 * the answer's status (CANDM_SUCCESS is 0), -ETIMEDOUT, -EBADMSG if only other datagrams came
 * (talk->flaw), or the last route's error if all are closed.
 */
int chrony_talk_ask(struct chrony_talk *talk, struct candm_question *question,
                    struct candm_reply *reply);

/* Checks that the owner of the port that answered is trusted: 0, or -EPERM with talk->stranger. */
int chrony_talk_check(struct chrony_talk *talk);

/* Prints how each route tried has failed: "/run/chrony/chronyd.sock: Permission denied, 127.0.0.1
 * port 323: Connection refused, ...". Returns out. */
const char *chrony_talk_words(const struct chrony_talk *talk, char *out, size_t size_bytes);

void chrony_talk_close(struct chrony_talk *talk);

#endif

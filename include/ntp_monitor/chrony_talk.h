/* Questions to chronyd and their answers: over its Unix socket, else UDP on the loopback. */
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

/* Our own socket beside chronyd's, which answers to a path alone. */
struct chrony_socket {
  int directory; /* -1: there is none of ours in it */
  char name[40]; /* ntp_monitor.PID.sock */
  bool there;    /* chronyd has its socket open, as far as can be told */
};

/*
 * Connects to the socket at path, from a file of our own beside it, and removes what former runs
 * left there. A descriptor or a negative errno; own is to be closed in either case.
 */
int chrony_socket_open(struct chrony_socket *own, const char *path, pid_t pid);
void chrony_socket_close(struct chrony_socket *own);

/* Whether some process has a socket bound to path, by proc(5)'s net/unix: it can be read where
 * the socket's folder cannot. */
bool chrony_socket_listed(const char *path);

/* The ways to chronyd, in the order of chronyc: its socket, 127.0.0.1, ::1. */
enum { CHRONY_WAY_SOCKET, CHRONY_WAYS = 3 };

struct chrony_way {
  char name[160]; /* "127.0.0.1 port 323" */
  int fd;         /* -1: closed, for error */
  int error;      /* a negative errno */
};

struct chrony_talk {
  struct chrony_way way[CHRONY_WAYS];
  struct chrony_socket own;
  int64_t deadline_ns;
  struct trace *trace;
  const char *flaw; /* static: what was wrong with the last datagram that was no answer, or NULL */
  struct why stranger; /* who has chronyd's socket or port, and is not believed; text is empty */
};

/* Opens the ways there are; path may be NULL for UDP alone. pid: ours. path and trace must outlive
 * talk, which is to be closed whatever comes of it. */
void chrony_talk_open(struct chrony_talk *talk, const char *path, uint16_t port, pid_t pid,
                      int64_t deadline_ns, struct trace *trace);

/*
 * Asks by the way that answered last, at first by all of them in turn, and again where no answer
 * comes, after 1, 2 and 4 s as chronyc does. Fills question's sequence and attempt. Returns the
 * status of the answer (CANDM_SUCCESS is 0), or -ETIMEDOUT, -EBADMSG where what came was no answer
 * (talk->flaw), or where all ways are closed the last one's error.
 */
int chrony_talk_ask(struct chrony_talk *talk, struct candm_question *question,
                    struct candm_reply *reply);

/* Whether the answers that came are to be believed, by who has the port: 0, or -EPERM with
 * talk->stranger. */
int chrony_talk_check(struct chrony_talk *talk);

/* How each way that was tried failed: "/run/chrony/chronyd.sock: Permission denied, 127.0.0.1 port
 * 323: Connection refused, ...". Returns out. */
const char *chrony_talk_words(const struct chrony_talk *talk, char *out, size_t size_bytes);

void chrony_talk_close(struct chrony_talk *talk);

#endif

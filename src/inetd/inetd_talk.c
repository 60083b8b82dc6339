/*
 * One HTTP request on stdin, its answer on stdout: as inetd(8) and systemd's Accept=yes start a
 * program, with the connection as descriptors 0 and 1, and often 2.
 */
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#include "ntp_monitor/clock.h"
#include "ntp_monitor/inetd.h"
#include "ntp_monitor/net.h"

enum { REST_BYTES = 4096, RESTS = 16, TRIES_MAX = 100 /* in a row, as in net.c */ };

/* How long the rest of a request that was refused is waited for. */
#define REST_WAIT_NS INT64_C(1000000000)

bool inetd_wanted(int argc, char *const argv[]) {
  static const char option[] = "--inetd";
  for (int i = 1; i < argc; i++) {
    size_t length = strcspn(argv[i], "="); /* getopt_long(3) takes what is short for it */
    if (length >= 3 && strncmp(argv[i], option, length) == 0) {
      return true;
    }
  }
  return false;
}

static bool same_file(const struct stat *a, const struct stat *b) {
  return a->st_dev == b->st_dev && a->st_ino == b->st_ino;
}

void inetd_begin(void) {
  struct stat status[3];
  for (int fd = 0; fd < 3; fd++) {
    if (fstat(fd, &status[fd]) != 0) {
      return; /* it is closed, so nothing goes there */
    }
  }
  bool shared = same_file(&status[2], &status[0]) || same_file(&status[2], &status[1]);
  if (!shared || S_ISCHR(status[2].st_mode)) { /* at a terminal there is somebody who reads it */
    return;
  }
  int fd = open("/dev/null", O_WRONLY | O_CLOEXEC);
  fd = fd >= 0 ? fd : open("/", O_PATH | O_CLOEXEC); /* which nothing can be written to */
  if (fd < 0 || dup2(fd, STDERR_FILENO) < 0) {
    (void)close(STDERR_FILENO);
  }
  if (fd >= 0) {
    (void)close(fd);
  }
}

/* What has come, as soon as something has: its length, 0 at the end, or a negative errno. */
static ssize_t read_some(char *text, size_t room, int64_t deadline_ns) {
  for (int tries = 1;; tries++) {
    struct pollfd fd = {.fd = STDIN_FILENO, .events = POLLIN};
    int ready = poll(&fd, 1, clock_left_ms(deadline_ns));
    if (ready > 0) {
      ssize_t bytes = read(STDIN_FILENO, text, room);
      if (bytes >= 0 || (errno != EINTR && errno != EAGAIN) || tries == TRIES_MAX) {
        return bytes >= 0 ? bytes : -errno;
      }
    } else if (ready < 0 && (errno != EINTR || tries == TRIES_MAX)) {
      return -errno;
    }
    if (clock_left_ms(deadline_ns) == 0) {
      return -ETIMEDOUT;
    }
  }
}

enum inetd_status inetd_receive(struct inetd_request *request, int64_t deadline_ns) {
  static char text[INETD_REQUEST_BYTES];
  size_t used = 0;
  enum inetd_status status = INETD_MORE;
  *request = (struct inetd_request){.head = false};
  while (status == INETD_MORE) {
    ssize_t bytes = read_some(text + used, sizeof text - used, deadline_ns);
    if (bytes == -ETIMEDOUT) {
      return INETD_SLOW;
    }
    if (bytes < 0 && bytes != -ECONNRESET) {
      return INETD_FAILED;
    }
    if (bytes <= 0) {
      return used > 0 ? INETD_BAD : INETD_MORE;
    }
    used += (size_t)bytes;
    status = inetd_parse(text, used, request);
  }
  return status;
}

/* What is left unread when a socket is closed makes the kernel reset the connection, and the peer
 * lose the answer (RFC 9112 section 9.6). */
static void let_arrive(int64_t deadline_ns) {
  char rest[REST_BYTES];
  int64_t until_ns = clock_monotonic_ns() + REST_WAIT_NS;
  until_ns = until_ns < deadline_ns ? until_ns : deadline_ns;
  ssize_t bytes = shutdown(STDOUT_FILENO, SHUT_WR) == 0 ? REST_BYTES : 0;
  for (int i = 0; i < RESTS && bytes == REST_BYTES; i++) {
    bytes = net_read_all(STDIN_FILENO, rest, sizeof rest, until_ns);
  }
}

/* A socket is sent to, for poll(2) says of it only that some of this fits. */
static int inetd_talk_put(const char *text, size_t bytes, int64_t deadline_ns) {
  int error = net_send(STDOUT_FILENO, text, bytes, deadline_ns);
  return error == -ENOTSOCK ? net_write(STDOUT_FILENO, text, bytes, deadline_ns) : error;
}

int inetd_answer(const struct inetd_request *request, enum inetd_status status, const char *body,
                 size_t body_bytes, int64_t deadline_ns) {
  char head[INETD_HEAD_BYTES];
  char refusal[INETD_BODY_BYTES];
  bool metrics = body != NULL && request->page == INETD_METRICS;
  if (body == NULL) {
    inetd_print_refusal(refusal, status);
    body = refusal;
    body_bytes = strlen(refusal);
  }
  size_t head_bytes = inetd_print_head(head, status, metrics, body_bytes, clock_realtime_ns());
  int error = inetd_talk_put(head, head_bytes, deadline_ns);
  if (error == 0 && !request->head) {
    error = inetd_talk_put(body, body_bytes, deadline_ns);
  }
  if (error == 0) {
    let_arrive(deadline_ns);
  }
  return error;
}

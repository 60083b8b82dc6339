/*
 * Reads one HTTP request from stdin and answers it on stdout. inetd(8) and systemd's Accept=yes
 * start a program with the connection as descriptors 0 and 1, and often 2.
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

/* The longest wait for the rest of a request after the answer. */
#define REST_WAIT_NS INT64_C(1000000000)

bool inetd_wanted(int argc, char *const argv[]) {
  static const char option[] = "--inetd";
  for (int i = 1; i < argc; i++) {
    size_t length = strcspn(argv[i], "="); /* getopt_long(3) accepts abbreviations */
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
      return; /* with one of them closed, stderr is not the connection */
    }
  }
  bool shared = same_file(&status[2], &status[0]) || same_file(&status[2], &status[1]);
  if (!shared || S_ISCHR(status[2].st_mode)) { /* the user at a terminal reads stderr */
    return;
  }
  int fd = open("/dev/null", O_WRONLY | O_CLOEXEC);
  if (fd < 0) {
    fd = open("/", O_PATH | O_CLOEXEC); /* nothing can be written to it */
  }
  if (fd < 0 || dup2(fd, STDERR_FILENO) < 0) {
    (void)close(STDERR_FILENO);
  }
  if (fd >= 0) {
    (void)close(fd);
  }
}

/* Reads as soon as some bytes have arrived. Returns how many, 0 at the end, or a negative errno. */
static ssize_t read_some(char *text, size_t room, int64_t deadline_ns) {
  for (int tries = 1;; tries++) {
    struct pollfd fd = {.fd = STDIN_FILENO, .events = POLLIN};
    int ready = poll(&fd, 1, clock_left_ms(deadline_ns));
    if (ready > 0) {
      ssize_t bytes = read(STDIN_FILENO, text, room);
      if (bytes >= 0) {
        return bytes;
      }
      if ((errno != EINTR && errno != EAGAIN) || tries == TRIES_MAX) {
        return -errno;
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

/* Reads what the peer still sends. Closing a socket with unread bytes makes the kernel reset the
 * connection, and the peer may lose the answer (RFC 9112 section 9.6). */
static void drain_request(int64_t deadline_ns) {
  char rest[REST_BYTES];
  int64_t until_ns = clock_monotonic_ns() + REST_WAIT_NS;
  if (until_ns > deadline_ns) {
    until_ns = deadline_ns;
  }
  if (shutdown(STDOUT_FILENO, SHUT_WR) != 0) {
    return;
  }
  ssize_t bytes = REST_BYTES;
  for (int i = 0; i < RESTS && bytes == REST_BYTES; i++) {
    bytes = net_read_all(STDIN_FILENO, rest, sizeof rest, until_ns);
  }
}

/* Writes all of text. net_send() comes first: of a socket poll(2) only tells that some bytes fit.
 */
static int inetd_talk_put(const char *text, size_t bytes, int64_t deadline_ns) {
  int error = net_send(STDOUT_FILENO, text, bytes, deadline_ns);
  if (error == -ENOTSOCK) {
    return net_write(STDOUT_FILENO, text, bytes, deadline_ns);
  }
  return error;
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
    drain_request(deadline_ns);
  }
  return error;
}

/*
 * Sockets under a deadline.
 *
 * No peer may hold up the monitor: descriptors do not block, and every wait is a poll(2) with the
 * time left until the deadline.
 */
#include "ntp_monitor/net.h"

#include <errno.h>
#include <limits.h>
#include <netinet/in.h>
#include <poll.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include "ntp_monitor/clock.h"
#include "ntp_monitor/duration.h"
#include "ntp_monitor/why.h"

/* EINTR/EAGAIN results before a call counts as failed; unbounded, it would spin until the deadline
 * and leave no time for another way. */
enum { TRIES_MAX = 100 };

/* Waits for one of events: 0, -ETIMEDOUT at the deadline, or another negative errno. */
static int wait_for(int fd, short events, int64_t deadline_ns) {
  for (int tries = 1;; tries++) {
    struct pollfd poll_fd = {.fd = fd, .events = events};
    int ready = poll(&poll_fd, 1, clock_left_ms(deadline_ns));
    if (ready > 0) {
      return 0;
    }
    if (ready < 0 && (errno != EINTR || tries == TRIES_MAX)) {
      return -errno;
    }
    if (clock_left_ms(deadline_ns) == 0) {
      return -ETIMEDOUT;
    }
  }
}

/* Decides by errno whether to repeat the call that just failed: 0, or the negative errno to give up
 * with. Counts in *tries. */
static int allow_retry(int *tries, int64_t deadline_ns) {
  if ((errno != EINTR && errno != EAGAIN) || ++*tries == TRIES_MAX) {
    return -errno;
  }
  return clock_left_ms(deadline_ns) > 0 ? 0 : -ETIMEDOUT;
}

int net_connect_udp(const struct net_address *address) {
  int fd = socket(address->socket.ss_family, SOCK_DGRAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
  if (fd < 0) {
    return -errno;
  }
  if (connect(fd, (const struct sockaddr *)&address->socket, address->length_bytes) != 0) {
    int error = -errno;
    (void)close(fd);
    return error;
  }
  return fd;
}

/* Sets *address to path, as unix(7) wants it: 0 or -ENAMETOOLONG. */
static int fill_local_address(const char *path, struct sockaddr_un *address) {
  *address = (struct sockaddr_un){.sun_family = AF_UNIX};
  if (strlen(path) >= sizeof address->sun_path) {
    return -ENAMETOOLONG;
  }
  (void)strcpy(address->sun_path, path);
  return 0;
}

/* Binds fd to the path own, writable by all, or (NULL) to a name of the kernel's choice. */
static int bind_local(int fd, const char *own) {
  struct sockaddr_un address = {.sun_family = AF_UNIX};
  if (own == NULL) {
    return why_errno(bind(fd, (const struct sockaddr *)&address, sizeof address.sun_family));
  }
  int error = fill_local_address(own, &address);
  if (error != 0) {
    return error;
  }
  mode_t mask = umask(0); /* not chmod(2) afterwards: another file may have the name by then */
  error = why_errno(bind(fd, (const struct sockaddr *)&address, sizeof address));
  (void)umask(mask);
  return error;
}

static int connect_local(const char *path, int type, bool bound, const char *own) {
  struct sockaddr_un address;
  int error = fill_local_address(path, &address);
  if (error != 0) {
    return error;
  }
  int fd = socket(AF_UNIX, type | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
  if (fd < 0) {
    return -errno;
  }
  if (bound) {
    error = bind_local(fd, own);
  }
  if (error == 0 && connect(fd, (const struct sockaddr *)&address, sizeof address) != 0) {
    error = -errno;
    if (own != NULL) {
      (void)unlink(own);
    }
  }
  if (error != 0) {
    (void)close(fd);
    return error;
  }
  return fd;
}

int net_connect_local(const char *path, const char *own) {
  return connect_local(path, SOCK_DGRAM, true, own);
}

/* Calls send(2) on a socket; on anything else write(2), with no more than a pipe that poll(2) calls
 * writable takes without blocking. */
static ssize_t put_some(int fd, bool is_socket, const void *data, size_t length_bytes) {
  if (is_socket) {
    return send(fd, data, length_bytes, MSG_NOSIGNAL | MSG_DONTWAIT);
  }
  return write(fd, data, length_bytes < PIPE_BUF ? length_bytes : PIPE_BUF);
}

/* Waits for room and puts what fits: the bytes taken, 0 to try again, or a negative errno. */
static ssize_t put_next(int fd, bool is_socket, const void *data, size_t length_bytes, int *tries,
                        int64_t deadline_ns) {
  /* A pipe or a terminal blocks, so it must be writable first. */
  if (!is_socket) {
    int error = wait_for(fd, POLLOUT, deadline_ns);
    if (error != 0) {
      return error;
    }
  }
  ssize_t sent = put_some(fd, is_socket, data, length_bytes);
  if (sent >= 0) {
    return sent;
  }
  bool full = errno == EAGAIN;
  int error = allow_retry(tries, deadline_ns);
  if (error == 0 && full) {
    error = wait_for(fd, POLLOUT, deadline_ns);
  }
  return error;
}

static int put_all(int fd, bool is_socket, const void *data, size_t length_bytes,
                   int64_t deadline_ns) {
  const char *from = data;
  int tries = 0;
  while (length_bytes > 0) {
    ssize_t sent = put_next(fd, is_socket, from, length_bytes, &tries, deadline_ns);
    if (sent < 0) {
      return (int)sent;
    }
    from += sent;
    length_bytes -= (size_t)sent;
  }
  return 0;
}

int net_send(int fd, const void *data, size_t length_bytes, int64_t deadline_ns) {
  return put_all(fd, true, data, length_bytes, deadline_ns);
}

int net_write(int fd, const void *data, size_t length_bytes, int64_t deadline_ns) {
  return put_all(fd, false, data, length_bytes, deadline_ns);
}

ssize_t net_receive(int fd, void *data, size_t size_bytes, int64_t deadline_ns) {
  for (int tries = 0;;) {
    int error = wait_for(fd, POLLIN, deadline_ns);
    if (error != 0) {
      return error;
    }
    ssize_t bytes = recv(fd, data, size_bytes, MSG_DONTWAIT | MSG_TRUNC);
    if (bytes >= 0) {
      return (size_t)bytes > size_bytes ? -EMSGSIZE : bytes;
    }
    error = allow_retry(&tries, deadline_ns);
    if (error != 0) {
      return error;
    }
  }
}

/* Connects by datagrams or, as some syslog-ng set-ups want it, by a stream. */
static int open_local(const char *path) {
  int fd = connect_local(path, SOCK_DGRAM, false, NULL);
  if (fd == -EPROTOTYPE) {
    fd = connect_local(path, SOCK_STREAM, false, NULL);
  }
  return fd;
}

/* Returns SOCK_DGRAM, SOCK_STREAM, or a negative errno. */
static int get_type(int fd) {
  int type = 0;
  socklen_t size = sizeof type;
  return getsockopt(fd, SOL_SOCKET, SO_TYPE, &type, &size) == 0 ? type : -errno;
}

int net_send_local(int *fd, const char *path, const void *data, size_t length_bytes,
                   int64_t deadline_ns) {
  int error = 0;
  int tries_left = *fd < 0 ? 1 : 2; /* an old connection may have to be made anew */
  for (; tries_left > 0; tries_left--) {
    if (*fd < 0) {
      *fd = open_local(path);
    }
    int type = *fd < 0 ? *fd : get_type(*fd);
    error = type;
    if (type > 0) { /* one call: a record must not be left without its end */
      error = net_send(*fd, data, length_bytes + (type == SOCK_STREAM), deadline_ns);
    }
    if (error == 0) {
      return 0;
    }
    if (*fd >= 0) {
      (void)close(*fd);
    }
    *fd = -1;
    if (error == -ETIMEDOUT) {
      break; /* full, not restarted */
    }
  }
  return error;
}

int net_refusal(int fd, int64_t wait_ns, int64_t deadline_ns) {
  int64_t until_ns = duration_lesser(clock_monotonic_ns() + wait_ns, deadline_ns);
  /* Without events poll(2) reports POLLERR alone, not a stranger's datagram. */
  int error = wait_for(fd, 0, until_ns);
  if (error == -ETIMEDOUT) {
    return 0;
  }
  if (error != 0) {
    return error;
  }
  int refusal = 0;
  socklen_t size = sizeof refusal;
  if (getsockopt(fd, SOL_SOCKET, SO_ERROR, &refusal, &size) != 0) {
    return -errno;
  }
  return -refusal;
}

/* Calls read(2). In a full buffer one byte more tells whether the end has come. */
static ssize_t read_some(int fd, void *to, size_t room_bytes) {
  char over;
  if (room_bytes == 0) {
    return read(fd, &over, sizeof over);
  }
  return read(fd, to, room_bytes);
}

ssize_t net_read_all(int fd, void *data, size_t size_bytes, int64_t deadline_ns) {
  char *to = data;
  size_t used = 0;
  int tries = 0;
  for (;;) {
    int error = wait_for(fd, POLLIN, deadline_ns);
    if (error != 0) {
      return error;
    }
    ssize_t bytes = read_some(fd, to + used, size_bytes - used);
    if (bytes == 0) {
      return (ssize_t)used;
    }
    if (bytes > 0 && used == size_bytes) {
      return -EFBIG;
    }
    if (bytes > 0) {
      used += (size_t)bytes;
    } else {
      error = allow_retry(&tries, deadline_ns);
      if (error != 0) {
        return error;
      }
    }
  }
}

bool net_is_loopback(int fd) {
  struct sockaddr_storage peer = {.ss_family = AF_UNSPEC};
  socklen_t size = sizeof peer;
  const struct sockaddr_in *v4 = (const struct sockaddr_in *)&peer;
  const struct sockaddr_in6 *v6 = (const struct sockaddr_in6 *)&peer;
  (void)getpeername(fd, (struct sockaddr *)&peer, &size);
  if (peer.ss_family == AF_INET) {
    return ntohl(v4->sin_addr.s_addr) >> 24 == 127;
  }
  return peer.ss_family == AF_INET6 && IN6_IS_ADDR_LOOPBACK(&v6->sin6_addr);
}

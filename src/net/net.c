/*
 * Sockets under a deadline.
 *
 * Nothing a monitor waits for may keep it: descriptors do not block, and waiting is
 * poll(2) with what is left of the time.
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

/* How often in a row a call may be interrupted, or find that what poll(2) called ready is not,
 * before that counts as its failure: for ever would be at full speed, and leave no time for another
 * way. */
enum { TRIES_MAX = 100 };

/* 0 when an event is there, -ETIMEDOUT at the deadline, or a negative errno. */
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

/* Whether what a call failed with passes by itself and there is time to try again: 0,
 * else a negative errno. Looks at errno, counts in *tries. */
static int passing(int *tries, int64_t deadline_ns) {
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

/* An address of unix(7) into *address: 0 or -ENAMETOOLONG. */
static int local_address(const char *path, struct sockaddr_un *address) {
  *address = (struct sockaddr_un){.sun_family = AF_UNIX};
  if (strlen(path) >= sizeof address->sun_path) {
    return -ENAMETOOLONG;
  }
  (void)strcpy(address->sun_path, path);
  return 0;
}

/* Binds fd to the path own, which all may write to, or (NULL) to a name that the kernel finds. */
static int bind_local(int fd, const char *own) {
  struct sockaddr_un address = {.sun_family = AF_UNIX};
  if (own == NULL) {
    return bind(fd, (const struct sockaddr *)&address, sizeof address.sun_family) == 0 ? 0 : -errno;
  }
  int error = local_address(own, &address);
  if (error != 0) {
    return error;
  }
  mode_t mask = umask(0); /* not chmod(2) afterwards: another file may have the name by then */
  error = bind(fd, (const struct sockaddr *)&address, sizeof address) == 0 ? 0 : -errno;
  (void)umask(mask);
  return error;
}

static int connect_local(const char *path, int type, bool bound, const char *own) {
  struct sockaddr_un address;
  int error = local_address(path, &address);
  if (error != 0) {
    return error;
  }
  int fd = socket(AF_UNIX, type | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
  if (fd < 0) {
    return -errno;
  }
  error = bound ? bind_local(fd, own) : 0;
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

/* send(2) for sockets; for all else write(2), of what a pipe that poll(2) calls writable
 * takes without blocking. */
static ssize_t net_put(int fd, bool is_socket, const void *data, size_t length_bytes) {
  if (is_socket) {
    return send(fd, data, length_bytes, MSG_NOSIGNAL | MSG_DONTWAIT);
  }
  return write(fd, data, length_bytes < PIPE_BUF ? length_bytes : PIPE_BUF);
}

static int put_all(int fd, bool is_socket, const void *data, size_t length_bytes,
                   int64_t deadline_ns) {
  const char *from = data;
  int tries = 0;
  while (length_bytes > 0) {
    /* A descriptor that blocks (a pipe, a terminal) is not written to before it can take it. */
    int error = is_socket ? 0 : wait_for(fd, POLLOUT, deadline_ns);
    if (error != 0) {
      return error;
    }
    ssize_t sent = net_put(fd, is_socket, from, length_bytes);
    if (sent >= 0) {
      from += sent;
      length_bytes -= (size_t)sent;
      continue;
    }
    bool full = errno == EAGAIN;
    error = passing(&tries, deadline_ns);
    error = error == 0 && full ? wait_for(fd, POLLOUT, deadline_ns) : error;
    if (error != 0) {
      return error;
    }
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
    error = passing(&tries, deadline_ns);
    if (error != 0) {
      return error;
    }
  }
}

/* Datagrams first, then a stream (some syslog-ng set-ups). */
static int open_local(const char *path) {
  int fd = connect_local(path, SOCK_DGRAM, false, NULL);
  return fd == -EPROTOTYPE ? connect_local(path, SOCK_STREAM, false, NULL) : fd;
}

/* SOCK_DGRAM, SOCK_STREAM, or a negative errno. */
static int type_of(int fd) {
  int type = 0;
  socklen_t size = sizeof type;
  return getsockopt(fd, SOL_SOCKET, SO_TYPE, &type, &size) == 0 ? type : -errno;
}

int net_send_local(int *fd, const char *path, const void *data, size_t length_bytes,
                   int64_t deadline_ns) {
  int error = 0;
  for (int tries = *fd < 0 ? 1 : 0; tries < 2; tries++) {
    if (*fd < 0) {
      *fd = open_local(path);
    }
    error = *fd < 0 ? *fd : type_of(*fd);
    if (error > 0) { /* one call: a record must not be left without its end */
      error = net_send(*fd, data, length_bytes + (error == SOCK_STREAM), deadline_ns);
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
  int64_t until_ns = clock_monotonic_ns() + wait_ns;
  /* No events asked for: poll reports POLLERR alone, not what a stranger sends. */
  int error = wait_for(fd, 0, until_ns < deadline_ns ? until_ns : deadline_ns);
  if (error == -ETIMEDOUT) {
    return 0;
  }
  int refusal = 0;
  socklen_t size = sizeof refusal;
  if (error == 0 && getsockopt(fd, SOL_SOCKET, SO_ERROR, &refusal, &size) != 0) {
    return -errno;
  }
  return error != 0 ? error : -refusal;
}

ssize_t net_read_all(int fd, void *data, size_t size_bytes, int64_t deadline_ns) {
  char *to = data;
  size_t used = 0;
  int tries = 0;
  for (;;) {
    /* One byte more than fits tells a full buffer from the end. */
    char over;
    int error = wait_for(fd, POLLIN, deadline_ns);
    if (error != 0) {
      return error;
    }
    bool full = used == size_bytes;
    ssize_t bytes = full ? read(fd, &over, 1) : read(fd, to + used, size_bytes - used);
    if (bytes == 0) {
      return (ssize_t)used;
    }
    if (bytes > 0 && full) {
      return -EFBIG;
    }
    if (bytes > 0) {
      used += (size_t)bytes;
    } else {
      error = passing(&tries, deadline_ns);
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

/* Receivers for tests: local sockets in the test's folder, UDP ports on the loopback. */
#ifndef TESTS_UNIT_SOCKETS_H
#define TESTS_UNIT_SOCKETS_H

#include <netinet/in.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

/* Binds a socket to path in the current folder (SOCK_STREAM: listening): the socket, or -1. */
static inline int sockets_local(const char *path, int type) {
  struct sockaddr_un address = {.sun_family = AF_UNIX};
  int fd = socket(AF_UNIX, type | SOCK_CLOEXEC, 0);
  (void)unlink(path);
  (void)strcpy(address.sun_path, path);
  if (bind(fd, (const struct sockaddr *)&address, sizeof address) != 0 ||
      (type == SOCK_STREAM && listen(fd, 4) != 0)) {
    (void)close(fd);
    return -1;
  }
  return fd;
}

/* Binds a socket to a free port of 127.0.0.1 and sets *port to its number. */
static inline int sockets_udp(uint16_t *port) {
  struct sockaddr_in address = {.sin_family = AF_INET};
  socklen_t size = sizeof address;
  int fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  if (bind(fd, (const struct sockaddr *)&address, sizeof address) != 0 ||
      getsockname(fd, (struct sockaddr *)&address, &size) != 0) {
    (void)close(fd);
    return -1;
  }
  *port = ntohs(address.sin_port);
  return fd;
}

/* Returns a port that nobody listens on. */
static inline uint16_t sockets_closed_port(void) {
  uint16_t port = 0;
  (void)close(sockets_udp(&port));
  return port;
}

/* Returns what has arrived, as a string; "" for nothing. */
static inline const char *sockets_received(int fd) {
  static char text[4096];
  ssize_t bytes = recv(fd, text, sizeof text - 1, MSG_DONTWAIT);
  text[bytes > 0 ? bytes : 0] = '\0';
  return text;
}

#endif

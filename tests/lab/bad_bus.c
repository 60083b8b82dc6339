/*
 * bad_bus: a message bus that never behaves: each mode stops, or goes wrong, at another step of the
 * D-Bus handshake (D-Bus specification, "Authentication Protocol", then the Hello call).
 *
 * A client with only per-call time-outs hangs on most of these. The process ends by itself after
 * its lifetime, so that a test that dies leaves nothing behind.
 *
 * usage: bad_bus [-t SECONDS] MODE SOCKET      prints "ready" when the socket can be tried
 */
#define _GNU_SOURCE 1 /* memmem */
#include <errno.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <time.h>
#include <unistd.h>

enum { LIFETIME_S = 120, BUFFER_BYTES = 4096, CLIENT_MAX = 64 };

enum step { STEP_AUTH, STEP_HELLO, STEP_CALL }; /* what the client does next */

/* Each returns 0 to go on with this client, -1 to close it. Whatever they send may fail: that
   client is gone, which is all the same to us. */
struct behaviour {
  const char *name, *doc;
  int backlog; /* of listen(2); 0 with `fill` leaves no room for anyone */
  int fill;    /* fill the backlog ourselves, accept nobody */
  int gone;    /* leave the socket file behind and exit */
  int (*on_connect)(int fd);
  int (*on_bytes)(int fd, enum step *step, const char *bytes, size_t length);
};

static void send_bytes(int fd, const void *bytes, size_t length) {
  ssize_t sent = send(fd, bytes, length, MSG_NOSIGNAL);

  (void)sent;
}

static void send_text(int fd, const char *text) {
  send_bytes(fd, text, strlen(text));
}

static int close_it(int fd) {
  (void)fd;
  return -1;
}

static int stay(int fd) {
  (void)fd;
  return 0;
}

static int send_garbage(int fd) {
  char garbage[BUFFER_BYTES];

  memset(garbage, 0xff, sizeof garbage);
  send_bytes(fd, garbage, sizeof garbage);
  return 0;
}

/* An answer line that never ends. */
static int send_endless(int fd) {
  char line[BUFFER_BYTES];

  memset(line, 'A', sizeof line);
  while (send(fd, line, sizeof line, MSG_NOSIGNAL) > 0) {
  }
  return -1;
}

/* A good answer, one byte every 100 ms: each read succeeds, the whole never ends in time. */
static int send_drip(int fd) {
  static const struct timespec pause = {0, 100000000};
  const char *text = "DATA\r\nOK 0123456789abcdef0123456789abcdef\r\nAGREE_UNIX_FD\r\n";

  for (size_t i = 0; text[i] != '\0'; i++) {
    send_bytes(fd, &text[i], 1);
    (void)nanosleep(&pause, NULL);
  }
  return 0;
}

static int ignore(int fd, enum step *step, const char *bytes, size_t length) {
  (void)fd, (void)step, (void)bytes, (void)length;
  return 0;
}

static int reject(int fd, enum step *step, const char *bytes, size_t length) {
  (void)step, (void)bytes, (void)length;
  /* One line for each of the three that a client sends at once; fewer would be silence. */
  send_text(fd, "REJECTED DBUS_COOKIE_SHA1\r\nERROR\r\nERROR\r\n");
  return 0;
}

static int has(const char *bytes, size_t length, const char *word) {
  return memmem(bytes, length, word, strlen(word)) != NULL;
}

/* Answers SASL as a real bus does; Hello is what follows BEGIN, in the same packet or the next. */
static int authenticate(int fd, enum step *step, const char *bytes, size_t length) {
  if (*step != STEP_AUTH) {
    return 0;
  }
  if (has(bytes, length, "DATA\r\n")) {
    send_text(fd, "DATA\r\n");
  }
  if (has(bytes, length, "DATA") || has(bytes, length, "AUTH EXTERNAL 3")) {
    send_text(fd, "OK 0123456789abcdef0123456789abcdef\r\n");
  }
  if (has(bytes, length, "NEGOTIATE_UNIX_FD")) {
    send_text(fd, "AGREE_UNIX_FD\r\n");
  }
  if (has(bytes, length, "BEGIN\r\n")) {
    *step = STEP_HELLO;
  }
  return 0;
}

static int auth_garbage(int fd, enum step *step, const char *bytes, size_t length) {
  (void)authenticate(fd, step, bytes, length);
  return *step == STEP_HELLO ? send_garbage(fd) : 0;
}

static int auth_close(int fd, enum step *step, const char *bytes, size_t length) {
  (void)authenticate(fd, step, bytes, length);
  return *step == STEP_HELLO ? -1 : 0;
}

/* Hello is answered: method return to serial 1 from org.freedesktop.DBus, "you are :1.1" (D-Bus
   specification, "Message Protocol", little endian). The call after it is not. */
static int hello(int fd, enum step *step, const char *bytes, size_t length) {
  static const char reply[] = "l\2\1\1\11\0\0\0\1\0\0\0\75\0\0\0"
                              "\5\1u\0\1\0\0\0"
                              "\6\1s\0\4\0\0\0:1.1\0\0\0\0"
                              "\10\1g\0\1s\0\0"
                              "\7\1s\0\24\0\0\0org.freedesktop.DBus\0\0\0\0"
                              "\4\0\0\0:1.1";
  (void)authenticate(fd, step, bytes, length);
  if (*step == STEP_HELLO && has(bytes, length, "Hello")) {
    *step = STEP_CALL;
    send_bytes(fd, reply, sizeof reply);
  }
  return 0;
}

static int hello_close(int fd, enum step *step, const char *bytes, size_t length) {
  enum step before = *step;

  (void)hello(fd, step, bytes, length);
  /* The call may have come in one piece with the Hello. */
  return before == STEP_CALL || has(bytes, length, "GetAll") ? -1 : 0;
}

static const struct behaviour behaviours[] = {
    {"accept-close", "accepts and closes", 8, 0, 0, close_it, ignore},
    {"accept-silent", "accepts and never says anything", 8, 0, 0, stay, ignore},
    {"garbage", "sends 4 KiB of 0xff, then is silent", 8, 0, 0, send_garbage, ignore},
    {"endless", "sends an answer line without an end", 8, 0, 0, send_endless, ignore},
    {"drip", "sends a good answer at ten bytes a second", 8, 0, 0, send_drip, ignore},
    {"reject", "refuses every authentication", 8, 0, 0, stay, reject},
    {"auth-silent", "authenticates, never answers Hello", 8, 0, 0, stay, authenticate},
    {"auth-garbage", "authenticates, then sends 0xff", 8, 0, 0, stay, auth_garbage},
    {"auth-close", "authenticates, then closes", 8, 0, 0, stay, auth_close},
    {"hello-silent", "answers Hello, never the call", 8, 0, 0, stay, hello},
    {"hello-close", "answers Hello, closes at the call", 8, 0, 0, stay, hello_close},
    {"backlog-full", "has no room for a connection", 0, 1, 0, stay, ignore},
    {"stale", "leaves a socket file with nobody behind it", 8, 0, 1, stay, ignore},
};
static const size_t BEHAVIOUR_COUNT = sizeof behaviours / sizeof behaviours[0];

static int fill_backlog(const struct sockaddr_un *address) {
  for (;;) {
    int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
    if (fd < 0) {
      return -1;
    }
    if (connect(fd, (const struct sockaddr *)address, sizeof *address) < 0) {
      return errno == EAGAIN ? 0 : -1;
    }
  }
}

/* 0 while the client stays. */
static int on_readable(const struct behaviour *behaviour, int fd, enum step *step) {
  char bytes[BUFFER_BYTES];
  ssize_t length = recv(fd, bytes, sizeof bytes, 0);

  return length <= 0 ? -1 : behaviour->on_bytes(fd, step, bytes, (size_t)length);
}

static void serve(const struct behaviour *behaviour, int listener) {
  struct pollfd poll_set[1 + CLIENT_MAX] = {{.fd = listener, .events = POLLIN}};
  enum step steps[1 + CLIENT_MAX] = {STEP_AUTH};
  nfds_t count = 1;

  while (poll(poll_set, count, -1) > 0) {
    for (nfds_t i = count - 1; i > 0; i--) {
      if (poll_set[i].revents && on_readable(behaviour, poll_set[i].fd, &steps[i]) < 0) {
        (void)close(poll_set[i].fd);
        poll_set[i] = poll_set[--count];
        steps[i] = steps[count];
      }
    }
    if (poll_set[0].revents && count <= CLIENT_MAX) {
      int fd = accept(listener, NULL, NULL);
      if (fd >= 0 && behaviour->on_connect(fd) < 0) {
        (void)close(fd);
      } else if (fd >= 0) {
        steps[count] = STEP_AUTH;
        poll_set[count++] = (struct pollfd){.fd = fd, .events = POLLIN};
      }
    }
  }
}

static const struct behaviour *find(const char *name) {
  for (size_t i = 0; i < BEHAVIOUR_COUNT; i++) {
    if (strcmp(behaviours[i].name, name) == 0) {
      return &behaviours[i];
    }
  }
  return NULL;
}

static int usage(void) {
  (void)fputs("usage: bad_bus [-t SECONDS] MODE SOCKET\n", stderr);
  for (size_t i = 0; i < BEHAVIOUR_COUNT; i++) {
    (void)fprintf(stderr, "  %-14s %s\n", behaviours[i].name, behaviours[i].doc);
  }
  return 2;
}

int main(int argc, char **argv) {
  struct sockaddr_un address = {.sun_family = AF_UNIX};
  const struct behaviour *behaviour = NULL;
  unsigned lifetime_s = LIFETIME_S;
  int listener = -1;

  if (argc > 2 && strcmp(argv[1], "-t") == 0) {
    lifetime_s = (unsigned)strtoul(argv[2], NULL, 10);
    argc -= 2;
    argv += 2;
  }
  behaviour = argc == 3 ? find(argv[1]) : NULL;
  if (behaviour == NULL || strlen(argv[2]) >= sizeof address.sun_path) {
    return usage();
  }
  (void)alarm(lifetime_s);
  memcpy(address.sun_path, argv[2], strlen(argv[2]) + 1);
  listener = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
  if (listener < 0 || bind(listener, (const struct sockaddr *)&address, sizeof address) < 0 ||
      listen(listener, behaviour->backlog) < 0 || (behaviour->fill && fill_backlog(&address) < 0)) {
    perror("bad_bus");
    return 1;
  }
  (void)puts("ready");
  (void)fflush(stdout);
  if (behaviour->fill) {
    (void)pause();
  }
  if (!behaviour->gone) {
    serve(behaviour, listener);
  }
  return 0;
}

/*
 * sweep_lines: the places where a line of the program can arrive, and the grammar of a whole line
 * in each.
 *
 * This process owns the receivers and reads them while the program runs (a local socket holds ten
 * datagrams) and again when it has ended, so each line belongs to one run.
 */
#define _GNU_SOURCE 1
#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include "sweep.h"

/* The text: a severity and printable characters. Each pattern adds the header of its place. */
#define TEXT "((DEBUG|INFO|WARNING|ERROR|CRITICAL) [^[:cntrl:]]+)"
static const struct {
  const char *grammar;
  size_t text; /* the part that is the text */
} forms[PLACE_COUNT] = {
    [PLACE_LOCAL] = {"^<[0-9]{1,3}>[A-Z][a-z]{2} [ 1-3][0-9] [0-9]{2}:[0-9]{2}:[0-9]{2} "
                     "ntp_monitor\\[-?[0-9]+\\]: " TEXT "$",
                     1},
    [PLACE_UDP] =
        {"^<[0-9]{1,3}>1 [0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9:]{8}\\.[0-9]{6}Z [^ ]+ ntp_monitor "
         "-?[0-9]+ [a-z-]+ (-|(\\[[^][:cntrl:]]+\\])+) " TEXT "$",
         3},
    [PLACE_JOURNAL] = {"^MESSAGE=" TEXT "\nPRIORITY=[0-7]\nSYSLOG_FACILITY=[0-9]+\n"
                       "SYSLOG_IDENTIFIER=ntp_monitor\nSYSLOG_PID=-?[0-9]+\n"
                       "([A-Z_]+=[^[:cntrl:]]+\n)*$",
                       1},
    [PLACE_STDERR] = {"^ntp_monitor: " TEXT "$", 1},
};
static regex_t grammars[PLACE_COUNT];

static struct receiver {
  int fd;
  enum place place;
  bool listens; /* for connections */
  size_t used;  /* of a connection: bytes of an unfinished record */
  char text[16384];
} receivers[RECEIVERS_MAX];
static size_t receiver_count;

static void add_receiver(int fd, enum place place, bool listens) {
  if (receiver_count < RECEIVERS_MAX) {
    receivers[receiver_count].fd = fd;
    receivers[receiver_count].place = place;
    receivers[receiver_count].listens = listens;
    receivers[receiver_count++].used = 0;
  } else {
    (void)close(fd);
  }
}

static int bind_one(enum place place, int type, const void *address, socklen_t bytes) {
  const struct sockaddr *any = address;
  int fd = socket(any->sa_family, type | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
  if (fd < 0 || bind(fd, any, bytes) != 0 || (type == SOCK_STREAM && listen(fd, 8) != 0)) {
    perror("sweep: a receiver");
    return -1;
  }
  add_receiver(fd, place, type == SOCK_STREAM);
  return 0;
}

int lines_listen(bool stream) {
  struct sockaddr_un local = {.sun_family = AF_UNIX, .sun_path = "/dev/log"};
  struct sockaddr_un journal = {.sun_family = AF_UNIX, .sun_path = "/run/systemd/journal/socket"};
  struct sockaddr_in v4 = {.sin_family = AF_INET, .sin_port = htons(514)};
  struct sockaddr_in6 v6 = {
      .sin6_family = AF_INET6, .sin6_port = htons(514), .sin6_addr = in6addr_loopback};
  v4.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  (void)mkdir("/run/systemd/journal", 0755);
  (void)unlink(local.sun_path);
  (void)unlink(journal.sun_path);
  for (size_t i = 0; i < PLACE_COUNT; i++) {
    if (regcomp(&grammars[i], forms[i].grammar, REG_EXTENDED) != 0) {
      return -1;
    }
  }
  return bind_one(PLACE_LOCAL, stream ? SOCK_STREAM : SOCK_DGRAM, &local, sizeof local) != 0 ||
                 bind_one(PLACE_JOURNAL, SOCK_DGRAM, &journal, sizeof journal) != 0 ||
                 bind_one(PLACE_UDP, SOCK_DGRAM, &v4, sizeof v4) != 0 ||
                 bind_one(PLACE_UDP, SOCK_DGRAM, &v6, sizeof v6) != 0
             ? -1
             : 0;
}

size_t lines_poll(struct pollfd fds[RECEIVERS_MAX]) {
  for (size_t i = 0; i < receiver_count; i++) {
    fds[i] = (struct pollfd){.fd = receivers[i].fd, .events = POLLIN};
  }
  return receiver_count;
}

static void add_line(struct run *run, enum place place, const char *text, size_t bytes) {
  char *record = malloc(bytes + 1);
  if (record == NULL || run == NULL || run->line_count == LINES_MAX) {
    free(record);
    return;
  }
  memcpy(record, text, bytes);
  record[bytes] = '\0';
  run->lines[run->line_count++] = (struct line){.place = place, .bytes = bytes, .record = record};
}

/* Reads records, each ended by a NUL. An unfinished one when the connection closes is kept as a
 * line, which the grammar will reject. Returns false once it has closed. */
static bool receive_stream(struct run *run, struct receiver *from) {
  ssize_t bytes = 0;
  while ((bytes = read(from->fd, from->text + from->used, sizeof from->text - from->used)) > 0) {
    from->used += (size_t)bytes;
    char *end;
    while ((end = memchr(from->text, '\0', from->used)) != NULL) {
      size_t length = (size_t)(end - from->text);
      add_line(run, from->place, from->text, length);
      from->used -= length + 1;
      memmove(from->text, end + 1, from->used);
    }
  }
  if (bytes < 0 && errno == EAGAIN) {
    return true;
  }
  if (from->used > 0) {
    add_line(run, from->place, "torn", strlen("torn"));
  }
  (void)close(from->fd);
  return false;
}

static void receive_from(struct run *run, size_t i) {
  struct receiver *from = &receivers[i];
  static char text[65536];
  if (from->listens) {
    int fd;
    while ((fd = accept4(from->fd, NULL, NULL, SOCK_CLOEXEC | SOCK_NONBLOCK)) >= 0) {
      add_receiver(fd, from->place, false);
    }
    return;
  }
  int type = SOCK_DGRAM;
  socklen_t size = sizeof type;
  (void)getsockopt(from->fd, SOL_SOCKET, SO_TYPE, &type, &size);
  if (type == SOCK_STREAM) {
    if (!receive_stream(run, from)) {
      receivers[i] = receivers[--receiver_count];
    }
    return;
  }
  ssize_t bytes;
  while ((bytes = recv(from->fd, text, sizeof text, 0)) >= 0) {
    add_line(run, from->place, text, (size_t)bytes);
  }
}

void lines_receive(struct run *run) {
  for (size_t i = 0; i < receiver_count; i++) {
    receive_from(run, i);
  }
}

/* Discards pending lines, which belong to no run. */
void lines_forget(void) {
  lines_receive(NULL);
}

/* Keeps the program's lines on stderr, except those of a trace (-d). */
void lines_of_stderr(struct run *run) {
  for (const char *at = run->err; *at != '\0';) {
    size_t length = strcspn(at, "\n");
    if (strncmp(at, "debug: ", strlen("debug: ")) != 0 || at[length] == '\0') {
      add_line(run, PLACE_STDERR, at[length] == '\0' ? "torn" : at,
               at[length] == '\0' ? strlen("torn") : length);
    }
    at += length + (at[length] != '\0');
  }
}

const char *line_text(const struct line *line) {
  regmatch_t parts[8];
  if (strlen(line->record) != line->bytes ||
      regexec(&grammars[line->place], line->record, 8, parts, 0) != 0) {
    return NULL;
  }
  return line->record + parts[forms[line->place].text].rm_so;
}

/* Opens a name server that takes questions and never answers. */
int lines_ask_nobody(void) {
  struct sockaddr_in v4 = {.sin_family = AF_INET, .sin_port = htons(53)};
  v4.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  int fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
  return fd < 0 ? -1 : bind(fd, (const struct sockaddr *)&v4, sizeof v4);
}

/*
 * bad_peer: answers datagrams with replies that no real daemon sends, made from the request.
 *
 * usage: bad_peer ADDRESS ITEM...   ADDRESS: a port of 127.0.0.1 (323) or of another address
 *                               (123@127.0.0.4), or the path of a socket
 *   length=N    bytes of each answer; those beyond the question are 0 (the question's length)
 *   all=XX      every byte is this one
 *   AT=XX...    these bytes, in hexadecimal, from byte AT on
 *   AT@FROM:N   N bytes of the question, from its byte FROM on
 *   times=N     answers to each question (1); 0 is silence
 *   every=MS    so many milliseconds before each but the first (0)
 * Items are applied in order.
 */
#define _GNU_SOURCE 1
#include <arpa/inet.h>
#include <netinet/in.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <time.h>
#include <unistd.h>

enum { BYTES_MAX = 8192 };

struct answer {
  unsigned char question[BYTES_MAX], bytes[BYTES_MAX];
  size_t length;
  unsigned long times, every_ms;
};

static unsigned long number(const char *text, char **end) {
  return strtoul(text, end, 10);
}

static void put_hex(struct answer *answer, size_t at, const char *text) {
  unsigned byte = 0;
  for (; at < BYTES_MAX && sscanf(text, "%2x", &byte) == 1; text += 2) {
    answer->bytes[at++] = (unsigned char)byte;
  }
}

/* Applies one item to the answer: 0, or -1 if it is no item. */
static int apply(struct answer *answer, const char *item) {
  static const char *const names[] = {"length=", "all=", "times=", "every="};
  char *end = NULL;
  size_t name = 0;
  while (name < 4 && strncmp(item, names[name], strlen(names[name])) != 0) {
    name++;
  }
  const char *value = name < 4 ? item + strlen(names[name]) : item;
  unsigned long at = number(value, &end);
  switch (name) {
  case 0:
    answer->length = at < BYTES_MAX ? at : BYTES_MAX;
    return 0;
  case 1:
    memset(answer->bytes, (int)strtoul(value, NULL, 16), BYTES_MAX);
    return 0;
  case 2:
    answer->times = at;
    return 0;
  case 3:
    answer->every_ms = at;
    return 0;
  default:
    break;
  }
  if (end == item || at >= BYTES_MAX || (*end != '=' && *end != '@')) {
    return -1;
  }
  if (*end == '=') {
    put_hex(answer, at, end + 1);
    return 0;
  }
  unsigned long from = number(end + 1, &end);
  unsigned long count = *end == ':' ? number(end + 1, &end) : 0;
  if (count > BYTES_MAX - at || from + count > BYTES_MAX) {
    return -1;
  }
  memcpy(answer->bytes + at, answer->question + from, count);
  return 0;
}

static int listen_at(const char *address) {
  struct sockaddr_in v4 = {.sin_family = AF_INET, .sin_port = htons((uint16_t)atoi(address))};
  struct sockaddr_un local = {.sun_family = AF_UNIX};
  const char *at = strchr(address, '@');
  if (inet_pton(AF_INET, at == NULL ? "127.0.0.1" : at + 1, &v4.sin_addr) != 1 &&
      address[0] != '/') {
    return -1;
  }
  (void)snprintf(local.sun_path, sizeof local.sun_path, "%s", address);
  int fd = socket(address[0] == '/' ? AF_UNIX : AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
  int error = address[0] == '/' ? bind(fd, (struct sockaddr *)&local, sizeof local)
                                : bind(fd, (struct sockaddr *)&v4, sizeof v4);
  return error == 0 ? fd : -1;
}

static void answer_all(int fd, const struct answer *answer, const struct sockaddr_storage *to,
                       socklen_t to_bytes) {
  const struct timespec pause = {.tv_sec = (time_t)(answer->every_ms / 1000),
                                 .tv_nsec = (long)(answer->every_ms % 1000) * 1000000};
  for (unsigned long i = 0; i < answer->times; i++) {
    if (i > 0 && answer->every_ms > 0) {
      (void)nanosleep(&pause, NULL);
    }
    if (sendto(fd, answer->bytes, answer->length, MSG_NOSIGNAL, (const struct sockaddr *)to,
               to_bytes) < 0 &&
        to->ss_family == AF_UNIX) {
      return; /* the peer is gone */
    }
  }
}

int main(int argc, char **argv) {
  static struct answer answer;
  int fd = argc > 1 ? listen_at(argv[1]) : -1;
  if (fd < 0) {
    perror("bad_peer");
    return 2;
  }
  (void)puts("ready");
  (void)fflush(stdout);
  for (;;) {
    struct sockaddr_storage from;
    socklen_t from_bytes = sizeof from;
    memset(answer.question, 0, sizeof answer.question);
    ssize_t length = recvfrom(fd, answer.question, sizeof answer.question, 0,
                              (struct sockaddr *)&from, &from_bytes);
    if (length < 0) {
      continue;
    }
    memcpy(answer.bytes, answer.question, sizeof answer.bytes);
    answer.length = (size_t)length;
    answer.times = 1;
    answer.every_ms = 0;
    for (int i = 2; i < argc; i++) {
      if (apply(&answer, argv[i]) != 0) {
        (void)fprintf(stderr, "bad_peer: %s is no item\n", argv[i]);
        return 2;
      }
    }
    (void)puts("asked");
    (void)fflush(stdout);
    answer_all(fd, &answer, &from, from_bytes);
  }
}

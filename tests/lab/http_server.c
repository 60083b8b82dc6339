/*
 * http_server: an HTTP server for what a real one never does, and for InfluxDB 2's write API, which
 * no package of the lab has.
 *
 * Each request is kept byte for byte in a file, one behind the other, and answered by one rule. The
 * process ends by itself after its lifetime, so that a test that dies leaves nothing behind.
 *
 * usage: http_server PORT FILE RULE [ARGUMENT...]      on 127.0.0.1 and ::1; prints "ready"
 *   influx2 ORG BUCKET TOKEN   InfluxDB 2 (docs.influxdata.com, "POST /api/v2/write")
 *   send TEXT                  TEXT, in which \r \n are what they are in C, and the end
 *   huge                       status 500 and a body without an end
 *   drip                       a head without an end, a byte each 50 ms
 *   hang                       nothing, and no end
 *   early                      the end, as soon as the head is there
 */
#define _GNU_SOURCE 1
#include <netinet/in.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

enum { LIFETIME_S = 120, REQUEST_BYTES = 64 * 1024, DRIP_US = 50000, OWN_ARGUMENTS = 4 };

struct request {
  char text[REQUEST_BYTES + 1]; /* head and body */
  size_t bytes;
};

static bool send_text(int fd, const char *text) {
  return send(fd, text, strlen(text), MSG_NOSIGNAL) == (ssize_t)strlen(text);
}

/* How much of a request there is to come, by its Content-Length; 0 while its head has not ended. */
static size_t wanted(const struct request *request) {
  const char *end = strstr(request->text, "\r\n\r\n");
  const char *length = strcasestr(request->text, "\r\nContent-Length:");
  if (end == NULL) {
    return 0;
  }
  return (size_t)(end - request->text) + 4 +
         (length != NULL && length < end ? strtoul(length + 17, NULL, 10) : 0);
}

static void receive(int fd, bool head_only, struct request *request) {
  while (request->bytes < REQUEST_BYTES) {
    size_t whole = wanted(request);
    if (whole > 0 && (head_only || request->bytes >= whole)) {
      return;
    }
    ssize_t got = recv(fd, request->text + request->bytes, REQUEST_BYTES - request->bytes, 0);
    if (got <= 0) {
      return;
    }
    request->bytes += (size_t)got;
    request->text[request->bytes] = '\0';
  }
}

static bool has_line(const struct request *request, const char *line) {
  char want[1024];
  (void)snprintf(want, sizeof want, "\r\n%s\r\n", line);
  const char *found = strcasestr(request->text, want);
  return found != NULL && found < strstr(request->text, "\r\n\r\n") + 2;
}

static void answer_json(int fd, const char *status, const char *code, const char *message) {
  char body[512];
  char head[1024];
  (void)snprintf(body, sizeof body, "{\"code\":\"%s\",\"message\":\"%s\"}", code, message);
  (void)snprintf(head, sizeof head,
                 "HTTP/1.1 %s\r\nContent-Type: application/json; charset=utf-8\r\n"
                 "X-Platform-Error-Code: %s\r\nContent-Length: %zu\r\n\r\n%s",
                 status, code, strlen(body), body);
  (void)send_text(fd, head);
}

static void answer_influx2(int fd, const struct request *request, char *const *arguments) {
  char target[512];
  char authorization[512];
  (void)snprintf(target, sizeof target,
                 "POST /api/v2/write?org=%s&bucket=%s&precision=ns HTTP/1.1\r\n", arguments[0],
                 arguments[1]);
  (void)snprintf(authorization, sizeof authorization, "Authorization: Token %s", arguments[2]);
  const char *body = strstr(request->text, "\r\n\r\n");
  if (!has_line(request, authorization)) {
    answer_json(fd, "401 Unauthorized", "unauthorized", "unauthorized access");
  } else if (strncmp(request->text, target, strlen(target)) != 0) {
    answer_json(fd, "404 Not Found", "not found", "bucket \\\"other\\\" not found");
  } else if (body == NULL || strncmp(body + 4, "ntp_monitor,", 12) != 0) {
    answer_json(fd, "400 Bad Request", "invalid", "unable to parse: no line of ours");
  } else {
    (void)send_text(fd, "HTTP/1.1 204 No Content\r\n\r\n");
  }
}

static void answer_text(int fd, const char *text) {
  for (; *text != '\0'; text++) {
    char letter = *text;
    if (letter == '\\' && (text[1] == 'r' || text[1] == 'n')) {
      letter = *++text == 'r' ? '\r' : '\n';
    }
    (void)send(fd, &letter, 1, MSG_NOSIGNAL | MSG_MORE);
  }
}

static void answer(int fd, const char *rule, const struct request *request,
                   char *const *arguments) {
  char page[4096];
  memset(page, 'x', sizeof page - 1);
  page[sizeof page - 1] = '\0';
  if (strcmp(rule, "influx2") == 0) {
    answer_influx2(fd, request, arguments);
  } else if (strcmp(rule, "send") == 0) {
    answer_text(fd, arguments[0]);
  } else if (strcmp(rule, "huge") == 0) {
    (void)send_text(fd, "HTTP/1.1 500 Oh\r\n\r\n{\"error\":\"long ");
    while (send_text(fd, page)) {
    }
  } else if (strcmp(rule, "drip") == 0) {
    (void)send_text(fd, "HTTP/1.1 204 No Content\r\nX: ");
    while (send_text(fd, "y")) {
      (void)usleep(DRIP_US);
    }
  } else if (strcmp(rule, "hang") == 0) {
    (void)pause();
  }
}

static void keep(const char *file, const struct request *request) {
  FILE *stream = fopen(file, "ae");
  if (stream != NULL) {
    (void)fwrite(request->text, 1, request->bytes, stream);
    (void)fclose(stream);
  }
}

/* Both families by one socket (RFC 3493 section 5.3). */
static int listen_at(uint16_t port) {
  const int yes = 1;
  const int no = 0;
  struct sockaddr_in6 address = {.sin6_family = AF_INET6, .sin6_port = htons(port)};
  int fd = socket(AF_INET6, SOCK_STREAM | SOCK_CLOEXEC, 0);
  (void)setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &yes, sizeof yes);
  (void)setsockopt(fd, IPPROTO_IPV6, IPV6_V6ONLY, &no, sizeof no);
  return bind(fd, (const struct sockaddr *)&address, sizeof address) == 0 && listen(fd, 16) == 0
             ? fd
             : -1;
}

int main(int argc, char *argv[]) {
  static struct request request;
  int fd = argc >= OWN_ARGUMENTS ? listen_at((uint16_t)atoi(argv[1])) : -1;
  if (fd < 0) {
    (void)fputs("usage: http_server PORT FILE RULE [ARGUMENT...]\n", stderr);
    return 2;
  }
  (void)alarm(LIFETIME_S);
  (void)puts("ready");
  (void)fflush(stdout);
  for (;;) {
    int peer = accept4(fd, NULL, NULL, SOCK_CLOEXEC);
    if (peer < 0) {
      continue;
    }
    request = (struct request){.bytes = 0};
    receive(peer, strcmp(argv[3], "early") == 0, &request);
    keep(argv[2], &request);
    answer(peer, argv[3], &request, argv + OWN_ARGUMENTS);
    (void)close(peer);
  }
}

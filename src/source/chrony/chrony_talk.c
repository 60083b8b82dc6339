/*
 * Questions to chronyd and their answers.
 *
 * Which way leads to it is known only by an answer: the socket may be another user's, UDP may be
 * closed (cmdport 0), and a policy of the system may let the one through and swallow the other. So
 * the first question goes by all ways in turn, and each that is refused is closed.
 */
#include "ntp_monitor/chrony_talk.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/random.h>
#include <sys/stat.h>
#include <unistd.h>

#include "ntp_monitor/aside.h"
#include "ntp_monitor/clock.h"
#include "ntp_monitor/duration.h"
#include "ntp_monitor/net.h"
#include "ntp_monitor/owner.h"
#include "ntp_monitor/text.h"
#include "ntp_monitor/trace.h"
#include "ntp_monitor/why.h"
#include "source/chrony/candm.h"

/* As chronyc asks (chrony's client.c): the first wait, doubled with each attempt. */
#define FIRST_WAIT_NS DURATION_S
/* Datagrams that are no answer, for one attempt. */
enum { ATTEMPTS = 3, DROPPED_MAX = 1000 };

static const char *words(int error) {
  return error == -EREMOTE ? ASIDE_SILENT : strerror(-error);
}

static void shut(struct chrony_talk *talk, struct chrony_way *way, int error) {
  if (way->name[0] != '\0') { /* not one that is not to be tried */
    trace_add(talk->trace, "chrony: %s: %s", way->name, words(error));
  }
  if (way->fd >= 0) {
    (void)close(way->fd);
  }
  way->fd = -1;
  way->error = error;
}

void chrony_talk_open(struct chrony_talk *talk, const char *path, uint16_t port, pid_t pid,
                      int64_t deadline_ns, struct trace *trace) {
  static const char *const hosts[CHRONY_WAYS] = {NULL, "127.0.0.1", "::1"};
  *talk = (struct chrony_talk){.deadline_ns = deadline_ns, .trace = trace};
  talk->own.directory = -1;
  for (int i = 0; i < CHRONY_WAYS; i++) {
    struct chrony_way *way = &talk->way[i];
    struct net_address addresses[NET_ADDRESSES];
    struct why why;
    way->fd = -ENOENT;
    if (hosts[i] != NULL) {
      (void)snprintf(way->name, sizeof way->name, "%s port %u", hosts[i], (unsigned)port);
      way->fd = net_resolve(hosts[i], port, deadline_ns, addresses, &why);
      way->fd = way->fd > 0 ? net_connect_udp(&addresses[0]) : way->fd;
    } else if (path != NULL) {
      (void)snprintf(way->name, sizeof way->name, "%s", path);
      struct stat made;
      int64_t now_ns = clock_monotonic_ns(); /* the other ways want their time */
      int looked = aside_await(path, now_ns + (deadline_ns - now_ns) / 4);
      looked =
          looked == 0 ? owner_check_file(path, &owner_chronyd, &made, &talk->stranger) : looked;
      way->fd = looked < 0 ? looked : chrony_socket_open(&talk->own, path, pid);
    }
    if (way->fd < 0) {
      shut(talk, way, way->fd);
    }
  }
}

void chrony_talk_close(struct chrony_talk *talk) {
  for (int i = 0; i < CHRONY_WAYS; i++) {
    if (talk->way[i].fd >= 0) {
      (void)close(talk->way[i].fd);
      talk->way[i].fd = -1;
    }
  }
  chrony_socket_close(&talk->own);
}

int chrony_talk_check(struct chrony_talk *talk) {
  int error = 0;
  for (int i = CHRONY_WAY_SOCKET + 1; i < CHRONY_WAYS && error == 0; i++) {
    if (talk->way[i].fd >= 0) {
      error = owner_check_port(talk->way[i].fd, &owner_chronyd, talk->trace, &talk->stranger);
    }
  }
  return error;
}

const char *chrony_talk_words(const struct chrony_talk *talk, char *out, size_t size_bytes) {
  out[0] = '\0';
  for (int i = 0; i < CHRONY_WAYS; i++) {
    const struct chrony_way *way = &talk->way[i];
    size_t used = strlen(out);
    if (way->fd >= 0 || way->error != 0) { /* else it was not needed */
      text_append(out, size_bytes, "%s%s: %s", used > 0 ? ", " : "", way->name,
                  way->error != 0 ? words(way->error) : "no answer");
    }
  }
  return out;
}

/* A status, or a negative errno: -ETIMEDOUT where no answer came until then. */
static int chrony_talk_await(struct chrony_talk *talk, const struct chrony_way *way,
                             const struct candm_question *question, struct candm_reply *reply,
                             int64_t until_ns) {
  for (int dropped = 0; dropped < DROPPED_MAX && clock_left_ms(until_ns) > 0; dropped++) {
    ssize_t length = net_receive(way->fd, reply->data, sizeof reply->data, until_ns);
    if (length < 0 && length != -EMSGSIZE) {
      return (int)length;
    }
    reply->length_bytes = length < 0 ? 0 : (size_t)length;
    talk->flaw = "longer than any reply";
    int status = length < 0 ? -EBADMSG : candm_status(question, reply, &talk->flaw);
    if (status >= 0) {
      trace_add(talk->trace, "chrony: %s: %s answered: status %d, %zu bytes", way->name,
                candm_name(question->command), status, reply->length_bytes);
      return status;
    }
    trace_add(talk->trace, "chrony: %s: dropped a datagram: %s", way->name, talk->flaw);
  }
  return -ETIMEDOUT;
}

/* Sends question by this way and waits for the answer. */
static int attempt(struct chrony_talk *talk, struct chrony_way *way,
                   const struct candm_question *question, struct candm_reply *reply) {
  uint8_t request[CANDM_BYTES_MAX];
  size_t length = candm_request(question, request);
  int64_t until_ns = clock_monotonic_ns() + (FIRST_WAIT_NS << question->attempt);
  until_ns = until_ns < talk->deadline_ns ? until_ns : talk->deadline_ns;
  trace_add(talk->trace, "chrony: %s: %s %d, sequence %08x, attempt %u, %zu bytes", way->name,
            candm_name(question->command), (int)question->index, (unsigned)question->sequence,
            question->attempt + 1U, length);
  int status = net_send(way->fd, request, length, until_ns);
  return status == 0 ? chrony_talk_await(talk, way, question, reply, until_ns) : status;
}

/* Closes all ways but the one that answered. */
static void chrony_talk_keep(struct chrony_talk *talk, const struct chrony_way *good) {
  for (struct chrony_way *way = talk->way; way < talk->way + CHRONY_WAYS; way++) {
    if (way != good && way->fd >= 0) {
      (void)close(way->fd);
      way->fd = -1;
    }
  }
  if (good != &talk->way[CHRONY_WAY_SOCKET]) {
    chrony_socket_close(&talk->own);
  }
}

int chrony_talk_ask(struct chrony_talk *talk, struct candm_question *question,
                    struct candm_reply *reply) {
  int error = -ECONNREFUSED;
  talk->flaw = NULL;
  if (getrandom(&question->sequence, sizeof question->sequence, GRND_NONBLOCK) < 0) {
    question->sequence = (uint32_t)clock_monotonic_ns(); /* right after boot */
  }
  for (question->attempt = 0; question->attempt < ATTEMPTS; question->attempt++) {
    bool open = false;
    for (struct chrony_way *way = talk->way; way < talk->way + CHRONY_WAYS; way++) {
      int status = way->fd >= 0 ? attempt(talk, way, question, reply) : -ENOENT;
      if (status >= 0) {
        chrony_talk_keep(talk, way);
        return status;
      }
      if (way->fd >= 0 && status != -ETIMEDOUT) {
        shut(talk, way, status);
        error = status;
      }
      open = open || way->fd >= 0;
    }
    if (!open || clock_left_ms(talk->deadline_ns) == 0) {
      return !open ? error : talk->flaw != NULL ? -EBADMSG : -ETIMEDOUT;
    }
  }
  return talk->flaw != NULL ? -EBADMSG : -ETIMEDOUT;
}

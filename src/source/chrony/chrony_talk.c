/*
 * Questions to chronyd and their answers.
 *
 * Only an answer proves a route: the socket may be another user's, UDP may be closed (cmdport 0),
 * and a system policy may pass one and silently drop the other. So the first question goes out over
 * all routes in turn, and each refused one is closed.
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

/* The first wait, doubled with each attempt: as chronyc asks (chrony's client.c). */
#define FIRST_WAIT_NS DURATION_S
/* DROPPED_MAX: datagrams that are not the answer, per attempt. */
enum { ATTEMPTS = 3, DROPPED_MAX = 1000 };

static const char *error_words(int error) {
  if (error == 0) {
    return "no answer";
  }
  return error == -EREMOTE ? ASIDE_SILENT : strerror(-error);
}

static void shut_way(struct chrony_talk *talk, struct chrony_way *way, int error) {
  if (way->name[0] != '\0') { /* it was tried */
    trace_add(talk->trace, "chrony: %s: %s", way->name, error_words(error));
  }
  if (way->fd >= 0) {
    (void)close(way->fd);
  }
  way->fd = -1;
  way->error = error;
}

/* Connects over UDP: a descriptor or a negative errno. */
static int open_udp(const struct chrony_talk *talk, const char *host, uint16_t port) {
  struct net_address addresses[NET_ADDRESSES];
  struct why why;
  int count = net_resolve(host, port, talk->deadline_ns, addresses, &why);
  if (count <= 0) {
    return count;
  }
  return net_connect_udp(&addresses[0]);
}

/* Connects to chronyd's socket: a descriptor or a negative errno. Leaves the other routes three
 * quarters of the time. */
static int open_socket(struct chrony_talk *talk, const char *path, pid_t pid) {
  struct stat made;
  int64_t now_ns = clock_monotonic_ns();
  int error = aside_await(path, now_ns + (talk->deadline_ns - now_ns) / 4);
  if (error != 0) {
    return error;
  }
  error = owner_check_file(path, &owner_chronyd, &made, &talk->stranger);
  if (error < 0) {
    return error;
  }
  return chrony_socket_open(&talk->own, path, pid);
}

void chrony_talk_open(struct chrony_talk *talk, const char *path, uint16_t port, pid_t pid,
                      int64_t deadline_ns, struct trace *trace) {
  static const char *const hosts[CHRONY_WAYS] = {NULL, "127.0.0.1", "::1"};
  *talk = (struct chrony_talk){.deadline_ns = deadline_ns, .trace = trace};
  talk->own.directory = -1;
  for (int i = 0; i < CHRONY_WAYS; i++) {
    struct chrony_way *way = &talk->way[i];
    way->fd = -ENOENT;
    if (hosts[i] != NULL) {
      (void)snprintf(way->name, sizeof way->name, "%s port %u", hosts[i], (unsigned)port);
      way->fd = open_udp(talk, hosts[i], port);
    } else if (path != NULL) {
      (void)snprintf(way->name, sizeof way->name, "%s", path);
      way->fd = open_socket(talk, path, pid);
    }
    if (way->fd < 0) {
      shut_way(talk, way, way->fd);
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
    if (way->fd < 0 && way->error == 0) {
      continue; /* it was not needed */
    }
    text_list(out, size_bytes, ", ", "%s: %s", way->name, error_words(way->error));
  }
  return out;
}

/* Waits for the answer: its status, or a negative errno; -ETIMEDOUT if none came by until_ns. */
static int chrony_talk_await(struct chrony_talk *talk, const struct chrony_way *way,
                             const struct candm_question *question, struct candm_reply *reply,
                             int64_t until_ns) {
  for (int dropped = 0; dropped < DROPPED_MAX && clock_left_ms(until_ns) > 0; dropped++) {
    ssize_t length = net_receive(way->fd, reply->data, sizeof reply->data, until_ns);
    int status = -EBADMSG;
    if (length == -EMSGSIZE) {
      reply->length_bytes = 0;
      talk->flaw = "longer than any reply";
    } else if (length < 0) {
      return (int)length;
    } else {
      reply->length_bytes = (size_t)length;
      status = candm_status(question, reply, &talk->flaw);
    }
    if (status >= 0) {
      trace_add(talk->trace, "chrony: %s: %s answered: status %d, %zu bytes", way->name,
                candm_name(question->command), status, reply->length_bytes);
      return status;
    }
    trace_add(talk->trace, "chrony: %s: dropped a datagram: %s", way->name, talk->flaw);
  }
  return -ETIMEDOUT;
}

/* Sends question over one route and waits for the answer. */
static int ask_once(struct chrony_talk *talk, struct chrony_way *way,
                    const struct candm_question *question, struct candm_reply *reply) {
  uint8_t request[CANDM_BYTES_MAX];
  size_t length = candm_request(question, request);
  int64_t until_ns = clock_monotonic_ns() + (FIRST_WAIT_NS << question->attempt);
  if (until_ns > talk->deadline_ns) {
    until_ns = talk->deadline_ns;
  }
  trace_add(talk->trace, "chrony: %s: %s %d, sequence %08x, attempt %u, %zu bytes", way->name,
            candm_name(question->command), (int)question->index, (unsigned)question->sequence,
            question->attempt + 1U, length);
  int error = net_send(way->fd, request, length, until_ns);
  if (error != 0) {
    return error;
  }
  return chrony_talk_await(talk, way, question, reply, until_ns);
}

/* Closes all routes except the one that answered. */
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
    question->sequence = (uint32_t)clock_monotonic_ns(); /* no randomness yet, early at boot */
  }
  for (question->attempt = 0; question->attempt < ATTEMPTS; question->attempt++) {
    bool open = false;
    for (struct chrony_way *way = talk->way; way < talk->way + CHRONY_WAYS; way++) {
      if (way->fd < 0) {
        continue;
      }
      int status = ask_once(talk, way, question, reply);
      if (status >= 0) {
        chrony_talk_keep(talk, way);
        return status;
      }
      if (status == -ETIMEDOUT) {
        open = true;
      } else {
        shut_way(talk, way, status);
        error = status;
      }
    }
    if (!open) {
      return error;
    }
    if (clock_left_ms(talk->deadline_ns) == 0) {
      break;
    }
  }
  return talk->flaw != NULL ? -EBADMSG : -ETIMEDOUT;
}

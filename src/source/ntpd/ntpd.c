/*
 * The source ntpd: the classic ntpd and ntpsec's, asked over the loopback as ntpq(1) does.
 *
 * One question reads the system, one the list of servers, and one each server. ntpd answers within
 * a fraction of a millisecond. Debian's configuration allows questions from 127.0.0.1 and ::1 and
 * silently drops all others. So silence has three meanings: another NTP server has the port, ntpd
 * may not be asked, or it hangs. Asking for the time, as a client does, tells the last from the
 * others.
 */
#include <errno.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "ntp_monitor/ask.h"
#include "ntp_monitor/clock.h"
#include "ntp_monitor/duration.h"
#include "ntp_monitor/env.h"
#include "ntp_monitor/net.h"
#include "ntp_monitor/owner.h"
#include "ntp_monitor/source.h"
#include "ntp_monitor/trace.h"
#include "ntp_monitor/why.h"
#include "source/ntpd/mode6_talk.h"

#define CHECK_SERVICE WHY_ADVICE "check the NTP service: systemctl status ntpsec (or ntp, or ntpd)"

/* The waits for the time, and for ntpd when only its presence is asked. */
#define WAIT_NS DURATION_S
#define GLANCE_NS (50 * DURATION_MS)

enum { PEERS_MAX = 64 };

static const char *const addresses[] = {"127.0.0.1", "::1"};
enum { ADDRESSES = sizeof addresses / sizeof *addresses };

/* Reads the variables of each server. A server that has gone since or answers nonsense is left
 * without; from the one followed, nonsense is an error. */
static int read_peers(struct mode6_talk *talk, struct mode6_reading *reading, int64_t system_ns,
                      struct why *why) {
  size_t followed = mode6_followed(reading);
  for (size_t i = 0; i < reading->peer_count; i++) {
    struct mode6_peer *peer = &reading->peer[i];
    int error =
        mode6_talk_ask(talk, MODE6_READ_VARIABLES, peer->association, mode6_peer_names, why);
    peer->later_ns = clock_monotonic_ns() - system_ns;
    if (error == 0) {
      error = mode6_read(talk->answer.data, talk->answer.length_bytes, &peer->values, why);
    }
    peer->known = error == 0;
    if (error != 0) {
      trace_add(talk->ask->env->trace, "ntpd: association %u: %s", peer->association, why->text);
    }
    if (error != 0 && error != -ENOENT && (error != -EBADMSG || i == followed)) {
      return error;
    }
  }
  return 0;
}

static int ntpd_read_all(struct mode6_talk *talk, struct mode6_reading *reading, struct why *why) {
  int error = mode6_talk_ask(talk, MODE6_READ_VARIABLES, 0, mode6_system_names, why);
  int64_t system_ns = clock_monotonic_ns();
  if (error == 0) {
    error = mode6_read(talk->answer.data, talk->answer.length_bytes, &reading->system, why);
  }
  if (error == 0) {
    error = mode6_talk_ask(talk, MODE6_READ_STATUS, 0, "", why);
  }
  if (error == 0) {
    error = mode6_list(&talk->answer, reading, PEERS_MAX, why);
  }
  if (error == 0) {
    error = read_peers(talk, reading, system_ns, why);
  }
  mode6_drop_broadcasts(reading);
  return error;
}

static int add_all(const struct mode6_reading *reading, struct samples *samples, struct why *why) {
  struct sample sample;
  int error = mode6_primary(reading, &sample, why);
  if (error != 0) {
    return error;
  }
  error = samples_add(samples, &sample, why);
  for (size_t i = 0; i < reading->peer_count && error == 0; i++) {
    /* A server without variables does not even have a name. */
    if (i != mode6_followed(reading) && reading->peer[i].known) {
      mode6_listed(&reading->peer[i], &sample);
      error = samples_add(samples, &sample, why);
    }
  }
  if (reading->total > PEERS_MAX) {
    (void)snprintf(samples->note, sizeof samples->note,
                   "ntpd has %u servers; only the %d that matter most are listed", reading->total,
                   PEERS_MAX);
  }
  return error;
}

/* Reads everything from one address: 0, or a negative errno; -ECONNREFUSED if nobody listens,
 * -ETIMEDOUT for silence. */
static int measure_address(const struct ask *ask, const char *address, struct samples *samples,
                           struct why *why) {
  struct mode6_peer peers[PEERS_MAX];
  struct mode6_reading reading = {.peer = peers};
  struct mode6_talk talk;
  int error = mode6_talk_open(&talk, ask, address);
  if (error != 0) {
    if (error == -EAFNOSUPPORT || error == -EADDRNOTAVAIL) { /* no IPv6 */
      return -ECONNREFUSED;
    }
    return error;
  }
  error = ntpd_read_all(&talk, &reading, why);
  if (error == 0) {
    error = owner_check_port(talk.fd, &owner_ntpd, ask->env->trace, why);
  }
  if (error == 0) {
    error = add_all(&reading, samples, why);
  }
  (void)close(talk.fd);
  return error;
}

/* Returns whether an NTP server answers a client there: RFC 5905 section 7.3, where the transmit
 * time of the request comes back as the origin of the reply. */
static bool tells_time(const struct ask *ask, const char *address) {
  enum { BYTES = 48, CLIENT = 4 << 3 | 3, SERVER = 4, MODE = 7, ORIGIN = 24, TRANSMIT = 40 };
  uint8_t request[BYTES] = {CLIENT};
  uint8_t reply[1024] = {0};
  uint64_t cookie = mode6_talk_number();
  struct mode6_talk talk;
  if (mode6_talk_open(&talk, ask, address) != 0) {
    return false;
  }
  int64_t until_ns = mode6_talk_until(ask, WAIT_NS);
  memcpy(request + TRANSMIT, &cookie, sizeof cookie);
  ssize_t received = net_send(talk.fd, request, sizeof request, until_ns);
  if (received == 0) {
    received = net_receive(talk.fd, reply, sizeof reply, until_ns);
  }
  bool answered = received >= BYTES && (reply[0] & MODE) == SERVER &&
                  memcmp(reply + ORIGIN, &cookie, sizeof cookie) == 0;
  (void)close(talk.fd);
  trace_add(ask->env->trace, "ntpd: [%s]:%d %s the time", address, MODE6_PORT,
            answered ? "tells" : "does not tell");
  return answered;
}

static int explain_silence(const struct ask *ask, const char *address, struct why *why) {
  if (tells_time(ask, address)) {
    return why_set(why, REASON_DENIED, -EACCES,
                   "the NTP server at %s port %d tells the time but does not answer ntpq" WHY_ADVICE
                   "if ntpd: restrict %s without noquery; else ask servers: -s sntp:HOST",
                   address, MODE6_PORT, address);
  }
  char span[DURATION_TEXT_BYTES];
  return why_set(why, REASON_TIMEOUT, -ETIMEDOUT,
                 "no answer from %s port %d within %s, neither to ntpq nor to a client: ntpd hangs "
                 "or ignores this address" CHECK_SERVICE,
                 address, MODE6_PORT, ask_print_waited(ask, span));
}

static int measure_ntpd(const struct ask *ask, struct samples *samples, struct why *why) {
  const char *silent = NULL;
  int closed = 0; /* why no question could be sent */
  for (size_t i = 0; i < ADDRESSES; i++) {
    why->text[0] = '\0';
    int error = measure_address(ask, addresses[i], samples, why);
    if (error == -ETIMEDOUT) {
      if (silent == NULL) {
        silent = addresses[i];
      }
    } else if (error != -ECONNREFUSED) {
      if (error == 0 || why->text[0] != '\0') {
        return error;
      }
      closed = error;
    }
  }
  if (silent != NULL) {
    return explain_silence(ask, silent, why);
  }
  if (closed != 0) {
    return why_set(why, REASON_NO_SERVICE, closed,
                   "cannot ask ntpd on local port %d: %s" WHY_ADVICE "is there a network here?",
                   MODE6_PORT, net_words(closed));
  }
  return why_set(why, REASON_NO_SERVICE, -ECONNREFUSED,
                 "ntpd is not running" WHY_ADVICE
                 "nothing listens on UDP port %d of %s and %s; if it should be running: systemctl "
                 "start ntpsec (or ntp, or ntpd)",
                 MODE6_PORT, addresses[0], addresses[1]);
}

/* Returns whether an ntpd that may set the clock answers, be it with a refusal. One without servers
 * never sets it. */
static bool has_servers(struct mode6_talk *talk, int64_t until_ns) {
  struct mode6_reading reading = {.peer = NULL};
  struct why unused;
  int result = mode6_talk_once(talk, MODE6_READ_STATUS, 0, "", until_ns);
  if (result == MODE6_COMPLETE && mode6_list(&talk->answer, &reading, 0, &unused) == 0 &&
      reading.total == 0) {
    trace_add(talk->ask->env->trace, "ntpd: it has no servers, so it does not set the clock");
    return false;
  }
  if (result >= 0 && owner_check_port(talk->fd, &owner_ntpd, talk->ask->env->trace, &unused) != 0) {
    trace_add(talk->ask->env->trace, "ntpd: %s", unused.text);
    return false;
  }
  return result >= 0;
}

static bool runs_ntpd(const struct ask *ask) {
  bool found = false;
  int64_t until_ns = mode6_talk_until(ask, GLANCE_NS);
  for (size_t i = 0; i < ADDRESSES && !found; i++) {
    struct mode6_talk talk;
    if (mode6_talk_open(&talk, ask, addresses[i]) == 0) {
      found = has_servers(&talk, until_ns);
      (void)close(talk.fd);
    }
  }
  return found;
}

const struct source source_ntpd = {
    .name = "ntpd",
    .summary = "ntpd of NTPsec or of the NTP project, queried like ntpq does",
    .automatic = true,
    .keeps_clock = true,
    .measure = measure_ntpd,
    .runs = runs_ntpd,
};

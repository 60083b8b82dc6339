/*
 * The transport udp: a syslog receiver on a port, RFC 5424 (or 3164) in a datagram.
 *
 * UDP says nothing when nobody listens, unless the socket is connected: then the ICMP
 * refusal comes back as an error, if one waits for it.
 */
#include <assert.h>
#include <errno.h>
#include <inttypes.h>
#include <string.h>
#include <unistd.h>

#include "ntp_monitor/clock.h"
#include "ntp_monitor/duration.h"
#include "ntp_monitor/env.h"
#include "ntp_monitor/frame.h"
#include "ntp_monitor/log.h"
#include "ntp_monitor/net.h"
#include "ntp_monitor/why.h"

/* How long a refusal is waited for: loopback answers at once, another machine has to
 * be reached. */
#define REFUSAL_LOOPBACK_NS (5 * DURATION_MS)
#define REFUSAL_ELSEWHERE_NS (100 * DURATION_MS)

static_assert(FRAME_RFC5424_BYTES > FRAME_RFC3164_BYTES, "one buffer for both");

static size_t frame_line_for(const struct config *config, const struct frame_line *line,
                             char out[FRAME_RFC5424_BYTES + 1]) {
  if (config->syslog_format != SYSLOG_FORMAT_RFC3164) {
    return frame_rfc5424(out, line);
  }
  struct tm local;
  time_t seconds = (time_t)(line->now_ns / DURATION_S);
  (void)localtime_r(&seconds, &local);
  return frame_rfc3164(out, line, &local, true);
}

/* Sends and waits for the refusal: 0 or a negative errno. */
static int deliver(int fd, const char *frame, size_t bytes, bool wait, int64_t deadline_ns) {
  int error = net_send(fd, frame, bytes, deadline_ns);
  if (error != 0 || !wait) {
    return error;
  }
  return net_refusal(fd, net_is_loopback(fd) ? REFUSAL_LOOPBACK_NS : REFUSAL_ELSEWHERE_NS,
                     deadline_ns);
}

/* To one address: 0 with *fd open, or a negative errno. */
static int try_address(int *fd, const struct net_address *address, const char *frame, size_t bytes,
                       int64_t deadline_ns) {
  int connection = net_connect_udp(address);
  int error = connection < 0 ? connection : deliver(connection, frame, bytes, true, deadline_ns);
  if (error == 0) {
    *fd = connection;
  } else if (connection >= 0) {
    (void)close(connection);
  }
  return error;
}

/* To each address of the host in turn. */
static int try_host(int *fd, const struct address *address, const char *frame, size_t bytes,
                    int64_t deadline_ns, struct why *why) {
  struct net_address addresses[NET_ADDRESSES];
  /* Half of what is left, so that the ends behind this one have the other half. */
  int64_t now_ns = clock_monotonic_ns();
  int count = net_resolve(address->text, address->port, now_ns + (deadline_ns - now_ns) / 2,
                          addresses, why);
  int error = count < 0 ? count : -EADDRNOTAVAIL;
  for (int i = 0; i < count && error != 0; i++) {
    error = try_address(fd, &addresses[i], frame, bytes, deadline_ns);
  }
  if (count >= 0 && error != 0) {
    (void)why_set(why, REASON_NO_SOURCE, error, "UDP port %" PRIu16 ": %s", address->port,
                  strerror(-error));
  }
  return error;
}

static int send_udp(int *fd, const struct address *address, const struct frame_line *line,
                    const struct env *env, const struct config *config, struct why *why) {
  char frame[FRAME_RFC5424_BYTES + 1];
  size_t bytes = frame_line_for(config, line, frame);
  if (*fd < 0) {
    return try_host(fd, address, frame, bytes, env->deadline_ns, why);
  }
  bool wait = line->severity != SEVERITY_DEBUG;
  int error = deliver(*fd, frame, bytes, wait, env->deadline_ns);
  return error == 0 ? 0 : why_set(why, REASON_NO_SOURCE, error, "%s", strerror(-error));
}

const struct transport transport_udp = {
    .name = "UDP",
    .kind = ADDRESS_UDP,
    .send = send_udp,
};

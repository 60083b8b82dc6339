/*
 * Translates a reading of ntpd into samples.
 *
 * ntpd keeps its stratum, leap and root delay when all servers are lost, and shows an offset of 0
 * for a server that never answered. So it counts as synchronised only if its leap says so and it
 * follows a server, and a server's figures are taken only if it has answered.
 */
#include <arpa/inet.h>
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "ntp_monitor/duration.h"
#include "ntp_monitor/why.h"
#include "source/ntpd/mode6.h"

/* RFC 5905 section 11.3, STEPT: an offset that ntpd steps away, after a while. */
#define NOTEWORTHY_NS (128 * DURATION_MS)

static bool has_all(const struct mode6_values *values, unsigned variables) {
  return (values->present & variables) == variables;
}

/* Subtracts NTP time stamps less than 68 years apart; the difference wraps as they do. */
static int64_t subtract_stamps_ns(int64_t from, int64_t to) {
  int64_t apart = (int64_t)((uint64_t)to - (uint64_t)from);
  return (apart >> 32) * DURATION_S + (int64_t)(((uint64_t)apart & UINT32_MAX) * DURATION_S >> 32);
}

bool mode6_is_reached(const struct mode6_peer *peer) {
  if (mode6_has(&peer->values, MODE6_REACH)) {
    return mode6_number(&peer->values, MODE6_REACH) != 0;
  }
  return (peer->status & MODE6_REACHABLE) != 0;
}

bool mode6_is_unresolved(const struct mode6_peer *peer) {
  const char *address = peer->values.address;
  return peer->known && (strcmp(address, "0.0.0.0") == 0 || strcmp(address, "::") == 0);
}

void mode6_drop_broadcasts(struct mode6_reading *reading) {
  size_t kept = 0;
  for (size_t i = 0; i < reading->peer_count; i++) {
    const struct mode6_peer *peer = &reading->peer[i];
    if (mode6_is_server(peer->status) || mode6_is_unresolved(peer)) {
      reading->peer[kept++] = *peer;
    }
  }
  reading->total -= (unsigned)(reading->peer_count - kept);
  reading->peer_count = kept;
}

/* ntpd's undisciplined local clock is this machine's own. */
static bool is_local_clock(const struct mode6_peer *peer) {
  static const char driver[] = "127.127.1.";
  return strncmp(peer->values.address, driver, sizeof driver - 1) == 0;
}

/* The variable peer alone proves nothing: it keeps its value when the servers are lost or the clock
 * was stepped. It only decides between two marked servers, when a PPS clock leads. */
size_t mode6_followed(const struct mode6_reading *reading) {
  size_t found = reading->peer_count;
  for (size_t i = reading->peer_count; i-- > 0;) {
    bool marked = mode6_selection(reading->peer[i].status) >= MODE6_SYSTEM_PEER;
    bool told = found < reading->peer_count &&
                reading->peer[found].association == mode6_number(&reading->system, MODE6_PEER);
    if (marked && !told) {
      found = i;
    }
  }
  return found;
}

/* Takes what is known of any peer: names, reach and poll interval. */
static void take_names(const struct mode6_peer *peer, struct sample *sample) {
  const struct mode6_values *values = &peer->values;
  unsigned char unused[sizeof(struct in6_addr)];
  sample->unresolved = mode6_is_unresolved(peer);
  /* An address with a scope is a name. */
  if (sample->unresolved) {
    (void)snprintf(sample->remark, sizeof sample->remark, "%s", mode6_unresolved_words(peer));
  } else if (inet_pton(AF_INET, values->address, unused) == 1 ||
             inet_pton(AF_INET6, values->address, unused) == 1) {
    (void)snprintf(sample->address, sizeof sample->address, "%s", values->address);
  }
  const char *name = values->address;
  if (values->host[0] != '\0') {
    name = values->host;
  }
  (void)snprintf(sample->server, sizeof sample->server, "%s", name);
  if (mode6_has(values, MODE6_REACH)) {
    sample_set_reach(sample, (unsigned)mode6_number(values, MODE6_REACH));
  }
  if (mode6_has(values, MODE6_HPOLL)) {
    sample->poll_interval_ns = DURATION_S << mode6_number(values, MODE6_HPOLL);
    sample->present |= 1U << FIELD_POLL_INTERVAL;
  }
}

static void take_number(const struct mode6_values *values, enum mode6_variable variable,
                        struct sample *sample, enum metric metric) {
  if (mode6_has(values, variable)) {
    sample_set(sample, metric, mode6_number(values, variable));
  }
}

/* Takes the root distance, of the system or of a peer. Returns false if it is unknown. */
static bool take_distance(const struct mode6_values *values, struct sample *sample) {
  if (!has_all(values, 1U << MODE6_ROOTDELAY | 1U << MODE6_ROOTDISP)) {
    return false;
  }
  sample_set(sample, METRIC_ROOT_DISTANCE,
             mode6_number(values, MODE6_ROOTDELAY) / 2 + mode6_number(values, MODE6_ROOTDISP));
  return true;
}

void mode6_listed(const struct mode6_peer *peer, struct sample *sample) {
  static const enum state states[] = {
      [MODE6_REJECT] = STATE_UNUSABLE,      [MODE6_FALSETICK] = STATE_FALSETICKER,
      [MODE6_EXCESS] = STATE_SELECTABLE,    [MODE6_OUTLIER] = STATE_SELECTABLE,
      [MODE6_CANDIDATE] = STATE_COMBINED,   [MODE6_BACKUP] = STATE_SELECTABLE,
      [MODE6_SYSTEM_PEER] = STATE_SELECTED, [MODE6_PPS_PEER] = STATE_SELECTED,
  };
  const struct mode6_values *values = &peer->values;
  enum mode6_selection selection = mode6_selection(peer->status);
  *sample = (struct sample){.listed = true, .jitter_kind = JITTER_RMS, .state = states[selection]};
  take_names(peer, sample);
  if (selection == MODE6_REJECT && !mode6_is_reached(peer)) {
    sample->state = STATE_UNREACHABLE;
  } else if (selection == MODE6_REJECT && peer->known) {
    (void)snprintf(sample->remark, sizeof sample->remark, "%s",
                   mode6_flash_words(mode6_number(values, MODE6_FLASH)));
  }
  /* A rejected peer may have no measurement and then shows 0, unless nothing is wrong with it. */
  bool good =
      mode6_has(values, MODE6_FLASH) && (mode6_number(values, MODE6_FLASH) & ~MODE6_NOSELECT) == 0;
  if ((selection == MODE6_REJECT && !good) || !mode6_is_reached(peer)) {
    return;
  }
  take_number(values, MODE6_STRATUM, sample, METRIC_STRATUM);
  take_number(values, MODE6_OFFSET, sample, METRIC_OFFSET);
  take_number(values, MODE6_DELAY, sample, METRIC_DELAY);
  take_number(values, MODE6_JITTER, sample, METRIC_JITTER);
  /* The server's own distance plus this hop's share: RFC 5905 section 11.1. */
  if (take_distance(values, sample) &&
      has_all(values, 1U << MODE6_OFFSET | 1U << MODE6_DELAY | 1U << MODE6_DISPERSION)) {
    sample_set(sample, METRIC_ERROR_BOUND,
               duration_abs(mode6_number(values, MODE6_OFFSET)) +
                   mode6_number(values, MODE6_DELAY) / 2 + mode6_number(values, MODE6_DISPERSION) +
                   sample->value[METRIC_ROOT_DISTANCE]);
  }
}

/* Takes the age of the followed server's last reply, else of the clock's last update. All three
 * stamps are from the same clock. */
static void mode6_sample_take_age(const struct mode6_values *system, const struct mode6_peer *peer,
                                  struct sample *sample) {
  int64_t rec = 0;
  if (peer != NULL) {
    rec = mode6_number(&peer->values, MODE6_REC);
  }
  int64_t reftime = mode6_number(system, MODE6_REFTIME);
  if (!mode6_has(system, MODE6_CLOCK) || (rec == 0 && reftime == 0)) {
    return;
  }
  int64_t clock = mode6_number(system, MODE6_CLOCK);
  int64_t age_ns = subtract_stamps_ns(reftime, clock);
  if (rec != 0) {
    age_ns = subtract_stamps_ns(rec, clock) + peer->later_ns;
  }
  sample_set(sample, METRIC_AGE, age_ns);
}

/* Takes ntpd's sys_jitter, the spread of the servers that it combines. With one server that is 0
 * and not a measurement, so the server's own jitter is taken instead. */
static void take_jitter(const struct mode6_values *system, const struct mode6_peer *peer,
                        bool disciplined, struct sample *sample) {
  sample->jitter_kind = JITTER_SYS;
  if (disciplined && mode6_number(system, MODE6_SYS_JITTER) > 0) {
    take_number(system, MODE6_SYS_JITTER, sample, METRIC_JITTER);
  } else if (peer != NULL && mode6_has(&peer->values, MODE6_JITTER)) {
    sample->jitter_kind = JITTER_RMS;
    take_number(&peer->values, MODE6_JITTER, sample, METRIC_JITTER);
  }
}

/* Takes the larger of ntpd's own offset and the followed server's. ntpd's own is from its last
 * update; after a jump of the clock it waits up to 300 s to be sure (RFC 5905 section 12: stepout),
 * and until then only the server's offset shows the jump. */
static void take_offset(const struct mode6_values *system, const struct mode6_peer *peer,
                        bool disciplined, struct sample *sample) {
  char span[DURATION_TEXT_BYTES];
  int64_t own_ns = mode6_number(system, MODE6_OFFSET);
  int64_t peer_ns = mode6_number(&peer->values, MODE6_OFFSET);
  bool newer =
      mode6_has(&peer->values, MODE6_OFFSET) && duration_abs(peer_ns) > duration_abs(own_ns);
  const struct mode6_values *values = &peer->values;
  if (disciplined && !newer) {
    values = system;
  }
  take_number(values, MODE6_OFFSET, sample, METRIC_OFFSET);
  if (disciplined && newer && mode6_has(system, MODE6_OFFSET) &&
      duration_abs(peer_ns) > NOTEWORTHY_NS) {
    (void)snprintf(sample->remark, sizeof sample->remark,
                   "the offset is this server's; ntpd's own is still %s",
                   duration_print_signed(span, own_ns));
  }
}

/* rootdisp includes the |offset| of the last update, and rootdelay the whole path. */
static void take_bound(const struct mode6_values *system, struct sample *sample) {
  if (take_distance(system, sample)) {
    sample_set(sample, METRIC_ERROR_BOUND,
               duration_greater(sample->value[METRIC_ROOT_DISTANCE],
                                mode6_number(system, MODE6_ROOTDELAY) / 2 +
                                    duration_abs(sample->value[METRIC_OFFSET])));
  }
}

int mode6_primary(const struct mode6_reading *reading, struct sample *sample, struct why *why) {
  const struct mode6_values *system = &reading->system;
  if (!mode6_has(system, MODE6_LEAP)) {
    return why_set(why, REASON_BAD_REPLY, -EBADMSG,
                   "ntpd sent no leap indicator" WHY_ADVICE "reading rejected");
  }
  size_t index = mode6_followed(reading);
  const struct mode6_peer *peer = NULL;
  if (index < reading->peer_count) {
    peer = &reading->peer[index];
  }
  struct sample made = {.leap = (enum leap)mode6_number(system, MODE6_LEAP),
                        .present = 1U << FIELD_LEAP,
                        .jitter_kind = JITTER_SYS};
  bool disciplined = made.leap != LEAP_UNSYNCHRONISED;
  mode6_sample_take_age(system, peer, &made);
  if (peer == NULL) {
    made.leap = LEAP_UNSYNCHRONISED;
    mode6_say_none(reading, &made, made.remark, sizeof made.remark);
    *sample = made;
    return 0;
  }
  made.state = STATE_SELECTED;
  take_names(peer, &made);
  take_number(&peer->values, MODE6_STRATUM, &made, METRIC_STRATUM);
  take_number(&peer->values, MODE6_DELAY, &made, METRIC_DELAY);
  take_offset(system, peer, disciplined, &made);
  take_jitter(system, peer, disciplined, &made);
  if (disciplined) {
    take_bound(system, &made);
  } else {
    mode6_say_undisciplined(&made, made.remark, sizeof made.remark);
  }
  if (is_local_clock(peer)) {
    made.leap = LEAP_UNSYNCHRONISED;
    (void)snprintf(made.remark, sizeof made.remark,
                   "ntpd follows this machine's own clock, not a server");
  }
  *sample = made;
  return 0;
}

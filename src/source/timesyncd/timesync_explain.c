/*
 * Explains what systemd-timesyncd's figures do not show.
 *
 * The bus has the server asked now and the figures of the last accepted reply; a refused reply
 * leaves no trace. So these sentences name what may be the cause, and where to look.
 */
#include <arpa/inet.h>
#include <stdio.h>
#include <string.h>

#include "ntp_monitor/duration.h"
#include "ntp_monitor/text.h"
#include "source/timesyncd/timesync.h"

/* A reply overdue by more than this is missing. */
#define MISSED_NS DURATION_MIN

static bool timesync_explain_has(const struct timesync *raw, unsigned bit) {
  return (raw->present & bit) != 0;
}

/* Says why there has been no reply yet. */
static void explain_no_reply(const struct timesync *raw, struct sample *sample, char *note,
                             size_t note_bytes) {
  enum { NAME_BYTES = 80 }; /* the remark has 160 */
  char server[SAMPLE_SERVER_BYTES];
  (void)snprintf(server, sizeof server, "%s", raw->server);
  text_truncate(server, NAME_BYTES);
  const char *advice = NULL;
  if (raw->server[0] == '\0' && !raw->servers) {
    (void)snprintf(sample->remark, sizeof sample->remark,
                   "systemd-timesyncd has no server configured");
    advice = "set NTP= in timesyncd.conf";
  } else if (raw->server[0] == '\0') {
    (void)snprintf(sample->remark, sizeof sample->remark,
                   "systemd-timesyncd has not contacted a server yet");
    advice = "does systemd-networkd consider the network up (networkctl), and do the server names "
             "resolve (resolvectl)?";
  } else if (raw->family == 0) {
    (void)snprintf(sample->remark, sizeof sample->remark,
                   "no reply yet from %.80s, whose name is not resolved yet", server);
    advice = "check that its name resolves: resolvectl query NAME";
  } else {
    (void)snprintf(sample->remark, sizeof sample->remark, "no acceptable reply yet from %.80s",
                   server);
    advice = "check the path to its UDP port 123; timesyncd may have rejected replies: journalctl "
             "-u systemd-timesyncd";
  }
  (void)snprintf(note, note_bytes, "%s", advice);
}

/* Returns whether the figures may be another server's than the one named. */
static bool is_anothers(const struct timesync *raw, const struct sample *sample) {
  bool whole = timesync_explain_has(raw, TIMESYNC_POLL_INTERVAL); /* a text may be an excerpt */
  if (whole && (raw->server[0] == '\0' || raw->family == 0)) {
    return true;
  }
  unsigned char address[sizeof(struct in6_addr)];
  bool literal = raw->family != 0 && inet_pton(raw->family, raw->server, address) == 1;
  if (literal && memcmp(address, raw->address, raw->address_bytes) != 0) {
    return true;
  }
  return sample_has(sample, METRIC_AGE) && sample_has(sample, FIELD_POLL_INTERVAL) &&
         sample->value[METRIC_AGE] - MISSED_NS > sample->poll_interval_ns;
}

/* Says what is wrong with the age, or "". */
static void explain_age(const struct timesync *raw, const struct sample *sample, char *out,
                        size_t size_bytes) {
  const char *is = sample_has(sample, METRIC_AGE) ? "only a lower bound" : "unknown";
  out[0] = '\0';
  if (timesync_age_is_exact(raw)) {
    return;
  }
  if (timesync_explain_has(raw, TIMESYNC_DESTINATION)) {
    (void)snprintf(out, size_bytes,
                   "the age is %s: the timestamp's zone (%s) is ambiguous; run TZ=UTC "
                   "timedatectl show-timesync",
                   is, raw->zone[0] != '\0' ? raw->zone : "none");
  } else {
    (void)snprintf(out, size_bytes, "the age is %s: the text has no timestamp", is);
  }
}

void timesync_explain(const struct timesync *raw, struct sample *sample, char *note,
                      size_t note_bytes) {
  char age[192];
  bool counted = timesync_explain_has(raw, TIMESYNC_REPLIES);
  if (counted && raw->replies == 0) {
    if (timesync_explain_has(raw, TIMESYNC_POLL_INTERVAL)) {
      explain_no_reply(raw, sample, note, note_bytes);
    }
    return;
  }
  explain_age(raw, sample, age, sizeof age);
  if (!is_anothers(raw, sample)) {
    (void)snprintf(note, note_bytes, "%s", age);
    return;
  }
  (void)snprintf(note, note_bytes, "figures of the last reply, possibly from another server");
  if (age[0] != '\0') {
    text_append(note, note_bytes, "; %s", age);
  }
}

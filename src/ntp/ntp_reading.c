/*
 * From what servers answered to one reading: a sample of each, and the vote over them.
 *
 * Each server's best sample is the one with the least delay (RFC 5905 section 10). Who is so far
 * from a true clock that its word proves nothing, or has its time from us, is listed and has no
 * vote.
 */
#include "ntp_monitor/ntp_reading.h"

#include <errno.h>
#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "ntp_monitor/duration.h"
#include "ntp_monitor/ntp_packet.h"
#include "ntp_monitor/ntp_poll.h"
#include "ntp_monitor/ntp_select.h"
#include "ntp_monitor/sample.h"

/* RFC 5905 section 11.1 and appendix A.1.1: MINDISP, half of which a distance has at least for its
 * delays, lest servers that are very near look like liars to each other; and PHI, how fast a
 * sample's error grows. */
static const int64_t DELAY_LEAST_NS = INT64_C(5000000);
static const int64_t PHI_PPM = 15;

/* Of the reading so far: who votes. */
struct poll_box {
  struct ntp_vote *votes;
  size_t *server; /* of each vote: its place in samples */
  size_t count;
};

static void say(char *out, size_t size_bytes, const char *format, ...)
    __attribute__((format(printf, 3, 4)));

/* Appends what fits. */
static void say(char *out, size_t size_bytes, const char *format, ...) {
  size_t used = strlen(out);
  va_list arguments;
  va_start(arguments, format);
  (void)vsnprintf(out + used, size_bytes - used, format, arguments);
  va_end(arguments);
}

static int64_t magnitude(int64_t value) {
  return value < 0 ? -value : value;
}

/* The figures of a server that answered. Returns the distance it votes with (lambda). */
static int64_t fill(const struct ntp_server *server, unsigned wanted, int64_t now_ns,
                    struct sample *sample) {
  size_t best = ntp_select_best(server->replies, server->reply_count);
  const struct ntp_reply *reply = &server->replies[best];
  int64_t jitter_ns = ntp_select_jitter_ns(server->replies, server->reply_count);
  int64_t grown_ns = (now_ns - server->received_ns[best]) / 1000000 * PHI_PPM;
  int64_t error_ns = reply->error_ns + grown_ns;
  int64_t delays_ns = reply->root_delay_ns + reply->delay_ns;
  int64_t more_ns = delays_ns < DELAY_LEAST_NS ? (DELAY_LEAST_NS - delays_ns) / 2 : 0;
  sample_set(sample, METRIC_OFFSET, reply->offset_ns);
  sample_set(sample, METRIC_DELAY, reply->delay_ns);
  sample_set(sample, METRIC_ROOT_DISTANCE, reply->root_delay_ns / 2 + reply->root_dispersion_ns);
  sample_set(sample, METRIC_ERROR_BOUND, magnitude(reply->offset_ns) + error_ns);
  sample_set(sample, METRIC_STRATUM, reply->stratum);
  sample_set(sample, METRIC_AGE, now_ns - server->received_ns[server->reply_count - 1]);
  sample->leap = reply->leap;
  sample->present |= 1U << FIELD_LEAP;
  if (wanted > 1) {
    sample->jitter_kind = JITTER_RMS;
  }
  if (jitter_ns >= 0) {
    sample_set(sample, METRIC_JITTER, jitter_ns);
  } else if (wanted > 1 && sample->remark[0] == '\0') {
    say(sample->remark, sizeof sample->remark, "one reply has no jitter");
  }
  return error_ns + more_ns + (jitter_ns > 0 ? jitter_ns : 0);
}

/* Sets what it is to us; true where it has a vote. */
static bool admit(const struct ntp_server *server, int64_t distance_ns, struct sample *sample) {
  char *remark = sample->remark;
  char span[DURATION_TEXT_BYTES];
  sample->state = STATE_UNUSABLE;
  if (server->reason == REASON_NOT_SYNCHRONISED) {
    return false;
  }
  if (server->follows_us) {
    remark[0] = '\0';
    say(remark, sizeof sample->remark, "it takes its time from this machine, so it proves nothing");
    return false;
  }
  if (distance_ns > NTP_READING_DISTANCE_MOST_NS) {
    remark[0] = '\0';
    duration_print(span, distance_ns - distance_ns % DURATION_MS);
    say(remark, sizeof sample->remark, "its time may be wrong by %s, more than 1s", span);
    return false;
  }
  return true;
}

/* One server into a sample, and into the box if it has a vote. */
static int add(const struct ntp_plan *plan, size_t i, int64_t now_ns, struct samples *samples,
               struct poll_box *box) {
  const struct ntp_server *server = &plan->servers[i];
  struct sample sample = {.state = STATE_UNREACHABLE, .bystander = true};
  int64_t distance_ns = 0;
  say(sample.server, sizeof sample.server, "%s", server->name);
  say(sample.remark, sizeof sample.remark, "%s", server->remark);
  if (server->address_count > 0) {
    (void)ntp_poll_address(&server->address[server->chosen], sample.address);
    sample.sent = server->sent;
    sample.replies = server->reply_count;
    sample.present = 1U << FIELD_SENT | 1U << FIELD_REPLIES;
  }
  if (server->reply_count > 0) {
    distance_ns = fill(server, plan->samples, now_ns, &sample);
  }
  if (server->reason == REASON_NOT_SYNCHRONISED) {
    sample.leap = LEAP_UNSYNCHRONISED;
    sample.present |= 1U << FIELD_LEAP;
  }
  if (server->reply_count > 0 || server->reason == REASON_NOT_SYNCHRONISED) {
    if (admit(server, distance_ns, &sample)) {
      box->server[box->count] = samples->count;
      box->votes[box->count++] =
          (struct ntp_vote){.offset_ns = sample.value[METRIC_OFFSET], .distance_ns = distance_ns};
    }
  }
  samples->asked += !server->duplicate;
  return samples_add(samples, &sample);
}

/* "falseticker: c.example (offset +250ms), d.example (...) and 3 more" */
static void note_falsetickers(struct samples *samples, size_t first, size_t falsetickers) {
  enum { SHOWN_MAX = 4 };
  char *note = samples->note;
  size_t shown = 0;
  for (size_t i = first; i < samples->count && shown < SHOWN_MAX; i++) {
    const struct sample *sample = &samples->items[i];
    char span[DURATION_TEXT_BYTES];
    if (sample->state != STATE_FALSETICKER) {
      continue;
    }
    int64_t offset_ns = sample->value[METRIC_OFFSET];
    offset_ns -= magnitude(offset_ns) > DURATION_MS ? offset_ns % DURATION_US : 0;
    say(note, sizeof samples->note, "%s%.80s (offset %s%s)",
        shown > 0           ? ", "
        : falsetickers == 1 ? "falseticker: "
                            : "falsetickers: ",
        sample->server, offset_ns > 0 ? "+" : "", duration_print(span, offset_ns));
    shown++;
  }
  if (falsetickers > shown) {
    say(note, sizeof samples->note, " and %zu more", falsetickers - shown);
  }
}

static void tell_consensus(struct samples *samples, const struct ntp_consensus *consensus) {
  samples->truechimers = (unsigned)consensus->truechimers;
  if (consensus->truechimers > 1) {
    int64_t below_ns = consensus->combined_offset_ns - consensus->low_ns;
    int64_t above_ns = consensus->high_ns - consensus->combined_offset_ns;
    samples->combined = true;
    samples->combined_offset_ns = consensus->combined_offset_ns;
    samples->combined_bound_ns = below_ns > above_ns ? below_ns : above_ns;
  }
}

/* Counts the votes, and sets what each voter is. first: of these samples in the list. */
static int vote(struct samples *samples, size_t first, const struct poll_box *box) {
  struct ntp_consensus consensus;
  int error = ntp_select_vote(box->votes, box->count, &consensus);
  if (error != 0) {
    return error;
  }
  for (size_t i = 0; i < box->count; i++) {
    struct sample *sample = &samples->items[box->server[i]];
    sample->state = box->votes[i].truechimer ? STATE_COMBINED : STATE_FALSETICKER;
  }
  struct sample *best = &samples->items[box->server[consensus.best]];
  best->bystander = false;
  if (best->state == STATE_COMBINED) {
    best->state = STATE_SELECTED;
  }
  samples->answered = (unsigned)box->count;
  tell_consensus(samples, &consensus);
  note_falsetickers(samples, first, box->count - consensus.truechimers);
  return 0;
}

/* Nobody has a vote: who answered carries the verdict, and that is that there is no time. The
 * nearest to one first: a reply with figures. */
static bool carry_unusable(struct samples *samples, size_t first) {
  struct sample *carrier = NULL;
  for (size_t i = first; i < samples->count; i++) {
    struct sample *sample = &samples->items[i];
    if (sample->state != STATE_UNUSABLE) {
      continue;
    }
    if (carrier == NULL ||
        (!sample_has(carrier, METRIC_OFFSET) && sample_has(sample, METRIC_OFFSET))) {
      carrier = sample;
    }
  }
  if (carrier == NULL) {
    return false;
  }
  carrier->bystander = false;
  carrier->leap = LEAP_UNSYNCHRONISED;
  carrier->present |= 1U << FIELD_LEAP;
  return true;
}

/* Nobody answered. The reason is that of most weight, the text each server's own. */
static int nobody(const struct ntp_plan *plan, struct why *why) {
  static const struct {
    enum reason reason;
    int error;
    const char *advice;
  } rows[] = {
      {REASON_BAD_REPLY, -EBADMSG, ""},
      {REASON_DENIED, -EACCES, ""},
      {REASON_TIMEOUT, -ETIMEDOUT, "; is UDP port 123 let through, and DNS?"},
      {REASON_NO_SERVICE, -ECONNREFUSED, ""},
      {REASON_NO_SOURCE, -ENOENT, "; check the names and the network"},
  };
  enum { SHOWN_MAX = 8 };
  char text[WHY_TEXT_BYTES - 64] = "";
  size_t asked = 0;
  size_t row = sizeof rows / sizeof *rows - 1;
  for (size_t i = 0; i < plan->count; i++) {
    const struct ntp_server *server = &plan->servers[i];
    if (server->duplicate) {
      continue;
    }
    for (size_t k = 0; k < row; k++) {
      row = server->reason == rows[k].reason ? k : row;
    }
    if (asked++ < SHOWN_MAX) {
      say(text, sizeof text, "%s%.60s: %s", asked > 1 ? "; " : "", server->name, server->remark);
    }
  }
  if (asked > SHOWN_MAX) {
    say(text, sizeof text, "; and %zu more", asked - SHOWN_MAX);
  }
  return why_set(why, rows[row].reason, rows[row].error, "%s%s%s",
                 asked > 1 ? "no NTP server answered: " : "", text, rows[row].advice);
}

int ntp_reading(const struct ntp_plan *plan, int64_t now_ns, struct samples *samples,
                struct why *why) {
  size_t first = samples->count;
  struct poll_box box = {.votes = calloc(plan->count, sizeof *box.votes),
                         .server = calloc(plan->count, sizeof *box.server)};
  int error = box.votes != NULL && box.server != NULL ? 0 : -ENOMEM;
  for (size_t i = 0; i < plan->count && error == 0; i++) {
    error = add(plan, i, now_ns, samples, &box);
  }
  if (error == 0 && box.count > 0) {
    error = vote(samples, first, &box);
  }
  if (error != 0) {
    (void)why_set(why, REASON_NO_SOURCE, error, "no memory for a reading of %zu servers",
                  plan->count);
  } else if (box.count == 0 && !carry_unusable(samples, first)) {
    error = nobody(plan, why);
  } else if (plan->at_once > 0) {
    say(samples->note, sizeof samples->note,
        "%sonly %zu descriptors: the servers were asked in waves",
        samples->note[0] != '\0' ? "; " : "", plan->at_once);
  }
  free(box.votes);
  free(box.server);
  return error;
}

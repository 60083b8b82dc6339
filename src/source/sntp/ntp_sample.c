/*
 * Makes one reading of all servers' answers: a sample of each, and the vote over them.
 *
 * A server whose time proves nothing is listed without a vote: this machine itself, a server that
 * follows us, one that serves its own clock.
 */
#include "source/sntp/ntp_sample.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "ntp_monitor/duration.h"
#include "ntp_monitor/sample.h"
#include "ntp_monitor/text.h"
#include "source/sntp/ntp_figures.h"
#include "source/sntp/ntp_heard.h"
#include "source/sntp/ntp_poll.h"
#include "source/sntp/ntp_select.h"

/* The votes of the reading so far. */
struct poll_box {
  struct ntp_vote *votes;
  size_t *server; /* of each vote: its place in samples */
  size_t count;
};

/* Sets the state of a server that answered. Returns whether it has a vote. */
static bool admit_vote(const struct ntp_server *server, struct sample *sample) {
  const char *objection = ntp_heard_objection(server);
  sample->state = STATE_UNUSABLE;
  if (server->reason == REASON_NOT_SYNCHRONISED) {
    return false;
  }
  if (objection != NULL) {
    sample->remark[0] = '\0';
    text_append(sample->remark, sizeof sample->remark, "%s", objection);
    return false;
  }
  return true;
}

/* Adds the sample of one server, and its vote if it has one. */
static int ntp_sample_add(const struct ntp_plan *plan, size_t i, int64_t now_ns,
                          struct samples *samples, struct poll_box *box) {
  const struct ntp_server *server = &plan->servers[i];
  struct sample sample = {.state = STATE_UNREACHABLE, .listed = true};
  int64_t distance_ns = 0;
  text_append(sample.server, sizeof sample.server, "%s", server->name);
  text_append(sample.remark, sizeof sample.remark, "%s", server->remark);
  if (server->address_count > 0) {
    (void)ntp_poll_address(&server->address[server->chosen], sample.address);
    sample.sent = server->sent;
    sample.replies = server->reply_count;
    sample.present = 1U << FIELD_SENT | 1U << FIELD_REPLIES;
  }
  if (server->reply_count > 0) {
    distance_ns = ntp_figures_fill(plan, server, now_ns, &sample);
  }
  if (server->reason == REASON_NOT_SYNCHRONISED) {
    sample.leap = LEAP_UNSYNCHRONISED;
    sample.present |= 1U << FIELD_LEAP;
  }
  if (server->reply_count > 0 || server->reason == REASON_NOT_SYNCHRONISED) {
    if (admit_vote(server, &sample)) {
      box->server[box->count] = samples->count;
      box->votes[box->count++] =
          (struct ntp_vote){.offset_ns = sample.value[METRIC_OFFSET], .distance_ns = distance_ns};
    }
  }
  samples->asked += !server->duplicate && !server->ourselves;
  return samples_add(samples, &sample, NULL);
}

/* Notes "falseticker: c.example (offset +250ms), d.example (...) and 3 more". */
static void note_falsetickers(struct samples *samples, size_t first, size_t falsetickers) {
  enum { SHOWN_MAX = 4 };
  char *note = samples->note;
  const char *before = falsetickers == 1 ? "falseticker: " : "falsetickers: ";
  size_t shown = 0;
  for (size_t i = first; i < samples->count && shown < SHOWN_MAX; i++) {
    const struct sample *sample = &samples->items[i];
    char span[DURATION_TEXT_BYTES];
    if (sample->state != STATE_FALSETICKER) {
      continue;
    }
    int64_t offset_ns = sample->value[METRIC_OFFSET];
    if (duration_abs(offset_ns) > DURATION_MS) {
      offset_ns -= offset_ns % DURATION_US;
    }
    text_append(note, sizeof samples->note, "%s%.80s (offset %s)", before, sample->server,
                duration_print_signed(span, offset_ns));
    before = ", ";
    shown++;
  }
  if (falsetickers > shown) {
    text_append(note, sizeof samples->note, " and %zu more", falsetickers - shown);
  }
}

/* Notes what is odd about the judged figures and not in the message anyway: a kiss code, a missing
 * jitter, a clock that was set. */
static void note_primary(const struct ntp_plan *plan, const struct ntp_server *server,
                         const struct sample *primary, struct samples *samples) {
  bool no_jitter = plan->samples > 1 && primary->jitter_kind == JITTER_NONE;
  bool jumped = sample_has(primary, METRIC_JITTER) &&
                ntp_select_after_break(server->replies, server->reply_count) > 0;
  if (no_jitter || jumped || server->reason == REASON_DENIED) {
    text_list(samples->note, sizeof samples->note, "; ", "%s", primary->remark);
  }
}

static void tell_consensus(struct samples *samples, const struct ntp_consensus *consensus) {
  samples->truechimers = (unsigned)consensus->truechimers;
  if (consensus->truechimers > 1) {
    int64_t below_ns = consensus->combined_offset_ns - consensus->low_ns;
    int64_t above_ns = consensus->high_ns - consensus->combined_offset_ns;
    samples->combined = true;
    samples->combined_offset_ns = consensus->combined_offset_ns;
    samples->combined_bound_ns = duration_greater(below_ns, above_ns);
  }
}

/* Chooses the voter that carries the verdict: the best of a majority. Two cannot outvote each
 * other, and a second server must not soften the verdict of the first, so the one further off
 * carries it.
 */
static size_t choose_primary(const struct poll_box *box, const struct ntp_consensus *consensus) {
  const struct ntp_vote *votes = box->votes;
  if (box->count != 2) {
    return consensus->best;
  }
  size_t other = 1 - consensus->best;
  if (duration_abs(votes[other].offset_ns) > duration_abs(votes[consensus->best].offset_ns)) {
    return other;
  }
  return consensus->best;
}

/* Counts the votes and sets each voter's state. first: the index of the plan's first sample. */
static int count_votes(const struct ntp_plan *plan, struct samples *samples, size_t first,
                       const struct poll_box *box) {
  struct ntp_consensus consensus;
  int error = ntp_select_vote(box->votes, box->count, &consensus);
  if (error != 0) {
    return error;
  }
  for (size_t i = 0; i < box->count; i++) {
    struct sample *sample = &samples->items[box->server[i]];
    sample->state = box->votes[i].truechimer ? STATE_COMBINED : STATE_FALSETICKER;
    sample->listed = consensus.truechimers > 0; /* without a majority each is judged */
  }
  size_t chosen = box->server[choose_primary(box, &consensus)];
  struct sample *primary = &samples->items[chosen];
  primary->listed = false;
  if (primary->state == STATE_COMBINED) {
    primary->state = STATE_SELECTED;
  }
  samples->answered = (unsigned)box->count;
  tell_consensus(samples, &consensus);
  note_falsetickers(samples, first, box->count - consensus.truechimers);
  note_primary(plan, &plan->servers[chosen - first], primary, samples);
  return 0;
}

/* Makes a server that is not synchronised carry the verdict if nobody has a vote, preferably one
 * with earlier figures. Returns false if there is none. */
static bool carry_unusable(const struct ntp_plan *plan, struct samples *samples, size_t first) {
  struct sample *primary = NULL;
  for (size_t i = 0; i < plan->count; i++) {
    struct sample *sample = &samples->items[first + i];
    if (plan->servers[i].reason != REASON_NOT_SYNCHRONISED) {
      continue;
    }
    if (primary == NULL ||
        (!sample_has(primary, METRIC_OFFSET) && sample_has(sample, METRIC_OFFSET))) {
      primary = sample;
    }
  }
  if (primary == NULL) {
    return false;
  }
  primary->listed = false;
  primary->leap = LEAP_UNSYNCHRONISED;
  primary->present |= 1U << FIELD_LEAP;
  return true;
}

int ntp_sample_read(const struct ntp_plan *plan, int64_t now_ns, struct samples *samples,
                    struct why *why) {
  size_t first = samples->count;
  struct poll_box box = {.votes = calloc(plan->count, sizeof *box.votes),
                         .server = calloc(plan->count, sizeof *box.server)};
  int error = 0;
  if (box.votes == NULL || box.server == NULL) {
    error = -ENOMEM;
  }
  for (size_t i = 0; i < plan->count && error == 0; i++) {
    error = ntp_sample_add(plan, i, now_ns, samples, &box);
  }
  if (error == 0 && box.count > 0) {
    error = count_votes(plan, samples, first, &box);
  }
  if (error != 0) {
    (void)why_set(why, REASON_NO_SOURCE, error, "no memory for a reading of %zu servers",
                  plan->count);
  } else if (box.count == 0 && !carry_unusable(plan, samples, first)) {
    error = ntp_heard_nobody(plan, why);
  } else if (plan->at_once > 0) {
    text_list(samples->note, sizeof samples->note, "; ",
              "only %zu file descriptors: the servers were asked in batches", plan->at_once);
  }
  free(box.votes);
  free(box.server);
  return error;
}

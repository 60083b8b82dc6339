/*
 * From what servers answered to one reading: a sample of each, and the vote over them.
 *
 * Whose word proves nothing is listed and has no vote: this machine itself, a server that has its
 * time from us, one that serves its own clock.
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

/* Of the reading so far: who votes. */
struct poll_box {
  struct ntp_vote *votes;
  size_t *server; /* of each vote: its place in samples */
  size_t count;
};

/* Sets what it is to us; true where it has a vote. */
static bool admit(const struct ntp_server *server, struct sample *sample) {
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

/* One server into a sample, and into the box if it has a vote. */
static int ntp_sample_add(const struct ntp_plan *plan, size_t i, int64_t now_ns,
                          struct samples *samples, struct poll_box *box) {
  const struct ntp_server *server = &plan->servers[i];
  struct sample sample = {.state = STATE_UNREACHABLE, .bystander = true};
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
    if (admit(server, &sample)) {
      box->server[box->count] = samples->count;
      box->votes[box->count++] =
          (struct ntp_vote){.offset_ns = sample.value[METRIC_OFFSET], .distance_ns = distance_ns};
    }
  }
  samples->asked += !server->duplicate && !server->ourselves;
  return samples_add(samples, &sample, NULL);
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
    offset_ns -= duration_abs(offset_ns) > DURATION_MS ? offset_ns % DURATION_US : 0;
    text_append(note, sizeof samples->note, "%s%.80s (offset %s%s)",
                shown > 0           ? ", "
                : falsetickers == 1 ? "falseticker: "
                                    : "falsetickers: ",
                sample->server, offset_ns > 0 ? "+" : "", duration_print(span, offset_ns));
    shown++;
  }
  if (falsetickers > shown) {
    text_append(note, sizeof samples->note, " and %zu more", falsetickers - shown);
  }
}

/* What is odd about the figures that are judged, where the message does not say it anyway: a kiss
 * code, a jitter that is not to be had, a clock that was set. */
static void note_carrier(const struct ntp_plan *plan, const struct ntp_server *server,
                         const struct sample *carrier, struct samples *samples) {
  bool no_jitter = plan->samples > 1 && carrier->jitter_kind == JITTER_NONE;
  bool jumped = sample_has(carrier, METRIC_JITTER) &&
                ntp_select_after_break(server->replies, server->reply_count) > 0;
  if (no_jitter || jumped || server->reason == REASON_DENIED) {
    text_append(samples->note, sizeof samples->note, "%s%s", samples->note[0] != '\0' ? "; " : "",
                carrier->remark);
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

/* The voter that carries the verdict: the best of a majority. Of two nobody is outvoted, and the
 * second must not soften what the first alone would get: it is the one that is further off. */
static size_t choose_carrier(const struct poll_box *box, const struct ntp_consensus *consensus) {
  const struct ntp_vote *votes = box->votes;
  if (box->count != 2) {
    return consensus->best;
  }
  size_t other = 1 - consensus->best;
  return duration_abs(votes[other].offset_ns) > duration_abs(votes[consensus->best].offset_ns)
             ? other
             : consensus->best;
}

/* Counts the votes, and sets what each voter is. first: of these samples in the list. */
static int vote(const struct ntp_plan *plan, struct samples *samples, size_t first,
                const struct poll_box *box) {
  struct ntp_consensus consensus;
  int error = ntp_select_vote(box->votes, box->count, &consensus);
  if (error != 0) {
    return error;
  }
  for (size_t i = 0; i < box->count; i++) {
    struct sample *sample = &samples->items[box->server[i]];
    sample->state = box->votes[i].truechimer ? STATE_COMBINED : STATE_FALSETICKER;
    sample->bystander = consensus.truechimers > 0; /* without a majority each is judged */
  }
  size_t chosen = box->server[choose_carrier(box, &consensus)];
  struct sample *carrier = &samples->items[chosen];
  carrier->bystander = false;
  if (carrier->state == STATE_COMBINED) {
    carrier->state = STATE_SELECTED;
  }
  samples->answered = (unsigned)box->count;
  tell_consensus(samples, &consensus);
  note_falsetickers(samples, first, box->count - consensus.truechimers);
  note_carrier(plan, &plan->servers[chosen - first], carrier, samples);
  return 0;
}

/* Nobody has a vote: who answered that it has no time to give carries the verdict. One with figures
 * of before first. */
static bool carry_unusable(const struct ntp_plan *plan, struct samples *samples, size_t first) {
  struct sample *carrier = NULL;
  for (size_t i = 0; i < plan->count; i++) {
    struct sample *sample = &samples->items[first + i];
    if (plan->servers[i].reason != REASON_NOT_SYNCHRONISED) {
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

int ntp_sample_read(const struct ntp_plan *plan, int64_t now_ns, struct samples *samples,
                    struct why *why) {
  size_t first = samples->count;
  struct poll_box box = {.votes = calloc(plan->count, sizeof *box.votes),
                         .server = calloc(plan->count, sizeof *box.server)};
  int error = box.votes != NULL && box.server != NULL ? 0 : -ENOMEM;
  for (size_t i = 0; i < plan->count && error == 0; i++) {
    error = ntp_sample_add(plan, i, now_ns, samples, &box);
  }
  if (error == 0 && box.count > 0) {
    error = vote(plan, samples, first, &box);
  }
  if (error != 0) {
    (void)why_set(why, REASON_NO_SOURCE, error, "no memory for a reading of %zu servers",
                  plan->count);
  } else if (box.count == 0 && !carry_unusable(plan, samples, first)) {
    error = ntp_heard_nobody(plan, why);
  } else if (plan->at_once > 0) {
    text_append(samples->note, sizeof samples->note,
                "%sonly %zu descriptors: the servers were asked in waves",
                samples->note[0] != '\0' ? "; " : "", plan->at_once);
  }
  free(box.votes);
  free(box.server);
  return error;
}

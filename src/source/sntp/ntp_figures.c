/*
 * Computes the figures of one NTP server from its replies in a run.
 *
 * The best sample is the one with the least delay (RFC 5905 section 10). If two replies exclude
 * each other, a clock was set in between, and the earlier replies no longer count.
 */
#include "source/sntp/ntp_figures.h"

#include <inttypes.h>
#include <stdbool.h>
#include <stdio.h>

#include "ntp_monitor/duration.h"
#include "ntp_monitor/sample.h"
#include "source/sntp/ntp_packet.h"
#include "source/sntp/ntp_poll.h"
#include "source/sntp/ntp_select.h"

/* RFC 5905 section 11.1 and appendix A.1.1. MINDISP: the delays count at least half of it in a
 * distance, or very near servers would brand each other as liars. PHI: the growth of a sample's
 * error. */
static const int64_t DELAY_LEAST_NS = INT64_C(5000000);
static const int64_t PHI_PPM = 15;

/* Remarks why there is only one reply although more were wanted. */
static void explain_one(const struct ntp_plan *plan, const struct ntp_server *server,
                        struct sample *sample) {
  char *remark = sample->remark;
  if (server->reason == REASON_DENIED) { /* after its kiss code there are no more */
    (void)snprintf(remark, sizeof sample->remark, "%.100s (after %u of %u samples)", server->remark,
                   server->reply_count, plan->samples);
    sample->jitter_kind = JITTER_NONE;
  } else if (plan->one_fits) {
    (void)snprintf(remark, sizeof sample->remark,
                   "no jitter from a single sample: the timeout leaves no room for a second; raise "
                   "it, or set samples = 1");
    sample->jitter_kind = JITTER_NONE;
  } else if (remark[0] == '\0') {
    (void)snprintf(remark, sizeof sample->remark, "no jitter from a single reply");
  }
}

static void explain_break(size_t left, const struct ntp_reply *after, struct sample *sample) {
  char span[DURATION_TEXT_BYTES];
  int64_t jump_ns = after->offset_ns - after[-1].offset_ns;
  const char *count = left == 1 ? "reply after that counts" : "replies after that count";
  (void)snprintf(sample->remark, sizeof sample->remark,
                 "a clock was set during the run: the offset jumped by %s, only %zu %s",
                 duration_print_signed(span, jump_ns - jump_ns % DURATION_US), left, count);
}

int64_t ntp_figures_fill(const struct ntp_plan *plan, const struct ntp_server *server,
                         int64_t now_ns, struct sample *sample) {
  size_t first = ntp_select_after_break(server->replies, server->reply_count);
  size_t count = server->reply_count - first;
  const struct ntp_reply *replies = server->replies + first;
  size_t best = ntp_select_best(replies, count);
  const struct ntp_reply *reply = &replies[best];
  int64_t jitter_ns = ntp_select_jitter_ns(replies, count);
  int64_t grown_ns = (now_ns - server->received_ns[first + best]) / 1000000 * PHI_PPM;
  int64_t error_ns = reply->error_ns + grown_ns;
  int64_t delays_ns = reply->root_delay_ns + reply->delay_ns;
  int64_t distance_ns = error_ns;
  if (delays_ns < DELAY_LEAST_NS) {
    distance_ns += (DELAY_LEAST_NS - delays_ns) / 2;
  }
  sample_set(sample, METRIC_OFFSET, reply->offset_ns);
  sample_set(sample, METRIC_DELAY, reply->delay_ns);
  sample_set(sample, METRIC_ROOT_DISTANCE, reply->root_delay_ns / 2 + reply->root_dispersion_ns);
  sample_set(sample, METRIC_ERROR_BOUND, duration_abs(reply->offset_ns) + error_ns);
  sample_set(sample, METRIC_STRATUM, reply->stratum);
  sample_set(sample, METRIC_AGE, now_ns - server->received_ns[server->reply_count - 1]);
  sample->leap = reply->leap;
  sample->present |= 1U << FIELD_LEAP;
  sample->jitter_kind = plan->samples > 1 ? JITTER_RMS : JITTER_NONE;
  if (jitter_ns >= 0) {
    sample_set(sample, METRIC_JITTER, jitter_ns);
    distance_ns += jitter_ns;
  } else if (plan->samples > 1 && server->reply_count == 1) {
    explain_one(plan, server, sample);
  }
  if (first > 0) {
    explain_break(count, replies, sample);
  }
  return distance_ns;
}

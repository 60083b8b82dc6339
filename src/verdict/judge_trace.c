/* Traces how a verdict came about: each figure beside its limits. */
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "ntp_monitor/config.h"
#include "ntp_monitor/duration.h"
#include "ntp_monitor/judge.h"
#include "ntp_monitor/sample.h"
#include "ntp_monitor/trace.h"

enum { LIMIT_BYTES = METRIC_TEXT_BYTES + sizeof "above " };

/* Prints "above 2s" or "off". Returns out. */
static const char *print_limit(char out[LIMIT_BYTES], enum metric metric, int64_t limit) {
  char value[METRIC_TEXT_BYTES];
  if (limit == CONFIG_NONE) {
    return strcpy(out, "off");
  }
  (void)snprintf(out, LIMIT_BYTES, "%s %s", metric_side(metric),
                 metric_print(value, metric, limit));
  return out;
}

static void trace_limit(struct trace *trace, const struct config *config,
                        const struct sample *sample, enum metric metric) {
  char value[METRIC_TEXT_BYTES];
  char warning[LIMIT_BYTES];
  char critical[LIMIT_BYTES];
  const struct limit *limit = &config->limit[metric];
  const char *figure = "unknown";
  if (sample_has(sample, metric)) {
    figure = metric_print(value, metric, sample->value[metric]);
  }
  trace_add(trace, "judge: %s %s, warning %s, critical %s", metric_table[metric].name, figure,
            print_limit(warning, metric, limit->warning),
            print_limit(critical, metric, limit->critical));
}

void judge_trace(struct trace *trace, const struct config *config, const struct finding *finding) {
  const struct sample *sample = finding->sample;
  char age[DURATION_TEXT_BYTES];
  char limit[DURATION_TEXT_BYTES];
  if (trace->off) {
    return;
  }
  if (sample->listed) {
    trace_add(trace, "judge: server %s (%s): %s, not judged", sample->server, sample->address,
              sample_state_word(sample->state));
    return;
  }
  if (sample_has(sample, FIELD_REPLIES)) {
    trace_add(trace, "judge: replies %" PRIu64 ", %" PRId64 " needed to judge the jitter",
              sample->replies, config->min_replies);
  }
  if (sample_has(sample, METRIC_AGE)) {
    trace_add(trace, "judge: last reply %s ago, stale after %s",
              duration_print(age, sample->value[METRIC_AGE]),
              duration_print(limit, judge_stale_ns(sample, config)));
  } else {
    trace_add(trace, "judge: the age of the last reply is unknown, so it is not judged");
  }
  for (enum metric m = METRIC_JITTER; m < METRIC_COUNT; m++) {
    if (metric_table[m].reason != REASON_OK) {
      trace_limit(trace, config, sample, m);
    }
  }
  trace_add(trace, "judge: server %s (%s): %s, reason: %s", sample->server, sample->address,
            verdict_name(finding->verdict), reason_name(finding->reason));
}

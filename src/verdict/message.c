/*
 * The line that states the verdict and the reason.
 *
 * It is written for someone reading a log at three in the morning: first what is wrong, then the
 * figures with their limits, whose they are, and what to look at.
 */
#include "ntp_monitor/message.h"

#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "ntp_monitor/config.h"
#include "ntp_monitor/duration.h"
#include "ntp_monitor/judge.h"
#include "ntp_monitor/text.h"
#include "verdict/failures.h"

__attribute__((format(printf, 2, 3))) static void add_text(struct report *report,
                                                           const char *format, ...) {
  va_list arguments;
  va_start(arguments, format);
  text_vappend(report->message, sizeof report->message, format, arguments);
  va_end(arguments);
}

/* Returns the words behind the metric's name: timesyncd has corrected its offset since. */
static const char *find_qualifier(const struct sample *sample, enum metric metric) {
  bool past = metric == METRIC_OFFSET && sample->offset_is_past;
  return past ? " at the last reply" : "";
}

static void add_stale(struct report *report, const struct finding *finding) {
  char span[DURATION_TEXT_BYTES];
  char limit[DURATION_TEXT_BYTES];
  int64_t age_ns = finding->sample->value[METRIC_AGE];
  if (age_ns < 0) {
    add_text(report,
             "reading stale: the last reply is %s in the future: the clock was set back since, or "
             "is not set",
             duration_print_short(span, duration_round(-age_ns)));
  } else {
    add_text(report, "reading stale: last reply %s ago (limit: %s)",
             duration_print_short(span, duration_round(age_ns)),
             duration_print(limit, judge_stale_ns(finding->sample, report->config)));
  }
}

static void add_limit(struct report *report, const struct finding *finding) {
  char value[METRIC_TEXT_BYTES];
  char limit[METRIC_TEXT_BYTES];
  const struct metric_row *metric = &metric_table[finding->metric];
  const char *which = finding->verdict == VERDICT_CRITICAL ? "critical threshold" : "threshold";
  const char *side = metric_side(finding->metric);
  add_text(report, "%s%s %s %s: %s (%s: %s)", metric->name,
           find_qualifier(finding->sample, finding->metric), side, which,
           metric_print_beyond(value, finding->metric, finding->sample->value[finding->metric],
                               finding->limit),
           which, metric_print(limit, finding->metric, finding->limit));
}

static void add_vote(struct report *report, const struct finding *finding) {
  const struct samples *samples = &finding->reading->samples;
  int64_t least = judge_truechimers(samples, report->config);
  if (samples->asked == 0) {
    add_text(report, "servers disagree"); /* the note tells by how much */
  } else if (samples->truechimers < samples->answered) {
    add_text(report, "servers disagree: %u of the %u that answered agree (required: %" PRId64 ")",
             samples->truechimers, samples->answered, least);
  } else {
    add_text(report, "servers too few: %u of %u answered (required: %" PRId64 " that agree)",
             samples->answered, samples->asked, least);
  }
}

static void add_warming_up(struct report *report, const struct sample *sample) {
  int64_t wanted = report->config->min_replies;
  if (sample->remark[0] != '\0') {
    add_text(report, "warming up: %s, jitter not judged yet", sample->remark);
  } else if (sample_has(sample, FIELD_REPLIES) && sample->replies < (uint64_t)wanted) {
    add_text(report, "warming up: %" PRIu64 " of %" PRId64 " replies, jitter not judged yet",
             sample->replies, wanted);
  } else {
    add_text(report, "warming up: no jitter yet");
  }
}

static void add_not_synchronised(struct report *report, const struct sample *sample) {
  if (sample->remark[0] != '\0') {
    add_text(report, "not synchronised: %s", sample->remark);
  } else if (sample_has(sample, FIELD_REPLIES) && sample->replies == 0) {
    add_text(report, "not synchronised: no reply yet from %s",
             sample->server[0] != '\0' ? sample->server : "any server");
  } else {
    add_text(report, "not synchronised: according to the time service");
  }
}

/* Adds what finding says about reason; a reason that is of a limit must be the deciding one. */
static void add_reason(struct report *report, const struct finding *finding, enum reason reason) {
  switch (reason) {
  case REASON_STALE:
    add_stale(report, finding);
    break;
  case REASON_WARMING_UP:
    add_warming_up(report, finding->sample);
    break;
  case REASON_NOT_SYNCHRONISED:
    add_not_synchronised(report, finding->sample);
    break;
  case REASON_FALSETICKER:
    add_vote(report, finding);
    break;
  case REASON_TWO_DAEMONS:
    add_text(report, "conflict: two time services are running, %s and %s", finding->reading->keeper,
             finding->reading->rival);
    break;
  case REASON_TIMEOUT:
  case REASON_BAD_REPLY:
    add_text(report, "service unhealthy: %s", finding->reading->sick.text);
    break;
  case REASON_OK:
    add_text(report, "healthy");
    break;
  default:
    add_limit(report, finding);
  }
}

static bool has_reason(const struct finding *finding, enum reason reason) {
  return (finding->reasons & 1U << reason) != 0;
}

/* Recognises timesyncd's first reply where its offset, if judged, would be beyond the limit. */
static bool is_corrected(const struct sample *sample, int64_t limit_ns) {
  int64_t offset_ns = sample->value[METRIC_OFFSET];
  return judge_is_first(sample) && limit_ns != CONFIG_NONE &&
         (offset_ns > limit_ns || offset_ns < -limit_ns);
}

static void add_figure(struct report *report, const struct finding *finding, enum metric metric,
                       bool with_limit) {
  const struct sample *sample = finding->sample;
  const struct limit *limit = &report->config->limit[metric];
  bool warns = limit->warning != CONFIG_NONE;
  int64_t shown = warns ? limit->warning : limit->critical;
  char value[METRIC_TEXT_BYTES];
  char text[METRIC_TEXT_BYTES];
  add_text(report, ", %s%s: %s", metric_table[metric].name, find_qualifier(sample, metric),
           metric_print_beyond(value, metric, sample->value[metric], shown));
  if (metric == METRIC_OFFSET && sample_has(sample, FIELD_SPIKE) && sample->spike) {
    add_text(report, " (an outlier, not applied)");
  } else if (metric == METRIC_OFFSET && is_corrected(sample, shown)) {
    add_text(report, " (not judged: timesyncd corrects the clock with its first reply)");
  } else if (with_limit) {
    add_text(report, " (%s: %s)", warns ? "threshold" : "critical threshold",
             metric_print(text, metric, shown));
  }
}

/* Adds ", jitter: 1.207ms (threshold: 2s), offset: +23us": the jitter, the offset, and each figure
 * whose limit was set or passed. */
static void add_figures(struct report *report, const struct finding *finding) {
  const struct sample *sample = finding->sample;
  bool synchronised = !has_reason(finding, REASON_NOT_SYNCHRONISED);
  for (enum metric m = METRIC_JITTER; m < METRIC_COUNT; m++) {
    const struct limit *limit = &report->config->limit[m];
    bool limited = limit->warning != CONFIG_NONE || limit->critical != CONFIG_NONE;
    bool set = config_limit_is_set(report->config, m);
    enum reason reason = metric_table[m].reason;
    bool beyond = reason != REASON_OK && has_reason(finding, reason);
    bool told = m == finding->metric && finding->reason == reason;
    bool waits = m == METRIC_JITTER && finding->reason == REASON_WARMING_UP;
    bool wanted = set || beyond || m == METRIC_JITTER || (m == METRIC_OFFSET && synchronised);
    if (told || waits || !wanted || !sample_has(sample, m)) {
      continue;
    }
    add_figure(report, finding, m, limited && (set || beyond || m == METRIC_JITTER));
  }
}

/* Returns what to do, where that does not follow from what is wrong. */
static const char *find_advice(enum reason reason) {
  switch (reason) {
  case REASON_STALE:
    return "; check the NTP service and its path to the server";
  case REASON_TWO_DAEMONS:
    return "; stop and disable one of them";
  case REASON_TIMEOUT:
  case REASON_BAD_REPLY:
    return "; restart it, or disable it if another keeps this clock";
  default:
    return "";
  }
}

/* Adds the reasons beside the deciding one; limits are already among the figures. */
static void add_others(struct report *report, const struct finding *finding) {
  static const enum reason others[] = {REASON_NOT_SYNCHRONISED, REASON_TWO_DAEMONS,
                                       REASON_FALSETICKER,      REASON_STALE,
                                       REASON_TIMEOUT,          REASON_BAD_REPLY};
  for (size_t i = 0; i < sizeof others / sizeof *others; i++) {
    if (others[i] != finding->reason && has_reason(finding, others[i])) {
      add_text(report, "; ");
      add_reason(report, finding, others[i]);
    }
  }
}

static void add_finding(struct report *report, const struct finding *finding) {
  const struct sample *sample = finding->sample;
  add_text(report, REPORT_SUBJECT);
  add_reason(report, finding, finding->reason);
  add_figures(report, finding);
  const char *server = sample_server(sample);
  if (server[0] != '\0') {
    add_text(report, ", server: %s", server);
  }
  add_text(report, ", source: %s", finding->source);
  if (report->elsewhere[0] != '\0') {
    add_text(report, ", host: %s", report->elsewhere);
  }
  if (sample->clock == CLOCK_CARD) {
    add_text(report, "; this is the network card's clock, not the system's");
  }
  add_text(report, "%s", find_advice(finding->reason));
  add_others(report, finding);
  if (finding->reason == REASON_NOT_SYNCHRONISED && sample->remark[0] == '\0') {
    add_text(report, "; check the NTP server's name and the path to its UDP port 123");
  }
}

/* Adds what is wrong with the sources beside the deciding one. */
static void add_other_findings(struct report *report) {
  for (size_t i = 0; i < report->finding_count; i++) {
    const struct finding *finding = &report->findings[i];
    if (finding != report->worst && finding->verdict != VERDICT_OK) {
      add_text(report, "; source %s: ", finding->source);
      add_reason(report, finding, finding->reason);
    }
  }
}

/* Adds what makes the verdict doubtful: limits not judged, and configuration problems. */
static void add_doubts(struct report *report, unsigned config_problems) {
  for (enum metric m = METRIC_JITTER; m < METRIC_COUNT; m++) {
    if ((report->unjudged & 1U << m) != 0) {
      add_text(report, "; but the limit of the %s cannot be judged: %s does not report it (%s may)",
               metric_table[m].name, report->source, metric_table[m].told_by);
    }
  }
  if (report->reason == REASON_CONFIG && config_problems > 0) {
    add_text(report, "; but the configuration has %u problem%s: see ntp_monitor --check-config",
             config_problems, text_plural(config_problems));
  }
}

void message_name_host(struct report *report) {
  const struct config *config = report->config;
  const char *name = config->host != NULL ? config->host : config->machine;
  if (name == NULL) {
    return;
  }
  const char *at = strrchr(name, '@');
  if (at != NULL) {
    name = at + 1;
  }
  text_escape(report->elsewhere, sizeof report->elsewhere, name, strlen(name));
  report->host = report->elsewhere;
}

void message_write(struct report *report, const struct reading *readings, size_t reading_count,
                   unsigned config_problems) {
  report->message[0] = '\0';
  if (report->worst != NULL) {
    add_finding(report, report->worst);
    add_other_findings(report);
  } else {
    add_text(report, REPORT_SUBJECT "jitter unavailable");
    if (report->elsewhere[0] != '\0' && reading_count > 0 && !readings[0].why.names_host) {
      add_text(report, " on %s", report->elsewhere);
    }
  }
  failures_add(report, readings, reading_count);
  if (report->note[0] != '\0') {
    add_text(report, "; %s", report->note);
  }
  add_doubts(report, config_problems);
  text_truncate(report->message, REPORT_MESSAGE_BYTES - 1);
}

void message_add_failure(struct report *report, const char *what) {
  const size_t room = strlen("; but ") + strlen(what);
  if (room < REPORT_MESSAGE_BYTES / 2) { /* it explains the status, so the rest gives way */
    text_truncate(report->message, REPORT_MESSAGE_BYTES - 1 - room);
  }
  add_text(report, "; but %s", what);
  text_truncate(report->message, REPORT_MESSAGE_BYTES - 1);
}

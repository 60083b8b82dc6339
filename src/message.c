/*
 * The one line that says what is and why.
 *
 * For someone who reads it in a log at three in the morning: first what is wrong, then
 * the figures with their limits, whose they are, and what to look at.
 */
#include "ntp_monitor/message.h"

#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "ntp_monitor/config.h"
#include "ntp_monitor/duration.h"
#include "ntp_monitor/text.h"

__attribute__((format(printf, 2, 3))) static void add(struct report *report, const char *format,
                                                      ...) {
  size_t used = strlen(report->message);
  va_list arguments;
  va_start(arguments, format);
  (void)vsnprintf(report->message + used, sizeof report->message - used, format, arguments);
  va_end(arguments);
}

static void add_stale(struct report *report, const struct finding *finding) {
  char span[DURATION_TEXT_BYTES];
  char limit[DURATION_TEXT_BYTES];
  int64_t age_ns = finding->sample->value[METRIC_AGE];
  if (age_ns < 0) {
    add(report,
        "NTP reading stale: the last reply lies %s in the future, so the clock was put "
        "back since or is not set",
        duration_print(span, duration_round(-age_ns)));
  } else {
    add(report, "NTP reading stale: last reply %s ago (limit: %s)",
        duration_print(span, duration_round(age_ns)), duration_print(limit, finding->limit));
  }
}

static void add_limit(struct report *report, const struct finding *finding) {
  char value[METRIC_TEXT_BYTES];
  char limit[METRIC_TEXT_BYTES];
  const struct metric_row *metric = &metric_table[finding->metric];
  const char *which = finding->verdict == VERDICT_CRITICAL ? "critical threshold" : "threshold";
  add(report, "NTP %s %s %s: %s (%s: %s)", metric->name, metric->below ? "below" : "above", which,
      metric_print(value, finding->metric, finding->sample->value[finding->metric]), which,
      metric_print(limit, finding->metric, finding->limit));
}

static void add_vote(struct report *report, const struct finding *finding) {
  const struct samples *samples = &finding->reading->samples;
  if (samples->truechimers < samples->answered) {
    add(report, "NTP servers disagree: %u of the %u that answered agree (wanted: %" PRId64 ")",
        samples->truechimers, samples->answered, finding->limit);
  } else {
    add(report, "NTP servers too few: %u of %u answered (wanted: %" PRId64 " that agree)",
        samples->answered, samples->asked, finding->limit);
  }
}

static void add_warming_up(struct report *report, const struct sample *sample) {
  bool few =
      sample_has(sample, FIELD_REPLIES) && sample->replies < (uint64_t)report->config->min_replies;
  if (sample->remark[0] != '\0') {
    add(report, "NTP warming up: %s, jitter not judged yet", sample->remark);
  } else if (few) {
    add(report, "NTP warming up: %" PRIu64 " of %" PRId64 " replies, jitter not judged yet",
        sample->replies, report->config->min_replies);
  } else {
    add(report, "NTP warming up: no jitter yet");
  }
}

static void add_not_synchronised(struct report *report, const struct sample *sample) {
  if (sample->remark[0] != '\0') {
    add(report, "NTP not synchronised: %s", sample->remark);
  } else if (sample_has(sample, FIELD_REPLIES) && sample->replies == 0) {
    add(report, "NTP not synchronised: no reply yet from %s",
        sample->server[0] != '\0' ? sample->server : "any server");
  } else {
    add(report, "NTP not synchronised: the time service says so itself");
  }
}

/* What decided; returns the metric that it has told of, or METRIC_COUNT. */
static enum metric add_reason(struct report *report, const struct finding *finding) {
  const struct sample *sample = finding->sample;
  switch (finding->reason) {
  case REASON_STALE:
    add_stale(report, finding);
    return METRIC_AGE;
  case REASON_WARMING_UP:
    add_warming_up(report, sample);
    return METRIC_JITTER;
  case REASON_NOT_SYNCHRONISED:
    add_not_synchronised(report, sample);
    return METRIC_COUNT;
  case REASON_FALSETICKER:
    add_vote(report, finding);
    return METRIC_COUNT;
  case REASON_TWO_DAEMONS:
    add(report, "NTP conflict: two time services run, %s and %s", finding->source,
        finding->reading->rival);
    return METRIC_COUNT;
  case REASON_OK:
    add(report, "NTP healthy");
    return METRIC_COUNT;
  default:
    add_limit(report, finding);
    return finding->metric;
  }
}

/* An offset that has no limit is told all the same where it is that of now; timesyncd's and its
 * copy's is that of the last reply, before it was put right. */
static void add_offset(struct report *report, const struct sample *sample) {
  char value[METRIC_TEXT_BYTES];
  int64_t offset_ns = sample->value[METRIC_OFFSET];
  if (sample_has(sample, METRIC_OFFSET) && sample->jitter_kind != JITTER_RMS8) {
    add(report, ", offset: %s%s", offset_ns > 0 ? "+" : "",
        metric_print(value, METRIC_OFFSET, offset_ns));
  }
}

/* ", jitter: 1.207ms (threshold: 2s)": the jitter and whatever else is limited. */
static void add_figures(struct report *report, const struct finding *finding, enum metric told) {
  const struct sample *sample = finding->sample;
  for (enum metric m = METRIC_JITTER; m < METRIC_COUNT; m++) {
    const struct limit *limit = &report->config->limit[m];
    const char *name = metric_table[m].name;
    bool limited = limit->warning != CONFIG_NONE || limit->critical != CONFIG_NONE;
    bool means = finding->reason != REASON_NOT_SYNCHRONISED;
    if (m == METRIC_OFFSET && m != told && !limited && means) {
      add_offset(report, sample);
    }
    if (m == told || !limited) {
      continue;
    }
    if (!sample_has(sample, m)) {
      bool none = m == METRIC_JITTER && sample->jitter_kind != JITTER_NONE;
      if (none || finding->reason == REASON_NOT_SYNCHRONISED) {
        continue; /* nothing is known then */
      }
      add(report, ", %s: not known, so not judged", name);
      continue;
    }
    char value[METRIC_TEXT_BYTES];
    char text[METRIC_TEXT_BYTES];
    bool warns = limit->warning != CONFIG_NONE;
    add(report, ", %s: %s (%s: %s)", name, metric_print(value, m, sample->value[m]),
        warns ? "threshold" : "critical threshold",
        metric_print(text, m, warns ? limit->warning : limit->critical));
  }
}

/* What to do, where that is not plain from what is wrong. */
static const char *advice(enum reason reason) {
  switch (reason) {
  case REASON_STALE:
    return "; check the NTP service and its way to the server";
  case REASON_TWO_DAEMONS:
    return "; stop and disable one of them";
  default:
    return "";
  }
}

static void add_finding(struct report *report, const struct finding *finding) {
  const struct sample *sample = finding->sample;
  enum metric told = add_reason(report, finding);
  add_figures(report, finding, told);
  if (sample->server[0] != '\0' || sample->address[0] != '\0') {
    add(report, ", server: %s", sample->server[0] != '\0' ? sample->server : sample->address);
  }
  add(report, ", source: %s", finding->source);
  if (report->elsewhere[0] != '\0') {
    add(report, ", host: %s", report->elsewhere);
  }
  if (sample->foreign_clock && sample->jitter_kind == JITTER_RMS_SUCCESSIVE) {
    add(report, "; this is the network card's clock, not the system's");
  }
  add(report, "%s", advice(finding->reason));
  if (finding->reading->rival != NULL && finding->reason != REASON_TWO_DAEMONS) {
    add(report, "; another time service runs, too: %s", finding->reading->rival);
  }
  if (finding->reason == REASON_NOT_SYNCHRONISED && sample->remark[0] == '\0') {
    add(report, "; check the NTP server's name and the way to its UDP port 123");
  }
}

void message_name_host(struct report *report) {
  const struct config *config = report->config;
  const char *name = config->host != NULL ? config->host : config->machine;
  if (name != NULL) {
    const char *user = strrchr(name, '@');
    name = user != NULL ? user + 1 : name;
    text_escape(report->elsewhere, sizeof report->elsewhere, name, strlen(name));
    report->host = report->elsewhere;
  }
}

void message_write(struct report *report, const struct reading *readings, size_t reading_count,
                   unsigned config_problems) {
  report->message[0] = '\0';
  if (report->worst != NULL) {
    add_finding(report, report->worst);
  } else {
    bool elsewhere = report->elsewhere[0] != '\0' && reading_count > 0 &&
                     strstr(readings[0].why.text, report->elsewhere) == NULL;
    add(report, "NTP jitter unavailable%s%s", elsewhere ? " on " : "",
        elsewhere ? report->elsewhere : "");
  }
  bool told = false;
  for (size_t i = 0; i < reading_count; i++) {
    if (readings[i].samples.count == 0) {
      add(report, "%s ", report->worst == NULL && !told ? ":" : ";");
      if (reading_count > 1) {
        add(report, "source %s: ", readings[i].source);
      }
      add(report, "%s", readings[i].why.text);
      told = true;
    }
  }
  if (report->note[0] != '\0') {
    add(report, "; %s", report->note);
  }
  if (report->reason == REASON_CONFIG && config_problems > 0) {
    add(report, "; but the configuration has %u problem%s: see ntp_monitor --check-config",
        config_problems, config_problems == 1 ? "" : "s");
  }
  text_truncate(report->message, REPORT_MESSAGE_BYTES - 1);
}

void message_add_failure(struct report *report, const char *what) {
  add(report, "; but %s", what);
  text_truncate(report->message, REPORT_MESSAGE_BYTES - 1);
}

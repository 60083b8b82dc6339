/* The verdict over readings. Pure: no clock, no file, no network. */
#ifndef NTP_MONITOR_JUDGE_H
#define NTP_MONITOR_JUDGE_H

#include "ntp_monitor/config.h"
#include "ntp_monitor/report.h"

struct trace;

/* Judges one sample of reading by the limits of config; a bystander is OK. disproved: servers that
 * were asked directly prove the one of this reading wrong. */
struct finding judge_sample(const struct sample *sample, const struct reading *reading,
                            const struct config *config, bool disproved);

/* How many servers of a vote have to agree: min_truechimers, or more than half of those asked. */
int64_t judge_truechimers(const struct samples *samples, const struct config *config);

/* How old a reply may be: stale_after, or for timesyncd its poll interval and 13 min, else 3 poll
 * intervals, at least 60 s and at most a day. */
int64_t judge_stale_ns(const struct sample *sample, const struct config *config);

/* Whether sample is timesyncd's first reply after a start, by whose offset it steps the clock: how
 * far that was off at boot is no fault, and the age may be shifted by it. Later replies find
 * little, or the clock was not put right. */
bool judge_is_first(const struct sample *sample);

/* Fills finding's range of ages and whether its sample, whose age may be unknown, is stale. */
void judge_age(struct finding *finding, const struct config *config);

/*
 * Fills report's findings, worst, verdict, reason, reasons, unjudged from readings and from its
 * config and disproved. config_problems: how many the configuration has; they make an OK UNKNOWN,
 * as does a limit that was set and could be judged on no server. Returns 0 or -ENOMEM.
 * Worst of several: CRITICAL > WARNING > UNKNOWN > OK.
 */
int judge_report(struct report *report, const struct reading *readings, size_t reading_count,
                 unsigned config_problems);

/* How a log line about it ranks: OK is INFO, WARNING and a missing reading are WARNING,
 * CRITICAL is CRITICAL, a bad configuration is an ERROR. */
enum severity judge_severity(const struct report *report);

/* How one verdict came about, in the trace: each figure beside its limits. */
void judge_trace(struct trace *trace, const struct config *config, const struct finding *finding);

void judge_free(struct report *report);

#endif

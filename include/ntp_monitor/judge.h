/* The verdict over readings. Pure: no clock, no file, no network. */
#ifndef NTP_MONITOR_JUDGE_H
#define NTP_MONITOR_JUDGE_H

#include "ntp_monitor/config.h"
#include "ntp_monitor/report.h"

struct trace;

/* Judges one sample of reading by the limits of config; a listed one is OK. disproved: servers
 * asked directly prove the server of this reading wrong. */
struct finding judge_sample(const struct sample *sample, const struct reading *reading,
                            const struct config *config, bool disproved);

/* Returns the number of servers that must agree: min_truechimers, or more than half of those asked.
 */
int64_t judge_truechimers(const struct samples *samples, const struct config *config);

/* Returns the greatest age of a reply that is not stale, in ns: stale_after if set, else for
 * timesyncd its poll interval plus 13 min, else 3 poll intervals, at least 60 s and at most a day.
 */
int64_t judge_stale_ns(const struct sample *sample, const struct config *config);

/* Recognises timesyncd's first reply after a start, by whose offset it steps the clock: an offset
 * at boot is no fault, and the age may be shifted by it. Later replies find little, unless the
 * clock was not corrected. */
bool judge_is_first(const struct sample *sample);

/* Fills finding's range of ages and its stale; leaves both if the age of its sample is unknown. */
void judge_age(struct finding *finding, const struct config *config);

/*
 * Fills report's findings, worst, verdict, reason, reasons and unjudged from readings and from its
 * config and disproved. config_problems is the number of problems in the configuration; any turns
 * an OK into UNKNOWN, as does an explicit limit that could be judged on no server. Returns 0 or
 * -ENOMEM; release with judge_free(). Worst of several: CRITICAL > WARNING > UNKNOWN > OK.
 */
int judge_report(struct report *report, const struct reading *readings, size_t reading_count,
                 unsigned config_problems);

/* Returns the severity of the report's log line: INFO for OK, WARNING for WARNING and for a missing
 * reading, CRITICAL for CRITICAL, ERROR for a bad configuration. */
enum severity judge_severity(const struct report *report);

/* Traces how a verdict came about: each figure beside its limits. */
void judge_trace(struct trace *trace, const struct config *config, const struct finding *finding);

void judge_free(struct report *report);

#endif

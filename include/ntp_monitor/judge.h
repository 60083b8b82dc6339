/* The verdict over readings. Pure: no clock, no file, no network. */
#ifndef NTP_MONITOR_JUDGE_H
#define NTP_MONITOR_JUDGE_H

#include "ntp_monitor/config.h"
#include "ntp_monitor/report.h"

/* Judges one sample of reading by the limits of config; a bystander is OK. */
struct finding judge_sample(const struct sample *sample, const struct reading *reading,
                            const struct config *config);

/* How many servers of a vote have to agree: min_truechimers, or more than half of those that
 * answered. */
int64_t judge_truechimers(const struct samples *samples, const struct config *config);

/* How old a reply may be: stale_after, or the larger of 3 poll intervals and 60 s. */
int64_t judge_stale_ns(const struct sample *sample, const struct config *config);

/* The ages (us) within which sample, which has one, is not stale. */
void judge_age_range(const struct sample *sample, const struct config *config, int64_t *least_us,
                     int64_t *most_us);

/* Whether the age of sample is known and outside of that range. */
bool judge_is_stale(const struct sample *sample, const struct config *config);

/*
 * Fills report's findings, worst, verdict, reason from readings. config_problems:
 * how many the configuration has; they make an OK UNKNOWN. Returns 0 or -ENOMEM.
 * Worst of several: CRITICAL > WARNING > UNKNOWN > OK.
 */
int judge_report(struct report *report, const struct reading *readings, size_t reading_count,
                 unsigned config_problems);

/* How a log line about it ranks: OK is INFO, WARNING and a missing reading are WARNING,
 * CRITICAL is CRITICAL, a bad configuration is an ERROR. */
enum severity judge_severity(const struct report *report);

/* The verdict, or UNKNOWN where no log took it, so that what is printed and the exit
 * status agree. */
enum verdict judge_shown(const struct report *report);

void judge_free(struct report *report);

#endif

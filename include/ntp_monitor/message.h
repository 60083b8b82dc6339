/* The line that states the verdict and the reason. Pure. */
#ifndef NTP_MONITOR_MESSAGE_H
#define NTP_MONITOR_MESSAGE_H

#include "ntp_monitor/report.h"

/* Sets report->host to the machine of -H, without its user, or the container of -M; without either
 * it stays. One machine may ask a thousand others, so each line says whose clock it is. */
void message_name_host(struct report *report);

/* Writes report->message from what judge_report() found. */
void message_write(struct report *report, const struct reading *readings, size_t reading_count,
                   unsigned config_problems);

/* Appends to report->message what failed in delivering it: "no log took this line". */
void message_add_failure(struct report *report, const char *what);

#endif

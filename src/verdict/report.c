/* The words of the verdicts, which of two is worse, and the reasons of a report. */
#include "ntp_monitor/report.h"

static const struct {
  const char *name, *word;
  unsigned rank; /* CRITICAL > WARNING > UNKNOWN > OK */
} verdicts[] = {
    [VERDICT_OK] = {"OK", "ok", 0},
    [VERDICT_WARNING] = {"WARNING", "warning", 2},
    [VERDICT_CRITICAL] = {"CRITICAL", "critical", 3},
    [VERDICT_UNKNOWN] = {"UNKNOWN", "unknown", 1},
};

const char *verdict_name(enum verdict verdict) {
  return verdicts[verdict].name;
}

const char *verdict_word(enum verdict verdict) {
  return verdicts[verdict].word;
}

unsigned verdict_rank(enum verdict verdict) {
  return verdicts[verdict].rank;
}

void report_each_reason(enum reason first, unsigned reasons,
                        void (*visit)(void *user, enum reason reason), void *user) {
  visit(user, first);
  for (enum reason reason = REASON_OK; reason < REASON_COUNT; reason++) {
    if (reason != first && (reasons & 1U << reason) != 0) {
      visit(user, reason);
    }
  }
}

enum verdict report_shown(const struct report *report) {
  return report->exit_status == VERDICT_UNKNOWN ? VERDICT_UNKNOWN : report->verdict;
}

/* The page that was asked for: the report of the check that was made for it. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "ntp_monitor/env.h"
#include "ntp_monitor/format.h"
#include "ntp_monitor/inetd.h"
#include "ntp_monitor/report.h"
#include "ntp_monitor/why.h"

/* Health: the line that a log has. */
static void print_health(FILE *out, const struct report *report, bool colour) {
  (void)colour;
  (void)fprintf(out, "%s %s\n", verdict_name(report->verdict), report->message);
}

int inetd_serve(const struct inetd_request *request, const struct report *report,
                const struct env *env, struct why *why) {
  static const struct format health = {.name = "health", .print = print_health};
  bool metrics = request->page == INETD_METRICS;
  bool well = metrics || report->verdict == VERDICT_OK;
  char *text = NULL;
  size_t bytes = 0;
  struct why inner;
  bool made = format_render(metrics ? &format_prometheus : &health, report, false, &text, &bytes,
                            &inner) == 0;
  int error = inetd_answer(request,
                           !made  ? INETD_FAILED
                           : well ? INETD_OK
                                  : INETD_UNWELL,
                           made ? text : NULL, bytes, env->deadline_ns - FORMAT_LOG_RESERVE_NS);
  free(text);
  return error == 0 ? 0
                    : why_set(why, REASON_NO_SOURCE, error, "the request could not be answered: %s",
                              strerror(-error));
}

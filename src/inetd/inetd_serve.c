/* Serves the page that a request asked for: the report of a check made for it. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "ntp_monitor/env.h"
#include "ntp_monitor/format.h"
#include "ntp_monitor/inetd.h"
#include "ntp_monitor/report.h"
#include "ntp_monitor/why.h"

/* Prints the line that a log gets. */
static void print_health(FILE *out, const struct report *report, bool colour) {
  (void)colour;
  (void)fprintf(out, "%s %s\n", verdict_name(report->verdict), report->message);
}

int inetd_serve(const struct inetd_request *request, const struct report *report,
                const struct env *env, struct why *why) {
  static const struct format health = {.name = "health", .print = print_health};
  const int64_t deadline_ns = env->deadline_ns - FORMAT_LOG_RESERVE_NS;
  bool metrics = request->page == INETD_METRICS;
  const struct format *format = metrics ? &format_prometheus : &health;
  char *text = NULL;
  size_t bytes = 0;
  int error = format_render(format, report, false, &text, &bytes, why);
  if (error != 0) {
    (void)inetd_answer(request, INETD_FAILED, NULL, 0, deadline_ns);
    free(text);
    return error;
  }
  bool well = metrics || report->verdict == VERDICT_OK;
  error = inetd_answer(request, well ? INETD_OK : INETD_UNWELL, text, bytes, deadline_ns);
  free(text);
  if (error != 0) {
    return why_set(why, REASON_NO_SOURCE, error, "cannot answer the request: %s", strerror(-error));
  }
  return 0;
}

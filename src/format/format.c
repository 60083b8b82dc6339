/* The table of formats, and how a printed report reaches stdout. */
#include "ntp_monitor/format.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include "ntp_monitor/duration.h"
#include "ntp_monitor/env.h"
#include "ntp_monitor/net.h"
#include "ntp_monitor/text.h"
#include "ntp_monitor/why.h"

/* The width of a terminal that reports none, as a serial line does, and the least that is used. */
enum { COLUMNS = 80, COLUMNS_LEAST = 40 };

const struct format *const format_table[] = {&format_text,       &format_json,   &format_nagios,
                                             &format_prometheus, &format_influx, NULL};

const struct format *format_find(const char *name, struct why *why) {
  char known[256] = "";
  for (size_t i = 0; format_table[i] != NULL; i++) {
    if (strcmp(format_table[i]->name, name) == 0) {
      return format_table[i];
    }
    text_append(known, sizeof known, "%s%s", i > 0 ? ", " : "", format_table[i]->name);
  }
  (void)why_set(why, REASON_CONFIG, -EINVAL, "'%.80s' is no format" WHY_ADVICE "there are: %s",
                name, known);
  return NULL;
}

/* Through memory, so that what takes it is written to under the deadline and with every error
 * seen, which stdio leaves to its flush. */
int format_render(const struct format *format, const struct report *report, bool colour,
                  char **text, size_t *bytes, struct why *why) {
  FILE *stream = open_memstream(text, bytes);
  bool failed = stream == NULL;
  if (stream != NULL) {
    format->print(stream, report, colour);
    failed = ferror(stream) != 0;
    /* Out of memory at its very end, fclose says nothing and leaves no text. */
    failed = fclose(stream) != 0 || failed || *text == NULL;
  }
  return failed ? why_set(why, REASON_NO_SOURCE, -ENOMEM, "no memory to print the report") : 0;
}

static unsigned terminal_columns(void) {
  struct winsize size = {.ws_col = 0};
  bool known = ioctl(STDOUT_FILENO, TIOCGWINSZ, &size) == 0 && size.ws_col >= COLUMNS_LEAST;
  return known ? size.ws_col : COLUMNS;
}

/* Broken at words for whoever reads it at a terminal; a pipe gets whole lines. */
static int wrap(char **text, size_t *bytes, struct why *why) {
  char *wrapped = NULL;
  FILE *stream = open_memstream(&wrapped, bytes);
  if (stream != NULL) {
    text_wrap(stream, *text, terminal_columns());
  }
  bool failed = stream == NULL || fclose(stream) != 0 || wrapped == NULL;
  free(*text);
  *text = wrapped;
  return failed ? why_set(why, REASON_NO_SOURCE, -ENOMEM, "no memory to print the report") : 0;
}

int format_print(const struct format *format, const struct report *report, const struct env *env,
                 struct why *why) {
  char *text = NULL;
  size_t bytes = 0;
  struct why inner;
  int error =
      format_render(format, report, env->stdout_tty && !env->no_color, &text, &bytes, &inner);
  if (error == 0 && env->stdout_tty && format == &format_text) {
    error = wrap(&text, &bytes, &inner);
  }
  if (error == 0) {
    error = net_write(STDOUT_FILENO, text, bytes, env->deadline_ns - FORMAT_LOG_RESERVE_NS);
  }
  free(text);
  return error == 0 ? 0
                    : why_set(why, REASON_NO_SOURCE, error,
                              "the report could not be written to stdout: %s", strerror(-error));
}

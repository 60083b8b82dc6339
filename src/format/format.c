/* The table of formats, and the printing of a report on stdout. */
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

/* The width assumed for a terminal that reports none, as a serial line does; and the least width
 * taken seriously. */
enum { COLUMNS = 80, COLUMNS_LEAST = 40 };

const struct format *const format_table[] = {&format_text,       &format_json,   &format_nagios,
                                             &format_prometheus, &format_influx, NULL};

const struct format *format_find(const char *name, struct why *why) {
  char known[256] = "";
  for (size_t i = 0; format_table[i] != NULL; i++) {
    if (strcmp(format_table[i]->name, name) == 0) {
      return format_table[i];
    }
    text_list(known, sizeof known, ", ", "%s", format_table[i]->name);
  }
  (void)why_set(why, REASON_CONFIG, -EINVAL, "'%.80s' is not a format" WHY_ADVICE "formats are: %s",
                name, known);
  return NULL;
}

static int tell_no_memory(struct why *why) {
  return why_set(why, REASON_NO_SOURCE, -ENOMEM, "no memory to print the report");
}

/* Prints into memory, so that the text can be written under a deadline and with every error seen;
 * stdio would report some only when it flushes. */
int format_render(const struct format *format, const struct report *report, bool colour,
                  char **text, size_t *bytes, struct why *why) {
  FILE *stream = open_memstream(text, bytes);
  if (stream == NULL) {
    return tell_no_memory(why);
  }
  format->print(stream, report, colour);
  bool failed = ferror(stream) != 0;
  /* If memory runs out at the very end, fclose(3) returns 0 and leaves no text. */
  if (fclose(stream) != 0 || failed || *text == NULL) {
    return tell_no_memory(why);
  }
  return 0;
}

static unsigned terminal_columns(void) {
  struct winsize size = {.ws_col = 0};
  if (ioctl(STDOUT_FILENO, TIOCGWINSZ, &size) != 0 || size.ws_col < COLUMNS_LEAST) {
    return COLUMNS;
  }
  return size.ws_col;
}

/* Breaks lines between words to fit the terminal. A pipe gets whole lines. Returns 0 or -ENOMEM
 * with why. */
static int wrap_text(char **text, size_t *bytes, struct why *why) {
  char *wrapped = NULL;
  FILE *stream = open_memstream(&wrapped, bytes);
  if (stream != NULL) {
    text_wrap(stream, *text, terminal_columns());
  }
  bool failed = stream == NULL || fclose(stream) != 0 || wrapped == NULL;
  free(*text);
  *text = wrapped;
  if (failed) {
    return tell_no_memory(why);
  }
  return 0;
}

int format_print(const struct format *format, const struct report *report, const struct env *env,
                 struct why *why) {
  char *text = NULL;
  size_t bytes = 0;
  struct why inner;
  int error =
      format_render(format, report, env->stdout_tty && !env->no_color, &text, &bytes, &inner);
  if (error == 0 && env->stdout_tty && format == &format_text) {
    error = wrap_text(&text, &bytes, &inner);
  }
  if (error == 0) {
    error = net_write(STDOUT_FILENO, text, bytes, env->deadline_ns - FORMAT_LOG_RESERVE_NS);
  }
  free(text);
  if (error != 0) {
    return why_set(why, REASON_NO_SOURCE, error, "cannot write the report to stdout: %s",
                   strerror(-error));
  }
  return 0;
}

/* The command line: one row for each option, which both the parser and the help use. */
#include "ntp_monitor/options.h"

#include <errno.h>
#include <getopt.h>
#include <string.h>

#include "cli/option_row.h"
#include "ntp_monitor/format.h"
#include "ntp_monitor/output_target.h"
#include "ntp_monitor/text.h"
#include "ntp_monitor/why.h"

const struct option_row option_rows[] = {
    {'w', "warning", "TIME", SET, "jitter_threshold", NULL, 0,
     "jitter above this is a WARNING (default 2s)"},
    {'c', "critical", "TIME", SET, "jitter_critical", NULL, 0,
     "jitter above this is CRITICAL (default off)"},
    {0, "limit", "LIMIT", SET, "limit", NULL, 0,
     "limits of any figure: offset=100ms,1s; repeatable"},
    {'t', "timeout", "TIME", SET, "timeout", NULL, 0, "deadline of the whole run (default 10s)"},
    {'s', "source", "NAME", SET, "source", NULL, 0,
     "source of the reading (default auto); repeatable"},
    {'o', "output", "FORMAT[=FILE]", SET_FORMAT, NULL, NULL, 0,
     "print the report, or write it to FILE"},
    {'l', "log", "ADDRESS", SET, "syslog_address", NULL, 0,
     "destination of log lines (default /dev/log)"},
    {'d', "debug", NULL, SET, "debug_mode", "true", 0, "trace the run on stderr"},
    {'q', "quiet", NULL, SET_QUIET, NULL, NULL, 0, "print no report, even on a terminal"},
    {'C', "config", "FILE", SET_CONFIG, NULL, NULL, 0, "read only this file, not /etc and ~"},
    {'H', "host", "[USER@]HOST", SET_HOST, NULL, NULL, 0,
     "query timesyncd on another machine over ssh"},
    {'M', "machine", "NAME", SET_MACHINE, NULL, NULL, 0, "query timesyncd in a local container"},
    {0, "inetd", NULL, MODE, NULL, NULL, MODE_INETD,
     "answer one HTTP request on stdin and stdout, and exit"},
    {0, "check-config", NULL, MODE, NULL, NULL, MODE_CHECK_CONFIG,
     "report every configuration problem and exit"},
    {0, "print-config", NULL, MODE, NULL, NULL, MODE_PRINT_CONFIG,
     "print each setting with its origin and exit"},
    {'h', "help", "[=all]", MODE, NULL, NULL, MODE_HELP,
     "print this help, or all sources, formats and keys"},
    {'V', "version", NULL, MODE, NULL, NULL, MODE_VERSION, "print the version and exit"},
};

enum { ROW_COUNT = sizeof option_rows / sizeof *option_rows, LONG_ONLY = 256 };

const size_t option_row_count = ROW_COUNT;

/* Sets the format for stdout. Two formats are an error, which is then reported in Nagios' form if
 * one of them is nagios. */
static int take_format(struct options *options, const struct format *format, struct why *why) {
  const struct format *first = options->format;
  if (first == NULL || format == &format_nagios) {
    options->format = format;
  }
  if (first != NULL && first != format) {
    return why_set(
        why, REASON_CONFIG, -EINVAL,
        "-o %s and -o %s both print to stdout: write one of them to a file, as in -o %s=FILE",
        first->name, format->name, format->name);
  }
  return 0;
}

/* Adds an order to write format to the target called to. */
static int take_order(struct options *options, const struct format *format, const char *to,
                      struct why *why) {
  struct output_orders *orders = &options->outputs;
  struct output_target target;
  if (orders->count == OUTPUT_ORDERS_MAX) {
    return why_set(why, REASON_CONFIG, -EINVAL, "more than %d outputs", OUTPUT_ORDERS_MAX);
  }
  if (output_target_parse(to, true, &target, why) != 0) {
    return -EINVAL;
  }
  if (target.kind != TARGET_FILE && !format->pushed) {
    return why_set(why, REASON_CONFIG, -EINVAL, "%s goes to a file, not to '%.80s'", format->name,
                   to);
  }
  for (size_t i = 0; i < orders->count; i++) {
    if (strcmp(orders->order[i].target, to) == 0) {
      return why_set(why, REASON_CONFIG, -EINVAL, "two outputs write to '%.80s'", to);
    }
  }
  orders->order[orders->count].format = format;
  orders->order[orders->count++].target = to;
  return 0;
}

/* Takes FORMAT, for stdout, or FORMAT=TARGET. */
static int take_output(struct options *options, const char *argument, struct why *why) {
  char name[32];
  size_t letters = strspn(argument, "abcdefghijklmnopqrstuvwxyz");
  if (argument[letters] != '=') {
    const struct format *format = format_find(argument, why);
    return format != NULL ? take_format(options, format, why) : -EINVAL;
  }
  (void)snprintf(name, sizeof name, "%.*s", (int)letters, argument);
  const struct format *format = format_find(name, why);
  return format != NULL ? take_order(options, format, argument + letters + 1, why) : -EINVAL;
}

static int take_setting(struct options *options, const struct option_row *row, const char *argument,
                        struct why *why) {
  if (options->setting_count == OPTIONS_MAX) {
    return why_set(why, REASON_CONFIG, -EINVAL, "more than %d settings", OPTIONS_MAX);
  }
  options->settings[options->setting_count].option = row->name;
  options->settings[options->setting_count].key = row->key;
  options->settings[options->setting_count].text = row->text != NULL ? row->text : argument;
  options->setting_count++;
  return 0;
}

static int take_mode(struct options *options, const struct option_row *row, const char *argument,
                     struct why *why) {
  options->mode = argument != NULL ? MODE_HELP_ALL : row->mode;
  if (argument != NULL && strcmp(argument, "all") != 0) {
    return why_set(why, REASON_CONFIG, -EINVAL, "--%s takes no argument or 'all', not '%.80s'",
                   row->name, argument);
  }
  return 0;
}

/* Checks the argument of --host or --machine. ssh(1) would take a leading - for an option of its
 * own, and systemd would start a program in a container that is called USER@NAME. */
static int check_machine_name(const struct option_row *row, const char *argument, struct why *why) {
  bool plain = argument[0] != '-' && argument[0] != '\0' && strlen(argument) < 256 &&
               (row->action == SET_HOST || strpbrk(argument, "@:/") == NULL);
  for (const char *at = argument; *at != '\0'; at++) {
    plain = plain && (unsigned char)*at > ' ' && *at != 0x7f;
  }
  if (!plain) {
    return why_set(why, REASON_CONFIG, -EINVAL, "--%s: '%.80s' is not a machine name", row->name,
                   argument);
  }
  return 0;
}

static int options_take(struct options *options, const struct option_row *row, const char *argument,
                        struct why *why) {
  switch (row->action) {
  case SET:
    return take_setting(options, row, argument, why);
  case MODE:
    return take_mode(options, row, argument, why);
  case SET_CONFIG:
    options->config_path = argument;
    return 0;
  case SET_FORMAT:
    return take_output(options, argument, why);
  case SET_QUIET:
    options->quiet = true;
    return 0;
  case SET_HOST:
    options->host = argument;
    break;
  case SET_MACHINE:
    options->machine = argument;
    break;
  }
  return check_machine_name(row, argument, why);
}

/* Checks options that exclude each other. */
static int options_check(const struct options *options, struct why *why) {
  if (options->quiet && options->format != NULL) {
    return why_set(why, REASON_CONFIG, -EINVAL, "--quiet and --output are mutually exclusive");
  }
  if (options->host != NULL && options->machine != NULL) {
    return why_set(why, REASON_CONFIG, -EINVAL, "--host and --machine are mutually exclusive");
  }
  for (size_t i = 0; i < options->setting_count && options->mode == MODE_INETD; i++) {
    if (strcmp(options->settings[i].key, "debug_mode") == 0) {
      return why_set(why, REASON_CONFIG, -EINVAL, "--inetd and --debug are mutually exclusive");
    }
  }
  if (options->mode == MODE_INETD &&
      (options->quiet || options->format != NULL || options->outputs.count > 0)) {
    return why_set(why, REASON_CONFIG, -EINVAL, "--inetd and --%s are mutually exclusive",
                   options->quiet ? "quiet" : "output");
  }
  return 0;
}

/* Lists the long options that begin with the first length letters of name, as " --a --b". Returns
 * how many there are. */
static size_t list_begun(const char *name, size_t length, char *list, size_t size_bytes) {
  size_t count = 0;
  list[0] = '\0';
  for (size_t i = 0; i < ROW_COUNT; i++) {
    if (strncmp(option_rows[i].name, name, length) == 0) {
      text_append(list, size_bytes, " --%s", option_rows[i].name);
      count++;
    }
  }
  return count;
}

/* Explains a long option that is unknown, or that may be one of several. */
static int refuse_long(const char *argument, struct why *why) {
  const char *name = argument + 2;
  size_t length = strcspn(name, "=");
  char word[64];
  char list[256];
  (void)snprintf(word, sizeof word, "%.*s", (int)length, name);
  if (length > 0 && list_begun(name, length, list, sizeof list) > 1) {
    return why_set(why, REASON_CONFIG, -EINVAL, "--%s is ambiguous:%s", word, list);
  }
  const char *near = text_nearest(word, &option_rows[0].name, ROW_COUNT, sizeof *option_rows);
  if (near == NULL) {
    return why_set(why, REASON_CONFIG, -EINVAL, "unknown option %.80s", argument);
  }
  return why_set(why, REASON_CONFIG, -EINVAL, "unknown option %.80s (did you mean --%s?)", argument,
                 near);
}

/* Explains an option that getopt_long(3) refused: found is ':' for a missing argument, else '?'.
 * optopt is a letter, even within a bundle of them; LONG_ONLY plus the row of a long option; or 0
 * if no row fits. */
static int refuse_option(int found, const char *argument, struct why *why) {
  const char letter[] = {'-', (char)optopt, '\0'};
  bool long_one = optopt == 0 || optopt >= LONG_ONLY;
  if (found == ':') {
    return why_set(why, REASON_CONFIG, -EINVAL, "%.80s requires an argument",
                   long_one ? argument : letter);
  }
  if (!long_one) {
    return why_set(why, REASON_CONFIG, -EINVAL, "unknown option %s", letter);
  }
  if (optopt >= LONG_ONLY) {
    return why_set(why, REASON_CONFIG, -EINVAL, "--%s takes no argument: %.80s",
                   option_rows[optopt - LONG_ONLY].name, argument);
  }
  return refuse_long(argument, why);
}

/* Takes one option that getopt_long(3) found. Returns 0 or -EINVAL with why. */
static int take_found(struct options *options, int found, const char *before, struct why *why) {
  if (found == ':' || found == '?') {
    return refuse_option(found, before, why);
  }
  size_t i = found >= LONG_ONLY ? (size_t)(found - LONG_ONLY) : 0;
  while (found < LONG_ONLY && option_rows[i].letter != found) {
    i++;
  }
  return options_take(options, &option_rows[i], optarg, why);
}

static int argument_kind(const char *argument) {
  if (argument == NULL) {
    return no_argument;
  }
  return strncmp(argument, "[=", 2) == 0 ? optional_argument : required_argument;
}

/* Fills what getopt_long(3) needs from the table. An option with a letter takes an optional
 * argument in its long form only. */
static void make_tables(struct option longs[ROW_COUNT + 1], char shorts[2 * ROW_COUNT + 2]) {
  size_t used = 0;
  shorts[used++] = ':'; /* tell a missing argument from an unknown option */
  for (size_t i = 0; i < ROW_COUNT; i++) {
    int kind = argument_kind(option_rows[i].argument);
    longs[i] = (struct option){option_rows[i].name, kind, NULL, LONG_ONLY + (int)i};
    if (option_rows[i].letter != 0) {
      shorts[used++] = (char)option_rows[i].letter;
      shorts[used] = ':';
      used += kind == required_argument;
    }
  }
  shorts[used] = '\0';
  longs[ROW_COUNT] = (struct option){NULL, 0, NULL, 0};
}

int options_parse(int argc, char *const argv[], struct options *options, struct why *why) {
  struct option longs[ROW_COUNT + 1];
  char shorts[2 * ROW_COUNT + 2];
  *options = (struct options){.mode = MODE_CHECK};
  make_tables(longs, shorts);
  opterr = 0;
  int error = 0, found = 0;
  while ((found = getopt_long(argc, argv, shorts, longs, NULL)) != -1) {
    /* Go on after the first error, which is the one to report: a later option may choose the form
     * to report it in. */
    struct why first;
    int wrong = take_found(options, found, argv[optind - 1], &first);
    if (error == 0 && wrong != 0) {
      error = wrong;
      *why = first;
    }
  }
  if (error != 0) {
    return error;
  }
  if (optind < argc) {
    return why_set(why, REASON_CONFIG, -EINVAL, "unexpected argument '%.80s'", argv[optind]);
  }
  return options_check(options, why);
}

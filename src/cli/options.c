/* The command line: one row an option, from which the help is printed, too. */
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
     "of any figure: offset=100ms,1s; stratum=5; repeatable"},
    {'t', "timeout", "TIME", SET, "timeout", NULL, 0, "the whole run's deadline (default 10s)"},
    {'s', "source", "NAME", SET, "source", NULL, 0,
     "where readings come from (default auto); repeatable"},
    {'o', "output", "FORMAT[=FILE]", SET_FORMAT, NULL, NULL, 0,
     "print the report, or write it to FILE"},
    {'l', "log", "ADDRESS", SET, "syslog_address", NULL, 0,
     "where log lines go (default /dev/log)"},
    {'d', "debug", NULL, SET, "debug_mode", "true", 0, "say on stderr what happens, step by step"},
    {'q', "quiet", NULL, SET_QUIET, NULL, NULL, 0, "print no report, not even on a terminal"},
    {'C', "config", "FILE", SET_CONFIG, NULL, NULL, 0, "read this file alone, not /etc and ~"},
    {'H', "host", "[USER@]HOST", SET_HOST, NULL, NULL, 0,
     "ask timesyncd of another machine, over ssh"},
    {'M', "machine", "NAME", SET_MACHINE, NULL, NULL, 0, "ask timesyncd of a local container"},
    {0, "inetd", NULL, MODE, NULL, NULL, MODE_INETD,
     "answer one HTTP request on stdin and stdout, and end"},
    {0, "check-config", NULL, MODE, NULL, NULL, MODE_CHECK_CONFIG,
     "say every problem of the configuration, and end"},
    {0, "print-config", NULL, MODE, NULL, NULL, MODE_PRINT_CONFIG,
     "print each setting and where it comes from, and end"},
    {'h', "help", "[=all]", MODE, NULL, NULL, MODE_HELP,
     "print this, or all sources, formats and keys"},
    {'V', "version", NULL, MODE, NULL, NULL, MODE_VERSION, "print the version, and end"},
};

enum { ROW_COUNT = sizeof option_rows / sizeof *option_rows, LONG_ONLY = 256 };

const size_t option_row_count = ROW_COUNT;

/* One report fits on stdout. A refusal is told in Nagios' form where either wants that. */
static int take_format(struct options *options, const struct format *format, struct why *why) {
  const struct format *first = options->format;
  if (first == NULL || format == &format_nagios) {
    options->format = format;
  }
  return first == NULL || first == format
             ? 0
             : why_set(why, REASON_CONFIG, -EINVAL,
                       "-o %s and -o %s both print on stdout: write one of them to a file, as in "
                       "-o %s=FILE",
                       first->name, format->name, format->name);
}

/* FORMAT for stdout, or FORMAT=TARGET. */
static int take_output(struct options *options, const char *argument, struct why *why) {
  char name[32];
  struct output_target target;
  size_t letters = strspn(argument, "abcdefghijklmnopqrstuvwxyz");
  const char *to = argument[letters] == '=' ? argument + letters : NULL;
  (void)snprintf(name, sizeof name, "%.*s", (int)(letters < 31 ? letters : 31), argument);
  const struct format *format = format_find(to != NULL ? name : argument, why);
  if (format == NULL) {
    return -EINVAL;
  }
  if (to == NULL) {
    return take_format(options, format, why);
  }
  struct output_orders *orders = &options->outputs;
  if (orders->count == OUTPUT_ORDERS_MAX) {
    return why_set(why, REASON_CONFIG, -EINVAL, "more than %d outputs", OUTPUT_ORDERS_MAX);
  }
  if (output_target_parse(to + 1, true, &target, why) != 0) {
    return -EINVAL;
  }
  if (target.kind != TARGET_FILE && !format->pushed) {
    return why_set(why, REASON_CONFIG, -EINVAL, "%s goes to a file, not to '%.80s'", name, to + 1);
  }
  for (size_t i = 0; i < orders->count; i++) {
    if (strcmp(orders->order[i].target, to + 1) == 0) {
      return why_set(why, REASON_CONFIG, -EINVAL, "two outputs go to '%.80s'", to + 1);
    }
  }
  orders->order[orders->count].format = format;
  orders->order[orders->count++].target = to + 1;
  return 0;
}

static int options_take(struct options *options, const struct option_row *row, const char *argument,
                        struct why *why) {
  switch (row->action) {
  case SET:
    if (options->setting_count == OPTIONS_MAX) {
      return why_set(why, REASON_CONFIG, -EINVAL, "more than %d settings", OPTIONS_MAX);
    }
    options->settings[options->setting_count].option = row->name;
    options->settings[options->setting_count].key = row->key;
    options->settings[options->setting_count].text = row->text != NULL ? row->text : argument;
    options->setting_count++;
    return 0;
  case MODE:
    options->mode = argument != NULL ? MODE_HELP_ALL : row->mode;
    return argument == NULL || strcmp(argument, "all") == 0
               ? 0
               : why_set(why, REASON_CONFIG, -EINVAL, "--%s takes nothing or 'all', not '%.80s'",
                         row->name, argument);
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
  /* ssh would take a leading - for an option of its own; of a container a user@ would
   * start a program. */
  bool plain = argument[0] != '-' && argument[0] != '\0' && strlen(argument) < 256 &&
               (row->action == SET_HOST || strpbrk(argument, "@:/") == NULL);
  for (const char *at = argument; *at != '\0'; at++) {
    plain = plain && (unsigned char)*at > ' ' && *at != 0x7f;
  }
  return plain ? 0
               : why_set(why, REASON_CONFIG, -EINVAL, "--%s: '%.80s' is no name of a machine",
                         row->name, argument);
}

/* What no single option can know. */
static int options_check(const struct options *options, struct why *why) {
  if (options->quiet && options->format != NULL) {
    return why_set(why, REASON_CONFIG, -EINVAL, "--quiet and --output exclude each other");
  }
  if (options->host != NULL && options->machine != NULL) {
    return why_set(why, REASON_CONFIG, -EINVAL, "--host and --machine exclude each other");
  }
  for (size_t i = 0; i < options->setting_count && options->mode == MODE_INETD; i++) {
    if (strcmp(options->settings[i].key, "debug_mode") == 0) {
      return why_set(why, REASON_CONFIG, -EINVAL, "--inetd and --debug exclude each other");
    }
  }
  if (options->mode == MODE_INETD &&
      (options->quiet || options->format != NULL || options->outputs.count > 0)) {
    return why_set(why, REASON_CONFIG, -EINVAL, "--inetd and --%s exclude each other",
                   options->quiet ? "quiet" : "output");
  }
  return 0;
}

/* The long options that begin with the length letters at name, as " --a --b"; how many. */
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

/* A long option that is none, or may be one of several. */
static int refuse_long(const char *argument, struct why *why) {
  const char *name = argument + 2;
  size_t length = strcspn(name, "=");
  char word[64];
  char list[256];
  if (length > 0 && list_begun(name, length, list, sizeof list) > 1) {
    return why_set(why, REASON_CONFIG, -EINVAL, "--%.*s is the beginning of several options:%s",
                   (int)(length < 80 ? length : 80), name, list);
  }
  (void)snprintf(word, sizeof word, "%.*s", (int)(length < 63 ? length : 63), name);
  const char *near = text_nearest(word, &option_rows[0].name, ROW_COUNT, sizeof *option_rows);
  return why_set(why, REASON_CONFIG, -EINVAL, "unknown option %.80s%s%s%s", argument,
                 near != NULL ? " (did you mean --" : "", near != NULL ? near : "",
                 near != NULL ? "?)" : "");
}

/* What getopt_long() does not take. found: ':' for a missing argument, else '?'. optopt is a letter
 * (in a bundle, too), LONG_ONLY and the row of a long option, or 0 where no row is meant. */
static int refuse_option(int found, const char *argument, struct why *why) {
  const char letter[] = {'-', (char)optopt, '\0'};
  bool long_one = optopt == 0 || optopt >= LONG_ONLY;
  if (found == ':') {
    return why_set(why, REASON_CONFIG, -EINVAL, "%.80s wants an argument",
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

/* One option that getopt_long() found: 0 or -EINVAL with why. */
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

int options_parse(int argc, char *const argv[], struct options *options, struct why *why) {
  struct option longs[ROW_COUNT + 1] = {{NULL, 0, NULL, 0}};
  char shorts[2 * ROW_COUNT + 2] = ":"; /* tell a missing argument from an unknown option */
  size_t used = 1;
  *options = (struct options){.mode = MODE_CHECK};
  for (size_t i = 0; i < ROW_COUNT; i++) {
    const char *argument = option_rows[i].argument;
    bool optional = argument != NULL && strncmp(argument, "[=", 2) == 0;
    int wants = argument == NULL ? no_argument : required_argument;
    longs[i] = (struct option){option_rows[i].name, optional ? optional_argument : wants, NULL,
                               LONG_ONLY + (int)i};
    if (option_rows[i].letter != 0) {
      shorts[used++] = (char)option_rows[i].letter;
      shorts[used] = ':';
      used += argument != NULL && !optional;
    }
  }
  shorts[used] = '\0';
  opterr = 0;
  int error = 0;
  for (;;) {
    struct why later; /* the first thing wrong is told; what follows may still say for whom */
    int found = getopt_long(argc, argv, shorts, longs, NULL);
    if (found == -1) {
      break;
    }
    int wrong = take_found(options, found, argv[optind - 1], error == 0 ? why : &later);
    error = error == 0 ? wrong : error;
  }
  if (error != 0) {
    return error;
  }
  if (optind < argc) {
    return why_set(why, REASON_CONFIG, -EINVAL, "'%.80s' is not expected here", argv[optind]);
  }
  return options_check(options, why);
}

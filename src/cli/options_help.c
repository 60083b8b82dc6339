/* Prints --help from the tables. */
#include <string.h>

#include "cli/option_row.h"
#include "ntp_monitor/config.h"
#include "ntp_monitor/format.h"
#include "ntp_monitor/source.h"

static void help_option(FILE *out, const struct option_row *row) {
  char names[40];
  if (row->argument == NULL) {
    (void)snprintf(names, sizeof names, "    --%s", row->name);
  } else {
    bool optional = strncmp(row->argument, "[=", 2) == 0;
    (void)snprintf(names, sizeof names, "    --%s%s%s", row->name, optional ? "" : " ",
                   row->argument);
  }
  if (row->letter != 0) {
    names[0] = '-';
    names[1] = (char)row->letter;
    names[2] = ',';
  }
  (void)fprintf(out, "  %-24s %s\n", names, row->doc);
}

static void help_limit(FILE *out) {
  (void)fputs("LIMIT is METRIC=WARN[,CRIT]; METRIC is one of\n ", out);
  for (enum metric m = METRIC_JITTER; m < METRIC_COUNT; m++) {
    if (metric_table[m].reason == REASON_OK) {
      continue; /* it has no limit */
    }
    if (m == METRIC_STRATUM) {
      (void)fputs("\n ", out);
    }
    (void)fprintf(out, " %s%s", metric_table[m].word,
                  metric_table[m].below ? " (alerts below)" : "");
  }
  (void)fputs("\n", out);
}

static void help_options(FILE *out) {
  (void)fputs("Usage: ntp_monitor [OPTION]...\n"
              "Take one reading of how well this machine keeps time, judge it, and log the\n"
              "verdict in one line. On a terminal, print a report as well.\n\n",
              out);
  for (size_t i = 0; i < option_row_count; i++) {
    help_option(out, &option_rows[i]);
  }
  (void)fputs("\n-w and -c limit the jitter. To limit the offset, as check_ntp_time does, use\n"
              "--limit offset=WARN,CRIT (default 1s,1min; off disables a limit).\n"
              "Exit status: 0 OK, 1 WARNING, 2 CRITICAL, 3 UNKNOWN (no reading, bad usage, bad\n"
              "configuration, or verdict not delivered).\n",
              out);
}

static void help_examples(FILE *out) {
  (void)fputs("\nExamples:\n"
              "  ntp_monitor                                    check this machine\n"
              "  ntp_monitor -o nagios --limit offset=100ms,1s  report to Nagios, Icinga, NRPE\n"
              "  ntp_monitor -s sntp:a.example.org,b.example.org  query NTP servers\n"
              "\nFor sources, formats and configuration keys, see ntp_monitor --help=all,\n"
              "man ntp_monitor and man ntp_monitor.conf.\n",
              out);
}

static void help_tables(FILE *out) {
  (void)fputs("\nTIME is 2, 1.5s, 500ms, 250us, 1min 30s; a plain number is seconds.\n"
              "ADDRESS is /path, host, host:port, [IPv6]:port, journal, stderr or none.\n",
              out);
  help_limit(out);
  (void)fputs("NAME is:\n  auto             the first of these that gives a reading\n", out);
  for (size_t i = 0; source_table[i] != NULL; i++) {
    const struct source *source = source_table[i];
    char usage[SOURCE_USAGE_BYTES];
    (void)fprintf(out, "  %-16s %s\n", source_usage(usage, source), source->summary);
  }
  (void)fputs("FORMAT is:\n", out);
  for (size_t i = 0; format_table[i] != NULL; i++) {
    (void)fprintf(out, "  %-16s %s\n", format_table[i]->name, format_table[i]->summary);
  }
  (void)fputs("\nConfiguration: ~/.ntp_monitor.conf overrides /etc/ntp_monitor.conf, and the\n"
              "command line overrides both. Keys with their defaults:\n",
              out);
  const char *section = "";
  for (size_t i = 0; i < config_key_count; i++) {
    const struct config_key *key = &config_keys[i];
    if (strcmp(section, key->section) != 0) {
      (void)fprintf(out, "  [%s]\n", key->section);
      section = key->section;
    }
    (void)fprintf(out, "  %s = %s\n        %s\n", key->name, key->initial, key->doc);
  }
}

void options_help(FILE *out, bool all) {
  help_options(out);
  if (all) {
    help_tables(out);
  } else {
    help_examples(out);
  }
}

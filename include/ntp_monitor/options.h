/* The command line. */
#ifndef NTP_MONITOR_OPTIONS_H
#define NTP_MONITOR_OPTIONS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include "ntp_monitor/output.h"

struct config;
struct format;
struct why;

enum mode {
  MODE_CHECK,
  MODE_INETD,
  MODE_CHECK_CONFIG,
  MODE_PRINT_CONFIG,
  MODE_HELP,
  MODE_HELP_ALL,
  MODE_VERSION
};

enum { OPTIONS_MAX = 64 };

/* The parsed command line; its texts are argv's. The settings wait for options_apply(): they
 * override those of the files, and the command line may name the file. */
struct options {
  enum mode mode;
  const char *config_path;     /* -C, or NULL */
  const struct format *format; /* on stdout, or NULL */
  struct output_orders outputs;
  bool quiet;
  const char *host;    /* -H, or NULL */
  const char *machine; /* -M, or NULL */
  size_t setting_count;
  struct {
    const char *option, *key, *text;
  } settings[OPTIONS_MAX];
};

/* Parses the command line. Returns 0, or -EINVAL with why saying what is wrong and what to do;
 * options then holds what could be read. */
int options_parse(int argc, char *const argv[], struct options *options, struct why *why);

/* Applies options over config. Fails as options_parse() does. */
int options_apply(const struct options *options, struct config *config, struct why *why);

/* Returns the last --timeout in ns, or 0 if there is none or it is out of range or no time, which
 * options_apply() reports. */
int64_t options_timeout_ns(const struct options *options);

/* Prints --help, one screen; with all, --help=all: also the tables of sources, formats and keys. */
void options_help(FILE *out, bool all);

#endif

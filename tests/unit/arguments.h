/* A command line, parsed as main() does. */
#ifndef TESTS_UNIT_ARGUMENTS_H
#define TESTS_UNIT_ARGUMENTS_H

#include <getopt.h>
#include <string.h>

#include "ntp_monitor/options.h"
#include "ntp_monitor/why.h"

/* Parses line, whose arguments are separated by |; the texts stay valid until the next call. */
static inline int arguments_parse(const char *line, struct options *options, struct why *why) {
  static char text[4096];
  static char name[] = "ntp_monitor";
  static char *argv[256];
  int argc = 0;
  argv[argc++] = name;
  (void)strcpy(text, line);
  for (char *at = line[0] != '\0' ? text : NULL; at != NULL && argc < 255;) {
    char *end = strchr(at, '|');
    argv[argc++] = at;
    if (end != NULL) {
      *end++ = '\0';
    }
    at = end;
  }
  argv[argc] = NULL;
  optind = 0; /* restarts getopt(3) */
  why->text[0] = '\0';
  return options_parse(argc, argv, options, why);
}

#endif

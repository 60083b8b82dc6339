/* The table of options, shared by the parser and the help. */
#ifndef NTP_MONITOR_OPTION_ROW_H
#define NTP_MONITOR_OPTION_ROW_H

#include "ntp_monitor/options.h"

enum option_action { SET, MODE, SET_CONFIG, SET_FORMAT, SET_HOST, SET_MACHINE, SET_QUIET };

struct option_row {
  int letter;                  /* 0 for none */
  const char *name, *argument; /* argument: NULL for none; "[=WORD]": optional */
  enum option_action action;
  const char *key;  /* SET: the configuration key */
  const char *text; /* SET without an argument: the value */
  enum mode mode;   /* MODE */
  const char *doc;
};

extern const struct option_row option_rows[];
extern const size_t option_row_count;

#endif

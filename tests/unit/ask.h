/* Makes the request to a source, with the deadline that env has for measuring. Lives as long as the
 * block. */
#ifndef TESTS_UNIT_ASK_H
#define TESTS_UNIT_ASK_H

#include "ntp_monitor/ask.h"

#define ASK(environment, settings, text)                    \
  (&(const struct ask){.env = (environment),                \
                       .config = (settings),                \
                       .argument = (text),                  \
                       .begun_ns = (environment)->start_ns, \
                       .deadline_ns = (environment)->measure_deadline_ns})

/* Makes the request to an output, with the deadline of the run. */
#define ASK_OUTPUT(environment, settings) \
  (&(const struct ask){                   \
      .env = (environment), .config = (settings), .deadline_ns = (environment)->deadline_ns})

#endif

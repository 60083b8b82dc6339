/* What no single configuration key can know. */
#include <stddef.h>
#include <stdio.h>
#include <string.h>

#include "ntp_monitor/config.h"
#include "ntp_monitor/duration.h"
#include "ntp_monitor/text.h"

enum { TEXT_BYTES = 1024 };

static const struct config_key *key_at(size_t offset) {
  const struct config_key *key = config_keys;
  while (key->offset != offset) {
    key++;
  }
  return key;
}

void config_check(const struct config *config, struct config_notes *notes) {
  for (size_t m = 0; m < METRIC_COUNT; m++) {
    const struct limit *limit = &config->limit[m];
    if (limit->critical_ns == CONFIG_NONE || limit->critical_ns >= limit->warning_ns) {
      continue;
    }
    size_t offset = offsetof(struct config, limit) + m * sizeof *limit;
    const struct config_key *warning = key_at(offset + offsetof(struct limit, warning_ns));
    const struct config_key *critical = key_at(offset + offsetof(struct limit, critical_ns));
    char from[2][CONFIG_TEXT_BYTES];
    char span[2][DURATION_TEXT_BYTES];
    char text[TEXT_BYTES];
    config_print_origin(&config->origin[critical - config_keys], from[0], sizeof from[0]);
    config_print_origin(&config->origin[warning - config_keys], from[1], sizeof from[1]);
    (void)snprintf(text, sizeof text, "%s: %s: %s is below %s, which is %s (%s)", from[0],
                   critical->name, duration_print(span[0], limit->critical_ns), warning->name,
                   duration_print(span[1], limit->warning_ns), from[1]);
    char safe[TEXT_BYTES];
    text_escape(safe, sizeof safe, text, strlen(text)); /* a path holds any byte */
    notes->problem_count++;
    notes->say(notes->user, true, safe);
  }
}

/* One configuration file over another, as a row of a table: the problems and the settings expected.
 */
#ifndef TESTS_UNIT_CONFIG_ROW_H
#define TESTS_UNIT_CONFIG_ROW_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "ntp_monitor/text.h"
#include "tests/unit/notes.h"
#include "tests/unit/temp.h"

struct config_row {
  const char *text;     /* of the file conf */
  const char *notes;    /* beginning of each line of struct config_problems */
  const char *settings; /* key=value, one a line */
};

/* Checks every setting listed. */
static inline void config_row_settings(const struct config_row *row, const struct config *config) {
  char want[1024];
  char have[1024] = "";
  (void)snprintf(want, sizeof want, "%s", row->settings);
  char *rest = NULL;
  for (char *line = strtok_r(want, "\n", &rest); line != NULL; line = strtok_r(NULL, "\n", &rest)) {
    char value[CONFIG_TEXT_BYTES];
    line[strcspn(line, "=")] = '\0';
    const struct config_key *key = config_find("monitoring", line);
    key = key != NULL ? key : config_find("logging", line);
    assert_non_null(key);
    config_print_value(config, key, value, sizeof value);
    size_t used = strlen(have);
    (void)snprintf(have + used, sizeof have - used, "%s=%s\n", line, value);
  }
  if (strcmp(have, row->settings) != 0) {
    fail_msg("file:\n%s\nsettings:\n%s\nwanted:\n%s", row->text, have, row->settings);
  }
}

/* Reads conf over below, which sets jitter_threshold to 3 in its line 2. */
static inline void config_row_check(const struct config_row *row) {
  static const char below[] = "[monitoring]\njitter_threshold = 3\n";
  char label[128];
  struct config config;
  static struct config_problems notes;
  config_init(&config, notes_check_source);
  assert_int_equal(temp_write("below", below, strlen(below)), 0);
  notes_read(&notes, &config, "below", false, geteuid());
  assert_string_equal(notes.text, "");
  assert_int_equal(temp_write("conf", row->text, strlen(row->text)), 0);
  notes_read(&notes, &config, "conf", false, geteuid());
  text_escape(label, sizeof label, row->text, strlen(row->text));
  notes_check(&notes, row->notes, label);
  config_row_settings(row, &config);
}

#endif

/* Decides which of InfluxDB's two HTTP APIs the keys of [influx] are for. */
#include "ntp_monitor/config_influx.h"

#include <errno.h>
#include <stdbool.h>
#include <stddef.h>
#include <string.h>

#include "ntp_monitor/config.h"
#include "ntp_monitor/why.h"

enum { KEYS = 3 };

struct keys {
  const char *name[KEYS];
  const char *value[KEYS]; /* "": not set */
};

/* Returns the index of the first key that is set, or KEYS. */
static size_t first_set(const struct keys *keys) {
  size_t i = 0;
  while (i < KEYS && keys->value[i][0] == '\0') {
    i++;
  }
  return i;
}

/* Returns the index of the first key that is missing, or KEYS. InfluxDB 1 needs a database, and
 * both or none of the others; 2 needs all. */
static size_t find_missing(enum influx_api api, const struct keys *keys) {
  bool set[KEYS];
  for (size_t i = 0; i < KEYS; i++) {
    set[i] = keys->value[i][0] != '\0';
  }
  if (api == INFLUX_1 && set[0] && !set[1] && !set[2]) {
    return KEYS;
  }
  for (size_t i = 0; i < KEYS; i++) {
    if (!set[i]) {
      return i;
    }
  }
  return KEYS;
}

int config_find_influx(const struct config *config, enum influx_api *api, const char **key,
                       struct why *why) {
  static const char *const wants[] = {
      [INFLUX_1] = "InfluxDB 1 needs database, and both or neither of username and password_file",
      [INFLUX_2] = "InfluxDB 2 needs org, bucket and token_file"};
  const struct keys keys[] = {
      [INFLUX_1] = {{"database", "username", "password_file"},
                    {config->influx_database, config->influx_username,
                     config->influx_password_file}},
      [INFLUX_2] = {{"org", "bucket", "token_file"},
                    {config->influx_org, config->influx_bucket, config->influx_token_file}}};
  size_t one = first_set(&keys[INFLUX_1]);
  size_t two = first_set(&keys[INFLUX_2]);
  *key = NULL;
  if (one == KEYS && two == KEYS) {
    return why_set(why, REASON_CONFIG, -EINVAL,
                   "section [influx] has neither database (InfluxDB 1) nor org, bucket and "
                   "token_file (InfluxDB 2)");
  }
  enum influx_api found = two < KEYS ? INFLUX_2 : INFLUX_1;
  *key = keys[found].name[first_set(&keys[found])];
  if (one < KEYS && two < KEYS) {
    return why_set(
        why, REASON_CONFIG, -EINVAL,
        "it is for InfluxDB 2, but %s, also set, is for InfluxDB 1: set the keys of one of them",
        keys[INFLUX_1].name[one]);
  }
  if (strchr(config->influx_username, ':') != NULL) { /* RFC 7617 section 2 */
    return why_set(why, REASON_CONFIG, -EINVAL, "username must not contain a colon");
  }
  size_t missing = find_missing(found, &keys[found]);
  if (missing < KEYS) {
    return why_set(why, REASON_CONFIG, -EINVAL, "%s is not set: %s", keys[found].name[missing],
                   wants[found]);
  }
  *api = found;
  return 0;
}

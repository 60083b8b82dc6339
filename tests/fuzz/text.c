/* Fuzz target: what `timedatectl show-timesync` prints, on to the verdict. The first byte picks
 * settings. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "ntp_monitor/ask.h"
#include "ntp_monitor/config.h"
#include "ntp_monitor/env.h"
#include "ntp_monitor/report.h"
#include "ntp_monitor/sample.h"
#include "ntp_monitor/source.h"
#include "tests/fuzz/fuzz.h"

static int measure(const struct config *config, const void *data, size_t size,
                   struct reading *reading) {
  struct env *env = fuzz_env();
  const struct ask ask = {.env = env,
                          .config = config,
                          .argument = fuzz_file(data, size),
                          .deadline_ns = env->measure_deadline_ns};
  *reading = (struct reading){.source = source_text.name};
  int error = source_text.measure(&ask, &reading->samples, &reading->why);
  fuzz_trace(env->trace);
  if (error == 0) {
    MUST(reading->samples.count == 1);
    fuzz_sample(reading->samples.items);
  } else {
    MUST(error < 0 && reading->samples.count == 0);
    fuzz_why(&reading->why, REASON_BAD_REPLY);
  }
  return error;
}

/* Lines of other keys and the line ends of another system change nothing. */
static void check_same(const struct config *config, const char *text,
                       const struct reading *reading) {
  static const char other[] = "RootDistanceMaxUSec=5s\r\nFrequency=-123\r\n";
  struct reading again;
  char *changed = malloc(sizeof other + 2 * strlen(text));
  MUST(changed != NULL);
  char *to = stpcpy(changed, other);
  for (; *text != '\0'; text++) {
    if (*text == '\n') {
      *to++ = '\r';
    }
    *to++ = *text;
  }
  MUST(measure(config, changed, (size_t)(to - changed), &again) == 0);
  MUST(memcmp(again.samples.items, reading->samples.items, sizeof *again.samples.items) == 0);
  samples_free(&again.samples);
  free(changed);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
  static struct config config;
  struct bytes bytes = {data, size};
  struct reading reading;
  (void)setenv("TZ", "KST-9", 1);
  uint8_t which = fuzz_byte(&bytes);
  fuzz_settings(&config, which);
  int error = measure(&config, bytes.at, bytes.left, &reading);
  if (error == 0) {
    char *text = fuzz_text(&bytes, bytes.left);
    check_same(&config, text, &reading);
    free(text);
  }
  fuzz_report(&reading, 1, &config, which >> 7, "host.example.org");
  samples_free(&reading.samples);
  return 0;
}

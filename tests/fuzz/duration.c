/* Fuzz target: a text as a span of time, and any span of time as a text. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "ntp_monitor/duration.h"
#include "ntp_monitor/why.h"
#include "tests/fuzz/fuzz.h"

/* Parses the text by strtold: exact to 64 bits and, below 1 ns, to one part. */
static long double reference_ns(const char *text, unsigned *parts) {
  long double sum = 0;
  for (const char *at = text + strspn(text, " \t"); *at != '\0'; at += strspn(at, " \t")) {
    char *digits = strndup(at, strspn(at, "0123456789."));
    MUST(digits != NULL && digits[0] != '\0');
    long double number = strtold(digits, NULL);
    at += strlen(digits);
    free(digits);
    at += strspn(at, " \t");
    const char *unit = at;
    at += strcspn(at, " \t0123456789.");
    number *= *unit == 'n'                     ? 1
              : *unit == 'm' && unit[1] == 's' ? DURATION_MS
              : *unit == 'm'                   ? DURATION_MIN
              : *unit == 's' || *unit == '\0'  ? DURATION_S
              : *unit == 'h'                   ? DURATION_H
              : *unit == 'd'                   ? DURATION_D
              : *unit == 'w'                   ? DURATION_W
                                               : DURATION_US;
    sum += number;
    ++*parts;
  }
  return sum;
}

static void parse(const char *text) {
  struct why why;
  int64_t span_ns = -7;
  unsigned parts = 0;
  int error = duration_parse(text, &span_ns, &why);
  if (error != 0) {
    MUST((error == -EINVAL || error == -ERANGE) && span_ns == -7);
    fuzz_why(&why, REASON_CONFIG);
    return;
  }
  MUST(span_ns >= 0);
  long double wrong = reference_ns(text, &parts) - (long double)span_ns;
  MUST(wrong >= -2 && wrong <= (long double)parts + 2);
}

/* Printed, and read back: the same to the nanosecond. */
static void print(int64_t span_ns) {
  static void *seconds;
  char text[DURATION_TEXT_BYTES];
  char plain[DURATION_TEXT_BYTES];
  int64_t back_ns = -7;
  struct why why;
  MUST(duration_print(text, span_ns) == text && strlen(text) < sizeof text && fuzz_is_safe(text));
  MUST(duration_print_seconds(plain, span_ns) == plain && strlen(plain) < sizeof plain);
  MUST(fuzz_matches(&seconds, "-?(0|[1-9][0-9]*)(\\.[0-9]*[1-9])?", plain));
  MUST((text[0] == '-') == (span_ns < 0) && (plain[0] == '-') == (span_ns < 0));
  if (span_ns != INT64_MIN) {
    int64_t size_ns = span_ns < 0 ? -span_ns : span_ns;
    MUST(duration_parse(text + (span_ns < 0), &back_ns, &why) == 0 && back_ns == size_ns);
    MUST(duration_parse(plain + (span_ns < 0), &back_ns, &why) == 0 && back_ns == size_ns);
  }
  int64_t round_ns = duration_round(span_ns);
  int64_t cut_ns = span_ns - round_ns;
  MUST(duration_round(round_ns) == round_ns && cut_ns > -DURATION_S && cut_ns < DURATION_S);
  MUST(span_ns < 0 ? cut_ns <= 0 : cut_ns >= 0);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
  struct bytes bytes = {data, size};
  char *text = fuzz_text(&bytes, size);
  parse(text);
  free(text);
  uint64_t number = 0;
  memcpy(&number, data, size < sizeof number ? size : sizeof number);
  print((int64_t)number);
  print((int64_t)(number >> (number & 63)));
  return 0;
}

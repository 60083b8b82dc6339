/*
 * Spans of time as people write them.
 *
 * Every span is int64_t nanoseconds, so that no comparison depends on rounding and no number on the
 * locale.
 */
#include "ntp_monitor/duration.h"

#include <errno.h>
#include <inttypes.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>

#include "ntp_monitor/why.h"

/* A longer name stands before its own prefix, so that the first match is the whole unit. */
static const struct unit {
  const char *name;
  int64_t ns;
} units[] = {
    {"min", DURATION_MIN}, {"\u00b5s", DURATION_US}, {"\u03bcs", DURATION_US}, {"ns", DURATION_NS},
    {"us", DURATION_US},   {"ms", DURATION_MS},      {"s", DURATION_S},        {"h", DURATION_H},
    {"d", DURATION_D},     {"w", DURATION_W},
};

static bool is_digit(char c) {
  return c >= '0' && c <= '9';
}

static bool is_blank(char c) {
  return c == ' ' || c == '\t';
}

static const struct unit *find_unit(const char *text) {
  for (size_t i = 0; i < sizeof units / sizeof *units; i++) {
    if (strncmp(text, units[i].name, strlen(units[i].name)) == 0) {
      return &units[i];
    }
  }
  return NULL;
}

/* Checks that text, behind a number or a unit, begins something else. */
static bool ends_word(const char *text, bool after_unit) {
  return *text == '\0' || is_blank(*text) || (after_unit && (is_digit(*text) || *text == '.'));
}

/* Returns the fraction .digits of unit_ns, cut below 1 ns. Works from the last digit to the first,
 * dividing the sum by ten at each: the remainders cut on the way stay below 1 ns in all. */
static int64_t get_fraction_ns(const char *digits, size_t count, int64_t unit_ns) {
  int64_t span_ns = 0;
  for (size_t i = count; i > 0; i--) {
    span_ns = (span_ns + (digits[i - 1] - '0') * unit_ns) / 10;
  }
  return span_ns;
}

struct number {
  int64_t whole;
  const char *fraction;
  size_t fraction_count;
};

/* Reads digits[.digits] at *text and moves it on; 0, -EINVAL or -ERANGE. */
static int read_number(const char **text, struct number *number) {
  const char *at = *text;
  size_t digits = 0;
  number->whole = 0;
  for (; is_digit(*at); at++, digits++) {
    if (__builtin_mul_overflow(number->whole, 10, &number->whole) ||
        __builtin_add_overflow(number->whole, *at - '0', &number->whole)) {
      return -ERANGE;
    }
  }
  number->fraction_count = 0;
  if (*at == '.') {
    number->fraction = ++at;
    while (is_digit(*at)) {
      at++;
    }
    number->fraction_count = (size_t)(at - number->fraction);
    if (number->fraction_count == 0) {
      return -EINVAL; /* "2." is half written */
    }
  }
  if (digits + number->fraction_count == 0) {
    return -EINVAL;
  }
  *text = at;
  return 0;
}

/* Adds number, in units of unit_ns, to *sum_ns: 0 or -ERANGE. */
static int duration_add(int64_t *sum_ns, const struct number *number, int64_t unit_ns) {
  int64_t whole_ns = 0;
  int64_t part_ns = get_fraction_ns(number->fraction, number->fraction_count, unit_ns);
  if (__builtin_mul_overflow(number->whole, unit_ns, &whole_ns) ||
      __builtin_add_overflow(*sum_ns, whole_ns, sum_ns) ||
      __builtin_add_overflow(*sum_ns, part_ns, sum_ns)) {
    return -ERANGE;
  }
  return 0;
}

static int duration_sum(const char *text, int64_t *span_ns) {
  const char *at = text + strspn(text, " \t");
  int64_t sum_ns = 0;
  for (unsigned parts = 0; parts == 0 || *at != '\0'; parts++) {
    struct number number = {.whole = 0};
    int error = read_number(&at, &number);
    if (error != 0) {
      return error;
    }
    const char *unit_text = at + strspn(at, " \t");
    const struct unit *unit = find_unit(unit_text);
    int64_t unit_ns = DURATION_S;
    if (unit != NULL) {
      at = unit_text + strlen(unit->name);
      unit_ns = unit->ns;
    } else if (parts > 0 || *unit_text != '\0') {
      return -EINVAL; /* a bare number stands alone */
    }
    if (!ends_word(at, unit != NULL)) {
      return -EINVAL;
    }
    error = duration_add(&sum_ns, &number, unit_ns);
    if (error != 0) {
      return error;
    }
    at += strspn(at, " \t");
  }
  *span_ns = sum_ns;
  return 0;
}

int duration_parse(const char *text, int64_t *span_ns, struct why *why) {
  int error = duration_sum(text, span_ns);
  if (error == -ERANGE) {
    return why_set(why, REASON_CONFIG, error, "'%.80s' is too long a time", text);
  }
  if (error != 0) {
    return why_set(
        why, REASON_CONFIG, error,
        "'%.80s' is not a time" WHY_ADVICE "write it like 2, 1.5s, 500ms, 250us or 1min 30s", text);
  }
  return 0;
}

/* Writes value_ns in units of unit_ns, a power of ten, as "WHOLE.FRACTION" without trailing zeros.
 * Returns its length. */
static int print_decimal(char *out, uint64_t value_ns, uint64_t unit_ns) {
  int length = sprintf(out, "%" PRIu64, value_ns / unit_ns);
  uint64_t rest = value_ns % unit_ns;
  if (rest > 0) {
    out[length++] = '.';
    for (uint64_t place = unit_ns / 10; place > 0; place /= 10) {
      out[length++] = (char)('0' + rest / place);
      rest %= place;
    }
    while (out[length - 1] == '0') {
      length--;
    }
  }
  out[length] = '\0';
  return length;
}

static uint64_t duration_magnitude(int64_t span_ns) {
  return span_ns < 0 ? -(uint64_t)span_ns : (uint64_t)span_ns;
}

const char *duration_print(char *out, int64_t span_ns) {
  static const struct unit big[] = {{"d", DURATION_D}, {"h", DURATION_H}, {"min", DURATION_MIN}};
  static const struct unit small[] = {
      {"s", DURATION_S}, {"ms", DURATION_MS}, {"us", DURATION_US}, {"ns", DURATION_NS}};
  uint64_t rest = duration_magnitude(span_ns);
  char *at = out;
  if (span_ns < 0) {
    *at++ = '-';
  }
  if (rest == 0) {
    return strcpy(out, "0");
  }
  if (rest < (uint64_t)DURATION_MIN) {
    size_t i = 0;
    while (rest < (uint64_t)small[i].ns) {
      i++;
    }
    at += print_decimal(at, rest, (uint64_t)small[i].ns);
    (void)strcpy(at, small[i].name);
    return out;
  }
  const char *gap = "";
  for (size_t i = 0; i < sizeof big / sizeof *big; i++) {
    uint64_t whole = rest / (uint64_t)big[i].ns;
    rest %= (uint64_t)big[i].ns;
    if (whole > 0) {
      at += sprintf(at, "%s%" PRIu64 "%s", gap, whole, big[i].name);
      gap = " ";
    }
  }
  if (rest > 0) {
    *at++ = ' ';
    at += print_decimal(at, rest, (uint64_t)DURATION_S);
    (void)strcpy(at, "s");
  }
  return out;
}

const char *duration_print_signed(char *out, int64_t span_ns) {
  out[0] = '+';
  (void)duration_print(out + (span_ns > 0), span_ns);
  return out;
}

/* Returns the step, in ns, to which a span of size_ns is rounded for people. */
static uint64_t find_step(uint64_t size_ns) {
  static const struct {
    int64_t below_ns, step_ns;
  } rows[] = {{10 * DURATION_MIN, DURATION_S / 10},
              {DURATION_H, DURATION_S},
              {DURATION_D, DURATION_MIN},
              {0, DURATION_H}};
  uint64_t step_ns = 1;
  if (size_ns < (uint64_t)DURATION_MIN) {
    while (size_ns / step_ns >= 10000) {
      step_ns *= 10;
    }
    return step_ns;
  }
  size_t i = 0;
  while (rows[i].below_ns != 0 && size_ns >= (uint64_t)rows[i].below_ns) {
    i++;
  }
  return (uint64_t)rows[i].step_ns;
}

int64_t duration_short(int64_t span_ns) {
  uint64_t size_ns = duration_magnitude(span_ns);
  uint64_t step_ns = find_step(size_ns);
  if (size_ns < (uint64_t)INT64_MAX - step_ns) { /* else rounding up could overflow */
    size_ns += step_ns / 2;
  }
  int64_t shown_ns = (int64_t)(size_ns / step_ns * step_ns);
  if (span_ns < 0) {
    return -shown_ns;
  }
  return shown_ns;
}

const char *duration_print_short(char *out, int64_t span_ns) {
  return duration_print(out, duration_short(span_ns));
}

const char *duration_print_seconds(char *out, int64_t span_ns) {
  char *at = out;
  if (span_ns < 0) {
    *at++ = '-';
  }
  (void)print_decimal(at, duration_magnitude(span_ns), (uint64_t)DURATION_S);
  return out;
}

int64_t duration_round(int64_t span_ns) {
  uint64_t size_ns = duration_magnitude(span_ns);
  int64_t step_ns = DURATION_S;
  if (size_ns < (uint64_t)DURATION_S) {
    step_ns = DURATION_MS;
  } else if (size_ns < (uint64_t)(10 * DURATION_S)) {
    step_ns = DURATION_S / 10;
  }
  return span_ns - span_ns % step_ns;
}

int64_t duration_abs(int64_t span_ns) {
  if (span_ns == INT64_MIN) {
    return INT64_MAX;
  }
  return (int64_t)duration_magnitude(span_ns);
}

int64_t duration_lesser(int64_t a, int64_t b) {
  return a < b ? a : b;
}

int64_t duration_greater(int64_t a, int64_t b) {
  return a > b ? a : b;
}

/*
 * Reads the variables in an answer of ntpd: RFC 9327 section 4, ntpsec's ntpd/ntp_control.c.
 *
 *   srcadr=10.9.0.2, srchost="ntp.example.org", stratum=1, reach=0xff,<CR><LF>
 *   offset=-0.123456, rec=0xeeac389c.709ff2a8
 *
 * A value is read as its name demands. One that does not parse or is impossible spoils the whole
 * answer: another program answers, or we misread it. Variables not asked for may have any form.
 * strtod(3) is not used: it depends on the locale and accepts "nan".
 */
#include <errno.h>
#include <string.h>

#include "ntp_monitor/duration.h"
#include "ntp_monitor/text.h"
#include "ntp_monitor/why.h"
#include "source/ntpd/mode6.h"

const char mode6_system_names[] = "leap,reftime,clock,rootdelay,rootdisp,offset,sys_jitter,peer";
const char mode6_peer_names[] = "srcadr,srchost,stratum,hpoll,reach,flash,offset,delay,jitter,"
                                "dispersion,rootdelay,rootdisp,rec";

enum kind { COUNT, SPAN, STAMP, ADDRESS, HOST };

/* More than the distance of any two NTP time stamps; fits into int64_t ns. */
#define OFFSET_MAX_NS ((INT64_C(1) << 32) * DURATION_S)

static const struct {
  const char *name;
  enum kind kind;
  int64_t least, most;
} variables[MODE6_VARIABLE_COUNT] = {
    [MODE6_LEAP] = {"leap", COUNT, 0, 3},
    [MODE6_STRATUM] = {"stratum", COUNT, 0, 16},
    [MODE6_PEER] = {"peer", COUNT, 0, UINT16_MAX},
    [MODE6_HPOLL] = {"hpoll", COUNT, 0, 17}, /* RFC 5905 section 7.2: MAXPOLL */
    [MODE6_REACH] = {"reach", COUNT, 0, 255},
    [MODE6_FLASH] = {"flash", COUNT, 0, UINT16_MAX},
    [MODE6_OFFSET] = {"offset", SPAN, -OFFSET_MAX_NS, OFFSET_MAX_NS},
    [MODE6_DELAY] = {"delay", SPAN, 0, DURATION_D},
    [MODE6_JITTER] = {"jitter", SPAN, 0, DURATION_D},
    [MODE6_SYS_JITTER] = {"sys_jitter", SPAN, 0, DURATION_D},
    [MODE6_DISPERSION] = {"dispersion", SPAN, 0, DURATION_D},
    [MODE6_ROOTDELAY] = {"rootdelay", SPAN, 0, DURATION_D},
    [MODE6_ROOTDISP] = {"rootdisp", SPAN, 0, DURATION_D},
    [MODE6_REFTIME] = {"reftime", STAMP, 0, 0},
    [MODE6_CLOCK] = {"clock", STAMP, 0, 0},
    [MODE6_REC] = {"rec", STAMP, 0, 0},
    [MODE6_SRCADR] = {"srcadr", ADDRESS, 0, 0},
    [MODE6_SRCHOST] = {"srchost", HOST, 0, 0},
};

struct span {
  const char *at;
  size_t length;
};

/* Returns the value of a digit; 99 for any other character. */
static unsigned read_digit(char c) {
  if (c >= '0' && c <= '9') {
    return (unsigned)(c - '0');
  }
  if (c >= 'a' && c <= 'f') {
    return (unsigned)(c - 'a') + 10;
  }
  return 99;
}

/* Reads digits of base at the beginning of text, at most `most`. Returns their number. */
static size_t read_digits(struct span text, unsigned base, size_t most, uint64_t *number) {
  size_t i = 0;
  *number = 0;
  for (; i < text.length && i < most && read_digit(text.at[i]) < base; i++) {
    *number = *number * base + read_digit(text.at[i]);
  }
  return i;
}

static struct span after(struct span text, size_t length) {
  return (struct span){text.at + length, text.length - length};
}

static bool has_hex(struct span text) {
  return text.length > 2 && text.at[0] == '0' && text.at[1] == 'x';
}

/* Reads "12", or "0xff" as bit fields are written. */
static bool read_count(struct span text, int64_t *value) {
  unsigned base = 10;
  uint64_t number = 0;
  if (has_hex(text)) {
    base = 16;
    text = after(text, 2);
  }
  size_t digits = read_digits(text, base, 8, &number);
  *value = (int64_t)number;
  return digits > 0 && digits == text.length;
}

/* Reads milliseconds with a decimal point. Digits below a nanosecond are cut. */
static bool read_span(struct span text, int64_t *value) {
  bool minus = text.length > 0 && text.at[0] == '-';
  uint64_t whole = 0;
  uint64_t part = 0;
  if (minus) {
    text = after(text, 1);
  }
  size_t digits = read_digits(text, 10, 13, &whole); /* times DURATION_MS still fits */
  text = after(text, digits);
  bool point = digits > 0 && text.length > 0 && text.at[0] == '.';
  if (point) {
    uint64_t rest = 0;
    text = after(text, 1);
    size_t places = read_digits(text, 10, 6, &part);
    text = after(text, places);
    text = after(text, read_digits(text, 10, text.length, &rest));
    for (; places < 6; places++) {
      part *= 10;
    }
  }
  uint64_t size_ns = whole * DURATION_MS + part;
  if (digits == 0 || text.length > 0 || size_ns > OFFSET_MAX_NS) {
    return false;
  }
  *value = minus ? -(int64_t)size_ns : (int64_t)size_ns;
  return true;
}

/* Reads "0x" and NTP's 32.32 bits: "0xeeac389c.709ff2a8". */
static bool read_stamp(struct span text, int64_t *value) {
  enum { DIGITS = 8, LENGTH = 2 + DIGITS + 1 + DIGITS };
  uint64_t seconds = 0;
  uint64_t fraction = 0;
  bool right = text.length == LENGTH && has_hex(text) && text.at[2 + DIGITS] == '.' &&
               read_digits(after(text, 2), 16, DIGITS, &seconds) == DIGITS &&
               read_digits(after(text, 2 + DIGITS + 1), 16, DIGITS, &fraction) == DIGITS;
  *value = (int64_t)(seconds << 32 | fraction);
  return right;
}

static bool read_text(struct span text, char *out, size_t size_bytes) {
  if (text.length >= 2 && text.at[0] == '"' && text.at[text.length - 1] == '"') {
    text = (struct span){text.at + 1, text.length - 2};
  }
  text_escape(out, size_bytes, text.at, text.length);
  return true;
}

static bool read_value(struct span text, enum mode6_variable variable,
                       struct mode6_values *values) {
  switch (variables[variable].kind) {
  case ADDRESS:
    return read_text(text, values->address, sizeof values->address);
  case HOST:
    return read_text(text, values->host, sizeof values->host);
  case STAMP:
    return read_stamp(text, &values->number[variable]);
  default:
    break;
  }
  int64_t *value = &values->number[variable];
  bool right = false;
  if (variables[variable].kind == COUNT) {
    right = read_count(text, value);
  } else {
    right = read_span(text, value);
  }
  return right && *value >= variables[variable].least && *value <= variables[variable].most;
}

/* Returns MODE6_VARIABLE_COUNT for an unknown name. */
static enum mode6_variable mode6_text_find(struct span name) {
  unsigned i = 0;
  while (i < MODE6_VARIABLE_COUNT && (strlen(variables[i].name) != name.length ||
                                      memcmp(variables[i].name, name.at, name.length) != 0)) {
    i++;
  }
  return (enum mode6_variable)i;
}

static bool is_between(char c) {
  return c == ',' || c == ' ' || c == '\r' || c == '\n' || c == '\0';
}

/* Takes the next NAME=VALUE or NAME off *text; false at the end. Sets *open if a quote is not
 * closed. Commas separate pairs except inside quotes, which have no escapes. */
static bool next_pair(struct span *text, struct span *name, struct span *value, bool *open) {
  while (text->length > 0 && is_between(text->at[0])) {
    *text = after(*text, 1);
  }
  size_t end = 0;
  size_t equals = SIZE_MAX;
  bool quoted = false;
  for (; end < text->length && (quoted || text->at[end] != ','); end++) {
    quoted = quoted != (text->at[end] == '"');
    if (equals == SIZE_MAX && text->at[end] == '=') {
      equals = end;
    }
  }
  *open = quoted;
  struct span pair = {text->at, end};
  *text = after(*text, end);
  while (pair.length > 0 && is_between(pair.at[pair.length - 1])) {
    pair.length--;
  }
  *name = pair;
  *value = after(pair, pair.length);
  if (equals < pair.length) {
    name->length = equals;
    *value = after(pair, equals + 1);
  }
  return pair.length > 0;
}

bool mode6_has(const struct mode6_values *values, enum mode6_variable variable) {
  return (values->present & 1U << variable) != 0;
}

int64_t mode6_number(const struct mode6_values *values, enum mode6_variable variable) {
  return mode6_has(values, variable) ? values->number[variable] : 0;
}

int mode6_read(const char *text, size_t length_bytes, struct mode6_values *values,
               struct why *why) {
  struct mode6_values made = {.present = 0};
  struct span rest = {text, length_bytes};
  struct span name;
  struct span value;
  bool open = false;
  while (next_pair(&rest, &name, &value, &open)) {
    enum mode6_variable variable = mode6_text_find(name);
    int shown = value.length > 40 ? 40 : (int)value.length;
    if (open) {
      return why_set(why, REASON_BAD_REPLY, -EBADMSG,
                     "unterminated string in ntpd's answer" WHY_ADVICE "reading rejected");
    }
    /* NAME without a value is an empty variable. */
    if (variable == MODE6_VARIABLE_COUNT || mode6_has(&made, variable) || value.length == 0) {
      continue;
    }
    if (!read_value(value, variable, &made)) {
      return why_set(why, REASON_BAD_REPLY, -EBADMSG,
                     "ntpd's %s is invalid: '%.*s'" WHY_ADVICE "reading rejected",
                     variables[variable].name, shown, value.at);
    }
    made.present |= 1U << variable;
  }
  *values = made;
  return 0;
}

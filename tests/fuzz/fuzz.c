/* Functions shared by the fuzz targets, see fuzz.h. The clocks are fixed here, so that a crasher
 * also crashes tomorrow. */
#include "tests/fuzz/fuzz.h"

#include <errno.h>
#include <fcntl.h>
#include <iconv.h>
#include <regex.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include "ntp_monitor/clock.h"
#include "ntp_monitor/duration.h"
#include "ntp_monitor/env.h"
#include "ntp_monitor/trace.h"
#include "ntp_monitor/why.h"

void fuzz_fail(const char *file, int line, const char *what) {
  (void)fprintf(stderr, "%s:%d: does not hold: %s\n", file, line, what);
  abort();
}

uint8_t fuzz_byte(struct bytes *bytes) {
  if (bytes->left == 0) {
    return 0;
  }
  bytes->left--;
  return *bytes->at++;
}

uint64_t fuzz_number(struct bytes *bytes) {
  static const uint64_t edges[] = {0,
                                   1,
                                   UINT32_MAX,
                                   UINT64_MAX / 1000,
                                   UINT64_MAX / 1000 + 1,
                                   UINT64_MAX,
                                   INT64_MAX,
                                   INT64_MAX / 1000,
                                   INT64_MAX / 1000 + 1,
                                   DURATION_D / DURATION_US,
                                   FUZZ_NOW_NS / 1000,
                                   FUZZ_NOW_NS / 1000 - 12300000};
  enum { EDGES = sizeof edges / sizeof *edges };
  uint8_t form = fuzz_byte(bytes);
  uint64_t number = form & 0x80 ? edges[(form & 0x7f) % EDGES] : 0;
  uint64_t more = 0;
  for (unsigned i = form >> 4 & 7; i > 0; i--) {
    more = more << 8 | fuzz_byte(bytes);
  }
  return form & 8 ? number - more : number + more;
}

char *fuzz_text(struct bytes *bytes, size_t length) {
  length = length < bytes->left ? length : bytes->left;
  char *text = malloc(length + 1);
  MUST(text != NULL);
  memcpy(text, bytes->at, length);
  text[length] = '\0';
  bytes->at += length;
  bytes->left -= length;
  return text;
}

const char *fuzz_file(const void *data, size_t size) {
  enum { FD = 100 };
  static bool made;
  if (!made) {
    int fd = memfd_create("fuzz", 0);
    MUST(fd >= 0 && fchmod(fd, 0600) == 0); /* else others may write it: not believed */
    MUST(dup2(fd, FD) == FD && close(fd) == 0);
    made = true;
  }
  const struct timespec now = {FUZZ_NOW_NS / DURATION_S, FUZZ_NOW_NS % DURATION_S};
  MUST(ftruncate(FD, 0) == 0 && pwrite(FD, data, size, 0) == (ssize_t)size);
  MUST(futimens(FD, (const struct timespec[]){now, now}) == 0); /* a text's age */
  return "/proc/self/fd/100";
}

/* --- around a run --------------------------------------------------------- */

int64_t clock_monotonic_ns(void) {
  return 100 * DURATION_S;
}

int64_t clock_realtime_ns(void) {
  return FUZZ_NOW_NS;
}

int clock_left_ms(int64_t deadline_ns) {
  return deadline_ns > clock_monotonic_ns() ? 1000 : 0;
}

struct env *fuzz_env(void) {
  static struct trace trace;
  static struct env env;
  trace.full = false;
  trace.used_bytes = 0;
  trace.fd = -1;
  trace.start_ns = clock_monotonic_ns();
  env = (struct env){.start_ns = clock_monotonic_ns(), .uid = getuid(), .trace = &trace};
  env_set_timeout(&env, 10 * DURATION_S);
  return &env;
}

static char *printed;
static size_t printed_bytes;

FILE *fuzz_stream(void) {
  FILE *stream = open_memstream(&printed, &printed_bytes);
  MUST(stream != NULL);
  return stream;
}

char *fuzz_printed(FILE *stream) {
  MUST(ferror(stream) == 0 && fclose(stream) == 0);
  MUST(strlen(printed) == printed_bytes);
  return printed;
}

/* --- what must hold ------------------------------------------------------- */

/* C0, DEL, C1, bidi controls, line separators, the byte order mark; and what no UTF-8 may hold. */
static bool acts(uint32_t point) {
  static const uint32_t ranges[][2] = {{0, 0x1f},        {0x7f, 0x9f},     {0x61c, 0x61c},
                                       {0x200e, 0x200f}, {0x2028, 0x202e}, {0x2066, 0x2069},
                                       {0xfeff, 0xfeff}, {0xd800, 0xdfff}};
  for (size_t i = 0; i < sizeof ranges / sizeof *ranges; i++) {
    if (point >= ranges[i][0] && point <= ranges[i][1]) {
      return true;
    }
  }
  return point > 0x10ffff;
}

/* glibc decodes: not the decoder of the program. */
static bool is_safe(const char *text, size_t length) {
  static iconv_t decoder;
  char *in = (char *)(uintptr_t)text;
  decoder = decoder != NULL ? decoder : iconv_open("UCS-4LE", "UTF-8");
  while (length > 0) {
    uint32_t points[256];
    char *out = (char *)points;
    size_t room = sizeof points;
    if (iconv(decoder, &in, &length, &out, &room) == (size_t)-1 && errno != E2BIG) {
      (void)iconv(decoder, NULL, NULL, NULL, NULL);
      return false;
    }
    for (size_t i = 0; i < (sizeof points - room) / sizeof *points; i++) {
      if (acts(points[i])) {
        return false;
      }
    }
  }
  return true;
}

bool fuzz_is_safe(const char *text) {
  return is_safe(text, strlen(text));
}

bool fuzz_is_safe_lines(const char *text) {
  for (const char *end = strchr(text, '\n'); end != NULL; end = strchr(text, '\n')) {
    if (!is_safe(text, (size_t)(end - text))) {
      return false;
    }
    text = end + 1;
  }
  return *text == '\0'; /* the last line is ended, too */
}

void fuzz_why(const struct why *why, int reason) {
  MUST((int)why->reason == reason);
  MUST(why->text[0] != '\0' && strlen(why->text) < sizeof why->text && fuzz_is_safe(why->text));
}

void fuzz_trace(const struct trace *trace) {
  MUST(trace->used_bytes <= sizeof trace->text);
  for (const char *line = trace_next(trace, NULL); line != NULL; line = trace_next(trace, line)) {
    MUST(fuzz_is_safe(line));
  }
}

bool fuzz_matches(void **slot, const char *expression, const char *text) {
  if (*slot == NULL) {
    regex_t *compiled = malloc(sizeof *compiled);
    MUST(compiled != NULL && regcomp(compiled, expression, REG_EXTENDED) == 0);
    *slot = compiled;
  }
  regmatch_t match;
  return regexec(*slot, text, 1, &match, 0) == 0 && match.rm_so == 0 &&
         match.rm_eo == (regoff_t)strlen(text);
}

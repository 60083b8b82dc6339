/*
 * Encodes and decodes chrony's command and monitoring protocol.
 *
 * Floating point numbers become integer nanoseconds here and impossible values are refused, so that
 * callers can calculate without overflow.
 */
#include "source/chrony/candm.h"

#include <errno.h>
#include <inttypes.h>
#include <string.h>

#include "ntp_monitor/bytes.h"
#include "ntp_monitor/duration.h"
#include "ntp_monitor/why.h"

enum { VERSION = 6, TYPE_REQUEST = 1, TYPE_REPLY = 2, REQUEST_BODY = 20, REPLY_BODY = 28 };

/* A request is as long as its reply. */
static const struct command {
  enum candm_command command;
  unsigned kind; /* of its reply */
  size_t bytes;
  const char *name;
} commands[] = {
    {CANDM_N_SOURCES, 2, 32, "N_SOURCES"},       {CANDM_SOURCE_DATA, 3, 76, "SOURCE_DATA"},
    {CANDM_TRACKING, 5, 104, "TRACKING"},        {CANDM_SOURCESTATS, 6, 84, "SOURCESTATS"},
    {CANDM_SOURCE_NAME, 19, 284, "SOURCE_NAME"},
};

static const struct command *candm_find(enum candm_command command) {
  size_t i = 0;
  while (commands[i].command != command) {
    i++;
  }
  return &commands[i];
}

const char *candm_name(enum candm_command command) {
  return candm_find(command)->name;
}

/* --- numbers -------------------------------------------------------------- */

/* Reads a number of seconds, rounded to the nearest nanosecond. The 7 highest bits are a signed
 * exponent, the other 25 a signed coefficient; the value is coefficient * 2^(exponent - 25)
 * (UTI_FloatNetworkToHost in chrony's util.c). A number out of range is clamped. */
static int64_t get_seconds_ns(const uint8_t *at) {
  enum { COEFFICIENT_BITS = 25, EXPONENT_BITS = 7 };
  uint32_t bits = bytes_get32(at);
  int shift = bytes_signed(bits >> COEFFICIENT_BITS, EXPONENT_BITS) - COEFFICIENT_BITS;
  int64_t scaled = bytes_signed(bits & ((UINT32_C(1) << COEFFICIENT_BITS) - 1), COEFFICIENT_BITS) *
                   DURATION_S; /* below 2^54 */
  if (shift <= -62) {
    return 0;
  }
  if (shift < 0) {
    int64_t half = INT64_C(1) << (-shift - 1);
    return (scaled + (scaled < 0 ? -half : half)) / (2 * half);
  }
  int64_t value_ns = 0;
  if (__builtin_mul_overflow(scaled, INT64_C(1) << shift, &value_ns)) {
    return scaled < 0 ? INT64_MIN : INT64_MAX;
  }
  return value_ns;
}

static struct candm_address get_address(const uint8_t *at) {
  struct candm_address address = {.family = bytes_get16(at + sizeof address.bytes)};
  size_t bytes = 4;
  if (address.family == CANDM_INET6) {
    bytes = 16;
  } else if (address.family == CANDM_UNSPECIFIED) {
    bytes = 0;
  }
  memcpy(address.bytes, at, bytes); /* the rest is undefined */
  return address;
}

/* --- packets ---------------------------------------------------------------- */

size_t candm_request(const struct candm_question *question, uint8_t *out) {
  const struct command *command = candm_find(question->command);
  memset(out, 0, command->bytes);
  out[0] = VERSION;
  out[1] = TYPE_REQUEST;
  bytes_put16(out + 4, (uint16_t)command->command);
  bytes_put16(out + 6, question->attempt);
  bytes_put32(out + 8, question->sequence);
  if (command->command == CANDM_SOURCE_NAME) {
    memcpy(out + REQUEST_BODY, question->address.bytes, sizeof question->address.bytes);
    bytes_put16(out + REQUEST_BODY + 16, question->address.family);
  } else {
    bytes_put32(out + REQUEST_BODY, (uint32_t)question->index);
  }
  return command->bytes;
}

/* Returns why reply does not answer question, or NULL. */
static const char *find_flaw(const struct candm_question *question,
                             const struct candm_reply *reply) {
  const struct command *command = candm_find(question->command);
  const uint8_t *data = reply->data;
  if (reply->length_bytes < REPLY_BODY) {
    return "shorter than a reply";
  }
  if (data[0] != VERSION) {
    return "not protocol version 6";
  }
  if (data[1] != TYPE_REPLY) {
    return "not a reply";
  }
  if (bytes_get16(data + 4) != question->command) {
    return "a reply to another command";
  }
  if (bytes_get32(data + 16) != question->sequence) {
    return "a reply to another request";
  }
  if (bytes_get16(data + 8) != CANDM_SUCCESS) {
    return NULL; /* an error has no body */
  }
  if (bytes_get16(data + 6) != command->kind) {
    return "of the wrong type";
  }
  if (reply->length_bytes != command->bytes) {
    return "of the wrong length for its type";
  }
  return NULL;
}

int candm_status(const struct candm_question *question, const struct candm_reply *reply,
                 const char **flaw) {
  const char *found = find_flaw(question, reply);
  if (found != NULL) {
    *flaw = found;
    return -EBADMSG;
  }
  return bytes_get16(reply->data + 8);
}

/* --- bodies ----------------------------------------------------------------- */

struct range {
  const char *field;
  int64_t value, least, most;
};

/* Wide enough for a clock never set, half a century off; a sum of three still fits int64_t. */
#define SPAN_MAX_NS (INT64_C(0x7fffffff) * DURATION_S)
enum { STRATUM_MAX = 16, POLL_MAX_LOG2_S = 24, REACH_MAX = 0xff };

static int candm_check(const struct range *rows, size_t count, struct why *why) {
  for (const struct range *row = rows; row < rows + count; row++) {
    if (row->value < row->least || row->value > row->most) {
      return why_set(why, REASON_BAD_REPLY, -EBADMSG,
                     "chronyd's %s is %" PRId64 ", not %" PRId64 " to %" PRId64 WHY_ADVICE
                     "reading rejected",
                     row->field, row->value, row->least, row->most);
    }
  }
  return 0;
}

int candm_tracking(const struct candm_reply *reply, struct candm_tracking *tracking,
                   struct why *why) {
  const uint8_t *body = reply->data + REPLY_BODY;
  struct candm_tracking read = {.reference_id = bytes_get32(body),
                                .stratum = bytes_get16(body + 24),
                                .leap = bytes_get16(body + 26),
                                .correction_ns = get_seconds_ns(body + 40),
                                .root_delay_ns = get_seconds_ns(body + 64),
                                .root_dispersion_ns = get_seconds_ns(body + 68)};
  const struct range rows[] = {
      {"stratum", read.stratum, 0, STRATUM_MAX},
      {"leap status", read.leap, 0, 3},
      {"current correction (ns)", read.correction_ns, -SPAN_MAX_NS, SPAN_MAX_NS},
      {"root delay (ns)", read.root_delay_ns, 0, DURATION_D},
      {"root dispersion (ns)", read.root_dispersion_ns, 0, DURATION_D},
  };
  int error = candm_check(rows, sizeof rows / sizeof *rows, why);
  if (error == 0) {
    *tracking = read;
  }
  return error;
}

int candm_source(const struct candm_reply *reply, struct candm_source *source, struct why *why) {
  const uint8_t *body = reply->data + REPLY_BODY;
  struct candm_source read = {.address = get_address(body),
                              .poll_log2_s = bytes_signed(bytes_get16(body + 20), 16),
                              .stratum = bytes_get16(body + 22),
                              .state = bytes_get16(body + 24),
                              .mode = bytes_get16(body + 26),
                              .reach = bytes_get16(body + 30),
                              .since_sample_s = bytes_get32(body + 32),
                              .latest_offset_ns = get_seconds_ns(body + 40)};
  const struct range rows[] = {
      {"source address type", read.address.family, CANDM_UNSPECIFIED, CANDM_ID},
      {"source poll interval (log2 s)", read.poll_log2_s, -POLL_MAX_LOG2_S, POLL_MAX_LOG2_S},
      {"source stratum", read.stratum, 0, STRATUM_MAX},
      {"source state", read.state, CANDM_SELECTED, CANDM_SELECTABLE},
      {"source mode", read.mode, CANDM_CLIENT, CANDM_REFERENCE},
      {"source reach", read.reach, 0, REACH_MAX},
      {"source's latest offset (ns)", read.latest_offset_ns, -SPAN_MAX_NS, SPAN_MAX_NS},
  };
  int error = candm_check(rows, sizeof rows / sizeof *rows, why);
  if (error == 0) {
    *source = read;
  }
  return error;
}

int candm_stats(const struct candm_reply *reply, struct candm_stats *stats, struct why *why) {
  const uint8_t *body = reply->data + REPLY_BODY;
  struct candm_stats read = {.address = get_address(body + 4),
                             .sample_count = bytes_get32(body + 24),
                             .deviation_ns = get_seconds_ns(body + 36)};
  memcpy(read.reference, body, sizeof read.reference);
  const struct range rows[] = {
      {"source address type", read.address.family, CANDM_UNSPECIFIED, CANDM_ID},
      {"source standard deviation (ns)", read.deviation_ns, 0, DURATION_D},
  };
  int error = candm_check(rows, sizeof rows / sizeof *rows, why);
  if (error == 0) {
    *stats = read;
  }
  return error;
}

bool candm_is_of(const struct candm_stats *stats, const struct candm_source *source) {
  if (source->mode == CANDM_REFERENCE) {
    return memcmp(stats->reference, source->address.bytes, sizeof stats->reference) == 0;
  }
  return stats->address.family == source->address.family &&
         memcmp(stats->address.bytes, source->address.bytes, sizeof stats->address.bytes) == 0;
}

uint32_t candm_count(const struct candm_reply *reply) {
  return bytes_get32(reply->data + REPLY_BODY);
}

const char *candm_source_name(const struct candm_reply *reply, char *out) {
  memcpy(out, reply->data + REPLY_BODY, CANDM_NAME_BYTES);
  out[CANDM_NAME_BYTES] = '\0';
  return out;
}

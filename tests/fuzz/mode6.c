/*
 * Fuzz target: what comes from ntpd's port, put together, read, and made samples of.
 *
 * The first byte is even: datagrams, each behind a byte that says how it is made (its header ours,
 * or all of it the fuzzer's) and one for its length. Odd: texts, ended by a NUL each: the system's
 * variables, then for each server two bytes of status, and its variables.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "ntp_monitor/duration.h"
#include "ntp_monitor/why.h"
#include "source/ntpd/mode6.h"
#include "tests/fuzz/fuzz.h"

enum { PEERS = 4, REACH_END = 65536 + 1024 };

/* --- datagrams -------------------------------------------------------------------- */

static struct { uint8_t data[REACH_END], times[REACH_END]; } taken;

static void check_whole(const struct mode6_answer *answer) {
  MUST(answer->length_bytes <= MODE6_ANSWER_BYTES && answer->data[answer->length_bytes] == '\0');
  for (size_t i = 0; i < answer->length_bytes; i++) {
    MUST(taken.times[i] == 1 && (uint8_t)answer->data[i] == taken.data[i]);
  }
  MUST(taken.times[answer->length_bytes] == 0);
}

static enum mode6_progress take(struct mode6_answer *answer, const uint8_t *data, size_t length) {
  uint8_t *exact = malloc(length + 1); /* reading on is seen */
  MUST(exact != NULL);
  memcpy(exact + 1, data, length);
  enum mode6_progress progress = mode6_take(answer, exact + 1, length);
  free(exact);
  if (progress == MODE6_DROPPED) {
    return progress;
  }
  /* RFC 9327 section 2: version 2, mode 6; a reply to our opcode; our sequence and association. */
  MUST(length >= 12 && length <= 480 && length % 4 == 0 && data[0] % 64 == 0x16);
  MUST(data[1] / 128 == 1 && data[1] % 32 == answer->question.opcode);
  MUST(data[2] * 256 + data[3] == answer->question.sequence);
  MUST(data[6] * 256 + data[7] == answer->question.association);
  size_t from = data[8] * 256U + data[9];
  size_t count = data[10] * 256U + data[11];
  if (progress == MODE6_REFUSED) {
    MUST(data[1] / 64 % 2 == 1 && answer->error == data[4] && count == 0);
  }
  if (progress == MODE6_MORE || progress == MODE6_COMPLETE) {
    MUST(data[1] / 64 % 2 == 0 && count <= length - 12);
    for (size_t i = 0; i < count; i++) {
      MUST(taken.times[from + i]++ == 0);
      taken.data[from + i] = data[12 + i];
    }
  }
  if (progress == MODE6_COMPLETE) {
    check_whole(answer);
  }
  MUST(progress != MODE6_BAD || answer->wrong[0] != '\0');
  return progress;
}

static size_t make(struct bytes *bytes, const struct mode6_question *question, uint8_t out[600]) {
  uint8_t form = fuzz_byte(bytes);
  size_t length = 4 * (size_t)fuzz_byte(bytes) % 600;
  size_t head = (form & 1) != 0 ? 0 : 12;
  memset(out, 0, 600);
  if (head > 0) {
    out[0] = 0xd6;
    out[1] = (uint8_t)(0x80 | question->opcode | (form & 0x60));
    memcpy(out + 2, "\x12\x34\0\0\0\x07", 6);
    out[8] = form & 2 ? fuzz_byte(bytes) : 0;
    out[9] = fuzz_byte(bytes);
    out[10] = (uint8_t)(length / 256);
    out[11] = (uint8_t)(length % 256 + (form & 4 ? 1 : 0));
  }
  for (size_t i = head; i < head + length && i < 600; i++) {
    out[i] = fuzz_byte(bytes);
  }
  return head + length < 600 ? head + length : 600;
}

static void put_together(struct bytes *bytes) {
  static struct mode6_answer answer;
  uint8_t data[600];
  uint8_t opcode = fuzz_byte(bytes) % 2 + 1;
  memset(&taken, 0, sizeof taken);
  memset(&answer, 0, sizeof answer);
  answer.question = (struct mode6_question){.opcode = opcode, .sequence = 0x1234, .association = 7};
  enum mode6_progress progress = MODE6_MORE;
  while (bytes->left > 0 && (progress == MODE6_MORE || progress == MODE6_DROPPED)) {
    size_t length = make(bytes, &answer.question, data);
    progress = take(&answer, data, length);
  }
  struct mode6_peer peers[PEERS];
  struct mode6_reading reading = {.peer = peers};
  struct why why;
  if (progress != MODE6_COMPLETE || opcode != MODE6_READ_STATUS) {
    return;
  }
  if (mode6_list(&answer, &reading, PEERS, &why) != 0) {
    MUST(answer.length_bytes % 4 != 0);
    fuzz_why(&why, REASON_BAD_REPLY);
    return;
  }
  MUST(reading.total <= answer.length_bytes / 4 && reading.falsetickers <= reading.total);
  MUST(reading.peer_count == (reading.total < PEERS ? reading.total : PEERS));
}

/* --- texts ------------------------------------------------------------------------ */

/* The first value of name in text, as strtold or strtoull has it; quotes are heeded. */
static const char *find_value(const char *text, const char *name) {
  bool quoted = false;
  bool fresh = true;
  for (const char *at = text; *at != '\0'; at++) {
    if (fresh && strchr(", \r\n", *at) == NULL) {
      fresh = false;
      size_t length = strlen(name);
      if (strncmp(at, name, length) == 0 && at[length] == '=' &&
          strchr(", \r\n", at[length + 1]) == NULL) {
        return at + length + 1;
      }
    }
    quoted = quoted != (*at == '"');
    fresh = fresh || (!quoted && *at == ',');
  }
  return NULL;
}

static void check_number(const char *text, const struct mode6_values *values,
                         enum mode6_variable variable, const char *name, long double unit,
                         long double least, long double most) {
  if (!mode6_has(values, variable)) {
    return;
  }
  const char *at = find_value(text, name);
  MUST(at != NULL);
  long double want = strtold(at, NULL) * unit;
  long double got = (long double)values->number[variable];
  MUST(got >= least && got <= most && want - got > -1.001L && want - got < 1.001L);
}

static void check_stamp(const char *text, const struct mode6_values *values,
                        enum mode6_variable variable, const char *name) {
  if (!mode6_has(values, variable)) {
    return;
  }
  const char *at = find_value(text, name);
  MUST(at != NULL && strlen(at) >= 19 && at[10] == '.');
  uint64_t want = strtoull(at, NULL, 16) << 32 | strtoull(at + 11, NULL, 16);
  MUST(want == (uint64_t)values->number[variable]);
}

static int read_text(const char *text, struct mode6_values *values) {
  const long double years = 4294967296.0L * DURATION_S;
  struct why why;
  int error = mode6_read(text, strlen(text), values, &why);
  if (error != 0) {
    MUST(error == -EBADMSG);
    fuzz_why(&why, REASON_BAD_REPLY);
    return error;
  }
  check_number(text, values, MODE6_LEAP, "leap", 1, 0, 3);
  check_number(text, values, MODE6_STRATUM, "stratum", 1, 0, 16);
  check_number(text, values, MODE6_PEER, "peer", 1, 0, 65535);
  check_number(text, values, MODE6_REACH, "reach", 1, 0, 255);
  check_number(text, values, MODE6_HPOLL, "hpoll", 1, 0, 17);
  check_number(text, values, MODE6_OFFSET, "offset", DURATION_MS, -years, years);
  check_number(text, values, MODE6_DELAY, "delay", DURATION_MS, 0, DURATION_D);
  check_number(text, values, MODE6_JITTER, "jitter", DURATION_MS, 0, DURATION_D);
  check_number(text, values, MODE6_SYS_JITTER, "sys_jitter", DURATION_MS, 0, DURATION_D);
  check_number(text, values, MODE6_ROOTDISP, "rootdisp", DURATION_MS, 0, DURATION_D);
  check_stamp(text, values, MODE6_REC, "rec");
  check_stamp(text, values, MODE6_CLOCK, "clock");
  MUST(fuzz_is_safe(values->address) && fuzz_is_safe(values->host));
  return 0;
}

static void check_sample(struct sample sample) {
  MUST(fuzz_is_safe(sample.remark) && strlen(sample.remark) < sizeof sample.remark);
  if (sample_has(&sample, METRIC_ERROR_BOUND)) {
    MUST(sample.value[METRIC_ERROR_BOUND] >= sample.value[METRIC_ROOT_DISTANCE]);
    MUST(sample_has(&sample, METRIC_ROOT_DISTANCE));
  }
  sample.present &= ~(1U << METRIC_ERROR_BOUND); /* ntpd's has the offset in it already */
  fuzz_sample(&sample);
}

/* Who is followed, and whether that is synchronised: from the facts alone. */
static void check_primary(const struct mode6_reading *reading, const struct sample *sample) {
  size_t marked = 0;
  for (size_t i = 0; i < reading->peer_count; i++) {
    marked += (reading->peer[i].status / 256 & 7) >= 6;
  }
  bool disciplined = reading->system.number[MODE6_LEAP] != 3;
  MUST(!sample->listed && sample_has(sample, FIELD_LEAP));
  MUST(sample->state == (marked > 0 ? STATE_SELECTED : STATE_UNKNOWN));
  MUST((marked > 0 && disciplined) || sample->leap == LEAP_UNSYNCHRONISED);
  MUST(sample->leap != LEAP_UNSYNCHRONISED || sample->remark[0] != '\0');
  MUST(marked > 0 || !sample_has(sample, METRIC_OFFSET));
  if (marked > 0 && disciplined && mode6_has(&reading->system, MODE6_OFFSET)) {
    MUST(llabs(sample->value[METRIC_OFFSET]) >= llabs(reading->system.number[MODE6_OFFSET]));
  }
}

static void read_texts(struct bytes *bytes) {
  struct mode6_peer peers[PEERS];
  struct mode6_reading reading = {.peer = peers};
  struct sample sample;
  struct why why;
  char *text = fuzz_text(bytes, strnlen((const char *)bytes->at, bytes->left));
  (void)fuzz_byte(bytes);
  int error = read_text(text, &reading.system);
  free(text);
  for (size_t i = 0; bytes->left > 2 && i < PEERS; i++) {
    struct mode6_peer *peer = &peers[reading.peer_count++];
    *peer = (struct mode6_peer){.association = (uint16_t)(i + 1)};
    peer->status = (uint16_t)(fuzz_byte(bytes) << 8);
    peer->status |= fuzz_byte(bytes);
    text = fuzz_text(bytes, strnlen((const char *)bytes->at, bytes->left));
    (void)fuzz_byte(bytes);
    peer->known = read_text(text, &peer->values) == 0;
    if (!peer->known) {
      memset(&peer->values, 0, sizeof peer->values);
    }
    free(text);
    mode6_listed(peer, &sample);
    check_sample(sample);
    MUST(sample.listed && sample.state != STATE_UNKNOWN);
  }
  reading.total = (unsigned)reading.peer_count;
  mode6_drop_broadcasts(&reading);
  MUST(reading.total == reading.peer_count);
  if (error == 0 && mode6_primary(&reading, &sample, &why) == 0) {
    check_sample(sample);
    check_primary(&reading, &sample);
  } else if (error == 0) {
    fuzz_why(&why, REASON_BAD_REPLY);
  }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
  struct bytes bytes = {data, size};
  if (fuzz_byte(&bytes) % 2 == 0) {
    put_together(&bytes);
  } else {
    read_texts(&bytes);
  }
  return 0;
}

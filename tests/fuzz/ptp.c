/* Fuzz target: bytes as the answer to a management request, and what is made of several of them. */
#include <stdlib.h>
#include <string.h>

#include "ntp_monitor/duration.h"
#include "ntp_monitor/sample.h"
#include "source/ptp/ptp_management.h"
#include "source/ptp/ptp_sample.h"
#include "tests/fuzz/fuzz.h"

enum { LOOKS = 4 };

static const struct {
  enum ptp_id id;
  size_t bytes;
} known[] = {
    {PTP_DEFAULT_DATA_SET, 20}, {PTP_CURRENT_DATA_SET, 18},        {PTP_PARENT_DATA_SET, 32},
    {PTP_PORT_DATA_SET, 26},    {PTP_TIME_PROPERTIES_DATA_SET, 4}, {PTP_TIME_STATUS_NP, 50},
};
enum { KNOWN = sizeof known / sizeof *known };

/* count bytes from at on, big-endian. */
static uint64_t number(const uint8_t *data, size_t at, int count) {
  uint64_t value = 0;
  for (int i = 0; i < count; i++) {
    value = value << 8 | data[at + (size_t)i];
  }
  return value;
}

/* Within half a ns of what stands there. */
static void interval(const uint8_t *data, size_t at, int64_t ns) {
  fuzz_wide units = (int64_t)number(data, at, 8);
  fuzz_wide apart = units - (fuzz_wide)ns * 65536;
  MUST(apart >= -32768 && apart <= 32768);
  MUST(ns == 0 || (ns > 0) == (units > 0));
}

/* Every condition of an answer, and every field of it, as IEEE 1588 and tlv.h have them. */
static void good(const uint8_t *data, size_t size, const struct ptp_request *request,
                 size_t data_bytes, const struct ptp_reply *reply) {
  const struct ptp_data *got = &reply->data;
  MUST(size == 54 + data_bytes && number(data, 2, 2) == size && number(data, 50, 2) == size - 52);
  MUST((data[0] & 15) == 13 && data[0] >> 4 == request->transport_specific);
  MUST((data[1] & 15) == 2 && data[4] == request->domain && (data[46] & 15) == 2);
  MUST(number(data, 30, 2) == request->sequence && number(data, 34, 8) == 0 &&
       number(data, 42, 2) == request->client);
  MUST(number(data, 48, 2) == 1 && number(data, 52, 2) == request->id && got->id == request->id);
  MUST(memcmp(reply->sender.clock, data + 20, 8) == 0 && reply->sender.port == number(data, 28, 2));
  data += 54;
  switch (request->id) {
  case PTP_DEFAULT_DATA_SET:
    MUST(got->defaults.ports == number(data, 2, 2) && got->defaults.ports > 0);
    MUST(got->defaults.domain == data[18] && data[18] == request->domain);
    break;
  case PTP_CURRENT_DATA_SET:
    MUST(got->current.steps_removed == number(data, 0, 2));
    interval(data, 2, got->current.offset_ns);
    interval(data, 10, got->current.delay_ns);
    break;
  case PTP_PARENT_DATA_SET:
    MUST(memcmp(got->parent.parent.clock, data, 8) == 0 &&
         got->parent.parent.port == number(data, 8, 2) && got->parent.clock_class == data[19]);
    MUST((got->parent.accuracy_ns > 0) == (data[20] >= 0x17 && data[20] <= 0x30));
    MUST(got->parent.accuracy_ns <= 10 * DURATION_S && got->parent.accuracy_ns >= -1);
    break;
  case PTP_PORT_DATA_SET:
    MUST(number(data, 0, 8) == number(reply->sender.clock, 0, 8) &&
         number(data, 8, 2) == reply->sender.port);
    MUST(got->port.state == data[10] && data[10] >= 1 && data[10] <= 10);
    MUST(got->port.delay_mechanism == data[23] && got->port.sync_log2_s == (int8_t)data[22]);
    interval(data, 12, got->port.delay_ns);
    break;
  case PTP_TIME_PROPERTIES_DATA_SET:
    MUST(got->time_properties.utc_offset_s == (int16_t)number(data, 0, 2));
    MUST(got->time_properties.leap61 == ((data[2] & 1) != 0) &&
         got->time_properties.leap59 == ((data[2] & 2) != 0));
    break;
  case PTP_TIME_STATUS_NP:
    MUST(got->time_status.offset_ns == (int64_t)number(data, 0, 8) &&
         got->time_status.ingress_ns == (int64_t)number(data, 8, 8));
    MUST(got->time_status.present == (number(data, 38, 4) == 1) && number(data, 38, 4) <= 1);
    MUST(memcmp(got->time_status.grandmaster, data + 42, 8) == 0 &&
         got->time_status.offset_ns != INT64_MIN);
    break;
  }
}

/* As the answer to each question; one whose length fits is all right but for the value of a field.
 */
static void read_all(const uint8_t *data, size_t size, uint8_t form) {
  for (size_t i = 0; i < KNOWN; i++) {
    struct ptp_request request = {.id = known[i].id, .client = 7, .sequence = 5};
    request.domain = form & 1 ? 24 : 0;
    request.transport_specific = form & 2 ? 1 : 0;
    char why[PTP_WHY_BYTES];
    struct ptp_reply reply;
    memset(why, 0x55, sizeof why);
    memset(&reply, 0x55, sizeof reply);
    enum ptp_answer answer = ptp_management_read(data, size, &request, &reply, why);
    if (answer == PTP_GOOD) {
      char text[PTP_DATA_TEXT_BYTES];
      good(data, size, &request, known[i].bytes, &reply);
      MUST(strlen(ptp_data_print(text, sizeof text, &reply.data)) < sizeof text - 1);
      MUST(fuzz_is_safe(text));
    } else {
      MUST(answer == PTP_BAD || answer == PTP_DROPPED || answer == PTP_REFUSED);
      MUST(memchr(why, '\0', sizeof why) != NULL && why[0] != '\0' && fuzz_is_safe(why));
      MUST(answer != PTP_REFUSED || (size >= 60 && number(data, 48, 2) == 2));
    }
  }
}

/* The same bytes as data, without a message around them. */
static bool take(struct bytes *bytes, enum ptp_id id, struct ptp_data *data) {
  uint8_t raw[64] = {0};
  for (size_t i = 0; i < KNOWN; i++) {
    for (size_t k = 0; known[i].id == id && k < known[i].bytes; k++) {
      raw[k] = fuzz_byte(bytes);
    }
  }
  return ptp_data_read(id, raw, data) == NULL;
}

/* The jitter, once more: no root, but what it must lie between. */
static void jitter(const struct ptp_reading *reading, int64_t jitter_ns) {
  fuzz_wide sum = 0;
  fuzz_wide count = (fuzz_wide)reading->measurements - 1;
  MUST(count >= 1 && jitter_ns >= 0 && jitter_ns <= DURATION_D);
  for (size_t i = 1; i < reading->measurements; i++) {
    fuzz_wide apart = (fuzz_wide)reading->offset_ns[i] - reading->offset_ns[i - 1];
    sum += apart * apart;
  }
  fuzz_wide twice = 2 * (fuzz_wide)jitter_ns;
  MUST((twice + 1) * (twice + 1) * count > 4 * sum);
  MUST(jitter_ns == 0 || (twice - 1) * (twice - 1) * count <= 4 * sum);
}

/* Returns whether the steered clock shows UTC or TAI, from the known bounds of the measurement's
 * age. */
static bool is_date(const struct ptp_reading *reading, int64_t now_ns) {
  const int64_t ahead_s[] = {0, reading->properties.time_properties.utc_offset_s, 37};
  int64_t ingress_ns = reading->status.time_status.ingress_ns;
  fuzz_wide most_ns = reading->changed ? LOOKS * DURATION_MS - reading->younger_ns : now_ns;
  bool date = false;
  for (size_t i = 0; i < sizeof ahead_s / sizeof *ahead_s; i++) {
    fuzz_wide age_ns = (fuzz_wide)now_ns + ahead_s[i] * DURATION_S - ingress_ns;
    date = date || (age_ns >= -DURATION_S && age_ns <= most_ns + DURATION_S);
  }
  return date && ingress_ns >= 1000000000 * DURATION_S;
}

/* Whom the clock follows, and what is believed of its offset. */
static void check_sample(const struct ptp_reading *reading, int64_t now_ns,
                         const struct sample *sample) {
  bool measured = reading->status.time_status.ingress_ns != 0;
  bool heard = reading->status.time_status.present || measured;
  bool slave = heard && reading->port.port.state == PTP_SLAVE;
  bool follows = slave || (heard && reading->port.port.state == PTP_UNCALIBRATED);
  bool good = follows && (!slave || !measured || is_date(reading, now_ns));
  int64_t offset_ns = reading->status.time_status.offset_ns;
  unsigned mechanism = reading->port.port.delay_mechanism;
  bool asks = mechanism == PTP_PEER_TO_PEER || mechanism == PTP_END_TO_END;
  MUST(sample_has(sample, FIELD_LEAP) && (sample->leap == LEAP_UNSYNCHRONISED) == !good);
  bool classed = follows && reading->status.time_status.present;
  MUST(sample_has(sample, METRIC_CLOCK_CLASS) == classed);
  MUST(!classed || sample->value[METRIC_CLOCK_CLASS] == reading->parent.parent.clock_class);
  MUST((follows && measured) ||
       (sample->present & ~(1U << METRIC_CLOCK_CLASS)) == 1U << FIELD_LEAP);
  MUST(sample->remark[0] != '\0' && strlen(sample->remark) < sizeof sample->remark - 4);
  MUST(sample_has(sample, METRIC_OFFSET) ==
       (slave && measured && (offset_ns != 0 || !asks || sample_has(sample, METRIC_DELAY))));
  MUST(!sample_has(sample, METRIC_OFFSET) || sample->value[METRIC_OFFSET] == -offset_ns);
}

static void sample_all(struct bytes *bytes) {
  struct ptp_reading reading = {.clock.defaults.ports = 2};
  struct ptp_data data;
  struct sample sample;
  int64_t now_ns = FUZZ_NOW_NS;
  bool two = (fuzz_byte(bytes) & 1) != 0;
  for (int i = 0; i < 1 + two; i++) {
    if (!take(bytes, PTP_PORT_DATA_SET, &data)) {
      return;
    }
    ptp_sample_port(&reading, &data);
  }
  if (!take(bytes, PTP_CURRENT_DATA_SET, &reading.current) ||
      !take(bytes, PTP_PARENT_DATA_SET, &reading.parent) ||
      !take(bytes, PTP_TIME_PROPERTIES_DATA_SET, &reading.properties)) {
    return;
  }
  struct ptp_data status = {.id = PTP_TIME_STATUS_NP};
  status.time_status.present = (fuzz_byte(bytes) & 1) != 0;
  for (int i = 0; i < LOOKS; i++) {
    int64_t offset_ns = (int64_t)fuzz_number(bytes);
    status.time_status.offset_ns = offset_ns == INT64_MIN ? 0 : offset_ns;
    uint64_t ingress_ns = fuzz_number(bytes);
    uint8_t form = fuzz_byte(bytes); /* only of a time near now is there a jitter */
    status.time_status.ingress_ns = (int64_t)(ingress_ns + (form & 2 ? FUZZ_NOW_NS : 0));
    status.time_status.grandmaster[0] = form & 1;
    ptp_sample_status(&reading, &status, i * DURATION_MS);
  }
  memset(&sample, 0x55, sizeof sample);
  ptp_sample_make(&reading, LOOKS, now_ns, LOOKS * DURATION_MS, &sample);
  fuzz_sample(&sample);
  check_sample(&reading, now_ns, &sample);
  if (sample_has(&sample, METRIC_JITTER)) {
    jitter(&reading, sample.value[METRIC_JITTER]);
  }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
  struct bytes bytes = {data, size};
  uint8_t form = fuzz_byte(&bytes);
  uint8_t *own = malloc(bytes.left + 1); /* of just its size: reading on is seen */
  MUST(own != NULL);
  memcpy(own + 1, bytes.at, bytes.left);
  read_all(own + 1, bytes.left, form);
  free(own);
  sample_all(&bytes);
  return 0;
}

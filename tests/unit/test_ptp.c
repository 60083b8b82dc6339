/* Tests of ptp_management.c and ptp_data.c: requests byte for byte, real answers read, and all that
 * is no answer refused. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "source/ptp/ptp_management.h"
#include "tests/unit/golden.h"
#include "tests/unit/ptp_good.h"
#include "tests/unit/seed.h"

enum { MUTATIONS = 10000, ROOM = PTP_REPLY_BYTES_MAX + 8 };

static struct ptp_request request_of(unsigned id) {
  return (struct ptp_request){
      .id = (enum ptp_id)id, .client = PTP_GOOD_CLIENT, .sequence = PTP_GOOD_SEQUENCE};
}

static const struct ptp_good *good_of(unsigned id) {
  const struct ptp_good *good = ptp_good;
  while (good->id != id) {
    good++;
  }
  return good;
}

/* What pmc(8) would send, but for its body. */
static void test_request(void **state) {
  (void)state;
  static const uint8_t want[PTP_REQUEST_BYTES] = {
      0x1d, 2,    0,    54,   24,   0,    0,    0,    0, 0, 0, 0, 0, 0, 0, 0,    0,    0,
      0,    0,    0,    0,    0,    0,    0,    0,    0, 0, 1, 2, 3, 4, 4, 0x7f, 0xff, 0xff,
      0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0, 0, 0, 0, 0, 1, 0, 2,    0xc0, 0,
  };
  uint8_t out[PTP_REQUEST_BYTES];
  memset(out, 0x55, sizeof out);
  ptp_management_request(out, &(struct ptp_request){.id = PTP_TIME_STATUS_NP,
                                                    .domain = 24,
                                                    .transport_specific = 1,
                                                    .client = 0x102,
                                                    .sequence = 0x304});
  assert_memory_equal(out, want, sizeof want);
}

/* --- what is an answer ------------------------------------------------------ */

static struct ptp_data read_good(unsigned id) {
  const struct ptp_good *good = good_of(id);
  struct ptp_request request = request_of(id);
  struct ptp_reply reply;
  char why[PTP_WHY_BYTES] = "";
  enum ptp_answer answer = ptp_management_read(good->data, good->bytes, &request, &reply, why);
  assert_string_equal(why, "");
  assert_int_equal(answer, PTP_GOOD);
  assert_int_equal(reply.data.id, id);
  assert_int_equal(reply.sender.port, id == PTP_PORT_DATA_SET ? 1 : 0);
  char text[PTP_IDENTITY_TEXT_BYTES];
  assert_string_equal(ptp_data_identity(text, reply.sender.clock), "5aa518.fffe.da586b");
  return reply.data;
}

/* What pmc(8) printed of the same ptp4l. */
static void test_good(void **state) {
  (void)state;
  char text[PTP_IDENTITY_TEXT_BYTES];
  struct ptp_data data = read_good(PTP_DEFAULT_DATA_SET);
  assert_int_equal(data.defaults.ports, 1);
  data = read_good(PTP_CURRENT_DATA_SET);
  assert_int_equal(data.current.steps_removed, 1);
  assert_int_equal(data.current.offset_ns, -1088);
  assert_int_equal(data.current.delay_ns, 1950);
  data = read_good(PTP_PARENT_DATA_SET);
  assert_string_equal(ptp_data_identity(text, data.parent.parent.clock), "7e2e0a.fffe.3e81ba");
  assert_int_equal(data.parent.parent.port, 1);
  assert_int_equal(data.parent.clock_class, 248);
  assert_int_equal(data.parent.accuracy_ns, -1);
  data = read_good(PTP_TIME_PROPERTIES_DATA_SET);
  assert_int_equal(data.time_properties.utc_offset_s, 37);
  assert_false(data.time_properties.leap59 || data.time_properties.leap61);
  data = read_good(PTP_PORT_DATA_SET);
  assert_int_equal(data.port.state, PTP_UNCALIBRATED);
  assert_int_equal(data.port.delay_mechanism, PTP_END_TO_END);
  assert_int_equal(data.port.delay_ns, 0);
  assert_int_equal(data.port.sync_log2_s, -4);
  data = read_good(PTP_TIME_STATUS_NP);
  assert_int_equal(data.time_status.offset_ns, -1088);
  assert_int_equal(data.time_status.ingress_ns, INT64_C(1795275468712482227));
  assert_true(data.time_status.present);
  assert_string_equal(ptp_data_identity(text, data.time_status.grandmaster), "7e2e0a.fffe.3e81ba");
}

/* IEEE 1588-2019 sends 0x12, and flags, hops and reserved halves are no matter of ours. */
static void test_tolerated(void **state) {
  (void)state;
  static const size_t free_bytes[] = {5, 6, 7, 8, 16, 32, 33, 44, 45, 47};
  struct ptp_request request = request_of(PTP_CURRENT_DATA_SET);
  struct ptp_reply reply;
  char why[PTP_WHY_BYTES];
  uint8_t data[PTP_GOOD_BYTES_MAX];
  memcpy(data, good_of(PTP_CURRENT_DATA_SET)->data, sizeof data);
  data[1] = 0x12;
  data[46] |= 0xf0;
  for (size_t i = 0; i < sizeof free_bytes / sizeof *free_bytes; i++) {
    data[free_bytes[i]] = 0xa5;
  }
  assert_int_equal(ptp_management_read(data, 72, &request, &reply, why), PTP_GOOD);
}

static void test_intervals(void **state) {
  (void)state;
  static const struct {
    int64_t units;
    int64_t want_ns;
  } rows[] = {
      {0, 0},
      {1, 0},
      {-1, 0},
      {32767, 0},
      {32768, 1},
      {-32767, 0},
      {-32768, -1},
      {65536, 1},
      {98303, 1},
      {98304, 2},
      {-65537, -1},
      {-98303, -1},
      {-98304, -2},
      {INT64_MAX, INT64_C(1) << 47},
      {INT64_MIN, -(INT64_C(1) << 47)},
  };
  for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
    uint8_t bytes[18] = {0};
    struct ptp_data data;
    for (int k = 0; k < 8; k++) {
      bytes[2 + k] = bytes[10 + k] = (uint8_t)((uint64_t)rows[i].units >> (56 - 8 * k));
    }
    assert_null(ptp_data_read(PTP_CURRENT_DATA_SET, bytes, &data));
    assert_int_equal(data.current.offset_ns, rows[i].want_ns);
    assert_int_equal(data.current.delay_ns, rows[i].want_ns);
  }
}

/* IEEE 1588-2019 table 5. */
static void test_accuracy(void **state) {
  (void)state;
  static const struct {
    uint8_t code;
    int64_t want_ns;
  } rows[] = {
      {0, -1},
      {0x16, -1},
      {0x17, 1},
      {0x1d, 1},
      {0x1e, 3},
      {0x1f, 10},
      {0x20, 25},
      {0x21, 100},
      {0x22, 250},
      {0x23, 1000},
      {0x24, 2500},
      {0x25, 10000},
      {0x26, 25000},
      {0x29, 1000000},
      {0x2c, 25000000},
      {0x2f, 1000000000},
      {0x30, INT64_C(10000000000)},
      {0x31, -1},
      {0xfe, -1},
      {0xff, -1},
  };
  for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
    uint8_t bytes[32] = {[19] = 6, [20] = rows[i].code};
    struct ptp_data data;
    assert_null(ptp_data_read(PTP_PARENT_DATA_SET, bytes, &data));
    assert_int_equal(data.parent.accuracy_ns, rows[i].want_ns);
    assert_int_equal(data.parent.clock_class, 6);
  }
}

/* --- what is none ----------------------------------------------------------- */

/* Reads *data, and holds the answer against what is wanted; nothing was written but why, which
 * names the field, and the data unless it was dropped. */
static void refuse(const uint8_t *data, size_t bytes, const struct ptp_request *request,
                   enum ptp_answer want, const char *field, const char *label) {
  struct ptp_reply reply;
  struct ptp_reply before;
  char why[PTP_WHY_BYTES] = "";
  memset(&reply, 0x55, sizeof reply);
  before = reply;
  enum ptp_answer answer = ptp_management_read(data, bytes, request, &reply, why);
  assert_int_equal(answer, want);
  assert_non_null(strstr(why, field));
  assert_int_equal(strstr(why, ptp_data_name(request->id)) != NULL, want != PTP_DROPPED);
  assert_golden(why, "%s", label);
  assert_memory_equal(&reply, &before, sizeof reply);
}

/* One byte of a good answer, made into something else. */
static void test_bytes(void **state) {
  (void)state;
  static const struct {
    unsigned id;
    size_t at;
    uint8_t byte;
    enum ptp_answer want;
    const char *field;
  } rows[] = {
      {0x2001, 0, 0x0c, PTP_BAD, "messageType"},
      {0x2001, 0, 0x1d, PTP_BAD, "transportSpecific"},
      {0x2001, 1, 1, PTP_BAD, "versionPTP"},
      {0x2001, 1, 0x21, PTP_BAD, "versionPTP"},
      {0x2001, 2, 1, PTP_BAD, "messageLength"},
      {0x2001, 3, 71, PTP_BAD, "messageLength"},
      {0x2001, 4, 1, PTP_BAD, "domainNumber"},
      {0x2001, 30, 1, PTP_DROPPED, ""},
      {0x2001, 31, 4, PTP_DROPPED, ""},
      {0x2001, 34, 1, PTP_DROPPED, ""},
      {0x2001, 43, 8, PTP_DROPPED, ""},
      {0x2001, 46, 0, PTP_BAD, "actionField"},
      {0x2001, 46, 4, PTP_BAD, "actionField"},
      {0x2001, 48, 1, PTP_BAD, "TLV"},
      {0x2001, 49, 3, PTP_BAD, "TLV"},
      {0x2001, 51, 19, PTP_BAD, "TLV"},
      {0x2001, 53, 2, PTP_BAD, "TLV"},
      {0x2001, 49, 2, PTP_BAD, "error status"},
      {0x2000, 57, 0, PTP_BAD, "numberPorts"},
      {0x2000, 72, 1, PTP_BAD, "domainNumber"},
      {0x2004, 20, 0, PTP_BAD, "portIdentity"},
      {0x2004, 29, 2, PTP_BAD, "portIdentity"},
      {0x2004, 63, 2, PTP_BAD, "portIdentity"},
      {0x2004, PTP_GOOD_STATE, 0, PTP_BAD, "portState"},
      {0x2004, PTP_GOOD_STATE, 11, PTP_BAD, "portState"},
      {0xc000, 92, 1, PTP_BAD, "gmPresent"},
      {0xc000, 95, 2, PTP_BAD, "gmPresent"},
  };
  for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
    const struct ptp_good *good = good_of(rows[i].id);
    struct ptp_request request = request_of(rows[i].id);
    uint8_t data[PTP_GOOD_BYTES_MAX];
    memcpy(data, good->data, sizeof data);
    char label[64];
    data[rows[i].at] = rows[i].byte;
    (void)snprintf(label, sizeof label, "%04x: byte %zu is %u", rows[i].id, rows[i].at,
                   rows[i].byte);
    refuse(data, good->bytes, &request, rows[i].want, rows[i].field, label);
  }
}

/* What other answers, whole and good, are to a request. */
static void test_others(void **state) {
  (void)state;
  const struct ptp_good *good = good_of(PTP_CURRENT_DATA_SET);
  struct ptp_request request = request_of(PTP_PARENT_DATA_SET);
  refuse(good->data, good->bytes, &request, PTP_BAD, "TLV", "another data set");
  request = request_of(PTP_TIME_STATUS_NP);
  uint8_t least[PTP_GOOD_BYTES_MAX];
  memcpy(least, good_of(PTP_TIME_STATUS_NP)->data, sizeof least);
  memset(least + PTP_GOOD_DATA, 0, 8);
  least[PTP_GOOD_DATA] = 0x80;
  refuse(least, sizeof least, &request, PTP_BAD, "master_offset", "the least offset");
}

/* The beginning of a good answer, its lengths as long as it says and as long as it is; and more. */
static void test_lengths(void **state) {
  (void)state;
  for (size_t row = 0; row < PTP_GOOD_ERROR; row++) {
    const struct ptp_good *good = &ptp_good[row];
    struct ptp_request request = request_of(good->id);
    static uint8_t data[ROOM];
    for (size_t bytes = 0; bytes < ROOM; bytes++) {
      struct ptp_reply reply;
      char why[PTP_WHY_BYTES];
      memset(data, 0, sizeof data);
      memcpy(data, good->data, bytes < good->bytes ? bytes : good->bytes);
      enum ptp_answer raw = ptp_management_read(data, bytes, &request, &reply, why);
      assert_int_equal(raw, bytes == good->bytes ? PTP_GOOD : PTP_BAD);
      data[2] = (uint8_t)(bytes >> 8);
      data[3] = (uint8_t)bytes;
      data[50] = (uint8_t)((bytes - 52) >> 8);
      data[51] = (uint8_t)(bytes - 52);
      raw = ptp_management_read(data, bytes, &request, &reply, why);
      assert_int_equal(raw, bytes == good->bytes ? PTP_GOOD : PTP_BAD);
    }
  }
}

/* A real one, and each code of it. */
static void test_errors(void **state) {
  (void)state;
  static const struct {
    uint16_t code;
    const char *name;
  } rows[] = {
      {0, "unknown (0x0000)"},       {1, "RESPONSE_TOO_BIG (0x0001)"}, {2, "NO_SUCH_ID (0x0002)"},
      {3, "WRONG_LENGTH (0x0003)"},  {4, "WRONG_VALUE (0x0004)"},      {5, "NOT_SETABLE (0x0005)"},
      {6, "NOT_SUPPORTED (0x0006)"}, {7, "unknown (0x0007)"},          {0xfffe, "unknown (0xfffe)"},
  };
  const struct ptp_good *good = &ptp_good[PTP_GOOD_ERROR];
  struct ptp_request request = request_of(PTP_TIME_STATUS_NP);
  uint8_t data[PTP_GOOD_BYTES_MAX];
  memcpy(data, good->data, sizeof data);
  refuse(data, good->bytes, &request, PTP_BAD, "error status", "another data set's error");
  data[54] = 0xc0;
  data[55] = 0;
  for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
    data[52] = (uint8_t)(rows[i].code >> 8);
    data[53] = (uint8_t)rows[i].code;
    refuse(data, good->bytes, &request, PTP_REFUSED, rows[i].name, rows[i].name);
  }
}

/* Answers of random bytes, and good ones with some bytes changed: what is taken differs from a good
 * one in nothing that matters. */
static void test_random(void **state) {
  (void)state;
  uint64_t random = seed_begin("ptp");
  unsigned taken = 0;
  for (int turn = 0; turn < MUTATIONS; turn++) {
    const struct ptp_good *good = &ptp_good[seed_next(&random) % PTP_GOOD_ERROR];
    struct ptp_request request = request_of(good->id);
    struct ptp_reply reply;
    char why[PTP_WHY_BYTES];
    uint8_t data[PTP_GOOD_BYTES_MAX];
    size_t bytes = seed_next(&random) % 8 == 0 ? 1 + seed_next(&random) % sizeof data : good->bytes;
    memcpy(data, good->data, sizeof data);
    uint64_t changes = seed_next(&random) % 8 == 0 ? sizeof data : seed_next(&random) % 4;
    for (uint64_t i = 0; i < changes; i++) {
      data[changes == sizeof data ? i : seed_next(&random) % bytes] = (uint8_t)seed_next(&random);
    }
    if (ptp_management_read(data, bytes, &request, &reply, why) != PTP_GOOD) {
      continue;
    }
    taken++;
    assert_int_equal(bytes, good->bytes);
    assert_memory_equal(data + 2, good->data + 2, 3);    /* messageLength, domainNumber */
    assert_memory_equal(data + 30, good->data + 30, 2);  /* sequenceId */
    assert_memory_equal(data + 34, good->data + 34, 10); /* target */
    assert_memory_equal(data + 48, good->data + 48, 6);  /* TLV */
    assert_int_equal(data[0], 0x0d);
    assert_int_equal(data[1] & 0xf, 2);
    assert_int_equal(data[46] & 0xf, 2);
  }
  assert_in_range(taken, 1, MUTATIONS / 2 + MUTATIONS / 4);
}

/* --- words and figures ------------------------------------------------------ */

static void test_names(void **state) {
  (void)state;
  assert_string_equal(ptp_data_state(PTP_INITIALIZING), "INITIALIZING");
  assert_string_equal(ptp_data_state(PTP_MASTER), "MASTER");
  assert_string_equal(ptp_data_state(PTP_SLAVE), "SLAVE");
  assert_string_equal(ptp_data_state(PTP_GRAND_MASTER), "GRAND_MASTER");
  assert_string_equal(ptp_data_state(0), "?");
  assert_string_equal(ptp_data_state(PTP_PORT_STATES), "?");
  assert_string_equal(ptp_data_name(PTP_PARENT_DATA_SET), "PARENT_DATA_SET");
  assert_int_equal(ptp_data_bytes(PTP_TIME_STATUS_NP), 50);
}

static void test_jitter(void **state) {
  (void)state;
  static const int64_t day_ns = INT64_C(86400000000000);
  static const struct {
    size_t count;
    int64_t offsets[4];
    int64_t want_ns;
  } rows[] = {
      {0, {0}, -1},
      {1, {5}, -1},
      {2, {5, 5}, 0},
      {2, {5, 8}, 3},
      {2, {8, 5}, 3},
      {3, {0, 3, 7}, 4}, /* sqrt(12.5) = 3.53 */
      {4, {0, 1, 2, 3}, 1},
      {4, {0, 100, 0, 100}, 100},
      {2, {0, day_ns}, day_ns},
      {3, {-day_ns / 2, day_ns / 2, -day_ns / 2}, day_ns},
      {2, {0, day_ns + 1}, -1},
      {2, {0, -day_ns - 1}, -1},
      {2, {INT64_MIN + 1, INT64_MAX}, -1},
      {2, {INT64_MAX, -1}, -1},
  };
  for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
    assert_int_equal(ptp_data_jitter_ns(rows[i].offsets, rows[i].count), rows[i].want_ns);
  }
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(test_request),   cmocka_unit_test(test_good),
      cmocka_unit_test(test_tolerated), cmocka_unit_test(test_intervals),
      cmocka_unit_test(test_accuracy),  cmocka_unit_test(test_bytes),
      cmocka_unit_test(test_others),    cmocka_unit_test(test_lengths),
      cmocka_unit_test(test_errors),    cmocka_unit_test(test_random),
      cmocka_unit_test(test_names),     cmocka_unit_test(test_jitter),
  };
  return cmocka_run_group_tests_name("ptp_management, ptp_data", tests, NULL, NULL);
}

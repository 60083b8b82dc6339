/* Tests of mode6.c: the datagrams of ntpd's control protocol, and how an answer is put together. */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "ntp_monitor/why.h"
#include "source/ntpd/mode6.h"
#include "tests/unit/golden.h"
#include "tests/unit/mode6_packet.h"
#include "tests/unit/seed.h"

enum { SEQUENCE = 0x1234, ASSOCIATION = 0x4567 };

static uint8_t request[MODE6_PACKET_BYTES];
static struct mode6_answer answer;

/* A question, and no answer yet. */
static int begin(void **state) {
  (void)state;
  memset(&answer, 0, sizeof answer);
  answer.question = (struct mode6_question){
      .opcode = MODE6_READ_VARIABLES, .sequence = SEQUENCE, .association = ASSOCIATION};
  (void)mode6_ask(request, &answer.question, "leap");
  return 0;
}

static enum mode6_progress take(struct mode6_packet packet) {
  return mode6_take(&answer, packet.data, packet.bytes);
}

static enum mode6_progress take_piece(const char *whole, size_t offset, size_t count, bool more) {
  return take(mode6_packet_piece(request, whole, offset, count, more));
}

static void test_ask(void **state) {
  static const uint8_t want[] = {0x16, 2, 0x12, 0x34, 0,   0,   0x45, 0x67, 0, 0,
                                 0,    5, 'o',  'f',  'f', 's', 'e',  0,    0, 0};
  uint8_t out[MODE6_PACKET_BYTES];
  char longest[MODE6_DATA_BYTES + 1];
  (void)state;
  memset(out, 0x55, sizeof out);
  assert_int_equal(mode6_ask(out, &answer.question, "offse"), sizeof want);
  assert_memory_equal(out, want, sizeof want);
  answer.question.opcode = MODE6_READ_STATUS;
  assert_int_equal(mode6_ask(out, &answer.question, ""), 12);
  assert_int_equal(out[1], 1);
  memset(longest, 'x', sizeof longest);
  longest[MODE6_DATA_BYTES] = '\0';
  assert_int_equal(mode6_ask(out, &answer.question, longest), MODE6_PACKET_BYTES);
  assert_int_equal(out[10] * 256 + out[11], MODE6_DATA_BYTES);
}

static void test_one_piece(void **state) {
  (void)state;
  assert_int_equal(take_piece("leap=0\r\n", 0, 7, false), MODE6_COMPLETE); /* the count counts */
  assert_string_equal(answer.data, "leap=0\r");
  assert_int_equal(answer.length_bytes, 7);
  (void)begin(NULL);
  assert_int_equal(take_piece("", 0, 0, false), MODE6_COMPLETE);
  assert_int_equal(answer.length_bytes, 0);
  assert_string_equal(answer.data, "");
}

/* Three pieces in each of their orders, each sent twice. */
static void test_any_order(void **state) {
  static const char whole[] = "abcdefghijklmnopqrst";
  static const size_t orders[][3] = {{0, 1, 2}, {0, 2, 1}, {1, 0, 2},
                                     {1, 2, 0}, {2, 0, 1}, {2, 1, 0}};
  static const size_t from[] = {0, 8, 16};
  static const size_t count[] = {8, 8, 4};
  (void)state;
  for (size_t i = 0; i < 6; i++) {
    (void)begin(NULL);
    for (size_t k = 0; k < 3; k++) {
      size_t piece = orders[i][k];
      enum mode6_progress want = k == 2 ? MODE6_COMPLETE : MODE6_MORE;
      assert_int_equal(take_piece(whole, from[piece], count[piece], piece < 2), want);
      assert_int_equal(take_piece(whole, from[piece], count[piece], piece < 2), MODE6_DROPPED);
    }
    assert_string_equal(answer.data, whole);
    assert_int_equal(answer.length_bytes, 20);
  }
}

/* Of a good datagram, one byte is made another: then it is not ours, and nothing of it is kept. */
static void test_not_ours(void **state) {
  static const struct {
    size_t at;
    uint8_t value;
  } rows[] = {
      {0, 0x17}, {0, 0x14}, {0, 0x0e}, {0, 0x1e}, {0, 0x26}, /* mode 7, 4; version 1, 3, 4 */
      {1, 0x02}, {1, 0x81}, {1, 0x80}, {1, 0x84},            /* no reply; other opcodes */
      {2, 0x13}, {3, 0x35}, {6, 0x44}, {7, 0x68},            /* sequence, association */
  };
  (void)state;
  for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
    struct mode6_packet packet = mode6_packet_piece(request, "leap=0", 0, 6, false);
    packet.data[rows[i].at] = rows[i].value;
    assert_int_equal(take(packet), MODE6_DROPPED);
    assert_int_equal(answer.piece_count, 0);
  }
  struct mode6_packet packet = mode6_packet_piece(request, "leap=0", 0, 6, false);
  for (packet.bytes = 0; packet.bytes < 12; packet.bytes++) {
    assert_int_equal(take(packet), MODE6_DROPPED);
  }
  for (packet.bytes = 13; packet.bytes < 16; packet.bytes++) {
    assert_int_equal(take(packet), MODE6_DROPPED);
  }
  packet.bytes = MODE6_PACKET_BYTES + 4;
  assert_int_equal(take(packet), MODE6_DROPPED);
  packet.bytes = 20;
  assert_int_equal(take(packet), MODE6_COMPLETE);
}

static void test_errors(void **state) {
  (void)state;
  for (unsigned code = 0; code < 256; code++) {
    assert_int_equal(take(mode6_packet_error(request, code)), MODE6_REFUSED);
    assert_int_equal(answer.error, code);
  }
  struct mode6_packet packet = mode6_packet_error(request, MODE6_ERROR_PERMISSION);
  packet.data[1] |= 0x20;
  assert_int_equal(take(packet), MODE6_BAD);
  packet = mode6_packet_piece(request, "leap", 0, 4, false);
  packet.data[1] |= 0x40;
  assert_int_equal(take(packet), MODE6_BAD);
  assert_golden(answer.wrong, "an error with data");
}

static void test_cannot_be(void **state) {
  static char zeros[MODE6_DATA_BYTES * 40];
  (void)state;
  struct mode6_packet packet = mode6_packet_piece(request, "leap=0", 0, 6, false);
  packet.data[11] = 9;
  assert_int_equal(take(packet), MODE6_BAD);
  assert_golden(answer.wrong, "9 bytes said, 6 there");
  assert_int_equal(take_piece("", 0, 0, true), MODE6_BAD);
  assert_golden(answer.wrong, "an empty piece");
  /* An end, then another; what lies behind it; an end before what is there. */
  assert_int_equal(take_piece(zeros, 8, 4, false), MODE6_MORE);
  assert_int_equal(take_piece(zeros, 4, 4, false), MODE6_BAD);
  assert_golden(answer.wrong, "two ends");
  assert_int_equal(take_piece(zeros, 12, 4, true), MODE6_BAD);
  (void)begin(NULL);
  assert_int_equal(take_piece(zeros, 8, 4, true), MODE6_MORE);
  assert_int_equal(take_piece(zeros, 4, 4, false), MODE6_BAD);
  /* Overlaps are dropped, not believed. */
  assert_int_equal(take_piece(zeros, 4, 8, true), MODE6_DROPPED);
  assert_int_equal(take_piece(zeros, 9, 1, true), MODE6_DROPPED);
  assert_int_equal(take_piece(zeros, 8, 0, false), MODE6_DROPPED);
}

static void test_bounds(void **state) {
  static char zeros[MODE6_ANSWER_BYTES + MODE6_DATA_BYTES];
  enum { LAST = MODE6_ANSWER_BYTES - 300 };
  (void)state;
  assert_int_equal(take_piece(zeros, LAST, 300, true), MODE6_MORE);
  (void)begin(NULL);
  assert_int_equal(take_piece(zeros, LAST, 301, true), MODE6_BAD);
  assert_golden(answer.wrong, "a byte too many");
  struct mode6_packet packet = mode6_packet_piece(request, "leap", 0, 4, true);
  packet.data[8] = packet.data[9] = 0xff;
  assert_int_equal(take(packet), MODE6_BAD);
  for (size_t i = 0; i < MODE6_PIECES; i++) {
    assert_int_equal(take_piece(zeros, 4 * i, 4, true), MODE6_MORE);
  }
  assert_int_equal(take_piece(zeros, 4 * MODE6_PIECES, 4, true), MODE6_BAD);
}

/* What the answer may hold by now, kept by the test itself. */
struct reference {
  uint8_t data[65536 + 600];
  uint8_t times[65536 + 600];
};

static bool is_ours(const struct mode6_packet *packet) {
  const uint8_t *data = packet->data;
  return packet->bytes >= 12 && packet->bytes <= 480 && packet->bytes % 4 == 0 &&
         data[0] % 64 == 0x16 && data[1] >= 0x80 && data[1] % 32 == request[1] &&
         memcmp(data + 2, request + 2, 2) == 0 && memcmp(data + 6, request + 6, 2) == 0;
}

static void check_random(const struct mode6_packet *packet, struct reference *reference) {
  struct mode6_answer before = answer;
  enum mode6_progress progress = take(*packet);
  size_t from = packet->data[8] * 256U + packet->data[9];
  size_t count = packet->data[10] * 256U + packet->data[11];
  if (progress == MODE6_DROPPED) {
    assert_memory_equal(&answer, &before, sizeof answer);
    return;
  }
  assert_true(is_ours(packet));
  assert_int_equal(progress == MODE6_REFUSED,
                   (packet->data[1] & 0x40) != 0 && progress != MODE6_BAD);
  if (progress != MODE6_MORE && progress != MODE6_COMPLETE) {
    return;
  }
  assert_true(12 + count <= packet->bytes);
  for (size_t i = 0; i < count; i++) {
    assert_int_equal(reference->times[from + i]++, 0);
    reference->data[from + i] = packet->data[12 + i];
  }
  if (progress == MODE6_COMPLETE) {
    for (size_t i = 0; i < answer.length_bytes; i++) {
      assert_int_equal(reference->times[i], 1);
    }
    assert_int_equal(reference->times[answer.length_bytes], 0);
    assert_memory_equal(answer.data, reference->data, answer.length_bytes);
    assert_int_equal(answer.data[answer.length_bytes], '\0');
  }
}

/* 10,000 answers in pieces, shuffled, repeated, cut and with bytes changed: what is taken for whole
 * is just what its datagrams said, each byte once. */
static void test_random(void **state) {
  static struct reference reference;
  static char whole[4000];
  uint64_t random = seed_begin("mode6");
  unsigned complete = 0;
  (void)state;
  for (int round = 0; round < 10000; round++) {
    (void)begin(NULL);
    memset(&reference, 0, sizeof reference);
    size_t length = seed_next(&random) % (1 + seed_next(&random) % sizeof whole);
    size_t piece = 4 * (1 + seed_next(&random) % 117);
    size_t count = length / piece + 1;
    for (size_t i = 0; i < length; i++) {
      whole[i] = (char)seed_next(&random);
    }
    enum mode6_progress progress = MODE6_MORE;
    for (size_t turn = 0; turn < 3 * count && turn < 60 && progress == MODE6_MORE; turn++) {
      size_t at = (turn < count ? turn : seed_next(&random) % count) * piece;
      size_t size = length - at < piece ? length - at : piece;
      struct mode6_packet packet =
          mode6_packet_piece(request, whole, at, size, at + piece <= length && at + size < length);
      unsigned changes = seed_next(&random) % 4 == 0 ? (unsigned)(seed_next(&random) % 3) : 0;
      for (unsigned i = 0; i < changes; i++) {
        packet.data[seed_next(&random) % (turn % 2 == 0 ? 12 : packet.bytes)] =
            (uint8_t)seed_next(&random);
      }
      packet.bytes = seed_next(&random) % 50 == 0 ? seed_next(&random) % 600 : packet.bytes;
      check_random(&packet, &reference);
      complete += answer.ended && answer.length_bytes == length && turn + 1 >= count;
    }
  }
  assert_true(complete > 1000);
}

/* --- the list ---------------------------------------------------------------------- */

static void set_list(const uint16_t (*pairs)[2], size_t count) {
  for (size_t i = 0; i < count; i++) {
    mode6_packet_16((uint8_t *)answer.data + 4 * i, pairs[i][0]);
    mode6_packet_16((uint8_t *)answer.data + 4 * i + 2, pairs[i][1]);
  }
  answer.length_bytes = 4 * count;
}

static void test_list(void **state) {
  /* Newest first, as ntpd has it; the selection is the third digit's last three bits. */
  static const uint16_t pairs[][2] = {{19, 0x8011}, {18, 0xb114}, {17, 0x9414}, {16, 0x9314},
                                      {15, 0x961a}, {14, 0x9214}, {13, 0x9514}, {12, 0x971a},
                                      {11, 0x9414}, {10, 0xe014}};
  static const uint16_t want[] = {12, 15, 11, 17, 13, 16, 14, 18, 10, 19};
  struct mode6_peer peers[10];
  struct mode6_reading reading = {.peer = peers};
  struct why why;
  (void)state;
  set_list(pairs, 10);
  assert_int_equal(mode6_list(&answer, &reading, 10, &why), 0);
  assert_int_equal(reading.total, 10);
  assert_int_equal(reading.reachable, 8);
  assert_int_equal(reading.falsetickers, 1);
  assert_int_equal(reading.peer_count, 10);
  for (size_t i = 0; i < 10; i++) {
    assert_int_equal(peers[i].association, want[i]);
    assert_false(peers[i].known);
  }
  assert_int_equal(mode6_list(&answer, &reading, 3, &why), 0);
  assert_int_equal(reading.peer_count, 3);
  assert_int_equal(peers[2].association, 11);
  assert_int_equal(reading.total, 10);
  answer.length_bytes = 0;
  assert_int_equal(mode6_list(&answer, &reading, 3, &why), 0);
  assert_int_equal(reading.total + reading.peer_count + reading.reachable, 0);
  answer.length_bytes = 7;
  assert_int_equal(mode6_list(&answer, &reading, 3, &why), -EBADMSG);
  assert_int_equal(why.reason, REASON_BAD_REPLY);
  assert_golden(why.text, "a list of 7 bytes");
}

/* A pool's name is no server, once ntpd found one there; before it is all there is to tell. */
static void test_list_pools(void **state) {
  static const uint16_t pairs[][2] = {{13, 0x1414}, {12, 0x8811}, {11, 0x9814}, {10, 0x8011}};
  struct mode6_peer peers[4];
  struct mode6_reading reading = {.peer = peers};
  struct why why;
  (void)state;
  set_list(pairs, 4);
  assert_int_equal(mode6_list(&answer, &reading, 4, &why), 0);
  assert_int_equal(reading.total, 3);
  assert_int_equal(reading.reachable, 2);
  assert_int_equal(reading.peer_count, 3);
  assert_int_equal(peers[0].association, 13);
  assert_int_equal(peers[1].association, 10);
  assert_int_equal(peers[2].association, 11); /* it answers, whatever its bits say */
  set_list(pairs + 1, 3);
  assert_int_equal(mode6_list(&answer, &reading, 4, &why), 0);
  assert_int_equal(reading.total, 3);
  assert_int_equal(reading.peer_count, 3);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test_setup(test_ask, begin),       cmocka_unit_test_setup(test_one_piece, begin),
      cmocka_unit_test_setup(test_any_order, begin), cmocka_unit_test_setup(test_not_ours, begin),
      cmocka_unit_test_setup(test_errors, begin),    cmocka_unit_test_setup(test_cannot_be, begin),
      cmocka_unit_test_setup(test_bounds, begin),    cmocka_unit_test_setup(test_random, begin),
      cmocka_unit_test_setup(test_list, begin),      cmocka_unit_test_setup(test_list_pools, begin),
  };
  return cmocka_run_group_tests_name("mode6", tests, NULL, NULL);
}

/*
 * The datagrams of ntpd's control protocol: RFC 9327 section 2, ntpsec's include/ntp_control.h.
 *
 *    0                   1                   2                   3
 *    0 1 2 3 4 5 6 7 8 9 0 1 2 3 4 5 6 7 8 9 0 1 2 3 4 5 6 7 8 9 0 1
 *   +---+-----+-----+-+-+-+---------+-------------------------------+
 *   |LI | vers|  6  |R|E|M| opcode  |           sequence            |
 *   +---+-----+-----+-+-+-+---------+-------------------------------+
 *   |     status or error code      |        association id         |
 *   +-------------------------------+-------------------------------+
 *   |  offset of data in the answer |         count of data         |
 *   +-------------------------------+-------------------------------+
 *   |    data, 0..468 bytes, zeros after it to a multiple of four   |
 *   +---------------------------------------------------------------+
 *
 * R: a reply, E: an error, M: more pieces follow this one. Numbers are big-endian.
 *
 * Pieces arrive in any order, and anyone who can send from port 123 can forge a reply. So a
 * datagram's data count only after its whole header is checked, and pieces must neither overlap nor
 * leave a hole.
 */
#include "source/ntpd/mode6.h"

#include <errno.h>
#include <string.h>

#include "ntp_monitor/bytes.h"
#include "ntp_monitor/why.h"

enum {
  HEADER_BYTES = 12,
  REQUEST = 0x16, /* version 2, which is what ntpq asks with, mode 6 */
  VERSION_AND_MODE = 0x3f,
  REPLY = 0x80,
  ERROR = 0x40,
  MORE = 0x20,
  OPCODE = 0x1f,
  ASSOCIATION_BYTES = 4 /* in the list */
};

size_t mode6_ask(uint8_t out[MODE6_PACKET_BYTES], const struct mode6_question *question,
                 const char *names) {
  size_t count = 0;
  memset(out, 0, MODE6_PACKET_BYTES);
  out[0] = REQUEST;
  out[1] = question->opcode;
  bytes_put16(out + 2, question->sequence);
  bytes_put16(out + 6, question->association);
  for (; names[count] != '\0'; count++) {
    out[HEADER_BYTES + count] = (uint8_t)names[count];
  }
  bytes_put16(out + 10, (uint16_t)count);
  return HEADER_BYTES + (count + 3) / 4 * 4;
}

static enum mode6_progress mode6_bad(struct mode6_answer *answer, const char *what) {
  answer->wrong = what;
  return MODE6_BAD;
}

static bool is_answer(const struct mode6_question *question, const uint8_t *data, size_t length) {
  return length >= HEADER_BYTES && length <= MODE6_PACKET_BYTES && length % 4 == 0 &&
         (data[0] & VERSION_AND_MODE) == REQUEST && (data[1] & REPLY) != 0 &&
         (data[1] & OPCODE) == question->opcode && bytes_get16(data + 2) == question->sequence &&
         bytes_get16(data + 6) == question->association;
}

static bool overlaps(const struct mode6_answer *answer, size_t from, size_t to) {
  for (size_t i = 0; i < answer->piece_count; i++) {
    bool same = from == answer->piece[i].from; /* empty pieces overlap only there */
    if (same || (from < answer->piece[i].to && answer->piece[i].from < to)) {
      return true;
    }
  }
  return false;
}

/* Pieces do not overlap, so if their lengths add up to the whole there is no hole. */
static bool is_whole(const struct mode6_answer *answer) {
  size_t sum = 0;
  for (size_t i = 0; i < answer->piece_count; i++) {
    sum += answer->piece[i].to - answer->piece[i].from;
  }
  return answer->ended && sum == answer->length_bytes;
}

static enum mode6_progress add_piece(struct mode6_answer *answer, size_t from, size_t to, bool more,
                                     const uint8_t *data) {
  if (to > MODE6_ANSWER_BYTES || answer->piece_count == MODE6_PIECES) {
    return mode6_bad(answer, "it is longer than any answer should be");
  }
  if (overlaps(answer, from, to)) {
    return MODE6_DROPPED;
  }
  bool beyond = answer->ended && to > answer->length_bytes;
  bool second_end = answer->ended && !more;
  bool early_end = !answer->ended && !more && to < answer->length_bytes;
  if (beyond || second_end || early_end) {
    return mode6_bad(answer, "its fragments disagree on its length");
  }
  memcpy(answer->data + from, data, to - from);
  answer->piece[answer->piece_count].from = from;
  answer->piece[answer->piece_count++].to = to;
  answer->ended = answer->ended || !more;
  if (to > answer->length_bytes) {
    answer->length_bytes = to;
  }
  if (!is_whole(answer)) {
    return MODE6_MORE;
  }
  answer->data[answer->length_bytes] = '\0';
  return MODE6_COMPLETE;
}

enum mode6_progress mode6_take(struct mode6_answer *answer, const uint8_t *data,
                               size_t length_bytes) {
  if (!is_answer(&answer->question, data, length_bytes)) {
    return MODE6_DROPPED;
  }
  size_t from = bytes_get16(data + 8);
  size_t count = bytes_get16(data + 10);
  bool more = (data[1] & MORE) != 0;
  if (count > length_bytes - HEADER_BYTES) {
    return mode6_bad(answer, "a datagram is shorter than its header says");
  }
  if ((data[1] & ERROR) != 0) {
    if (more || count > 0) {
      return mode6_bad(answer, "an error comes with data");
    }
    answer->error = data[4];
    return MODE6_REFUSED;
  }
  if (more && count == 0) {
    return mode6_bad(answer, "an empty fragment says that more follow");
  }
  return add_piece(answer, from, from + count, more, data + HEADER_BYTES);
}

enum mode6_selection mode6_selection(uint16_t status) {
  return (enum mode6_selection)(status >> 8 & 7);
}

/* The classes of the list, the best first. */
static const enum mode6_selection ranking[] = {
    MODE6_PPS_PEER, MODE6_SYSTEM_PEER, MODE6_CANDIDATE, MODE6_BACKUP,
    MODE6_OUTLIER,  MODE6_EXCESS,      MODE6_FALSETICK, MODE6_REJECT,
};

static uint16_t status_at(const struct mode6_answer *list, size_t at) {
  return bytes_get16((const uint8_t *)list->data + at + 2);
}

bool mode6_is_server(uint16_t status) {
  return (status & MODE6_BROADCAST) == 0 || (status & MODE6_REACHABLE) != 0;
}

/* Returns whether ntpd found a server by itself; the names of pools are then irrelevant. */
static bool has_found(const struct mode6_answer *list) {
  size_t at = 0;
  while (at < list->length_bytes && (status_at(list, at) & MODE6_CONFIGURED) != 0) {
    at += ASSOCIATION_BYTES;
  }
  return at < list->length_bytes;
}

/* Takes those of one class, the oldest association first, which is the order of ntpd's
 * configuration. */
static void take_class(const struct mode6_answer *list, enum mode6_selection class, bool found,
                       struct mode6_reading *reading, size_t room) {
  for (size_t at = list->length_bytes; at > 0 && reading->peer_count < room;) {
    at -= ASSOCIATION_BYTES;
    const uint8_t *item = (const uint8_t *)list->data + at;
    struct mode6_peer peer = {.association = bytes_get16(item), .status = bytes_get16(item + 2)};
    if (mode6_selection(peer.status) == class && (!found || mode6_is_server(peer.status))) {
      reading->peer[reading->peer_count++] = peer;
    }
  }
}

int mode6_list(const struct mode6_answer *list, struct mode6_reading *reading, size_t room,
               struct why *why) {
  if (list->length_bytes % ASSOCIATION_BYTES != 0) {
    return why_set(why, REASON_BAD_REPLY, -EBADMSG,
                   "ntpd's list of associations has %zu bytes, not a multiple of 4" WHY_ADVICE
                   "reading rejected",
                   list->length_bytes);
  }
  bool found = has_found(list);
  reading->total = 0;
  reading->reachable = 0;
  reading->falsetickers = 0;
  reading->peer_count = 0;
  for (size_t at = 0; at < list->length_bytes; at += ASSOCIATION_BYTES) {
    uint16_t status = status_at(list, at);
    bool counts = !found || mode6_is_server(status);
    reading->total += counts;
    reading->reachable += counts && (status & MODE6_REACHABLE) != 0;
    reading->falsetickers += counts && mode6_selection(status) == MODE6_FALSETICK;
  }
  for (size_t i = 0; i < sizeof ranking / sizeof *ranking; i++) {
    take_class(list, ranking[i], found, reading, room);
  }
  return 0;
}

/*
 * Fuzz target: an NTP reply.
 *
 * The first byte says what is made right in what follows: a forged reply has no chance to guess the
 * cookie, but what comes behind that check is to be seen, too.
 */
#include <stdlib.h>
#include <string.h>

#include "source/sntp/ntp_packet.h"
#include "tests/fuzz/fuzz.h"
#include "tests/unit/ntp_reference.h"

enum { OWN_ORIGIN = 1, OWN_MOMENT = 2, OWN_CLOCK = 4 };

/* The clocks around a request of any length, at any time: now, 1970, and where an era ends. */
static struct ntp_times make_times(struct bytes *bytes, uint8_t form) {
  static const int64_t moments_ns[] = {FUZZ_NOW_NS, 0, INT64_C(2085978496000000000), INT64_MIN};
  uint64_t since_ns = form & OWN_MOMENT ? fuzz_number(bytes) : 0;
  uint64_t sent_ns = (uint64_t)moments_ns[form >> 4 & 3] + since_ns;
  uint64_t took_ns = fuzz_number(bytes);
  uint64_t monotonic_ns = form & OWN_CLOCK ? fuzz_number(bytes) : took_ns;
  return (struct ntp_times){.sent_ns = (int64_t)sent_ns,
                            .received_ns = (int64_t)(sent_ns + took_ns),
                            .received_monotonic_ns = (int64_t)monotonic_ns};
}

static void check_good(const struct reference *want, const struct ntp_reply *got,
                       const struct ntp_times *times) {
  MUST(want->answer == NTP_GOOD || want->edge);
  MUST(memchr(got->reference, '\0', sizeof got->reference) != NULL && fuzz_is_safe(got->reference));
  MUST(got->stratum >= 1 && got->stratum <= 15 && got->leap <= LEAP_DELETE);
  MUST(got->delay_ns >= 0 && got->delay_ns <= INT64_C(3000000000));
  MUST(got->error_ns >= got->delay_ns / 2 + got->root_delay_ns / 2 + got->root_dispersion_ns);
  MUST(got->root_delay_ns / 2 + got->root_dispersion_ns < INT64_C(16000000000));
  if (want->answer == NTP_GOOD) {
    MUST(reference_agrees(&want->reply, got, times->received_ns - times->sent_ns));
  }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
  struct bytes bytes = {data, size};
  uint8_t form = fuzz_byte(&bytes);
  uint64_t cookie = fuzz_number(&bytes);
  const struct ntp_times times = make_times(&bytes, form);
  size_t length = bytes.left;
  uint8_t *packet = malloc(length > 0 ? length : 1); /* just its size: reading on is seen */
  char *why = calloc(1, NTP_PACKET_WHY_BYTES);
  struct ntp_reply reply;
  struct ntp_reply before;
  MUST(packet != NULL && why != NULL);
  memcpy(packet, bytes.at, length);
  if ((form & OWN_ORIGIN) == 0 && length >= NTP_PACKET_BYTES) {
    uint8_t request[NTP_PACKET_BYTES];
    ntp_packet_request(request, cookie);
    memcpy(packet + 24, request + 40, sizeof cookie);
  }
  memset(&reply, 0xaa, sizeof reply);
  before = reply;
  enum ntp_answer answer = ntp_packet_read(packet, length, cookie, &times, &reply, why);
  struct reference want = reference_read(packet, length, cookie, &times);
  MUST(answer == want.answer || want.edge);
  if (answer == NTP_GOOD) {
    check_good(&want, &reply, &times);
  } else {
    MUST(memcmp(&reply, &before, sizeof reply) == 0);
    MUST(why[0] != '\0' && strnlen(why, NTP_PACKET_WHY_BYTES) < NTP_PACKET_WHY_BYTES);
    MUST(fuzz_is_safe(why));
  }
  free(why);
  free(packet);
  return 0;
}

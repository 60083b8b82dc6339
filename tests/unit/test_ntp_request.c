/* Tests of ntp_request.c: one request, one datagram back, and the times of both. */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "ntp_monitor/clock.h"
#include "ntp_monitor/duration.h"
#include "source/sntp/ntp_request.h"
#include "tests/unit/ntp_peer.h"
#include "tests/unit/sockets.h"

static uint8_t data[NTP_PACKET_REPLY_BYTES_MAX];

/* Waits until something is there to be received. */
static void await(const struct ntp_request *request) {
  struct pollfd fd = {.fd = request->fd, .events = POLLIN};
  assert_int_equal(poll(&fd, 1, 5000), 1);
}

static void test_request(void **state) {
  (void)state;
  uint16_t port = 0;
  int server = sockets_udp(&port);
  struct net_address address = ntp_peer_address(AF_INET, port);
  struct ntp_request request;
  uint8_t packet[100];
  uint8_t want[NTP_PACKET_BYTES];
  uint64_t last = 0;
  for (int i = 0; i < 3; i++) {
    int64_t before_ns = clock_realtime_ns();
    assert_int_equal(ntp_request_open(&request, &address), 0);
    assert_int_equal(ntp_request_send(&request), 0);
    assert_in_range(request.times.sent_ns, before_ns, clock_realtime_ns());
    assert_in_range(request.times.sent_monotonic_ns, 1, clock_monotonic_ns());
    assert_int_equal(recv(server, packet, sizeof packet, 0), NTP_PACKET_BYTES);
    ntp_packet_request(want, request.cookie);
    assert_memory_equal(packet, want, sizeof want);
    assert_true(request.cookie != 0 && request.cookie != last);
    last = request.cookie;
    assert_int_equal(ntp_request_receive(&request, data), -EAGAIN);
    ntp_request_close(&request);
    assert_int_equal(request.fd, -1);
    ntp_request_close(&request); /* again: nothing happens */
  }
  (void)close(server);
}

/* A reply read late has its time of arrival, by both clocks. */
static void test_stamp(void **state) {
  (void)state;
  uint16_t port = 0;
  int server = sockets_udp(&port);
  struct net_address address = ntp_peer_address(AF_INET, port);
  struct ntp_request request;
  struct sockaddr_in from;
  socklen_t size = sizeof from;
  assert_int_equal(ntp_request_open(&request, &address), 0);
  assert_int_equal(ntp_request_send(&request), 0);
  assert_int_equal(recvfrom(server, data, sizeof data, 0, (struct sockaddr *)&from, &size), 48);
  /* The kernel begins to stamp a moment after it was asked to. */
  for (int i = 0; i < 20; i++) {
    (void)sendto(server, data, 60, 0, (struct sockaddr *)&from, size);
    await(&request);
    (void)usleep(i < 19 ? 5000 : 0);
    if (i < 19) {
      assert_int_equal(ntp_request_receive(&request, data), 60);
    }
  }
  int64_t came_ns = clock_monotonic_ns();
  (void)usleep(100000);
  assert_int_equal(ntp_request_receive(&request, data), 60);
  assert_int_equal(request.looked_at, 20);
  int64_t trip_ns = request.times.received_ns - request.times.sent_ns;
  int64_t monotonic_ns = request.times.received_monotonic_ns - request.times.sent_monotonic_ns;
  assert_true(request.times.received_monotonic_ns <= came_ns + 50 * DURATION_MS);
  assert_true(llabs(trip_ns - monotonic_ns) < 50 * DURATION_MS);
  ntp_request_close(&request);
  (void)close(server);
}

static void test_errors(void **state) {
  (void)state;
  uint16_t port = 0;
  int server = sockets_udp(&port);
  struct net_address address = ntp_peer_address(AF_INET, port);
  struct ntp_request request;
  struct sockaddr_in from;
  socklen_t size = sizeof from;
  static uint8_t longest[NTP_PACKET_REPLY_BYTES_MAX + 1];
  assert_int_equal(ntp_request_open(&request, &address), 0);
  assert_int_equal(ntp_request_send(&request), 0);
  (void)recvfrom(server, data, sizeof data, 0, (struct sockaddr *)&from, &size);
  (void)sendto(server, longest, sizeof longest, 0, (struct sockaddr *)&from, size);
  (void)sendto(server, longest, sizeof longest - 1, 0, (struct sockaddr *)&from, size);
  (void)sendto(server, longest, 0, 0, (struct sockaddr *)&from, size);
  await(&request);
  assert_int_equal(ntp_request_receive(&request, data), -EMSGSIZE);
  await(&request);
  assert_int_equal(ntp_request_receive(&request, data), NTP_PACKET_REPLY_BYTES_MAX);
  await(&request);
  assert_int_equal(ntp_request_receive(&request, data), 0);
  /* Others are not heard. */
  int stranger = sockets_udp(&port);
  (void)sendto(stranger, data, 48, 0, (struct sockaddr *)&from, size);
  assert_int_equal(ntp_request_receive(&request, data), -EAGAIN);
  (void)close(stranger);
  (void)close(server);
  assert_int_equal(ntp_request_send(&request), 0);
  await(&request);
  assert_int_equal(ntp_request_receive(&request, data), -ECONNREFUSED);
  ntp_request_close(&request);
  address.length_bytes = 1;
  assert_int_equal(ntp_request_open(&request, &address), -EINVAL);
  assert_int_equal(request.fd, -1);
}

static void test_ours(void **state) {
  (void)state;
  struct net_address v4 = ntp_peer_address(AF_INET, 9);
  struct net_address v6 = ntp_peer_address(AF_INET6, 9);
  struct ntp_request request;
  assert_int_equal(ntp_request_open(&request, &v4), 0);
  assert_true(ntp_request_is_ours(&request, 0x7f000001));
  assert_false(ntp_request_is_ours(&request, 0x7f000002));
  assert_false(ntp_request_is_ours(&request, 0));
  ntp_request_close(&request);
  assert_false(ntp_request_is_ours(&request, 0x7f000001));
  assert_int_equal(ntp_request_open(&request, &v6), 0);
  assert_true(ntp_request_is_ours(&request, 0xcf404dc8)); /* md5sum(1) of ::1 */
  assert_false(ntp_request_is_ours(&request, 1));
  assert_false(ntp_request_is_ours(&request, 0));
  ntp_request_close(&request);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(test_request),
      cmocka_unit_test(test_stamp),
      cmocka_unit_test(test_errors),
      cmocka_unit_test(test_ours),
  };
  (void)alarm(30);
  return cmocka_run_group_tests(tests, NULL, NULL);
}

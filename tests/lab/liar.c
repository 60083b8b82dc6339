/*
 * liar: an NTP server (RFC 5905, server mode only) that lies, at each address in another way.
 *
 * Row N of the table is asked at 127.1.0.N, where an honest reply follows at once, and at
 * 127.2.0.N, where none does. A lie's clock is 5 s ahead and the honest one right, so that whoever
 * takes a lie is wrong by 5 s. What no real server does is here; the rest is ntp_server's.
 */
#define _GNU_SOURCE 1
#include <arpa/inet.h>
#include <netinet/in.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>

enum { PORT = 123, OTHER_PORT = 1123, PACKET_BYTES = 48, MOST_BYTES = 4096 };
enum { SET = 16, ORIGIN = 24, RECEIVE = 32, TRANSMIT = 40 }; /* RFC 5905 section 7.3, figure 8 */
static const int64_t LIE_MS = 5000;

enum what {
  PATCHED, /* as the patches say */
  EMPTY,   /* a datagram without a byte */
  ALL,     /* every byte is the first patch's value */
  ECHOED,  /* the request itself */
  EARLIER, /* the reply to the request before this one */
  TWICE,
  ELSEWHERE, /* from another address */
  OTHERWISE  /* from another port */
};

struct patch {
  size_t at, bytes;
  uint64_t value;
};

/* What a client should make of it: wait on, take it, never ask again, or know that there is no time
 * to be had. */
#define DROP "drop"
#define TAKE "take"
#define KISS "kiss"
#define NONE "none"
#define PATCH(...) .patches = {__VA_ARGS__}

static const struct lie {
  const char *name, *end;
  const char *told; /* a regex for the trace's words; "" for what the kernel keeps from it */
  size_t length;    /* 0: PACKET_BYTES */
  struct patch patches[3];
  int64_t set_s, receive_ms; /* against the transmit time */
  enum what what;
} lies[] = {
    {"a length of 0", DROP, "length .* 0 bytes", .what = EMPTY},
    {"a length of 1", DROP, "length .* 1 bytes", .length = 1},
    {"40 bytes", DROP, "length .* 40 bytes", .length = 40},
    {"47 bytes", DROP, "length .* 47 bytes", .length = 47},
    {"49 bytes", DROP, "length .* 49 bytes", .length = 49},
    {"half an extension field", DROP, "length .* 62 bytes", .length = 62,
     PATCH({48, 4, 0x0104001c})},
    {"2001 bytes", DROP, "length .* 2001 bytes", .length = 2001},
    {"2052 bytes", DROP, "too long", .length = 2052},
    {"4096 bytes", DROP, "too long", .length = 4096},
    {"all zero", DROP, "mode .* 0.* 4", .what = ALL},
    {"all ones", DROP, "mode .* 7.* 4", .what = ALL, PATCH({0, 1, 0xff})},
    {"our request", DROP, "mode .* 3.* 4", .what = ECHOED},
    {"symmetric active", DROP, "mode .* 1.* 4", PATCH({0, 1, 0x21})},
    {"broadcast", DROP, "mode .* 5.* 4", PATCH({0, 1, 0x25})},
    {"control", DROP, "mode .* 6.* 4", PATCH({0, 1, 0x26})},
    {"version 0", DROP, "version .* 0.* 1 to 4", PATCH({0, 1, 0x04})},
    {"version 5", DROP, "version .* 5.* 1 to 4", PATCH({0, 1, 0x2c})},
    {"no origin", DROP, "origin .* 0000000000000000", PATCH({ORIGIN, 8, 0})},
    {"a guessed origin", DROP, "origin .* eeaba67645643", PATCH({ORIGIN, 8, 0xeeaba6764564323c})},
    {"an earlier reply", DROP, "origin .* [0-9a-f]{16}", .what = EARLIER},
    {"transmit 0", DROP, "transmit .*zero", PATCH({TRANSMIT, 8, 0})},
    {"receive 0", DROP, "receive .*zero", PATCH({RECEIVE, 8, 0})},
    {"stratum 17", DROP, "stratum .* 17.* 0 to 16", PATCH({1, 1, 17})},
    {"stratum 255", DROP, "stratum .* 255.* 0 to 16", PATCH({1, 1, 255})},
    {"precision 2^31 s", DROP, "precision .* 2\\^31s.* 16s", PATCH({3, 1, 31})},
    {"set in the future", DROP, "reference .* 1h .*transmit", .set_s = 3600},
    {"sent before it came", DROP, "transmit .* 500ms .*receive", .receive_ms = 500},
    {"held for too long", DROP, " 1s .*round trip", .receive_ms = -1000},
    {"a forged DENY", DROP, "origin .* [0-9a-f]{16}",
     PATCH({1, 1, 0}, {12, 4, 0x44454e59}, {ORIGIN, 8, 1})},
    {"another address", DROP, "", .what = ELSEWHERE},
    {"another port", DROP, "", .what = OTHERWISE},
    {"DENY without times", KISS, "DENY: ", PATCH({1, 1, 0}, {12, 4, 0x44454e59}, {RECEIVE, 16, 0})},
    {"RATE", KISS, "RATE: ", PATCH({1, 1, 0}, {12, 4, 0x52415445})},
    {"DENY", KISS, "DENY: ", PATCH({1, 1, 0}, {12, 4, 0x44454e59})},
    {"RSTR", KISS, "RSTR: ", PATCH({1, 1, 0}, {12, 4, 0x52535452})},
    {"XYZ!", KISS, "XYZ!: ", PATCH({1, 1, 0}, {12, 4, 0x58595a21})},
    {"a kiss that acts", NONE, "stratum .* 0 .*\\\\x1b\\[2J",
     PATCH({1, 1, 0}, {12, 4, 0x1b5b324a})},
    {"a kiss in Latin-1", NONE, "stratum .* 0 .*\\\\xc4\\\\xd6\\\\xdc\\\\xdf",
     PATCH({1, 1, 0}, {12, 4, 0xc4d6dcdf})},
    {"stratum 0, no text", NONE, "stratum .* 0 .*\\\\x00", PATCH({1, 1, 0}, {12, 4, 0})},
    {"INIT", NONE, "INIT: ", PATCH({0, 2, 0xe400}, {12, 4, 0x494e4954})},
    {"STEP", NONE, "STEP: ", PATCH({0, 2, 0xe400}, {12, 4, 0x53544550})},
    {"leap 3", NONE, "leap .* 3 ", PATCH({0, 1, 0xe4})},
    {"stratum 16", NONE, "stratum .* 16 ", PATCH({1, 1, 16})},
    {"root delay 32 s", NONE, "root delay .*root dispersion .* 16s.* 16s", PATCH({4, 4, 32 << 16})},
    {"root dispersion 18 h", NONE, "root delay .*root dispersion .* 18h.* 16s",
     PATCH({8, 4, UINT32_MAX})},
    {"no reference time", TAKE, "reply: stratum=2", PATCH({SET, 8, 0})},
    {"set 25 h ago", TAKE, "reply: stratum=2", .set_s = -25 * 3600},
    {"set 1 s after it was sent", TAKE, "reply: stratum=2", .set_s = 1},
    {"a MAC", TAKE, "reply: stratum=2", .length = 68, PATCH({48, 4, 7})},
    {"an extension field", TAKE, "reply: stratum=2", .length = 76, PATCH({48, 4, 0x0104001c})},
    {"2000 bytes", TAKE, "reply: stratum=2", .length = 2000},
    {"version 1", TAKE, "reply: stratum=2", PATCH({0, 1, 0x0c})},
    {"twice the same", TAKE, "reply: stratum=2", .what = TWICE},
};
enum { LIES = sizeof lies / sizeof *lies };

struct packet {
  size_t length;
  uint8_t bytes[MOST_BYTES];
};

/* Who asked, and at which of our addresses. */
struct peer {
  struct sockaddr_in address;
  struct in_pktinfo at;
};

union control {
  struct cmsghdr align;
  uint8_t bytes[CMSG_SPACE(sizeof(struct in_pktinfo))];
};

static void put(uint8_t *packet, size_t at, size_t bytes, uint64_t value) {
  for (size_t i = bytes; i-- > 0; value >>= 8) {
    packet[at + i] = (uint8_t)value;
  }
}

static void put_time(uint8_t *packet, size_t at, int64_t unix_ms) {
  put(packet, at, 4, (uint64_t)(unix_ms / 1000 + 2208988800)); /* 1900 to 1970, section 6 */
  put(packet, at + 4, 4, ((uint64_t)(unix_ms % 1000) << 32) / 1000);
}

/* Stratum 2 behind 192.0.2.1, to the millisecond. */
static void make_reply(struct packet *reply, const uint8_t *request, int64_t ahead_ms,
                       const struct lie *lie) {
  struct timespec now;
  (void)clock_gettime(CLOCK_REALTIME, &now);
  int64_t now_ms = now.tv_sec * 1000 + now.tv_nsec / 1000000 + ahead_ms;
  memset(reply->bytes, 0, sizeof reply->bytes);
  reply->length = PACKET_BYTES;
  put(reply->bytes, 0, 4, 0x240206f6); /* precision 2^-10 s */
  put(reply->bytes, 12, 4, 0xc0000201);
  put_time(reply->bytes, SET, now_ms + (lie->set_s != 0 ? lie->set_s * 1000 : -64000));
  memcpy(reply->bytes + ORIGIN, request + TRANSMIT, 8);
  put_time(reply->bytes, RECEIVE, now_ms + lie->receive_ms);
  put_time(reply->bytes, TRANSMIT, now_ms);
}

static void make_lie(struct packet *reply, const uint8_t *request, const struct lie *lie) {
  make_reply(reply, request, LIE_MS, lie);
  if (lie->what == ALL) {
    memset(reply->bytes, (int)lie->patches[0].value, PACKET_BYTES);
    return;
  }
  if (lie->what == ECHOED) {
    memcpy(reply->bytes, request, PACKET_BYTES);
  }
  for (size_t i = 0; i < sizeof lie->patches / sizeof *lie->patches; i++) {
    put(reply->bytes, lie->patches[i].at, lie->patches[i].bytes, lie->patches[i].value);
  }
  reply->length = lie->length > 0 ? lie->length : lie->what == EMPTY ? 0 : PACKET_BYTES;
}

static void send_to(int fd, const struct packet *reply, const struct peer *peer) {
  union control control = {.bytes = {0}};
  struct sockaddr_in to = peer->address;
  struct iovec iov = {(void *)(uintptr_t)reply->bytes, reply->length};
  struct msghdr message = {.msg_name = &to,
                           .msg_namelen = sizeof to,
                           .msg_iov = &iov,
                           .msg_iovlen = 1,
                           .msg_control = &control,
                           .msg_controllen = sizeof control};
  struct cmsghdr *cmsg = CMSG_FIRSTHDR(&message);
  cmsg->cmsg_level = IPPROTO_IP;
  cmsg->cmsg_type = IP_PKTINFO;
  cmsg->cmsg_len = CMSG_LEN(sizeof peer->at);
  memcpy(CMSG_DATA(cmsg), &peer->at, sizeof peer->at);
  if (sendmsg(fd, &message, 0) < 0) {
    perror("liar: sendmsg");
  }
}

static void answer(const int sockets[2], const uint8_t *request, const struct peer *peer) {
  static const struct lie truth = {.name = "honest"};
  static struct packet earlier[2][LIES];
  static struct packet reply;
  uint32_t host = ntohl(peer->at.ipi_spec_dst.s_addr);
  size_t row = (host & 0xff) - 1;
  bool alone = (host >> 16 & 0xff) == 2;
  struct peer from = *peer;
  if (row >= LIES) {
    return;
  }
  const struct lie *lie = &lies[row];
  make_lie(&reply, request, lie);
  if (lie->what == EARLIER) {
    struct packet this = reply;
    reply = earlier[alone][row];
    earlier[alone][row] = this;
  }
  if (lie->what == ELSEWHERE) {
    from.at.ipi_spec_dst.s_addr = htonl(host ^ 0x00070000);
  }
  if (lie->what != EARLIER || reply.length > 0) {
    send_to(sockets[lie->what == OTHERWISE], &reply, &from);
  }
  if (lie->what == TWICE) {
    send_to(sockets[0], &reply, peer);
  }
  if (!alone) {
    make_reply(&reply, request, 0, &truth);
    send_to(sockets[0], &reply, peer);
  }
}

/* False where what came is no request. */
static bool receive(int fd, uint8_t request[PACKET_BYTES], struct peer *peer) {
  union control control;
  struct iovec iov = {request, PACKET_BYTES};
  struct msghdr message = {.msg_name = &peer->address,
                           .msg_namelen = sizeof peer->address,
                           .msg_iov = &iov,
                           .msg_iovlen = 1,
                           .msg_control = &control,
                           .msg_controllen = sizeof control};
  if (recvmsg(fd, &message, 0) != PACKET_BYTES || CMSG_FIRSTHDR(&message) == NULL) {
    return false;
  }
  memcpy(&peer->at, CMSG_DATA(CMSG_FIRSTHDR(&message)), sizeof peer->at);
  peer->at.ipi_ifindex = 0;
  peer->at.ipi_spec_dst = peer->at.ipi_addr;
  return true;
}

static int listen_on(uint16_t port) {
  static const int on = 1;
  const struct sockaddr_in any = {.sin_family = AF_INET, .sin_port = htons(port)};
  int fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
  if (fd < 0 || setsockopt(fd, IPPROTO_IP, IP_PKTINFO, &on, sizeof on) != 0 ||
      bind(fd, (const struct sockaddr *)&any, sizeof any) != 0) {
    perror("liar");
    return -1;
  }
  return fd;
}

int main(int argc, char **argv) {
  (void)setvbuf(stdout, NULL, _IOLBF, 0);
  if (argc == 2 && strcmp(argv[1], "-t") == 0) {
    for (size_t i = 0; i < LIES; i++) {
      (void)printf("%zu\t%s\t%s\t%s\n", i + 1, lies[i].end, lies[i].name, lies[i].told);
    }
    return 0;
  }
  if (argc != 1) {
    (void)fputs("usage: liar [-t]: lies on port 123, or prints the table of lies\n", stderr);
    return 2;
  }
  const int sockets[2] = {listen_on(PORT), listen_on(OTHER_PORT)};
  if (sockets[0] < 0 || sockets[1] < 0) {
    return 1;
  }
  (void)puts("ready");
  for (;;) {
    uint8_t request[PACKET_BYTES];
    struct peer peer;
    if (receive(sockets[0], request, &peer)) {
      answer(sockets, request, &peer);
    }
  }
}

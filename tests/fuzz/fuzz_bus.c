/* D-Bus messages made of fuzz bytes: see fuzz_bus.h. There is no bus: two ends of a socket pair. */
#include "tests/fuzz/fuzz_bus.h"

#include <arpa/inet.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

static sd_bus *bus;
static sd_bus *peer;
static int peer_fd;

static sd_bus *new_end(int fd) {
  sd_bus *made = NULL;
  MUST(sd_bus_new(&made) >= 0 && sd_bus_set_fd(made, fd, fd) >= 0);
  MUST(sd_bus_set_anonymous(made, 1) >= 0);
  return made;
}

/* A bus that has greeted its peer. */
static void connect_bus(void) {
  int ends[2];
  if (bus != NULL && sd_bus_is_ready(bus) > 0) {
    return;
  }
  sd_bus_close_unref(bus);
  sd_bus_close_unref(peer);
  MUST(socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0, ends) == 0);
  bus = new_end(ends[0]);
  peer = new_end(ends[1]);
  peer_fd = ends[1];
  MUST(sd_bus_set_server(peer, 1, (sd_id128_t){.bytes = {1}}) >= 0);
  MUST(sd_bus_start(bus) >= 0 && sd_bus_start(peer) >= 0);
  while (sd_bus_is_ready(bus) <= 0 || sd_bus_is_ready(peer) <= 0) {
    MUST(sd_bus_process(bus, NULL) >= 0 && sd_bus_process(peer, NULL) >= 0);
  }
}

sd_bus_message *fuzz_message_new(void) {
  sd_bus_message *message = NULL;
  connect_bus();
  MUST(sd_bus_message_new_signal(bus, &message, "/x", "x.y", "Z") >= 0);
  return message;
}

/* D-Bus specification, "Header Fields": code, and a variant of a string. */
static size_t put_field(unsigned char *to, size_t at, unsigned char code, char type,
                        const char *text) {
  size_t length = strlen(text);
  at = (at + 7) & ~(size_t)7;
  to[at++] = code;
  to[at++] = 1;
  to[at++] = (unsigned char)type;
  to[at++] = 0;
  to[at] = (unsigned char)length;
  at += type == 'g' ? 1 : 4;
  memcpy(to + at, text, length + 1);
  return at + length + 1;
}

sd_bus_message *fuzz_message_body(const struct bytes *bytes) {
  unsigned char header[128] = {htons(1) == 1 ? 'B' : 'l', SD_BUS_MESSAGE_SIGNAL, 1, 1};
  uint32_t numbers[] = {(uint32_t)bytes->left, 1, 0};
  sd_bus_message *message = NULL;
  size_t end = put_field(header, 16, 1, 'o', "/x");
  end = put_field(header, end, 2, 's', "x.y");
  end = put_field(header, end, 3, 's', "Z");
  end = put_field(header, end, 8, 'g', "a{sv}");
  numbers[2] = (uint32_t)(end - 16);
  memcpy(header + 4, numbers, sizeof numbers);
  end = (end + 7) & ~(size_t)7;
  connect_bus();
  MUST(write(peer_fd, header, end) == (ssize_t)end);
  MUST(write(peer_fd, bytes->at, bytes->left) == (ssize_t)bytes->left);
  int error = 1;
  while (error > 0 && message == NULL) {
    error = sd_bus_process(bus, &message);
  }
  return message;
}

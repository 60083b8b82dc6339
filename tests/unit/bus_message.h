/* D-Bus messages without a bus: built, sealed and read in one process. */
#ifndef TESTS_UNIT_BUS_MESSAGE_H
#define TESTS_UNIT_BUS_MESSAGE_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/socket.h>
#include <systemd/sd-bus.h>
#include <unistd.h>

/* Opens a bus on one end of a socket pair, for which messages can be built. */
static inline sd_bus *bus_message_bus(int ends[2]) {
  sd_bus *bus = NULL;
  if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0, ends) != 0 ||
      sd_bus_new(&bus) < 0 || sd_bus_set_fd(bus, ends[0], ends[0]) < 0 || sd_bus_start(bus) < 0) {
    return NULL;
  }
  return bus;
}

static inline sd_bus_message *bus_message_new(sd_bus *bus) {
  sd_bus_message *message = NULL;
  return sd_bus_message_new_signal(bus, &message, "/x", "x.y", "Z") < 0 ? NULL : message;
}

/* Seals a message; from then on it can be read. */
static inline bool bus_message_seal(sd_bus_message *message) {
  return sd_bus_message_seal(message, 1, 0) >= 0 && sd_bus_message_rewind(message, 1) >= 0;
}

#endif

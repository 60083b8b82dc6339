/* The floor of the benchmark: the least that an sd-bus program can do to print timesyncd's jitter.
 */
#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <systemd/sd-bus.h>

static int read_jitter(sd_bus_message *reply, uint64_t *jitter_us) {
  int error = sd_bus_message_enter_container(reply, 'a', "{sv}");
  while (error >= 0 && (error = sd_bus_message_enter_container(reply, 'e', "sv")) > 0) {
    const char *name = NULL;
    error = sd_bus_message_read(reply, "s", &name);
    if (error >= 0 && strcmp(name, "NTPMessage") == 0) {
      static const char type[] = "(uuuuittayttttbtt)";
      error = sd_bus_message_enter_container(reply, 'v', type);
      error = error < 0 ? error : sd_bus_message_enter_container(reply, 'r', "uuuuittayttttbtt");
      error = error < 0 ? error : sd_bus_message_skip(reply, "uuuuittayttttbt");
      error = error < 0 ? error : sd_bus_message_read(reply, "t", jitter_us);
      return error < 0 ? error : 0;
    }
    error = error < 0 ? error : sd_bus_message_skip(reply, "v");
    error = error < 0 ? error : sd_bus_message_exit_container(reply);
  }
  return error < 0 ? error : -1;
}

int main(void) {
  sd_bus *bus = NULL;
  sd_bus_message *reply = NULL;
  uint64_t jitter_us = 0;
  int error = sd_bus_open_system(&bus);
  if (error >= 0) {
    error = sd_bus_call_method(bus, "org.freedesktop.timesync1", "/org/freedesktop/timesync1",
                               "org.freedesktop.DBus.Properties", "GetAll", NULL, &reply, "s",
                               "org.freedesktop.timesync1.Manager");
  }
  error = error < 0 ? error : read_jitter(reply, &jitter_us);
  if (error >= 0) {
    (void)printf("jitter: %" PRIu64 "us\n", jitter_us);
  }
  sd_bus_message_unref(reply);
  sd_bus_close_unref(bus);
  return error < 0;
}

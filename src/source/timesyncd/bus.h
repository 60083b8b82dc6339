/* One question over a system bus, under a deadline. Of builds with libsystemd only. */
#ifndef NTP_MONITOR_BUS_H
#define NTP_MONITOR_BUS_H

#include <stdbool.h>
#include <stddef.h>
#include <sys/types.h>
#include <systemd/sd-bus.h>

struct ask;
struct why;

/* One conversation: with this machine's bus, or that of -H or -M. */
struct bus {
  const struct ask *ask;
  bool elsewhere; /* -H or -M */
  bool accepted;  /* it took our authentication and greeting */
  int ssh_says;   /* read end of what -H's ssh has for its stderr, or -1 */
  sd_bus *bus;
  sd_bus_message *reply; /* owned; an error reply is one, too */
};

/* Connects: 0 or a negative errno. bus is to be closed in either case. */
int bus_open(struct bus *bus, const struct ask *ask);

/* Asks service's object for all properties of interface, without starting the service,
 * and waits for bus->reply: 0 or a negative errno, -ETIMEDOUT by
 * ask->deadline_ns. */
int bus_get_all(struct bus *bus, const char *service, const char *object, const char *interface);

/* Whether somebody owns service's name, as the bus itself says by ask->deadline_ns: a
 * daemon that hangs does. To be asked instead of bus_get_all. */
bool bus_has_owner(struct bus *bus, const char *service);

void bus_close(struct bus *bus);

/* Whether dbus-daemon can't look our user up, and so closes the connection at authentication: its
 * NSS leaves out the users of DynamicUser= (systemd issue 22737). */
bool bus_user_is_unknown(uid_t uid);

/* "the system bus", or whose it is. Returns out. */
const char *bus_name(const struct bus *bus, char *out, size_t size_bytes);

/* ": ssh says '...'" if -H's ssh said something, else "": its last whole lines, as many as fit; the
 * trace has more. Returns out. */
enum { BUS_SSH_WORDS_BYTES = 100 }; /* as much as the line has room for */
const char *bus_ssh_words(const struct bus *bus, char *out, size_t size_bytes);

/* As root, DBUS_SYSTEM_BUS_ADDRESS may name sockets (unix:) and nothing that starts a
 * program, as unixexec: would: 0, or -EPERM with why filled. */
int bus_check_environment(const struct ask *ask, struct why *why);

#endif

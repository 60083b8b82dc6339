/* One question over a system bus, under a deadline. Only in builds with libsystemd. */
#ifndef NTP_MONITOR_BUS_H
#define NTP_MONITOR_BUS_H

#include <stdbool.h>
#include <stddef.h>
#include <sys/types.h>
#include <systemd/sd-bus.h>

struct ask;
struct why;

/* A conversation with this machine's bus, or that of -H or -M. */
struct bus {
  const struct ask *ask;
  bool elsewhere; /* -H or -M */
  bool accepted;  /* the bus accepted our authentication and Hello */
  int ssh_says;   /* the read end of the pipe from the stderr of -H's ssh, or -1 */
  sd_bus *bus;
  sd_bus_message *reply; /* owned; may be an error */
};

/* Connects: 0 or a negative errno. The caller closes bus in either case. */
int bus_open(struct bus *bus, const struct ask *ask);

/* Asks service's object for all properties of interface, without starting the service, and waits
 * for bus->reply: 0, or a negative errno; -ETIMEDOUT at ask->deadline_ns. */
int bus_get_all(struct bus *bus, const char *service, const char *object, const char *interface);

/* Asks the bus, until ask->deadline_ns, whether service's name has an owner; a daemon that hangs
 * still owns it. Called instead of bus_get_all(). */
bool bus_has_owner(struct bus *bus, const char *service);

void bus_close(struct bus *bus);

/* Returns whether dbus-daemon cannot look up uid, and so closes the connection at authentication:
 * its NSS omits the users of DynamicUser= (systemd issue 22737). */
bool bus_user_is_unknown(uid_t uid);

/* Prints "the system bus", with its host or container if it is elsewhere. Returns out. */
const char *bus_name(const struct bus *bus, char *out, size_t size_bytes);

/* Prints ": ssh says '...'" with the last whole lines of -H's ssh that fit, or "" if it said
 * nothing; the trace has more. Returns out. */
enum { BUS_SSH_WORDS_BYTES = 100 }; /* the room left in the report's line */
const char *bus_ssh_words(const struct bus *bus, char *out, size_t size_bytes);

/* Checks, as root, that DBUS_SYSTEM_BUS_ADDRESS names only sockets (unix:) and nothing that starts
 * a program, such as unixexec: 0, or -EPERM with why. */
int bus_check_environment(const struct ask *ask, struct why *why);

#endif

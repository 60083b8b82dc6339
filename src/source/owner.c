/*
 * Checks the owner of a daemon's port or socket file.
 *
 * Only root can bind a port below net.ipv4.ip_unprivileged_port_start. Containers often set that to
 * 0, and then any user may answer at port 123 while ntpd is down. So an answer counts only if all
 * sockets that may have sent it belong to root, to our own user or to the daemon's. The kernel's
 * table of sockets shows that; if it does not even list our own socket, it proves nothing.
 *
 * User names are read from the machine's own files: a directory service would be asked over the
 * network, and does not determine the users of local daemons.
 */
#include "ntp_monitor/owner.h"

#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <pwd.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#include "ntp_monitor/text.h"
#include "ntp_monitor/trace.h"
#include "ntp_monitor/trusted.h"
#include "ntp_monitor/why.h"
#include "source/udp_table.h"

const struct owner owner_ntpd = {"ntpd", {"ntp", "ntpsec", "_ntp"}};
const struct owner owner_chronyd = {"chronyd", {"chrony", "_chrony"}};
const struct owner owner_ptp4l = {"ptp4l", {"ptp", "linuxptp", "_linuxptp"}};

enum { LINE_BYTES = 512, WORDS_BYTES = 96, PATH_BYTES = 256 };

/* --- trusted users --------------------------------------------------------------- */

/* Returns whether the passwd(5) file gives uid to one of the daemon's users. */
static bool is_named(const char *passwd, uid_t uid, const struct owner *owner) {
  bool named = false;
  FILE *file = fopen(passwd, "re");
  const struct passwd *entry = file != NULL ? fgetpwent(file) : NULL;
  for (; entry != NULL && !named; entry = fgetpwent(file)) {
    for (size_t i = 0; entry->pw_uid == uid && owner->users[i] != NULL; i++) {
      named = named || strcmp(entry->pw_name, owner->users[i]) == 0;
    }
  }
  if (file != NULL) {
    (void)fclose(file);
  }
  return named;
}

/* /usr/lib/passwd: nss-altfiles, where /usr is an image (rpm-ostree). */
static bool is_believed(uid_t uid, const struct owner *owner) {
  return uid == 0 || uid == geteuid() || trusted_is_outside(uid) ||
         is_named("/etc/passwd", uid, owner) || is_named("/usr/lib/passwd", uid, owner);
}

/* Returns whether only a privileged process can bind the port. */
static bool is_privileged(uint16_t port) {
  char line[LINE_BYTES] = "";
  uint32_t start = 0;
  FILE *file = fopen("/proc/sys/net/ipv4/ip_unprivileged_port_start", "re");
  bool known =
      file != NULL && fgets(line, sizeof line, file) != NULL && udp_table_number(line, &start);
  if (file != NULL) {
    (void)fclose(file);
  }
  return known && start > port;
}

/* Prints "root, ntp, ntpsec, _ntp". Returns out. */
static const char *print_users(char out[WORDS_BYTES], const struct owner *owner) {
  (void)snprintf(out, WORDS_BYTES, "root");
  for (size_t i = 0; owner->users[i] != NULL; i++) {
    text_append(out, WORDS_BYTES, ", %s", owner->users[i]);
  }
  return out;
}

/* --- a port ---------------------------------------------------------------------- */

/* The findings in the kernel's table. */
struct finding {
  struct udp_socket own, peer; /* the two ends of our connection */
  bool listed;                 /* our own socket is listed */
  bool found;                  /* a socket with the peer's port is listed */
  bool foreign;                /* its owner is not trusted */
  uint32_t uid;                /* its owner */
};

/* Reads one end of a connection; false if its family is neither IPv4 nor IPv6. */
static bool read_end(const struct sockaddr_storage *from, struct udp_socket *out) {
  struct sockaddr_in v4;
  struct sockaddr_in6 v6;
  memcpy(&v4, from, sizeof v4);
  memcpy(&v6, from, sizeof v6);
  if (from->ss_family == AF_INET) {
    *out = (struct udp_socket){.address = {0, 0, htonl(0xffff), v4.sin_addr.s_addr},
                               .port = ntohs(v4.sin_port)};
  } else {
    *out = (struct udp_socket){.port = ntohs(v6.sin6_port)};
    memcpy(out->address, &v6.sin6_addr, sizeof out->address);
  }
  return from->ss_family == AF_INET || from->ss_family == AF_INET6;
}

static bool find_ends(int fd, struct finding *finding) {
  struct sockaddr_storage own = {.ss_family = AF_UNSPEC};
  struct sockaddr_storage peer = own;
  socklen_t own_bytes = sizeof own;
  socklen_t peer_bytes = sizeof peer;
  return getsockname(fd, (struct sockaddr *)&own, &own_bytes) == 0 &&
         getpeername(fd, (struct sockaddr *)&peer, &peer_bytes) == 0 &&
         read_end(&own, &finding->own) && read_end(&peer, &finding->peer);
}

static void look_at(const char *line, const struct owner *owner, struct finding *finding) {
  struct udp_socket socket;
  if (!udp_table_read(line, &socket)) {
    return;
  }
  finding->listed =
      finding->listed || (socket.port == finding->own.port &&
                          memcmp(socket.address, finding->own.address, sizeof socket.address) == 0);
  if (!finding->foreign && udp_table_receives(&socket, &finding->peer)) {
    finding->found = true;
    finding->uid = socket.uid;
    finding->foreign = !is_believed(socket.uid, owner);
  }
}

static void look_through(const char *table, const struct owner *owner, struct finding *finding) {
  char line[LINE_BYTES];
  bool begins = true; /* the text read begins a line */
  FILE *file = fopen(table, "re");
  while (file != NULL && fgets(line, sizeof line, file) != NULL) {
    if (begins) {
      look_at(line, owner, finding);
    }
    begins = strchr(line, '\n') != NULL;
  }
  if (file != NULL) {
    (void)fclose(file);
  }
}

int owner_check_port(int fd, const struct owner *owner, struct trace *trace, struct why *why) {
  struct finding finding = {.found = false};
  char users[WORDS_BYTES];
  if (!find_ends(fd, &finding)) {
    trace_add(trace, "%s: the owner of its port is unknown", owner->daemon);
    return 0;
  }
  unsigned port = finding.peer.port;
  look_through("/proc/self/net/udp", owner, &finding);
  look_through("/proc/self/net/udp6", owner, &finding);
  if (finding.found) {
    trace_add(trace, "%s: UDP port %u belongs to uid %u", owner->daemon, port, finding.uid);
  } else if (!finding.listed) {
    trace_add(trace, "%s: the owner of UDP port %u is unknown", owner->daemon, port);
  }
  if ((!finding.foreign && (finding.found || !finding.listed)) || is_privileged((uint16_t)port)) {
    return 0;
  }
  if (!finding.found) {
    return why_set(
        why, REASON_BAD_REPLY, -EPERM,
        "whoever answered at UDP port %u closed it at once: unknown sender, not trusted" WHY_ADVICE
        "is %s running?",
        port, owner->daemon);
  }
  return why_set(why, REASON_BAD_REPLY, -EPERM,
                 "UDP port %u belongs to uid %u, not to %s's users (%s): not trusted" WHY_ADVICE
                 "find the owner: ss -ulpe 'sport = :%u'",
                 port, finding.uid, owner->daemon, print_users(users, owner), port);
}

/* --- a socket's file --------------------------------------------------------------- */

int owner_check_file(const char *path, const struct owner *owner, struct stat *status,
                     struct why *why) {
  char users[WORDS_BYTES];
  char folder[PATH_BYTES];
  const char *slash = strrchr(path, '/');
  struct stat made;
  struct stat around;
  int folder_length = 0;
  if (slash != NULL) {
    folder_length = (int)(slash - path) + 1;
  }
  int length = snprintf(folder, sizeof folder, "%.*s.", folder_length, path);
  if (length >= (int)sizeof folder || stat(path, &made) != 0 || stat(folder, &around) != 0) {
    return 0;
  }
  const char *which = "";
  uid_t uid = made.st_uid;
  bool good = is_believed(uid, owner);
  if (good && around.st_uid != uid) { /* each look reads the user database */
    which = "the directory of ";
    uid = around.st_uid;
    good = is_believed(uid, owner);
  }
  if (!good) {
    return why_set(why, REASON_BAD_REPLY, -EPERM,
                   "%s%.200s belongs to uid %u, not to %s's users (%s): not trusted" WHY_ADVICE
                   "remove it or chown it",
                   which, path, (unsigned)uid, owner->daemon, print_users(users, owner));
  }
  *status = made;
  return 1;
}

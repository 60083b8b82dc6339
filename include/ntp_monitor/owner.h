/* Checks the owner of a daemon's port or socket file on this machine. */
#ifndef NTP_MONITOR_OWNER_H
#define NTP_MONITOR_OWNER_H

struct stat;
struct trace;
struct why;

/* A daemon and the users that it runs as on common systems, ended by NULL. Root and our own user
 * are trusted as well. */
struct owner {
  const char *daemon;
  const char *users[5];
};

extern const struct owner owner_ntpd;
extern const struct owner owner_chronyd;
extern const struct owner owner_ptp4l;

/*
 * Checks that the owner of the port that fd, a UDP socket, is connected to on this machine is
 * trusted: 0, or -EPERM with why. If the owner cannot be determined, that is traced and the result
 * is 0. Called after the answer has arrived: before, the port may belong to another.
 */
int owner_check_port(int fd, const struct owner *owner, struct trace *trace, struct why *why);

/* Checks that the owners of a daemon's socket file and its folder are trusted: 1 with the file's
 * status, 0 if they cannot be examined, or -EPERM with why. */
int owner_check_file(const char *path, const struct owner *owner, struct stat *status,
                     struct why *why);

#endif

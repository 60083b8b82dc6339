/* Whose daemon answered on this machine: who may have its port or its socket's file. */
#ifndef NTP_MONITOR_OWNER_H
#define NTP_MONITOR_OWNER_H

struct stat;
struct trace;
struct why;

/* A daemon, and the users that it runs as on the usual systems, ended by NULL. Root and who runs us
 * are believed besides. */
struct owner {
  const char *daemon;
  const char *users[5];
};

extern const struct owner owner_ntpd;
extern const struct owner owner_chronyd;
extern const struct owner owner_ptp4l;

/*
 * Whether the answer that came over fd, a UDP socket connected to this machine, is to be believed:
 * 0, also where that can't be told, which goes to the trace; or -EPERM with why. To be asked when
 * the answer is there: before, the port may be another's.
 */
int owner_check_port(int fd, const struct owner *owner, struct trace *trace, struct why *why);

/* Whether a daemon's socket file and its folder are believed: -EPERM with why where not; 1 with
 * status, the file's; 0 where it can't be looked at. */
int owner_check_file(const char *path, const struct owner *owner, struct stat *status,
                     struct why *why);

#endif

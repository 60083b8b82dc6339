/*
 * Recognises time services that have no source here.
 *
 * If one of them keeps the clock, "start the one that should" would be wrong advice. Sockets and
 * PID files give them away; scanning all processes would take longer and find those of containers.
 */
#include "source/keeper.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "ntp_monitor/chrony_talk.h"
#include "ntp_monitor/net.h"

static const struct {
  const char *path, *name;
} keeper_sockets[] = {
    {"/run/ntpd-rs/observe", "ntpd-rs"},
    {"/run/openntpd/ntpd.sock", "OpenNTPD"}, /* Debian from 13 on */
    {"/var/lib/openntpd/run/ntpd.sock", "OpenNTPD"},
    {"/run/ntpd.sock", "OpenNTPD"},
};

static const struct {
  const char *path, *process, *name;
} keeper_pid_files[] = {
    {"/run/pihole-FTL.pid", "pihole-FTL", "Pi-hole's FTL"},
    {"/run/ntpd.pid", "ntpd", "an ntpd (busybox's?)"},
    {"/run/ntpd.pid", "busybox", "busybox's ntpd"},
};

/* Returns whether a process listens at path. The sockets are streams, to which a datagram socket
 * never connects (EPROTOTYPE), so the probe disturbs nobody. If permissions forbid it, the kernel's
 * list of sockets decides. */
static bool keeper_listens(const char *path) {
  int fd = net_connect_local(path, NULL);
  if (fd >= 0) {
    (void)close(fd);
    return true;
  }
  return fd == -EPROTOTYPE || ((fd == -EACCES || fd == -EPERM) && chrony_socket_listed(path));
}

/* Reads the first line of a small file, without its line end; "" on failure. */
static void keeper_read(const char *path, char *out, size_t size_bytes) {
  int fd = open(path, O_RDONLY | O_NONBLOCK | O_NOCTTY | O_CLOEXEC);
  out[0] = '\0';
  if (fd < 0) {
    return;
  }
  ssize_t bytes = read(fd, out, size_bytes - 1);
  (void)close(fd);
  if (bytes > 0) {
    out[bytes] = '\0';
    out[strcspn(out, "\n")] = '\0';
  }
}

/* Returns whether the PID in the file is that of a running process of this name. The name is
 * checked because PIDs are reused. */
static bool keeper_lives(const char *path, const char *process) {
  enum { TEXT_BYTES = 64, DIGITS_MAX = 9 };
  char number[TEXT_BYTES];
  char name[TEXT_BYTES];
  char comm[TEXT_BYTES];
  keeper_read(path, number, sizeof number);
  size_t digits = strspn(number, "0123456789");
  if (digits == 0 || digits > DIGITS_MAX) {
    return false;
  }
  (void)snprintf(comm, sizeof comm, "/proc/%ld/comm", strtol(number, NULL, 10));
  keeper_read(comm, name, sizeof name);
  return strcmp(name, process) == 0;
}

bool keeper_find(char out[KEEPER_TEXT_BYTES]) {
  for (size_t i = 0; i < sizeof keeper_sockets / sizeof *keeper_sockets; i++) {
    if (keeper_listens(keeper_sockets[i].path)) {
      (void)snprintf(out, KEEPER_TEXT_BYTES, "%s", keeper_sockets[i].name);
      return true;
    }
  }
  for (size_t i = 0; i < sizeof keeper_pid_files / sizeof *keeper_pid_files; i++) {
    if (keeper_lives(keeper_pid_files[i].path, keeper_pid_files[i].process)) {
      (void)snprintf(out, KEEPER_TEXT_BYTES, "%s", keeper_pid_files[i].name);
      return true;
    }
  }
  return false;
}

/* The test of sd_booted(3). */
bool keeper_expects_bus(void) {
  return access("/run/systemd/system", F_OK) == 0;
}

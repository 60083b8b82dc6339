/*
 * One question over a system bus, under a deadline.
 *
 * sd-bus limits a call but not the connection before it: a silent bus holds sd_bus_call() for 90 s
 * whatever its time limit. So the call is asynchronous and the waiting is done here. Auto-start is
 * off: starting timesyncd on a machine kept by chrony would make two daemons fight over one clock.
 */
#include "source/timesyncd/bus.h"

#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <pwd.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <unistd.h>

#include "ntp_monitor/ask.h"
#include "ntp_monitor/clock.h"
#include "ntp_monitor/config.h"
#include "ntp_monitor/duration.h"
#include "ntp_monitor/env.h"
#include "ntp_monitor/trace.h"
#include "ntp_monitor/why.h"

int bus_check_environment(const struct ask *ask, struct why *why) {
  const struct config *config = ask->config;
  const char *address = secure_getenv("DBUS_SYSTEM_BUS_ADDRESS");
  if (address == NULL || ask->env->uid != 0 || config->host != NULL || config->machine != NULL) {
    return 0;
  }
  for (const char *at = address; *at != '\0'; at += *at == ';') {
    if (strncmp(at, "unix:", strlen("unix:")) != 0) {
      return why_set(why, REASON_NO_BUS, -EPERM,
                     "DBUS_SYSTEM_BUS_ADDRESS is '%.200s', but root connects only to unix: "
                     "addresses" WHY_ADVICE "unset it",
                     address);
    }
    at = strchrnul(at, ';');
  }
  return 0;
}

static pid_t parent; /* for end_with_parent(): pthread_atfork(3) passes no argument */

/* Runs in the child that becomes ssh. An ssh to a silent machine would stay behind for ever, and
 * cron would start another at each run, so the kernel kills it when we end. */
static void end_with_parent(void) {
  (void)prctl(PR_SET_PDEATHSIG, SIGKILL);
  if (getppid() != parent) {
    _exit(1); /* the parent died before prctl(2) */
  }
}

/* Calls sd_bus_open_system_remote() with the stderr of its ssh caught. ssh says there why it
 * failed, and cron must not mail that. */
static int open_remote(struct bus *bus) {
  int ends[2];
  if (pipe2(ends, O_CLOEXEC | O_NONBLOCK) != 0) {
    return -errno;
  }
  /* A password prompt of ssh would take over the terminal. */
  (void)setenv("SSH_ASKPASS_REQUIRE", "force", 1);
  (void)setenv("SSH_ASKPASS", "/bin/false", 1);
  int saved = fcntl(STDERR_FILENO, F_DUPFD_CLOEXEC, 3);
  sigset_t all;
  sigset_t before;
  parent = bus->ask->env->pid;
  (void)pthread_atfork(NULL, NULL, end_with_parent);
  (void)sigfillset(&all);
  (void)sigprocmask(SIG_SETMASK, &all, &before); /* a handler must not write into the pipe */
  int error = 0;
  if (saved < 0 || dup2(ends[1], STDERR_FILENO) < 0) {
    error = -errno;
  } else {
    error = sd_bus_open_system_remote(&bus->bus, bus->ask->config->host);
  }
  if (saved >= 0) {
    (void)dup2(saved, STDERR_FILENO);
    (void)close(saved);
  }
  (void)sigprocmask(SIG_SETMASK, &before, NULL);
  (void)close(ends[1]);
  bus->ssh_says = ends[0];
  return error;
}

int bus_open(struct bus *bus, const struct ask *ask) {
  const struct config *config = ask->config;
  *bus = (struct bus){
      .ask = ask, .elsewhere = config->host != NULL || config->machine != NULL, .ssh_says = -1};
  if (config->host != NULL) {
    return open_remote(bus);
  }
  return config->machine != NULL ? sd_bus_open_system_machine(&bus->bus, config->machine)
                                 : sd_bus_open_system(&bus->bus);
}

static int keep_reply(sd_bus_message *message, void *user, sd_bus_error *unused) {
  struct bus *bus = user;
  (void)unused;
  bus->reply = sd_bus_message_ref(message);
  return 0;
}

/* Calls member of interface with one string. */
static int send_call(struct bus *bus, const char *service, const char *object,
                     const char *interface, const char *member, const char *argument) {
  sd_bus_message *call = NULL;
  int error = sd_bus_message_new_method_call(bus->bus, &call, service, object, interface, member);
  if (error >= 0) {
    error = sd_bus_message_append(call, "s", argument);
  }
  if (error >= 0) {
    error = sd_bus_message_set_auto_start(call, false);
  }
  if (error >= 0) { /* UINT64_MAX turns off sd-bus's own time limit */
    error = sd_bus_call_async(bus->bus, NULL, call, keep_reply, bus, UINT64_MAX);
  }
  sd_bus_message_unref(call);
  return error;
}

/* Waits for the reply: 0, -ETIMEDOUT, or the errno of sd-bus. */
static int await_reply(struct bus *bus) {
  while (bus->reply == NULL) {
    int64_t left_ns = bus->ask->deadline_ns - clock_monotonic_ns();
    if (left_ns <= 0) {
      return -ETIMEDOUT;
    }
    int done = sd_bus_process(bus->bus, NULL);
    bus->accepted = bus->accepted || sd_bus_is_ready(bus->bus) > 0;
    if (done == 0) {
      done = sd_bus_wait(bus->bus, (uint64_t)((left_ns + DURATION_US - 1) / DURATION_US));
    }
    if (done < 0 && done != -EINTR) {
      return done;
    }
  }
  return 0;
}

int bus_get_all(struct bus *bus, const char *service, const char *object, const char *interface) {
  int error =
      send_call(bus, service, object, "org.freedesktop.DBus.Properties", "GetAll", interface);
  return error < 0 ? error : await_reply(bus);
}

bool bus_has_owner(struct bus *bus, const char *service) {
  int owned = 0;
  int error = send_call(bus, "org.freedesktop.DBus", "/org/freedesktop/DBus",
                        "org.freedesktop.DBus", "NameHasOwner", service);
  return error >= 0 && await_reply(bus) >= 0 && sd_bus_message_read(bus->reply, "b", &owned) > 0 &&
         owned != 0;
}

/* Reads the file: NSS also knows the users of DynamicUser=, and may ask the network. */
static bool is_in_passwd(uid_t uid) {
  FILE *file = fopen("/etc/passwd", "re");
  const struct passwd *entry = NULL;
  while (file != NULL && (entry = fgetpwent(file)) != NULL && entry->pw_uid != uid) {
  }
  if (file != NULL) {
    (void)fclose(file);
  }
  return entry != NULL;
}

bool bus_user_is_unknown(uid_t uid) {
  enum { DYNAMIC_LEAST = 61184, DYNAMIC_MOST = 65519 }; /* systemd's UIDS-GIDS.md */
  bool dynamic = uid >= DYNAMIC_LEAST && uid <= DYNAMIC_MOST;
  return !is_in_passwd(uid) && (dynamic || getpwuid(uid) == NULL);
}

/* Returns the last lines, as many as fit with "; " between them. ssh's last line says why it gave
 * up; warnings and the machine's greeting come before. */
static const char *find_last_lines(const char *text, size_t most) {
  const char *start = strrchr(text, '\n');
  const char *first = start != NULL ? start + 1 : text;
  size_t used = strlen(first);
  while (first > text) {
    const char *before = first - 1;
    while (before > text && before[-1] != '\n') {
      before--;
    }
    used += (size_t)(first - before) + 1;
    if (used > most) {
      break;
    }
    first = before;
  }
  return first;
}

/* Returns true for the second and later bytes of a UTF-8 character. */
static bool is_inside(char byte) {
  return ((unsigned char)byte & 0xc0) == 0x80;
}

/* Cuts the middle out of a line that is too long; its beginning and end say most. */
static void shorten_line(char *text, size_t most) {
  static const char gap[] = "...";
  size_t length = strlen(text);
  if (length > most) {
    size_t head = (most - (sizeof gap - 1)) / 2;
    size_t tail = most - (sizeof gap - 1) - head;
    while (tail > 0 && is_inside(text[length - tail])) {
      tail--;
    }
    while (head > 0 && is_inside(text[head])) {
      head--;
    }
    memmove(text + head + sizeof gap - 1, text + length - tail, tail + 1);
    memcpy(text + head, gap, sizeof gap - 1);
  }
}

/* Joins the lines with "; "; out has twice the space of text. */
static void join_lines(char *out, const char *text) {
  for (; *text != '\0'; text++) {
    if (*text == '\n') {
      *out++ = ';';
      *out++ = ' ';
    } else if (*text != '\r') {
      *out++ = *text;
    }
  }
  *out = '\0';
}

/* Drains a pipe and keeps its end, at most size bytes. */
static size_t read_last(int fd, char *text, size_t size) {
  enum { READS_MAX = 512 };
  size_t used = 0;
  for (int i = 0; i < READS_MAX && fd >= 0; i++) {
    if (used == size) {
      memmove(text, text + size / 2, size - size / 2);
      used = size - size / 2;
    }
    ssize_t bytes = read(fd, text + used, size - used);
    if (bytes <= 0) {
      break;
    }
    used += (size_t)bytes;
  }
  return used;
}

const char *bus_ssh_words(const struct bus *bus, char *out, size_t size_bytes) {
  static const char before[] = ": ssh says '";
  size_t most = size_bytes - sizeof before - 1;
  char text[512];
  char words[2 * sizeof text];
  out[0] = '\0';
  size_t bytes = read_last(bus->ssh_says, text, sizeof text - 1);
  while (bytes > 0 && strchr("\r\n", text[bytes - 1]) != NULL) {
    bytes--;
  }
  if (bytes > 0) {
    text[bytes] = '\0';
    join_lines(words, text);
    trace_add(bus->ask->env->trace, "bus: ssh says '%s'", words);
    join_lines(words, find_last_lines(text, most));
    shorten_line(words, most);
    (void)snprintf(out, size_bytes, "%s%s'", before, words);
  }
  return out;
}

const char *bus_name(const struct bus *bus, char *out, size_t size_bytes) {
  const struct config *config = bus->ask->config;
  if (config->host != NULL) {
    (void)snprintf(out, size_bytes, "the system bus of %.128s over ssh", config->host);
  } else if (config->machine != NULL) {
    (void)snprintf(out, size_bytes, "the system bus of the container %.128s", config->machine);
  } else {
    (void)snprintf(out, size_bytes, "the system bus");
  }
  return out;
}

/* Leaves the connection of -H or -M to the end of the process: sd_bus_close_unref() would wait for
 * an ssh that may hang. */
void bus_close(struct bus *bus) {
  static sd_bus *volatile left_open; /* keeps leak checkers quiet */
  if (bus->ssh_says >= 0) {
    (void)close(bus->ssh_says);
  }
  if (bus->elsewhere) {
    left_open = bus->bus;
    (void)left_open;
  } else {
    sd_bus_close_unref(bus->bus);
  }
  sd_bus_message_unref(bus->reply);
}

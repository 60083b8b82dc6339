/*
 * The source timesyncd: systemd-timesyncd, asked over the system bus with one GetAll.
 *
 * A machine without the daemon or without a bus is normal. The message says so, and adds what is
 * known anyway.
 */
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

#include "ntp_monitor/ask.h"
#include "ntp_monitor/clock.h"
#include "ntp_monitor/config.h"
#include "ntp_monitor/duration.h"
#include "ntp_monitor/env.h"
#include "ntp_monitor/source.h"
#include "ntp_monitor/trace.h"
#include "ntp_monitor/why.h"
#include "source/timesyncd/bus.h"
#include "source/timesyncd/timesync.h"
#include "source/timesyncd/timesync_bus.h"

#define SERVICE "org.freedesktop.timesync1"
#define CHECK_SERVICE WHY_ADVICE "check the NTP service: systemctl status systemd-timesyncd"

/* The time the bus may take to say whether the daemon runs. */
#define GLANCE_NS (100 * DURATION_MS)

static void trace_raw(struct trace *trace, const struct timesync *raw) {
  trace_add(trace, "timesyncd: ServerName=%s ServerAddress: family %d, %zu bytes", raw->server,
            raw->family, raw->address_bytes);
  trace_add(trace,
            "timesyncd: PollIntervalUSec=%" PRIu64 " Leap=%" PRIu32 " Version=%" PRIu32
            " Mode=%" PRIu32 " Stratum=%" PRIu32 " Precision=%" PRId32 " RootDelay=%" PRIu64
            " RootDispersion=%" PRIu64 " Reference: %zu bytes (us)",
            raw->poll_interval_ns / 1000, raw->leap, raw->version, raw->mode, raw->stratum,
            raw->precision_log2_s, raw->root_delay_ns / 1000, raw->root_dispersion_ns / 1000,
            raw->reference_bytes);
  trace_add(trace,
            "timesyncd: T1=%" PRIu64 " T2=%" PRIu64 " T3=%" PRIu64 " T4=%" PRIu64
            " Ignored=%s PacketCount=%" PRIu64 " Jitter=%" PRIu64 " (us)",
            raw->stamp_us[TIMESYNC_T1], raw->stamp_us[TIMESYNC_T2], raw->stamp_us[TIMESYNC_T3],
            raw->stamp_us[TIMESYNC_T4], raw->spike ? "yes" : "no", raw->replies,
            raw->jitter_ns / 1000);
}

/* Prints " (last synchronised 3h 2min ago)", from the file that the daemon touches at each
 * synchronisation (systemd-timesyncd.service(8)) and that outlives it; "" if unknown. */
static const char *print_last_synchronised(const struct bus *bus, char *out, size_t size_bytes) {
  struct stat status;
  char span[DURATION_TEXT_BYTES];
  out[0] = '\0';
  if (bus->elsewhere || stat("/run/systemd/timesync/synchronized", &status) != 0) {
    return out;
  }
  int64_t age_s = clock_realtime_ns() / DURATION_S - (int64_t)status.st_mtim.tv_sec;
  if (age_s >= 0 && age_s < INT64_MAX / DURATION_S) {
    (void)snprintf(out, size_bytes, " (last synchronised %s ago)",
                   duration_print(span, age_s * DURATION_S));
  }
  return out;
}

/* Returns the advice for an error of this machine's bus. */
static const char *find_bus_advice(int error) {
  static const struct {
    int error;
    const char *advice;
  } rows[] = {
      {-EPERM, "it rejects this user's authentication, as a host's bus does inside a container"},
      {-EACCES, "this user may not open its socket, /run/dbus/system_bus_socket"},
      {-EAFNOSUPPORT, "does the unit's RestrictAddressFamilies= lack AF_UNIX?"},
      {-ECONNRESET, "it closed the connection: systemctl status dbus"},
      {-ENOTCONN, "it closed the connection: systemctl status dbus"},
      {-EPIPE, "it closed the connection: systemctl status dbus"},
      {-EAGAIN, "it accepts no more connections: systemctl status dbus"},
      {-ENOBUFS, "it accepts no more connections: systemctl status dbus"},
  };
  for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
    if (rows[i].error == error) {
      return rows[i].advice;
    }
  }
  return "is the package dbus installed and running?";
}

/* Explains why there is no connection to the bus. */
static int explain_no_bus(const struct bus *bus, int error, struct why *why) {
  char name[192];
  char said[BUS_SSH_WORDS_BYTES];
  char last[128];
  const struct config *config = bus->ask->config;
  enum reason reason = error == -EACCES || error == -EPERM ? REASON_DENIED : REASON_NO_BUS;
  bus_name(bus, name, sizeof name);
  bus_ssh_words(bus, said, sizeof said);
  if (config->host != NULL && said[0] == '\0') {
    return why_set(why, reason, error,
                   "cannot connect to %s: %s" WHY_ADVICE
                   "is ssh installed? try: ssh %.128s true; or ask an NTP server: -s sntp:HOST",
                   name, strerror(-error), config->host);
  }
  if (config->host != NULL) {
    return why_set(why, reason, error,
                   "cannot connect to %s%s" WHY_ADVICE
                   "try: ssh %.128s true; or ask an NTP server: -s sntp:HOST",
                   name, said, config->host);
  }
  bool closed = error == -ECONNRESET || error == -ENOTCONN || error == -EPIPE;
  if (closed && !bus->elsewhere && !bus->accepted && bus_user_is_unknown(bus->ask->env->uid)) {
    return why_set(
        why, REASON_DENIED, error,
        "the system bus closed the connection because uid %u has no entry in /etc/passwd" WHY_ADVICE
        "run as a user that has one (in a unit User=ntp_monitor, not DynamicUser=yes)",
        (unsigned)bus->ask->env->uid);
  }
  const char *advice = find_bus_advice(error);
  if (config->machine != NULL) {
    advice = "check: machinectl list (asking a container needs root)";
  }
  return why_set(why, reason, error, "cannot connect to %s: %s%s" WHY_ADVICE "%s", name,
                 strerror(-error), print_last_synchronised(bus, last, sizeof last), advice);
}

static int fail_no_bus(const struct bus *bus, int error, struct why *why) {
  (void)explain_no_bus(bus, error, why);
  why->names_host = bus->elsewhere;
  return error;
}

static int explain_timeout(const struct bus *bus, struct why *why) {
  char name[192];
  char said[BUS_SSH_WORDS_BYTES];
  char span[DURATION_TEXT_BYTES];
  ask_print_waited(bus->ask, span);
  if (sd_bus_is_ready(bus->bus) > 0) {
    return why_set(why, REASON_TIMEOUT, -ETIMEDOUT,
                   "systemd-timesyncd is not responding: no answer within %s" CHECK_SERVICE, span);
  }
  const char *advice = "check: systemctl status dbus";
  if (bus->elsewhere) {
    advice = "check that machine and the path to it";
  }
  (void)why_set(why, REASON_TIMEOUT, -ETIMEDOUT,
                "%s is not responding: no answer within %s%s" WHY_ADVICE "%s",
                bus_name(bus, name, sizeof name), span, bus_ssh_words(bus, said, sizeof said),
                advice);
  why->names_host = bus->elsewhere;
  return -ETIMEDOUT;
}

/* Explains an error reply by its name, because errnos collide. */
static int explain_error(const struct bus *bus, const sd_bus_error *error, struct why *why) {
  char last[128];
  const char *message = error->message != NULL ? error->message : "no reason given";
  static const char *const absent[] = {SD_BUS_ERROR_NAME_HAS_NO_OWNER, SD_BUS_ERROR_SERVICE_UNKNOWN,
                                       "org.freedesktop.systemd1.NoSuchUnit"};
  for (size_t i = 0; i < sizeof absent / sizeof *absent; i++) {
    if (sd_bus_error_has_name(error, absent[i])) {
      return why_set(why, REASON_NO_SERVICE, -ENXIO,
                     "systemd-timesyncd is not running%s" WHY_ADVICE
                     "if it should be running: systemctl start systemd-timesyncd",
                     print_last_synchronised(bus, last, sizeof last));
    }
  }
  if (sd_bus_error_has_name(error, SD_BUS_ERROR_NO_REPLY)) {
    if (sd_bus_is_open(bus->bus) <= 0) {
      return fail_no_bus(bus, -ECONNRESET, why);
    }
    return why_set(why, REASON_NO_SERVICE, -ENXIO,
                   "systemd-timesyncd stopped while being asked" CHECK_SERVICE);
  }
  if (sd_bus_error_has_name(error, SD_BUS_ERROR_ACCESS_DENIED)) {
    return why_set(why, REASON_DENIED, -EACCES,
                   "the bus policy forbids asking systemd-timesyncd (%.90s)" WHY_ADVICE "check "
                   "org.freedesktop.timesync1.conf in /usr/share/dbus-1/system.d",
                   message);
  }
  return why_set(why, REASON_BAD_REPLY, -EBADMSG, "systemd-timesyncd answered %.128s: %.256s",
                 error->name, message);
}

/* Asks and waits: 0 with bus->reply, or a negative errno with why. */
static int ask_daemon(struct bus *bus, struct why *why) {
  int error =
      bus_get_all(bus, SERVICE, "/org/freedesktop/timesync1", "org.freedesktop.timesync1.Manager");
  if (error == -ETIMEDOUT) {
    return explain_timeout(bus, why);
  }
  if (error < 0) {
    return fail_no_bus(bus, error, why);
  }
  if (sd_bus_message_is_method_error(bus->reply, NULL) > 0) {
    return explain_error(bus, sd_bus_message_get_error(bus->reply), why);
  }
  return 0;
}

static int measure_timesyncd(const struct ask *ask, struct samples *samples, struct why *why) {
  if (bus_check_environment(ask, why) != 0) {
    return -EPERM;
  }
  struct bus bus;
  struct timesync raw = {.present = 0};
  struct sample sample;
  int error = bus_open(&bus, ask);
  if (error < 0) {
    error = fail_no_bus(&bus, error, why);
  } else {
    error = ask_daemon(&bus, why);
  }
  if (error == 0) {
    error = timesync_bus_read(bus.reply, &raw, why);
  }
  if (error == 0) {
    trace_raw(ask->env->trace, &raw);
    error = timesync_sample(&raw, clock_realtime_ns(), &sample, why);
  }
  if (error == 0) {
    sample.clock = ask->config->host != NULL ? CLOCK_ELSEWHERE : CLOCK_SYSTEM;
    timesync_explain(&raw, &sample, samples->note, sizeof samples->note);
    error = samples_add(samples, &sample, why);
  }
  bus_close(&bus);
  return error;
}

static bool runs_timesyncd(const struct ask *ask) {
  struct ask glance = *ask;
  struct bus bus;
  struct why why;
  glance.deadline_ns = env_deadline_within(ask->env, GLANCE_NS);
  if (bus_check_environment(ask, &why) != 0) {
    return false;
  }
  bool runs = bus_open(&bus, &glance) >= 0 && bus_has_owner(&bus, SERVICE);
  bus_close(&bus);
  return runs;
}

const struct source source_timesyncd = {
    .name = "timesyncd",
    .summary = "systemd-timesyncd over the system bus",
    .automatic = true,
    .keeps_clock = true,
    .servers_only = true,
    .remote = true,
    .measure = measure_timesyncd,
    .runs = runs_timesyncd,
};

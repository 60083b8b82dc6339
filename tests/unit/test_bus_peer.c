/* Tests of bus.c: the question as it stands on the wire, answered by a bus that is this
 * file's own. */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/wait.h>

#include <cmocka.h>

#include "ntp_monitor/clock.h"
#include "ntp_monitor/config.h"
#include "ntp_monitor/duration.h"
#include "ntp_monitor/env.h"
#include "source/timesyncd/bus.h"
#include "tests/unit/ask.h"
#include "tests/unit/sockets.h"
#include "tests/unit/temp.h"

/* How the bus answers GetAll. */
enum answer { PROPERTIES, ERROR, NOTHING };

static enum answer answer;
static int verdict; /* of the bus, in the child: 7 where the question was right */

static bool is_right(sd_bus_message *call) {
  const char *interface = NULL;
  return sd_bus_message_is_method_call(call, "org.freedesktop.DBus.Properties", "GetAll") > 0 &&
         strcmp(sd_bus_message_get_destination(call), "a.service") == 0 &&
         strcmp(sd_bus_message_get_path(call), "/an/object") == 0 &&
         sd_bus_message_get_auto_start(call) == 0 && sd_bus_message_get_expect_reply(call) > 0 &&
         sd_bus_message_has_signature(call, "s") > 0 &&
         sd_bus_message_read(call, "s", &interface) > 0 && strcmp(interface, "an.interface") == 0;
}

static int on_call(sd_bus_message *call, void *user, sd_bus_error *error) {
  (void)user;
  (void)error;
  if (sd_bus_message_is_method_call(call, "org.freedesktop.DBus", "Hello") > 0) {
    return sd_bus_reply_method_return(call, "s", ":1.1");
  }
  if (sd_bus_message_is_signal(call, "org.freedesktop.DBus.Local", "Disconnected") > 0) {
    return 0;
  }
  verdict = verdict == 0 && is_right(call) ? 7 : 8; /* and there is just one */
  if (answer == PROPERTIES) {
    return sd_bus_reply_method_return(call, "a{sv}", 1, "Name", "s", "value");
  }
  if (answer == ERROR) {
    return sd_bus_reply_method_errorf(call, SD_BUS_ERROR_NAME_HAS_NO_OWNER, "nobody");
  }
  return 1;
}

/* The life of the bus: one client, until it goes. */
static void serve(int listener) {
  sd_bus *bus = NULL;
  int fd = accept4(listener, NULL, NULL, SOCK_CLOEXEC | SOCK_NONBLOCK);
  int error = sd_bus_new(&bus);
  error = error < 0 ? error : sd_bus_set_fd(bus, fd, fd);
  error = error < 0 ? error : sd_bus_set_server(bus, 1, (sd_id128_t){.bytes = {1}});
  error = error < 0 ? error : sd_bus_set_anonymous(bus, 1);
  error = error < 0 ? error : sd_bus_add_filter(bus, NULL, on_call, NULL);
  error = error < 0 ? error : sd_bus_start(bus);
  while (error >= 0) {
    error = sd_bus_process(bus, NULL);
    error = error == 0 ? sd_bus_wait(bus, UINT64_MAX) : error;
  }
  _exit(verdict);
}

static struct bus bus;

/* Asks a bus that answers so; the bus stays open. */
static int ask(enum answer how, pid_t *child) {
  static struct env env;
  static struct config config;
  answer = how;
  int listener = sockets_local("bus", SOCK_STREAM);
  *child = fork();
  if (*child == 0) {
    serve(listener);
  }
  (void)close(listener);
  env.measure_deadline_ns = clock_monotonic_ns() + (how == NOTHING ? 800 : 20000) * DURATION_MS;
  const struct ask *ask = ASK(&env, &config, NULL);
  int error = bus_open(&bus, ask);
  return error < 0 ? error : bus_get_all(&bus, "a.service", "/an/object", "an.interface");
}

static void close_and_check(pid_t child) {
  int status = 0;
  bus_close(&bus);
  assert_int_equal(waitpid(child, &status, 0), child);
  assert_true(WIFEXITED(status));
  assert_int_equal(WEXITSTATUS(status), 7);
}

static void test_properties(void **state) {
  (void)state;
  pid_t child = 0;
  assert_true(ask(PROPERTIES, &child) >= 0);
  assert_non_null(bus.reply);
  assert_int_equal(sd_bus_message_is_method_error(bus.reply, NULL), 0);
  assert_string_equal(sd_bus_message_get_signature(bus.reply, true), "a{sv}");
  close_and_check(child);
}

static void test_error(void **state) {
  (void)state;
  pid_t child = 0;
  assert_true(ask(ERROR, &child) >= 0);
  assert_true(sd_bus_message_is_method_error(bus.reply, SD_BUS_ERROR_NAME_HAS_NO_OWNER) > 0);
  close_and_check(child);
}

/* Connected, asked, and never answered. */
static void test_nothing(void **state) {
  (void)state;
  pid_t child = 0;
  int64_t begun_ns = clock_monotonic_ns();
  assert_int_equal(ask(NOTHING, &child), -ETIMEDOUT);
  assert_in_range(clock_monotonic_ns() - begun_ns, 799 * DURATION_MS, 5000 * DURATION_MS);
  assert_true(sd_bus_is_ready(bus.bus) > 0); /* so it is the service that hangs */
  close_and_check(child);
}

static int enter(void **state) {
  char address[TEMP_PATH_BYTES + 32];
  int error = temp_enter(state);
  (void)snprintf(address, sizeof address, "unix:path=%s/bus", temp_name());
  return error != 0 ? error : setenv("DBUS_SYSTEM_BUS_ADDRESS", address, 1);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(test_properties),
      cmocka_unit_test(test_error),
      cmocka_unit_test(test_nothing),
  };
  (void)alarm(30);
  return cmocka_run_group_tests(tests, enter, temp_leave);
}

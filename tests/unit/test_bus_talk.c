/* Tests of bus.c: silent and absent buses, and whom root may ask. The whole conversation is
 * tested on a real bus elsewhere. */
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
#include "ntp_monitor/trace.h"
#include "ntp_monitor/why.h"
#include "source/timesyncd/bus.h"
#include "tests/unit/ask.h"
#include "tests/unit/golden.h"
#include "tests/unit/sockets.h"
#include "tests/unit/temp.h"

static struct trace trace;
static struct env env = {.trace = &trace};
static struct config config;

static void set_address(const char *address) {
  (void)(address == NULL ? unsetenv("DBUS_SYSTEM_BUS_ADDRESS")
                         : setenv("DBUS_SYSTEM_BUS_ADDRESS", address, 1));
}

static void test_environment(void **state) {
  (void)state;
  static const struct {
    const char *address;
    bool good;
  } rows[] = {
      {NULL, true},
      {"", true},
      {"unix:path=/run/dbus/system_bus_socket", true},
      {"unix:abstract=x;unix:path=/y", true},
      {"unixexec:path=/bin/sh", false},
      {"unix:path=/x;unixexec:path=/bin/sh", false},
      {"tcp:host=localhost,port=1", false},
      {";unix:path=/x", false},
      {"x-machine-unix:pid=1", false},
      {"unix", false},
  };
  for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
    struct why why = {.text = ""};
    set_address(rows[i].address);
    env.uid = 0;
    assert_int_equal(bus_check_environment(ASK(&env, &config, NULL), &why),
                     rows[i].good ? 0 : -EPERM);
    assert_int_equal(why.text[0] == '\0', rows[i].good);
    env.uid = 1000; /* a user decides for himself alone */
    assert_int_equal(bus_check_environment(ASK(&env, &config, NULL), &why), 0);
    env.uid = 0;
    config.machine = "box"; /* the variable has no say in these */
    assert_int_equal(bus_check_environment(ASK(&env, &config, NULL), &why), 0);
    config.machine = NULL;
  }
  struct why why;
  set_address("unix:path=/x;tcp:\033");
  assert_int_equal(bus_check_environment(ASK(&env, &config, NULL), &why), -EPERM);
  assert_int_equal(why.reason, REASON_NO_BUS);
  assert_golden(why.text, "address that is not local");
  assert_non_null(strstr(why.text, "'unix:path=/x;tcp:\\x1b'"));
}

/* What bus_open and bus_get_all say of the bus at path, given so many ms. sd-bus makes up
 * an error reply where the connection broke: -EPIPE here. */
static int converse(const char *path, int64_t ms) {
  char address[TEMP_PATH_BYTES + 32];
  struct bus bus;
  (void)snprintf(address, sizeof address, "unix:path=%s/%s", temp_name(), path);
  set_address(address);
  env.measure_deadline_ns = clock_monotonic_ns() + ms * DURATION_MS;
  int error = bus_open(&bus, ASK(&env, &config, NULL));
  assert_false(bus.elsewhere);
  error = error < 0 ? error : bus_get_all(&bus, "a.b", "/a", "a.b");
  if (error >= 0) {
    assert_true(sd_bus_message_is_method_error(bus.reply, SD_BUS_ERROR_NO_REPLY) > 0);
    assert_int_equal(sd_bus_is_open(bus.bus), 0);
    error = -EPIPE;
  }
  bus_close(&bus);
  return error;
}

static void test_no_bus(void **state) {
  (void)state;
  assert_int_equal(converse("missing", 5000), -ENOENT);
  assert_int_equal(temp_write("file", "", 0), 0);
  assert_int_equal(converse("file", 5000), -ECONNREFUSED);
  (void)close(sockets_local("stale", SOCK_STREAM));
  assert_int_equal(converse("stale", 5000), -ECONNREFUSED);
}

/* It takes the connection and says nothing: sd-bus alone would wait for 90 s. */
static void test_silence(void **state) {
  (void)state;
  int listener = sockets_local("silent", SOCK_STREAM);
  int64_t begun_ns = clock_monotonic_ns();
  assert_int_equal(converse("silent", 100), -ETIMEDOUT);
  assert_in_range(clock_monotonic_ns() - begun_ns, 99 * DURATION_MS, 2000 * DURATION_MS);
  (void)close(listener);
}

/* It takes the connection, says something and is gone. */
static void check_said(const char *words) {
  int listener = sockets_local("bus", SOCK_STREAM);
  pid_t child = fork();
  if (child == 0) {
    int peer = accept(listener, NULL, NULL);
    (void)!write(peer, words, strlen(words));
    (void)usleep(20000);
    _exit(0);
  }
  (void)close(listener);
  int error = converse("bus", 10000);
  assert_true(error < 0 && error != -ETIMEDOUT);
  (void)waitpid(child, NULL, 0);
}

static void test_gone(void **state) {
  (void)state;
  check_said("");
  check_said("REJECTED\r\n");
  check_said("no line of any protocol");
}

static void test_names(void **state) {
  (void)state;
  char out[192];
  const struct bus bus = {.ask = ASK(&env, &config, NULL), .ssh_says = -1};
  assert_golden(bus_name(&bus, out, sizeof out), "bus");
  assert_string_equal(bus_ssh_words(&bus, out, sizeof out), "");
  config.host = "me@there";
  assert_golden(bus_name(&bus, out, sizeof out), "bus of a host");
  config.host = NULL;
  config.machine = "box";
  assert_golden(bus_name(&bus, out, sizeof out), "bus of a container");
  config.machine = NULL;
}

static void test_ssh_words(void **state) {
  (void)state;
  static const struct {
    const char *said, *want;
  } rows[] = {{"", NULL},
              {"\n\n", NULL},
              {"no route\r\n", "'no route'"},
              {"one\r\ntwo\nthree\n", "'one; two; three'"},
              {"Warning: this host is new\nwatched\r\nme@far: Permission denied (key).\n",
               "'watched; me@far: Permission denied (key).'"},
              {"a greeting\nI am the first of many a word that nobody can use; no route", "..."},
              {"I am the first of many a word that nobody can use; no route", "..."}};
  char out[12 + 45 + 1 + 1];
  for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
    int ends[2];
    assert_int_equal(pipe2(ends, O_CLOEXEC | O_NONBLOCK), 0);
    assert_true(write(ends[1], rows[i].said, strlen(rows[i].said)) >= 0);
    const struct bus bus = {.ask = ASK(&env, &config, NULL), .ssh_says = ends[0]};
    (void)bus_ssh_words(&bus, out, sizeof out);
    if (rows[i].want == NULL) {
      assert_string_equal(out, "");
    } else {
      assert_golden(out, "ssh: %s", rows[i].said);
      assert_non_null(strstr(out, rows[i].want));
    }
    (void)close(ends[0]);
    (void)close(ends[1]);
  }
}

/* More than fits is cut, at every size. */
static void test_many_ssh_words(void **state) {
  (void)state;
  char banner[4096]; /* whose last line says why */
  char words[64];
  int both[2];
  memset(banner, '*', sizeof banner);
  memcpy(banner + sizeof banner - 8, "\nno key\n", 8);
  assert_int_equal(pipe2(both, O_CLOEXEC | O_NONBLOCK), 0);
  assert_int_equal(write(both[1], banner, sizeof banner), sizeof banner);
  const struct bus watched = {.ask = ASK(&env, &config, NULL), .ssh_says = both[0]};
  assert_non_null(strstr(bus_ssh_words(&watched, words, sizeof words), "'no key'"));
  (void)close(both[0]);
  (void)close(both[1]);
  for (size_t size = 32; size < 64; size++) {
    char said[64];
    char out[80];
    int ends[2];
    memset(said, '\n', sizeof said);
    said[sizeof said - 1] = 'x';
    memset(out, '#', sizeof out);
    assert_int_equal(pipe2(ends, O_CLOEXEC | O_NONBLOCK), 0);
    assert_int_equal(write(ends[1], said, sizeof said), sizeof said);
    const struct bus bus = {.ask = ASK(&env, &config, NULL), .ssh_says = ends[0]};
    assert_in_range(strlen(bus_ssh_words(&bus, out, size)), 1, size - 1);
    assert_int_equal(out[size], '#');
    (void)close(ends[0]);
    (void)close(ends[1]);
  }
}

/* As dbus-daemon sees it: by the file, and DynamicUser='s range whatever our NSS says. */
static void test_unknown_user(void **state) {
  (void)state;
  assert_false(bus_user_is_unknown(0));
  assert_true(bus_user_is_unknown(61184));
  assert_true(bus_user_is_unknown(65519));
  assert_true(bus_user_is_unknown(4000000000));
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(test_environment), cmocka_unit_test(test_unknown_user),
      cmocka_unit_test(test_no_bus),      cmocka_unit_test(test_silence),
      cmocka_unit_test(test_gone),        cmocka_unit_test(test_names),
      cmocka_unit_test(test_ssh_words),   cmocka_unit_test(test_many_ssh_words),
  };
  (void)alarm(30);
  return cmocka_run_group_tests(tests, temp_enter, temp_leave);
}

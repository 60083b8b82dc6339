/* Tests of timesync_bus.c: replies of every shape that the owner of the name can send. */
#include <arpa/inet.h>
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "ntp_monitor/why.h"
#include "source/timesyncd/timesync.h"
#include "source/timesyncd/timesync_bus.h"
#include "tests/unit/bus_message.h"
#include "tests/unit/golden.h"

static sd_bus *bus;
static int ends[2];
static struct timesync raw;
static struct why why;

enum property { NAME, ADDRESS, POLL, MESSAGE, COUNT };
static const char *const names[COUNT] = {"ServerName", "ServerAddress", "PollIntervalUSec",
                                         "NTPMessage"};

/* The property as systemd-timesyncd sends it. */
static void append_good(sd_bus_message *message, enum property property) {
  static const unsigned char address[] = {192, 0, 2, 1};
  assert_true(sd_bus_message_open_container(message, 'e', "sv") >= 0);
  assert_true(sd_bus_message_append(message, "s", names[property]) >= 0);
  switch (property) {
  case NAME:
    assert_true(sd_bus_message_append(message, "v", "s", "ntp\n.example.org") >= 0);
    break;
  case ADDRESS:
    assert_true(sd_bus_message_open_container(message, 'v', "(iay)") >= 0);
    assert_true(sd_bus_message_open_container(message, 'r', "iay") >= 0);
    assert_true(sd_bus_message_append(message, "i", AF_INET) >= 0);
    assert_true(sd_bus_message_append_array(message, 'y', address, sizeof address) >= 0);
    assert_true(sd_bus_message_close_container(message) >= 0);
    assert_true(sd_bus_message_close_container(message) >= 0);
    break;
  case POLL:
    assert_true(sd_bus_message_append(message, "v", "t", UINT64_C(32000000)) >= 0);
    break;
  case MESSAGE:
  case COUNT:
    assert_true(sd_bus_message_append(message, "v", "(uuuuittayttttbtt)", 1, 4, 4, 2, -24,
                                      UINT64_C(60), UINT64_C(70), 4, 'G', 'P', 'S', 0,
                                      UINT64_C(1001), UINT64_C(1002), UINT64_C(1003),
                                      UINT64_C(1004), 1, UINT64_C(10), UINT64_C(1207)) >= 0);
    break;
  }
  assert_true(sd_bus_message_close_container(message) >= 0);
}

static int read_sealed(sd_bus_message *message) {
  assert_true(bus_message_seal(message));
  memset(&raw, 0, sizeof raw);
  why = (struct why){.text = ""};
  int error = timesync_bus_read(message, &raw, &why);
  sd_bus_message_unref(message);
  return error;
}

static sd_bus_message *begin(void) {
  sd_bus_message *message = bus_message_new(bus);
  assert_non_null(message);
  assert_true(sd_bus_message_open_container(message, 'a', "{sv}") >= 0);
  return message;
}

static int finish(sd_bus_message *message) {
  assert_true(sd_bus_message_close_container(message) >= 0);
  return read_sealed(message);
}

/* Every property is good, but the one left out (COUNT: none). */
static sd_bus_message *begin_without(enum property left_out) {
  sd_bus_message *message = begin();
  for (enum property i = NAME; i < COUNT; i++) {
    if (i != left_out) {
      append_good(message, i);
    }
  }
  return message;
}

static void test_good(void **state) {
  (void)state;
  assert_int_equal(finish(begin_without(COUNT)), 0);
  assert_string_equal(why.text, "");
  assert_int_equal(raw.present, TIMESYNC_ALL);
  assert_string_equal(raw.server, "ntp\\x0a.example.org");
  assert_int_equal(raw.family, AF_INET);
  assert_int_equal(raw.address_bytes, 4);
  assert_memory_equal(raw.address, "\xc0\x00\x02\x01", 4);
  assert_int_equal(raw.poll_interval_ns, 32000000000);
  assert_int_equal(raw.leap, 1);
  assert_int_equal(raw.version, 4);
  assert_int_equal(raw.mode, 4);
  assert_int_equal(raw.stratum, 2);
  assert_int_equal(raw.precision_log2_s, -24);
  assert_int_equal(raw.root_delay_ns, 60000);
  assert_int_equal(raw.root_dispersion_ns, 70000);
  assert_int_equal(raw.reference_bytes, 4);
  for (size_t i = 0; i < TIMESYNC_STAMPS; i++) {
    assert_int_equal(raw.stamp_us[i], 1001 + i);
  }
  assert_true(raw.spike);
  assert_int_equal(raw.replies, 10);
  assert_int_equal(raw.jitter_ns, 1207000);
}

/* Properties that later versions may add, of any type, are passed over. */
static void test_extra(void **state) {
  (void)state;
  sd_bus_message *message = begin();
  for (enum property i = MESSAGE + 1; i-- > NAME;) { /* in any order, too */
    assert_true(sd_bus_message_append(message, "{sv}", "Extra", "a{s(ii)}", 1, "k", 1, 2) >= 0);
    assert_true(sd_bus_message_append(message, "{sv}", "LinkNTPServers", "as", 2, "a", "b") >= 0);
    assert_true(sd_bus_message_append(message, "{sv}", "Frequency", "x", INT64_C(-5)) >= 0);
    append_good(message, i);
  }
  assert_int_equal(finish(message), 0);
  assert_int_equal(raw.replies, 10);
}

static void test_missing(void **state) {
  (void)state;
  for (enum property i = NAME; i < COUNT; i++) {
    assert_int_equal(finish(begin_without(i)), -EBADMSG);
    assert_golden(why.text, "without %s", names[i]);
    assert_int_equal(why.reason, REASON_BAD_REPLY);
  }
  assert_int_equal(finish(begin()), -EBADMSG);
}

static void test_wrong_types(void **state) {
  (void)state;
  static const struct {
    enum property property;
    const char *type;
  } rows[] = {
      {NAME, "t"}, {NAME, "o"}, {ADDRESS, "s"}, {ADDRESS, "(uay)"}, {ADDRESS, "(ias)"},
      {POLL, "u"}, {POLL, "x"}, {POLL, "d"},    {MESSAGE, "s"},     {MESSAGE, "(uuuuittayttttbt)"}};
  for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
    const char *type = rows[i].type;
    sd_bus_message *message = begin_without(rows[i].property);
    const char *name = names[rows[i].property];
    int error = strcmp(type, "s") == 0   ? sd_bus_message_append(message, "{sv}", name, "s", "x")
                : strcmp(type, "o") == 0 ? sd_bus_message_append(message, "{sv}", name, "o", "/x")
                : strcmp(type, "u") == 0 ? sd_bus_message_append(message, "{sv}", name, "u", 1)
                : strcmp(type, "d") == 0 ? sd_bus_message_append(message, "{sv}", name, "d", 1.0)
                : type[0] != '(' ? sd_bus_message_append(message, "{sv}", name, type, UINT64_C(1))
                : type[1] == 'i' || strlen(type) == 5
                    ? sd_bus_message_append(message, "{sv}", name, type, 2, 0)
                    : sd_bus_message_append(message, "{sv}", name, type, 0, 4, 4, 2, -24,
                                            UINT64_C(0), UINT64_C(0), 0, UINT64_C(0), UINT64_C(0),
                                            UINT64_C(0), UINT64_C(0), 0, UINT64_C(0));
    assert_true(error >= 0);
    assert_int_equal(finish(message), -EBADMSG);
    assert_golden(why.text, "%s of type %s", name, type);
  }
}

static void test_wrong_reply(void **state) {
  (void)state;
  static const char *const types[] = {"", "s", "a{ss}", "a{sv}s", "v"};
  for (size_t i = 0; i < sizeof types / sizeof *types; i++) {
    sd_bus_message *message = bus_message_new(bus);
    assert_non_null(message);
    int error = i == 0   ? 0
                : i == 1 ? sd_bus_message_append(message, "s", "x")
                : i == 2 ? sd_bus_message_append(message, "a{ss}", 1, "a", "b")
                : i == 3 ? sd_bus_message_append(message, "a{sv}s", 0, "x")
                         : sd_bus_message_append(message, "v", "s", "x");
    assert_true(error >= 0);
    assert_int_equal(read_sealed(message), -EBADMSG);
    assert_golden(why.text, "reply of type '%s'", types[i]);
  }
}

/* Odd values are read as they are: timesync_sample.c judges them. */
static void test_odd_values(void **state) {
  (void)state;
  char name[1000];
  memset(name, 'n', sizeof name - 1);
  name[sizeof name - 1] = '\0';
  sd_bus_message *message = begin();
  assert_true(sd_bus_message_append(message, "{sv}", "ServerName", "s", name) >= 0);
  assert_true(sd_bus_message_append(message, "{sv}", "PollIntervalUSec", "t", UINT64_MAX) >= 0);
  assert_true(sd_bus_message_append(message, "{sv}", "ServerAddress", "(iay)", -1, 17, 1, 2, 3, 4,
                                    5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16, 17) >= 0);
  assert_true(sd_bus_message_append(message, "{sv}", "NTPMessage", "(uuuuittayttttbtt)", UINT32_MAX,
                                    UINT32_MAX, UINT32_MAX, UINT32_MAX, INT32_MIN, UINT64_MAX,
                                    UINT64_MAX, 0, UINT64_MAX, UINT64_MAX, UINT64_MAX, UINT64_MAX,
                                    0, UINT64_MAX, UINT64_MAX) >= 0);
  assert_int_equal(finish(message), 0);
  assert_int_equal(strlen(raw.server), SAMPLE_SERVER_BYTES - 1);
  assert_int_equal(raw.address_bytes, 17);
  assert_int_equal(raw.address[0], 0);
  assert_int_equal(raw.reference_bytes, 0);
  assert_int_equal(raw.poll_interval_ns, UINT64_MAX);
  assert_int_equal(raw.jitter_ns, UINT64_MAX);
  assert_int_equal(raw.leap, UINT32_MAX);
  struct sample sample;
  assert_int_equal(timesync_sample(&raw, 0, &sample, &why), -EBADMSG);
}

static int open_bus(void **state) {
  (void)state;
  bus = bus_message_bus(ends);
  return bus != NULL ? 0 : -1;
}

static int close_bus(void **state) {
  (void)state;
  sd_bus_close_unref(bus);
  return close(ends[1]);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(test_good),        cmocka_unit_test(test_extra),
      cmocka_unit_test(test_missing),     cmocka_unit_test(test_wrong_types),
      cmocka_unit_test(test_wrong_reply), cmocka_unit_test(test_odd_values),
  };
  return cmocka_run_group_tests(tests, open_bus, close_bus);
}

/*
 * fake_timesync1: owns org.freedesktop.timesync1 on the system bus and answers with what a test
 * tells it to, for the replies a real systemd-timesyncd never gives.
 *
 * usage: fake_timesync1 [MODE] [SETTING...]
 * A mode breaks the shape of the answer, a setting one value in it. Byte strings must be UTF-8
 * where the bus wants that (it drops a sender of anything else).
 */
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "timesync1.h"

enum { HUGE_BYTES = 1 << 20, MANY_PROPERTIES = 10000 };

/* A mode answers in a way of its own, or appends one property's value otherwise (NULL: leaves it
 * out). */
struct mode {
  const char *name, *doc;
  int (*answer)(sd_bus_message *reply, const struct timesync1 *values);
  const char *property;
  timesync1_append *instead;
};

struct fake {
  struct timesync1 values;
  const struct mode *mode;
};

static char *huge_text(void) {
  char *text = malloc(HUGE_BYTES + 1);

  if (text) {
    memset(text, 'A', HUGE_BYTES);
    text[HUGE_BYTES] = '\0';
  }
  return text;
}

static int append_huge_text(sd_bus_message *to, const struct timesync1 *values) {
  char *text = huge_text();
  int r = sd_bus_message_append(to, "v", "s", text);

  (void)values;
  free(text);
  return r;
}

static int append_text(sd_bus_message *to, const struct timesync1 *values) {
  (void)values;
  return sd_bus_message_append(to, "v", "s", "soon");
}

static int append_number(sd_bus_message *to, const struct timesync1 *values) {
  (void)values;
  return sd_bus_message_append(to, "v", "u", 7);
}

static int append_short(sd_bus_message *to, const struct timesync1 *values) {
  (void)values;
  return sd_bus_message_append(to, "v", "(uuuu)", 0, 4, 4, 2);
}

static int append_long(sd_bus_message *to, const struct timesync1 *values) {
  int r = 0;

  if ((r = sd_bus_message_open_container(to, 'v', "(uuuuittayttttbttu)")) < 0 ||
      (r = sd_bus_message_open_container(to, 'r', "uuuuittayttttbttu")) < 0 ||
      (r = timesync1_append_fields(to, values)) < 0 ||
      (r = sd_bus_message_append(to, "u", 1)) < 0 || (r = sd_bus_message_close_container(to)) < 0) {
    return r;
  }
  return sd_bus_message_close_container(to);
}

static int answer_nothing(sd_bus_message *reply, const struct timesync1 *values) {
  (void)reply, (void)values;
  return 0;
}

static int answer_text(sd_bus_message *reply, const struct timesync1 *values) {
  (void)values;
  return sd_bus_message_append(reply, "s", "NTPMessage");
}

static int answer_texts(sd_bus_message *reply, const struct timesync1 *values) {
  (void)values;
  return sd_bus_message_append(reply, "(ss)", "NTPMessage", "9us");
}

static int answer_dictionary_of_texts(sd_bus_message *reply, const struct timesync1 *values) {
  (void)values;
  return sd_bus_message_append(reply, "a{ss}", 1, "NTPMessage", "9us");
}

static int answer_dictionary_by_number(sd_bus_message *reply, const struct timesync1 *values) {
  (void)values;
  return sd_bus_message_append(reply, "a{uv}", 1, 10, "t", (uint64_t)9);
}

static int answer_empty(sd_bus_message *reply, const struct timesync1 *values) {
  (void)values;
  return sd_bus_message_append(reply, "a{sv}", 0);
}

static int answer_more(sd_bus_message *reply, const struct timesync1 *values) {
  int r = timesync1_append_all(reply, values, NULL, NULL);

  return r < 0 ? r : sd_bus_message_append(reply, "s", "and more");
}

static int answer_many(sd_bus_message *reply, const struct timesync1 *values) {
  char name[32];
  int r = sd_bus_message_open_container(reply, 'a', "{sv}");

  (void)values;
  for (int i = 0; r >= 0 && i < MANY_PROPERTIES; i++) {
    (void)snprintf(name, sizeof name, "Property%d", i);
    r = sd_bus_message_append(reply, "{sv}", name, "as", 2, name, name);
  }
  return r < 0 ? r : sd_bus_message_close_container(reply);
}

static int append_descriptor(sd_bus_message *to, const struct timesync1 *values) {
  int fd = open("/dev/null", O_RDONLY | O_CLOEXEC);
  int r = sd_bus_message_append(to, "v", "h", fd);

  (void)values;
  (void)close(fd);
  return r;
}

static int answer_exit(sd_bus_message *reply, const struct timesync1 *values) {
  (void)reply, (void)values;
  _exit(0);
}

static int answer_swallow(sd_bus_message *reply, const struct timesync1 *values) {
  (void)reply, (void)values;
  return 1;
}

static const char MESSAGE[] = "NTPMessage";
static const struct mode modes[] = {
    {"normal", "all properties", NULL, NULL, NULL},
    {"swallow", "never answers", answer_swallow, NULL, NULL},
    {"exit", "ends instead of answering", answer_exit, NULL, NULL},
    {"error", "error_name and error_message", NULL, NULL, NULL},
    {"nothing", "a reply without a body", answer_nothing, NULL, NULL},
    {"text", "signature s", answer_text, NULL, NULL},
    {"texts", "signature (ss)", answer_texts, NULL, NULL},
    {"not-variants", "signature a{ss}", answer_dictionary_of_texts, NULL, NULL},
    {"not-names", "signature a{uv}", answer_dictionary_by_number, NULL, NULL},
    {"more", "signature a{sv}s", answer_more, NULL, NULL},
    {"empty", "no property", answer_empty, NULL, NULL},
    {"many", "10000 properties of no meaning", answer_many, NULL, NULL},
    {"no-message", "all but NTPMessage", NULL, MESSAGE, NULL},
    {"message-text", "NTPMessage is a string", NULL, MESSAGE, append_text},
    {"message-short", "NTPMessage is (uuuu)", NULL, MESSAGE, append_short},
    {"message-long", "NTPMessage has one field more", NULL, MESSAGE, append_long},
    {"message-fd", "NTPMessage is a file descriptor", NULL, MESSAGE, append_descriptor},
    {"fd", "a good answer with a file descriptor in it", NULL, "LinkNTPServers", append_descriptor},
    {"no-name", "all but ServerName", NULL, "ServerName", NULL},
    {"name-number", "ServerName is a number", NULL, "ServerName", append_number},
    {"name-huge", "ServerName has 1 MiB", NULL, "ServerName", append_huge_text},
    {"no-address", "all but ServerAddress", NULL, "ServerAddress", NULL},
    {"address-text", "ServerAddress is a string", NULL, "ServerAddress", append_text},
    {"no-poll", "all but PollIntervalUSec", NULL, "PollIntervalUSec", NULL},
    {"poll-text", "PollIntervalUSec is a string", NULL, "PollIntervalUSec", append_text},
};
static const size_t MODE_COUNT = sizeof modes / sizeof modes[0];

static int reply_error(sd_bus_message *call, const struct timesync1 *values) {
  sd_bus_error error = SD_BUS_ERROR_MAKE_CONST((const char *)values->error_name.data,
                                               (const char *)values->error_message.data);

  return sd_bus_reply_method_error(call, &error);
}

static void wait_for(int64_t ns) {
  struct timespec pause = {ns / 1000000000, ns % 1000000000};

  (void)nanosleep(&pause, NULL);
}

static int on_get_all(sd_bus_message *call, const struct fake *fake) {
  const struct mode *mode = fake->mode;
  sd_bus_message *reply = NULL;
  int r = 0;

  wait_for(fake->values.late);
  if (strcmp(mode->name, "error") == 0) {
    return reply_error(call, &fake->values);
  }
  r = sd_bus_message_new_method_return(call, &reply);
  if (r >= 0) {
    r = mode->answer ? mode->answer(reply, &fake->values)
                     : timesync1_append_all(reply, &fake->values, mode->property, mode->instead);
  }
  if (r >= 0 && mode->answer != answer_swallow) {
    r = sd_bus_send(NULL, reply, NULL);
  }
  (void)sd_bus_message_unref(reply);
  return r;
}

static int on_get(sd_bus_message *call, const struct fake *fake) {
  sd_bus_message *reply = NULL;
  const char *name = NULL;
  int r = 0;

  if ((r = sd_bus_message_read(call, "ss", NULL, &name)) >= 0 &&
      (r = sd_bus_message_new_method_return(call, &reply)) >= 0 &&
      (r = timesync1_append_one(reply, &fake->values, name)) >= 0) {
    r = sd_bus_send(NULL, reply, NULL);
  }
  (void)sd_bus_message_unref(reply);
  return r;
}

/* A filter sees calls before sd-bus itself answers those to the Properties interface. */
static int on_message(sd_bus_message *call, void *userdata, sd_bus_error *error) {
  static const char interface[] = "org.freedesktop.DBus.Properties";
  int r = 0;

  (void)error;
  if (sd_bus_message_is_method_call(call, interface, "GetAll")) {
    r = on_get_all(call, userdata);
  } else if (sd_bus_message_is_method_call(call, interface, "Get")) {
    r = on_get(call, userdata);
  } else {
    return 0;
  }
  if (r < 0) {
    (void)fprintf(stderr, "fake_timesync1: cannot answer: %s\n", strerror(-r));
  }
  return 1;
}

static const struct mode *find_mode(const char *name) {
  for (size_t i = 0; i < MODE_COUNT; i++) {
    if (strcmp(modes[i].name, name) == 0) {
      return &modes[i];
    }
  }
  return NULL;
}

static int usage(void) {
  (void)fputs("usage: fake_timesync1 [MODE] [SETTING...]\n", stderr);
  for (size_t i = 0; i < MODE_COUNT; i++) {
    (void)fprintf(stderr, "  %-14s %s\n", modes[i].name, modes[i].doc);
  }
  timesync1_print(stderr);
  return 2;
}

int main(int argc, char **argv) {
  struct fake fake = {.mode = &modes[0]};
  sd_bus *bus = NULL;
  int first = 1;
  int r = 0;

  timesync1_init(&fake.values);
  if (argc > 1 && strchr(argv[1], '=') == NULL) {
    fake.mode = find_mode(argv[first++]);
  }
  for (int i = first; r >= 0 && i < argc; i++) {
    r = timesync1_set(&fake.values, argv[i]);
  }
  if (r < 0 || fake.mode == NULL) {
    return usage();
  }
  if ((r = sd_bus_open_system(&bus)) >= 0 &&
      (r = sd_bus_add_filter(bus, NULL, on_message, &fake)) >= 0 &&
      (r = sd_bus_request_name(bus, "org.freedesktop.timesync1", 0)) >= 0) {
    (void)puts("ready");
    (void)fflush(stdout);
  }
  while (r >= 0) {
    r = sd_bus_process(bus, NULL);
    if (r == 0) {
      r = sd_bus_wait(bus, UINT64_MAX);
    }
  }
  (void)fprintf(stderr, "fake_timesync1: %s\n", strerror(-r));
  (void)sd_bus_close_unref(bus);
  return 1;
}

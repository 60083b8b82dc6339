/*
 * Fuzz target: what the source timesyncd is told where it fails: by ssh on its stderr, by an
 * error reply, by DBUS_SYSTEM_BUS_ADDRESS.
 *
 * The first byte says how the asking failed; then three texts, one a line: ssh's own (in which
 * \v is a line's end, \f a NUL), the error's name and its message. The environment has the first.
 */
#include <fcntl.h>
#include <stdlib.h>

#include "src/source/timesyncd/timesyncd.c"
#include "tests/fuzz/fuzz.h"

static char *next_text(struct bytes *bytes) {
  const uint8_t *end = memchr(bytes->at, '\n', bytes->left);
  char *text = fuzz_text(bytes, end != NULL ? (size_t)(end - bytes->at) : bytes->left);
  (void)fuzz_byte(bytes);
  return text;
}

/* A pipe that ssh has written text to, and ended. */
static int pipe_of(const char *text) {
  char said[4096];
  int ends[2];
  size_t length = strlen(text);
  MUST(length <= sizeof said && pipe2(ends, O_CLOEXEC | O_NONBLOCK) == 0);
  for (size_t i = 0; i < length; i++) {
    said[i] = (char)(text[i] == '\v' ? '\n' : text[i] == '\f' ? '\0' : text[i]);
  }
  MUST(write(ends[1], said, length) == (ssize_t)length && close(ends[1]) == 0);
  return ends[0];
}

static void check_words(struct bus *bus, const char *text) {
  char *said = malloc(BUS_SSH_WORDS_BYTES);
  MUST(said != NULL);
  bus->ssh_says = pipe_of(text);
  MUST(bus_ssh_words(bus, said, BUS_SSH_WORDS_BYTES) == said);
  size_t length = strlen(said);
  MUST(length < BUS_SSH_WORDS_BYTES && strpbrk(said, "\r\n") == NULL);
  if (length > 0) {
    MUST(strncmp(said, ": ssh says '", 12) == 0 && said[length - 1] == '\'' && length >= 13);
  } else {
    MUST(strspn(text, "\r\v\f") == strlen(text)); /* nothing but ends of lines */
  }
  (void)close(bus->ssh_says);
  free(said);
}

/* sd-bus takes what stands between semicolons for addresses, and skips empty ones. */
static void check_environment(const struct env *env, const struct config *config,
                              const char *text) {
  static char variable[4096]; /* setenv would keep each value */
  struct env root = *env;
  const struct ask ask = {.env = &root, .config = config};
  struct why why;
  bool sockets = true;
  bool gaps = text[0] == '\0';
  root.uid = 0;
  (void)snprintf(variable, sizeof variable, "DBUS_SYSTEM_BUS_ADDRESS=%s", text);
  MUST(putenv(variable) == 0);
  for (const char *at = text; *at != '\0'; at += strcspn(at, ";")) {
    gaps = gaps || at[0] == ';';
    at += *at == ';';
    sockets = sockets && (*at == ';' || *at == '\0' || strncmp(at, "unix:", 5) == 0);
    gaps = gaps || at[0] == ';';
  }
  bool asks_it = config->host == NULL && config->machine == NULL;
  int error = bus_check_environment(&ask, &why);
  MUST(error == 0 || (error == -EPERM && asks_it));
  MUST(error != 0 || sockets || !asks_it);
  MUST(error == 0 || !sockets || gaps);
  if (error != 0) {
    fuzz_why(&why, REASON_NO_BUS);
  }
  root.uid = 1000; /* who may */
  MUST(bus_check_environment(&ask, &why) == 0);
  MUST(unsetenv("DBUS_SYSTEM_BUS_ADDRESS") == 0);
}

static void check_error(const struct bus *bus, const char *name, const char *message) {
  static const struct {
    const char *name;
    enum reason reason;
  } rows[] = {{"org.freedesktop.DBus.Error.NameHasNoOwner", REASON_NO_SERVICE},
              {"org.freedesktop.DBus.Error.ServiceUnknown", REASON_NO_SERVICE},
              {"org.freedesktop.systemd1.NoSuchUnit", REASON_NO_SERVICE},
              {"org.freedesktop.DBus.Error.NoReply", REASON_NO_BUS}, /* this bus is not open */
              {"org.freedesktop.DBus.Error.AccessDenied", REASON_DENIED}};
  enum reason reason = REASON_BAD_REPLY;
  struct why why;
  const sd_bus_error error = SD_BUS_ERROR_MAKE_CONST(name, message[0] != '\0' ? message : NULL);
  for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
    reason = strcmp(name, rows[i].name) == 0 ? rows[i].reason : reason;
  }
  MUST(explain_error(bus, &error, &why) < 0);
  fuzz_why(&why, (int)reason);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
  static struct config config;
  static const int errors[] = {-ENOENT, -EACCES, -EPERM, -ECONNRESET};
  struct bytes bytes = {data, size};
  uint8_t form = fuzz_byte(&bytes);
  char *text = next_text(&bytes);
  char *name = next_text(&bytes);
  char *message = next_text(&bytes);
  const struct ask ask = {.env = fuzz_env(), .config = &config};
  struct bus bus = {.ask = &ask, .ssh_says = -1};
  struct why why;
  int error = errors[form & 3];
  config.host = form & 4 ? "user@host" : NULL;
  config.machine = (form & 12) == 8 ? "container" : NULL;
  bus.elsewhere = (form & 12) != 0;
  check_words(&bus, text);
  check_environment(ask.env, &config, text);
  bus.ssh_says = pipe_of(text);
  if (form & 16) {
    MUST(explain_timeout(&bus, &why) == -ETIMEDOUT);
    fuzz_why(&why, REASON_TIMEOUT);
  } else {
    MUST(fail_no_bus(&bus, error, &why) == error);
    fuzz_why(&why, error == -EACCES || error == -EPERM ? REASON_DENIED : REASON_NO_BUS);
  }
  (void)close(bus.ssh_says);
  bus.ssh_says = -1;
  check_error(&bus, name, message);
  free(message);
  free(name);
  free(text);
  return 0;
}

/* Tests of chrony_socket.c: our own file beside chronyd's socket comes and goes, and nothing else
 * does. */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

#include "ntp_monitor/chrony_talk.h"
#include "tests/unit/sockets.h"
#include "tests/unit/temp.h"

static const pid_t self = 4242424;
#define OWN "run/ntp_monitor.4242424.sock"

static bool exists(const char *path) {
  struct stat status;
  return lstat(path, &status) == 0;
}

/* Of a process that has just ended. */
static pid_t dead_pid(void) {
  pid_t child = fork();
  if (child == 0) {
    _exit(0);
  }
  assert_int_equal(waitpid(child, NULL, 0), child);
  return child;
}

static const char *name_of(pid_t pid) {
  static char name[64];
  (void)snprintf(name, sizeof name, "run/ntp_monitor.%d.sock", (int)pid);
  return name;
}

/* A socket's file that nobody has open. */
static void leave_behind(const char *path) {
  int fd = sockets_local(path, SOCK_DGRAM);
  assert_true(fd >= 0);
  assert_int_equal(close(fd), 0);
}

static int chronyd;

static int begin(void **state) {
  if (temp_enter(state) != 0 || mkdir("run", 0755) != 0) {
    return -1;
  }
  chronyd = sockets_local("run/chronyd.sock", SOCK_DGRAM);
  return chronyd >= 0 ? 0 : -1;
}

static int end(void **state) {
  return close(chronyd) == 0 ? temp_leave(state) : -1;
}

/* Asks over the socket, and is answered at its file. */
static void test_talks(void **state) {
  (void)state;
  struct chrony_socket own;
  struct stat status;
  struct sockaddr_un peer;
  socklen_t size = sizeof peer;
  char byte = 0;
  mode_t mask = umask(077);
  int fd = chrony_socket_open(&own, "run/chronyd.sock", self);
  assert_int_equal(umask(mask), 077);
  assert_true(fd >= 0 && own.there);
  assert_int_equal(lstat(OWN, &status), 0);
  assert_int_equal(status.st_mode, S_IFSOCK | 0777); /* chronyd may be another user */
  assert_int_equal(send(fd, "?", 1, 0), 1);
  assert_int_equal(recvfrom(chronyd, &byte, 1, MSG_DONTWAIT, (struct sockaddr *)&peer, &size), 1);
  assert_string_equal(peer.sun_path, OWN);
  assert_int_equal(sendto(chronyd, "!", 1, 0, (struct sockaddr *)&peer, size), 1);
  assert_int_equal(recv(fd, &byte, 1, MSG_DONTWAIT), 1);
  assert_int_equal(byte, '!');
  chrony_socket_close(&own);
  assert_false(exists(OWN));
  chrony_socket_close(&own); /* no harm */
  assert_int_equal(close(fd), 0);
}

/* A failed connection leaves nothing behind. */
static void test_nobody_there(void **state) {
  (void)state;
  static const struct {
    const char *path;
    int error;
  } rows[] = {
      {"run/none.sock", -ENOENT},
      {"run/none/chronyd.sock", -ENOENT},
      {"run/dead.sock", -ECONNREFUSED},
      {"run/stream.sock", -EPROTOTYPE},
      {"run/file", -ECONNREFUSED},
      {"run", -ECONNREFUSED},
      {"", -ECONNREFUSED},
  };
  leave_behind("run/dead.sock");
  int stream = sockets_local("run/stream.sock", SOCK_STREAM);
  assert_int_equal(temp_write("run/file", "", 0), 0);
  for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
    struct chrony_socket own;
    int fd = chrony_socket_open(&own, rows[i].path, self);
    assert_true(fd < 0);
    assert_true(fd == rows[i].error || rows[i].path[0] == '\0');
    assert_false(own.there);
    chrony_socket_close(&own);
    assert_false(exists(OWN));
  }
  assert_int_equal(close(stream), 0);
}

/* chronyd is there, but there is no room for a file of ours. */
static void test_no_own_file(void **state) {
  (void)state;
  struct chrony_socket own;
  char long_path[108];
  int fd = sockets_local("chronyd.sock", SOCK_DGRAM);
  assert_int_equal(chrony_socket_open(&own, "chronyd.sock", self),
                   -ENOTDIR); /* no folder is named */
  assert_true(own.there);
  assert_int_equal(mkdir("x", 0755), 0);
  memset(long_path, '/', sizeof long_path);
  long_path[0] = 'x';
  (void)strcpy(long_path + sizeof long_path - 8, "/a.sock");
  int other = sockets_local(long_path, SOCK_DGRAM);
  assert_int_equal(chrony_socket_open(&own, long_path, self), -ENAMETOOLONG);
  assert_true(own.there);
  assert_int_equal(symlink("run", "link"), 0); /* not where a link leads */
  assert_int_equal(chrony_socket_open(&own, "link/chronyd.sock", self), -ENOTDIR);
  assert_false(exists(OWN));
  assert_int_equal(close(fd) | close(other), 0);
}

/* The folder may not be written to: for root it always may, unless it is not one of a file
 * system's. */
static void test_not_writable(void **state) {
  (void)state;
  struct chrony_socket own;
  if (geteuid() == 0) {
    return;
  }
  assert_int_equal(chmod("run", 0555), 0);
  assert_int_equal(chrony_socket_open(&own, "run/chronyd.sock", self), -EACCES);
  assert_true(own.there);
  assert_int_equal(chmod("run", 0000), 0);
  assert_int_equal(chrony_socket_open(&own, "run/chronyd.sock", self), -EACCES);
  assert_false(own.there);
  assert_int_equal(chmod("run", 0755), 0);
}

static void open_and_close(void) {
  struct chrony_socket own;
  int fd = chrony_socket_open(&own, "run/chronyd.sock", self);
  assert_true(fd >= 0);
  chrony_socket_close(&own);
  assert_int_equal(close(fd), 0);
}

static void test_removes_what_was_left(void **state) {
  (void)state;
  pid_t dead = dead_pid();
  leave_behind(name_of(dead));
  leave_behind(OWN); /* of a former process with our number */
  open_and_close();
  assert_false(exists(name_of(dead)));
  assert_false(exists(OWN));
}

/* Neither other names, nor what is no socket, nor one that is in use. */
static void test_removes_nothing_else(void **state) {
  (void)state;
  static const char *const names[] = {
      "run/ntp_monitor.0.sock",           "run/ntp_monitor.-1.sock",  "run/ntp_monitor.+%d.sock",
      "run/ntp_monitor.0%d.sock",         "run/ntp_monitor.%d.sock~", "run/ntp_monitor.%d.soc",
      "run/xntp_monitor.%d.sock",         "run/ntp_monitor.%dx.sock", "run/chronyc.%d.sock",
      "run/ntp_monitor.99999999999.sock",
  };
  pid_t dead = dead_pid();
  for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
    char path[64];
    const char *place = strstr(names[i], "%d");
    int before = place != NULL ? (int)(place - names[i]) : (int)strlen(names[i]);
    (void)snprintf(path, sizeof path, "%.*s", before, names[i]);
    if (place != NULL) {
      size_t used = strlen(path);
      (void)snprintf(path + used, sizeof path - used, "%d%s", (int)dead, place + 2);
    }
    leave_behind(path);
    open_and_close();
    assert_true(exists(path));
    assert_int_equal(unlink(path), 0);
  }
  leave_behind(name_of(getpid())); /* of a process that lives */
  open_and_close();
  assert_true(exists(name_of(getpid())));
  assert_int_equal(unlink(name_of(getpid())), 0);
}

static void test_removes_no_other_kind(void **state) {
  (void)state;
  pid_t dead = dead_pid();
  leave_behind("run/victim.sock");
  assert_int_equal(symlink("victim.sock", name_of(dead)), 0);
  open_and_close();
  assert_true(exists(name_of(dead)) && exists("run/victim.sock"));
  assert_int_equal(unlink(name_of(dead)) | unlink("run/victim.sock"), 0);
  assert_int_equal(temp_write(name_of(dead), "x", 1), 0);
  open_and_close();
  assert_true(exists(name_of(dead)));
  assert_int_equal(unlink(name_of(dead)), 0);
  /* Of a process that we cannot see, in another namespace. */
  int fd = sockets_local(name_of(dead), SOCK_DGRAM);
  open_and_close();
  assert_true(exists(name_of(dead)));
  assert_int_equal(close(fd) | unlink(name_of(dead)), 0);
}

/* Our name is in use: another namespace has a process of our number. Its file stays. */
static void test_name_in_use(void **state) {
  (void)state;
  struct chrony_socket own;
  int fd = sockets_local(OWN, SOCK_DGRAM);
  assert_int_equal(chrony_socket_open(&own, "run/chronyd.sock", self), -EADDRINUSE);
  chrony_socket_close(&own);
  assert_true(exists(OWN));
  assert_int_equal(close(fd) | unlink(OWN), 0);
}

/* If our file was replaced meanwhile, what stands there now is not ours to remove. */
static void test_replaced(void **state) {
  (void)state;
  struct chrony_socket own;
  int fd = chrony_socket_open(&own, "run/chronyd.sock", self);
  assert_int_equal(unlink(OWN), 0);
  assert_int_equal(temp_write(OWN, "x", 1), 0);
  chrony_socket_close(&own);
  assert_true(exists(OWN));
  assert_int_equal(close(fd) | unlink(OWN), 0);
}

static void test_listed(void **state) {
  (void)state;
  char path[2 * TEMP_PATH_BYTES];
  (void)snprintf(path, sizeof path, "%s/run/chronyd.sock", temp_name());
  assert_false(chrony_socket_listed(path)); /* it was bound to a relative one */
  (void)snprintf(path, sizeof path, "%s/run/c.sock", temp_name());
  int fd = sockets_local(path, SOCK_DGRAM);
  assert_true(chrony_socket_listed(path));
  assert_false(chrony_socket_listed("/run/c.sock"));
  assert_int_equal(close(fd), 0);
  assert_false(chrony_socket_listed(path));
  struct sockaddr_un address = {.sun_family = AF_UNIX}; /* an abstract name: listed as "@/..." */
  assert_true(strlen(path) < sizeof address.sun_path - 1);
  (void)strcpy(address.sun_path + 1, path);
  fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0);
  size_t size = offsetof(struct sockaddr_un, sun_path) + 1 + strlen(path);
  assert_int_equal(bind(fd, (const struct sockaddr *)&address, (socklen_t)size), 0);
  assert_false(chrony_socket_listed(path));
  assert_int_equal(close(fd), 0);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(test_talks),
      cmocka_unit_test(test_nobody_there),
      cmocka_unit_test(test_no_own_file),
      cmocka_unit_test(test_not_writable),
      cmocka_unit_test(test_removes_what_was_left),
      cmocka_unit_test(test_removes_nothing_else),
      cmocka_unit_test(test_removes_no_other_kind),
      cmocka_unit_test(test_name_in_use),
      cmocka_unit_test(test_replaced),
      cmocka_unit_test(test_listed),
  };
  return cmocka_run_group_tests(tests, begin, end);
}

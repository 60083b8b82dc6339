/* Tests of owner.c: real sockets of this process, and files whose owner the test decides. */
#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

#include "ntp_monitor/owner.h"
#include "ntp_monitor/trace.h"
#include "ntp_monitor/why.h"
#include "tests/unit/golden.h"

static const struct owner nobody = {"some", {NULL}};

/* --- files, by a stat(2) of the test's own ---------------------------------------- */

static struct trace trace;
static uid_t file_uid, folder_uid;

int stat(const char *restrict path, struct stat *restrict out) {
  if (strcmp(path, "/missing/socket") == 0) {
    errno = ENOENT;
    return -1;
  }
  *out = (struct stat){.st_uid = strcmp(path, "/x/socket") == 0 ? file_uid : folder_uid};
  return 0;
}

static void test_file(void **state) {
  static const struct {
    uid_t file, folder;
    int result;
  } rows[] = {{0, 0, 1}, {4242, 0, -EPERM}, {0, 4242, -EPERM}, {4242, 4243, -EPERM}};
  (void)state;
  for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
    struct why why = {.text = ""};
    struct stat status = {.st_uid = 77};
    file_uid = rows[i].file;
    folder_uid = rows[i].folder;
    assert_int_equal(owner_check_file("/x/socket", &nobody, &status, &why), rows[i].result);
    assert_int_equal(why.text[0] == '\0', rows[i].result > 0);
    if (rows[i].result < 0) {
      assert_non_null(strstr(why.text, "4242"));
      assert_golden(why.text, "a file of uid %u in a folder of uid %u", rows[i].file,
                    rows[i].folder);
    }
    assert_int_equal(status.st_uid, rows[i].result > 0 ? 0 : 77);
  }
  struct why why = {.text = ""};
  struct stat status;
  file_uid = folder_uid = geteuid();
  assert_int_equal(owner_check_file("/x/socket", &nobody, &status, &why), 1);
  assert_int_equal(owner_check_file("/missing/socket", &nobody, &status, &why), 0);
}

/* --- ports -------------------------------------------------------------------------- */

/* A socket at a port of 127.0.0.1 or ::1, and one that is connected to it. */
static void connect_pair(int family, int *server, int *client) {
  struct sockaddr_storage at = {.ss_family = (sa_family_t)family};
  socklen_t length = family == AF_INET ? sizeof(struct sockaddr_in) : sizeof(struct sockaddr_in6);
  ((struct sockaddr_in6 *)&at)->sin6_addr = family == AF_INET6 ? in6addr_loopback : in6addr_any;
  if (family == AF_INET) {
    *(struct sockaddr_in *)&at =
        (struct sockaddr_in){.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
  }
  *server = socket(family, SOCK_DGRAM | SOCK_CLOEXEC, 0);
  *client = socket(family, SOCK_DGRAM | SOCK_CLOEXEC, 0);
  assert_int_equal(bind(*server, (struct sockaddr *)&at, length), 0);
  assert_int_equal(getsockname(*server, (struct sockaddr *)&at, &length), 0);
  assert_int_equal(connect(*client, (struct sockaddr *)&at, length), 0);
}

static void test_port(void **state) {
  static const int families[] = {AF_INET, AF_INET6};
  (void)state;
  for (size_t i = 0; i < 2; i++) {
    int server = -1;
    int client = -1;
    struct why why = {.text = ""};
    connect_pair(families[i], &server, &client);
    assert_int_equal(owner_check_port(client, &nobody, &trace, &why), 0); /* our own */
    assert_string_equal(why.text, "");
    (void)close(server);
    assert_int_equal(owner_check_port(client, &nobody, &trace, &why), -EPERM);
    assert_null(strstr(why.text, "uid")); /* nobody has it any more */
    assert_int_equal(why.reason, REASON_BAD_REPLY);
    (void)close(client);
  }
}

static void test_no_port(void **state) {
  struct why why = {.text = ""};
  int fd = open("/dev/null", O_RDONLY | O_CLOEXEC);
  (void)state;
  assert_int_equal(owner_check_port(fd, &nobody, &trace, &why), 0);
  assert_int_equal(owner_check_port(-1, &nobody, &trace, &why), 0);
  assert_string_equal(why.text, "");
  (void)close(fd);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(test_file),
      cmocka_unit_test(test_port),
      cmocka_unit_test(test_no_port),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}

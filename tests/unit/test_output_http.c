/* Tests of output/http.c: what it asks the plug-in for, and what it makes of the answer. */
#include <dlfcn.h>
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

static void *fake_dlopen(const char *path, int flags);
static void *fake_dlsym(void *object, const char *name);
static char *fake_dlerror(void);
#define dlopen fake_dlopen
#define dlsym fake_dlsym
#define dlerror fake_dlerror
#include "src/output/http.c"
#undef dlopen
#undef dlsym
#undef dlerror

#include "ntp_monitor/duration.h"
#include "ntp_monitor/metric.h"
#include "tests/unit/ask.h"
#include "tests/unit/golden.h"
#include "tests/unit/temp.h"

/* --- a plug-in of the test's own ----------------------------------------------- */

static struct {
  const char *version; /* NULL: there is no plug-in */
  int result;
  const char *error;
  struct http_answer answer;
  int opened, posted;
  char url[INFLUX_URL_BYTES], addresses[ADDRESSES_BYTES], headers[4096], user[64], password[64];
  char ca_file[64], body[256];
  int timeout_ms;
} fake;

static void note(char *out, size_t size, const char *text) {
  (void)snprintf(out, size, "%s", text != NULL ? text : "(none)");
}

static int fake_post(const struct http_request *request, struct http_answer *answer,
                     char error[HTTP_ERROR_BYTES]) {
  fake.posted++;
  note(fake.url, sizeof fake.url, request->url);
  note(fake.addresses, sizeof fake.addresses, request->addresses);
  note(fake.user, sizeof fake.user, request->user);
  note(fake.password, sizeof fake.password, request->password);
  note(fake.ca_file, sizeof fake.ca_file, request->ca_file);
  (void)snprintf(fake.body, sizeof fake.body, "%.*s", (int)request->body_bytes,
                 (const char *)request->body);
  fake.timeout_ms = request->timeout_ms;
  fake.headers[0] = '\0';
  for (const char *const *header = request->headers; *header != NULL; header++) {
    size_t used = strlen(fake.headers);
    (void)snprintf(fake.headers + used, sizeof fake.headers - used, "%s\n", *header);
  }
  note(error, HTTP_ERROR_BYTES, fake.error);
  *answer = fake.answer;
  return fake.result;
}

static void *fake_dlopen(const char *path, int flags) {
  assert_string_equal(path, NTP_MONITOR_PLUGINS "/http.so");
  assert_int_equal(flags, RTLD_NOW | RTLD_LOCAL);
  fake.opened++;
  return fake.version != NULL ? &fake : NULL;
}

static void *fake_dlsym(void *object, const char *name) {
  static struct http_plugin plugin = {.post = fake_post};
  assert_ptr_equal(object, &fake);
  assert_string_equal(name, HTTP_PLUGIN_NAME);
  plugin.version = fake.version;
  return &plugin;
}

static char *fake_dlerror(void) {
  static char text[] = "http.so: no such file";
  return text;
}

/* --- a run ----------------------------------------------------------------------- */

static struct config config;
static struct trace trace;
static struct why why;

static void prepare(const char *keys[][2], size_t count) {
  memset(&fake, 0, sizeof fake);
  fake.version = NTP_MONITOR_VERSION;
  fake.answer.status = 204;
  config = (struct config){.check_source = NULL};
  for (size_t i = 0; i < count; i++) {
    struct why refused;
    if (config_set(&config, config_find("influx", keys[i][0]), keys[i][1], &config_command_line,
                   &refused) != 0) {
      fail_msg("%s: %s", keys[i][0], refused.text);
    }
  }
}

static void prepare_1(void) {
  prepare((const char *[][2]){{"database", "ntp"}}, 1);
}

static int deliver_to(const char *url) {
  struct output_target target;
  struct env env;
  trace = (struct trace){.fd = -1};
  env_init(&env, &trace);
  assert_int_equal(output_target_parse(url, false, &target, &why), 0);
  why.text[0] = '\0';
  int error = output_http.deliver(&target, "line 1\n", 7, ASK_OUTPUT(&env, &config), &why);
  if (strstr(why.text, "geheim") != NULL ||
      memmem(trace.text, sizeof trace.text, "geheim", 6) != NULL) {
    fail_msg("the secret was said: %s", why.text);
  }
  return error;
}

static const char *secret_file(void) {
  static char path[TEMP_PATH_BYTES + 16];
  assert_int_equal(temp_write("secret", "geheim\n", 7), 0);
  assert_int_equal(chmod("secret", 0600), 0);
  (void)snprintf(path, sizeof path, "%s/secret", temp_name());
  return path;
}

static void test_influx_1(void **state) {
  (void)state;
  prepare((const char *[][2]){{"database", "ntp"},
                              {"username", "pi"},
                              {"password_file", secret_file()},
                              {"ca_file", "/ca"}},
          4);
  assert_int_equal(deliver_to("http://127.0.0.1"), 0);
  assert_string_equal(fake.url, "http://127.0.0.1:8086/write?db=ntp&precision=ns");
  assert_string_equal(fake.addresses, "(none)");
  assert_string_equal(fake.user, "pi");
  assert_string_equal(fake.password, "geheim");
  assert_string_equal(fake.ca_file, "/ca");
  assert_string_equal(fake.body, "line 1\n");
  assert_null(strstr(fake.headers, "Authorization"));
  assert_non_null(strstr(fake.headers, "Content-Type: text/plain; charset=utf-8\n"));
  assert_in_range(fake.timeout_ms, 1000, 10000);
}

static void test_influx_2(void **state) {
  (void)state;
  prepare((const char *[][2]){{"org", "o"}, {"bucket", "b"}, {"token_file", secret_file()}}, 3);
  assert_int_equal(deliver_to("https://[::1]:443"), 0);
  assert_string_equal(fake.url, "https://[::1]:443/api/v2/write?org=o&bucket=b&precision=ns");
  assert_string_equal(fake.user, "(none)");
  assert_string_equal(fake.password, "(none)");
  assert_string_equal(fake.ca_file, "(none)");
  assert_non_null(strstr(fake.headers, "\nAuthorization: Token geheim\n"));
}

/* The addresses of a name come from us; a number is one, also with the zone it needs. */
static void test_name(void **state) {
  (void)state;
  prepare_1();
  assert_int_equal(deliver_to("http://[fe80::1%25lo]:1234"), 0);
  assert_string_equal(fake.addresses, "(none)");
  assert_int_equal(deliver_to("http://localhost:1234"), 0);
  assert_string_equal(fake.url, "http://localhost:1234/write?db=ntp&precision=ns");
  assert_string_equal(fake.addresses, "localhost:1234:127.0.0.1,[::1]");
}

static void refused(int error, const char *quoted) {
  assert_int_equal(deliver_to("http://127.0.0.1"), error);
  assert_int_equal(strncmp(why.text, "http://127.0.0.1: ", 18), 0);
  if (strstr(why.text, quoted) == NULL) {
    fail_msg("%s, not: %s", quoted, why.text);
  }
}

static void test_settings(void **state) {
  (void)state;
  prepare(NULL, 0);
  refused(-EINVAL, "[influx]");
  assert_golden(why.text, "no settings");
  prepare((const char *[][2]){{"org", "o"}}, 1);
  refused(-EINVAL, "bucket");
  assert_golden(why.text, "org alone");
  assert_int_equal(fake.opened, 0);
}

static void test_secrets(void **state) {
  (void)state;
  prepare((const char *[][2]){{"org", "o"}, {"bucket", "b"}, {"token_file", secret_file()}}, 3);
  assert_int_equal(chmod("secret", 0644), 0);
  refused(-EPERM, "token_file: /");
  prepare((const char *[][2]){{"database", "d"},
                              {"username", "u"},
                              {"password_file", "/nonexistent/file"}},
          3);
  refused(-ENOENT, "password_file: /nonexistent/file: ");
  assert_golden(why.text, "missing password_file");
  assert_int_equal(fake.opened, 0);
}

static void test_plugin(void **state) {
  (void)state;
  prepare_1();
  fake.version = NULL;
  refused(-ENOENT, "http.so: no such file");
  prepare_1();
  fake.version = "0.9";
  refused(-ENOENT, " 0.9, ");
  assert_non_null(strstr(why.text, NTP_MONITOR_VERSION));
  assert_int_equal(fake.posted, 0);
}

static void test_answers(void **state) {
  (void)state;
  static const struct {
    long status;
    const char *body, *location, *quoted;
  } rows[] = {
      {200, "<html>", "", "HTTP status 200"},
      {401, "{\"error\":\"authorization failed\"}", "", "HTTP status 401: authorization failed"},
      {403, "", "", "HTTP status 403"},
      {404, "{\"error\":\"no db\"}", "", "HTTP status 404: no db"},
      {500, "oh\x1b[31m\n", "", "HTTP status 500: oh\\x1b[31m"},
      {302, "", "http://other/x", "http://other/x"},
      {301, "", "", "HTTP status 301"},
      {0, "", "", "HTTP status 0"},
  };
  for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
    prepare_1();
    fake.answer.status = rows[i].status;
    note(fake.answer.body, sizeof fake.answer.body, rows[i].body);
    note(fake.answer.location, sizeof fake.answer.location, rows[i].location);
    refused(-EREMOTEIO, rows[i].quoted);
    assert_golden(why.text, "status %ld", rows[i].status);
  }
}

static void test_advice(void **state) {
  (void)state;
  prepare((const char *[][2]){{"org", "o"}, {"bucket", "b"}, {"token_file", secret_file()}}, 3);
  fake.answer.status = 401;
  refused(-EREMOTEIO, "token_file");
  assert_golden(why.text, "status 401 with a token");
  fake.answer.status = 404;
  refused(-EREMOTEIO, "bucket");
  assert_golden(why.text, "status 404 with a bucket");
}

static void test_failures(void **state) {
  (void)state;
  prepare_1();
  fake.result = -ETIMEDOUT;
  fake.error = "Operation \x9btimed out";
  refused(-ETIMEDOUT, "Operation \\x9btimed out");
}

/* Nothing is sent when the time is over. */
static void test_late(void **state) {
  (void)state;
  struct output_target target;
  struct env env;
  prepare_1();
  env_init(&env, &trace);
  env.deadline_ns = env.start_ns - DURATION_S;
  assert_int_equal(output_target_parse("http://127.0.0.1", false, &target, &why), 0);
  assert_int_equal(output_http.deliver(&target, "x", 1, ASK_OUTPUT(&env, &config), &why),
                   -ETIMEDOUT);
  assert_int_equal(fake.posted, 0);
  assert_golden(why.text, "too late");
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(test_influx_1), cmocka_unit_test(test_influx_2),
      cmocka_unit_test(test_name),     cmocka_unit_test(test_settings),
      cmocka_unit_test(test_secrets),  cmocka_unit_test(test_plugin),
      cmocka_unit_test(test_answers),  cmocka_unit_test(test_advice),
      cmocka_unit_test(test_failures), cmocka_unit_test(test_late),
  };
  return cmocka_run_group_tests(tests, temp_enter, temp_leave);
}

/* Tests of config_print.c: the settings as a file that can be read again, and what the trace says.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "ntp_monitor/config_print.h"
#include "ntp_monitor/judge.h"
#include "tests/unit/example.h"
#include "tests/unit/golden.h"
#include "tests/unit/notes.h"
#include "tests/unit/temp.h"

static struct trace trace;

static const char *next_line(void) {
  static const char *line;
  line = trace_next(&trace, line);
  const char *text = line != NULL ? strstr(line, "ms ") : NULL;
  return text != NULL ? text + 3 : NULL;
}

static void test_config(void **state) {
  (void)state;
  static const struct origin file = {.path = "/etc/x.conf", .line = 12};
  static char text[4096];
  struct config config;
  struct why why;
  config_init(&config, notes_check_source);
  assert_int_equal(
      config_set(&config, config_find("monitoring", "jitter_threshold"), "1.5", &file, &why), 0);
  assert_int_equal(config_add_source(&config, "text:a", &why), 0);
  FILE *stream = fmemopen(text, sizeof text, "w");
  config_print_all(stream, &config);
  assert_int_equal(fclose(stream), 0);
  assert_string_equal(text, "[monitoring]\n"
                            "jitter_threshold        = 1.5s                 ; /etc/x.conf:12\n"
                            "jitter_critical         = off                  ; default\n"
                            "offset_threshold        = 1s                   ; default\n"
                            "offset_critical         = 1min                 ; default\n"
                            "delay_threshold         = off                  ; default\n"
                            "delay_critical          = off                  ; default\n"
                            "root_distance_threshold = 5s                   ; default\n"
                            "root_distance_critical  = off                  ; default\n"
                            "error_bound_threshold   = off                  ; default\n"
                            "error_bound_critical    = off                  ; default\n"
                            "stratum_threshold       = 9                    ; default\n"
                            "stratum_critical        = off                  ; default\n"
                            "reach_threshold         = off                  ; default\n"
                            "reach_critical          = off                  ; default\n"
                            "clock_class_threshold   = off                  ; default\n"
                            "clock_class_critical    = off                  ; default\n"
                            "stale_after             = auto                 ; default\n"
                            "min_replies             = 2                    ; default\n"
                            "source                  = text:a               ; command line\n"
                            "timeout                 = 10s                  ; default\n"
                            "debug_mode              = false                ; default\n"
                            "log_level               = INFO                 ; default\n"
                            "\n[logging]\n"
                            "syslog_address          = /dev/log             ; default\n"
                            "syslog_facility         = daemon               ; default\n"
                            "syslog_format           = auto                 ; default\n"
                            "\n[output]\n"
                            "prometheus              =                      ; default\n"
                            "json                    =                      ; default\n"
                            "influx                  =                      ; default\n"
                            "\n[influx]\n"
                            "database                =                      ; default\n"
                            "username                =                      ; default\n"
                            "password_file           =                      ; default\n"
                            "org                     =                      ; default\n"
                            "bucket                  =                      ; default\n"
                            "token_file              =                      ; default\n"
                            "ca_file                 =                      ; default\n"
                            "\n[sntp]\n"
                            "servers                 =                      ; default\n"
                            "samples                 = 4                    ; default\n"
                            "interval                = 2s                   ; default\n"
                            "min_truechimers         = auto                 ; default\n"
                            "\n[chrony]\n"
                            "socket                  = /run/chrony/chronyd.sock ; default\n"
                            "port                    = 323                  ; default\n"
                            "\n[ptp]\n"
                            "sockets                 = /run/ptp4lro /run/ptp/ptp4lro /run/ptp4l "
                            "/run/ptp/ptp4l ; default\n"
                            "domain                  = 0                    ; default\n"
                            "transport_specific      = 0                    ; default\n"
                            "ptp_samples             = 8                    ; default\n"
                            "ptp_interval            = 100ms                ; default\n");
}

/* The output is a file with the same settings. */
static void test_read_again(void **state) {
  (void)state;
  static struct config_problems notes;
  struct config config;
  struct config again;
  config_init(&config, notes_check_source);
  config.limit[METRIC_JITTER].critical = INT64_C(90500000001);
  config.log_level = SEVERITY_ERROR;
  FILE *stream = fopen("shown", "we");
  assert_non_null(stream);
  config_print_all(stream, &config);
  assert_int_equal(fclose(stream), 0);
  config_init(&again, notes_check_source);
  notes_read(&notes, &again, "shown", true, geteuid());
  assert_string_equal(notes.text, "");
  for (size_t i = 0; i < config_key_count; i++) {
    char value[2][CONFIG_TEXT_BYTES];
    config_print_value(&config, &config_keys[i], value[0], sizeof value[0]);
    config_print_value(&again, &config_keys[i], value[1], sizeof value[1]);
    assert_string_equal(value[1], value[0]);
  }
}

static void test_trace(void **state) {
  (void)state;
  struct config config;
  config_init(&config, notes_check_source);
  trace = (struct trace){.fd = -1};
  config_print_trace(&trace, &config);
  assert_golden(next_line(), "the end of the settings");
  assert_null(next_line());
  /* Values from a file are shown, even if equal to the default. */
  for (size_t i = 0; i < config_key_count; i++) {
    config.origin[i] = (struct origin){.path = "/etc/a.conf", .line = (unsigned)i + 1};
  }
  trace = (struct trace){.fd = -1};
  config_print_trace(&trace, &config);
  for (size_t i = 0; i < config_key_count; i++) {
    char want[256];
    (void)snprintf(want, sizeof want, "setting: %s = %s (/etc/a.conf:%zu)", config_keys[i].name,
                   config_keys[i].initial, i + 1);
    assert_string_equal(next_line(), want);
  }
  assert_golden(next_line(), "the end of the settings");
  assert_null(next_line());
  trace = (struct trace){.fd = -1, .off = true};
  config_print_trace(&trace, &config);
  assert_int_equal(trace.used_bytes, 0);
}

/* Some lines in their order: what they quote, and their sentences by it. */
static void check_lines(const char *const *quoted, size_t count) {
  for (size_t i = 0; i < count; i++) {
    const char *line = next_line();
    assert_non_null(line);
    assert_non_null(strstr(line, quoted[i]));
    assert_golden(line, "%s", quoted[i]);
  }
}

static void test_finding(void **state) {
  (void)state;
  static const char *const judged[] = {
      "replies 10",
      "12.3s",
      "jitter 2.15s",
      "offset 23us",
      "delay 69us",
      "root distance 100us",
      "error bound 157.5us",
      "stratum 2",
      "reach unknown",
      "clock class unknown",
      "ntp.example.org (192.0.2.1): WARNING, reason: jitter",
  };
  static struct example example;
  example_fill(&example);
  example.config.limit[METRIC_OFFSET].critical = DURATION_S;
  example.config.limit[METRIC_STRATUM].critical = 3;
  trace = (struct trace){.fd = -1};
  judge_trace(&trace, &example.config, &example.findings[0]);
  check_lines(judged, sizeof judged / sizeof *judged);
  assert_null(next_line());
  trace = (struct trace){.fd = -1};
  example.samples[0].present = 0;
  judge_trace(&trace, &example.config, &example.findings[0]);
  check_lines((const char *const[]){"age", "jitter unknown"}, 2);
  while (next_line() != NULL) {
  }
  trace = (struct trace){.fd = -1};
  example.samples[0].listed = true;
  example.samples[0].state = STATE_COMBINED;
  judge_trace(&trace, &example.config, &example.findings[0]);
  check_lines((const char *const[]){"ntp.example.org (192.0.2.1): combined"}, 1);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(test_config),
      cmocka_unit_test(test_read_again),
      cmocka_unit_test(test_trace),
      cmocka_unit_test(test_finding),
  };
  return cmocka_run_group_tests(tests, temp_enter, temp_leave);
}

/* Tests of source/ptp.c: a ptp4l of this file's own, in a child, answers what a real one did
 * (ptp_good.h) with some of it changed, or fails in a way that a real one never would. */
#include <errno.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/prctl.h>
#include <sys/wait.h>

#include <cmocka.h>

#include "ntp_monitor/clock.h"
#include "ntp_monitor/config.h"
#include "ntp_monitor/duration.h"
#include "ntp_monitor/env.h"
#include "ntp_monitor/sample.h"
#include "ntp_monitor/source.h"
#include "ntp_monitor/trace.h"
#include "ntp_monitor/why.h"
#include "tests/unit/ask.h"
#include "tests/unit/golden.h"
#include "tests/unit/ptp_good.h"
#include "tests/unit/sockets.h"
#include "tests/unit/temp.h"

enum { PORTS_MAX = 4, SLAVE = 9, UNCALIBRATED = 8, MASTER = 6, LISTENING = 4, LONG_BYTES = 1600 };

/* How it answers, and on from which request (of 1, 2 ...) it does so in a way of its own. */
enum way { AS_IT_IS, SILENT, JUNK, LONG, EMPTY, ERROR_STATUS, OTHER_CLOCK, LATE_FIRST, LATE_ONLY };

static struct fake {
  unsigned ports, answering; /* so many answer for themselves */
  uint8_t states[PORTS_MAX];
  int every; /* a new measurement with every so many-th look; 0: never */
  enum way way;
  unsigned from, to; /* the requests that it concerns; to 0: all that follow */
} fake;

static struct samples samples;
static struct why why;
static struct config config;
static struct trace trace;
static int64_t least_ms, most_ms = INT64_MAX; /* that the next measurement may take */

static int accept_any(const char *text, struct why *unused) {
  (void)text;
  (void)unused;
  return 0;
}

/* --- the other side ----------------------------------------------------------- */

static const struct ptp_good *good_of(unsigned id) {
  const struct ptp_good *good = ptp_good;
  while (good->id != id && good != &ptp_good[PTP_GOOD_ERROR]) {
    good++;
  }
  return good;
}

static void put_64(uint8_t *at, uint64_t value) {
  for (int i = 7; i >= 0; i--) {
    at[i] = (uint8_t)value;
    value >>= 8;
  }
}

/* offsetFromMaster goes 1000, -1000, 1000 ...; a real one has ns in ingress_time. */
static void change_status(uint8_t *data) {
  static int looks;
  static int64_t measurements;
  static int64_t ingress_ns;
  if (looks == 0 || (fake.every > 0 && looks % fake.every == 0)) {
    measurements++;
    ingress_ns = clock_realtime_ns();
  }
  looks++;
  put_64(data + PTP_GOOD_DATA, (uint64_t)(measurements % 2 == 1 ? 1000 : -1000));
  put_64(data + PTP_GOOD_DATA + 8, (uint64_t)ingress_ns);
}

static bool send_to(int fd, const struct sockaddr_un *to, socklen_t size, const uint8_t *data,
                    size_t bytes) {
  return sendto(fd, data, bytes, 0, (const struct sockaddr *)to, size) >= 0;
}

/* One answer to request, as it should be. */
static size_t compose(const uint8_t *request, unsigned port, uint8_t *data) {
  unsigned id = (unsigned)request[52] << 8 | request[53];
  const struct ptp_good *good = good_of(id);
  memcpy(data, good->data, good->bytes);
  data[0] = request[0];
  data[4] = request[4];
  memcpy(data + 30, request + 30, 2);  /* sequenceId */
  memcpy(data + 34, request + 20, 10); /* target */
  if (id == 0x2000) {
    data[PTP_GOOD_DATA + 3] = (uint8_t)fake.ports;
    data[PTP_GOOD_DATA + 18] = request[4];
  } else if (id == 0x2004) {
    data[29] = data[PTP_GOOD_DATA + 9] = (uint8_t)(port + 1);
    data[PTP_GOOD_STATE] = fake.states[port];
  } else if (id == 0x2002) {
    data[PTP_GOOD_DATA + 19] = 6; /* clockClass */
  } else if (id == 0x2003) {
    data[PTP_GOOD_DATA + 2] |= 16; /* timeTraceable */
  } else if (id == 0xc000) {
    change_status(data);
  }
  return good->bytes;
}

static void answer(int fd, const struct sockaddr_un *to, socklen_t size, const uint8_t *request,
                   enum way way) {
  static uint8_t data[LONG_BYTES];
  unsigned ports = request[52] == 0x20 && request[53] == 4 ? fake.answering : 1;
  for (unsigned port = 0; port < ports; port++) {
    size_t bytes = compose(request, port, data);
    switch (way) {
    case SILENT:
      return;
    case JUNK:
      memset(data, 0xaa, bytes);
      break;
    case LONG:
      bytes = sizeof data;
      break;
    case EMPTY:
      bytes = 0;
      break;
    case ERROR_STATUS:
      memcpy(data + 48, "\0\2\0\x08\0\6", 6); /* NOT_SUPPORTED */
      memcpy(data + 54, request + 52, 2);
      memset(data + 56, 0, 4);
      data[2] = 0;
      data[3] = 60;
      bytes = 60;
      break;
    case OTHER_CLOCK:
      data[20] ^= 1;
      break;
    case LATE_FIRST:
    case LATE_ONLY:
      data[31] ^= 1;
      while (send_to(fd, to, size, data, bytes) && way == LATE_ONLY) { /* until it is gone */
      }
      data[31] ^= 1;
      break;
    default:
      break;
    }
    if (way != LATE_ONLY) {
      (void)send_to(fd, to, size, data, bytes);
    }
  }
}

_Noreturn static void serve(int fd) {
  (void)prctl(PR_SET_PDEATHSIG, SIGKILL);
  for (unsigned count = 1;; count++) {
    uint8_t request[64];
    struct sockaddr_un from;
    socklen_t size = sizeof from;
    ssize_t bytes = recvfrom(fd, request, sizeof request, 0, (struct sockaddr *)&from, &size);
    bool odd = count >= fake.from && (fake.to == 0 || count <= fake.to);
    if (bytes == 54) {
      answer(fd, &from, size, request, odd ? fake.way : AS_IT_IS);
    }
  }
}

/* --- and ours ----------------------------------------------------------------- */

static void reset(void) {
  fake = (struct fake){.ports = 1, .answering = 1, .states = {SLAVE}, .every = 1, .from = 1};
  config_init(&config, accept_any);
  (void)strcpy(config.ptp_sockets, "here");
  config.ptp_interval_ns = 5 * DURATION_MS;
}

/* The lowest descriptor that is free. */
static int free_descriptor(void) {
  int fd = dup(STDIN_FILENO);
  (void)close(fd);
  return fd;
}

static int measure_once(int64_t deadline_ms, int64_t *took_ms) {
  int descriptor = free_descriptor();
  struct env env = {.trace = &trace, .pid = 70007};
  trace = (struct trace){.fd = -1};
  int64_t begun_ns = clock_monotonic_ns();
  env.measure_deadline_ns = begun_ns + deadline_ms * DURATION_MS;
  why = (struct why){.text = ""};
  int error = source_ptp.measure(ASK(&env, &config, NULL), &samples, &why);
  *took_ms = (clock_monotonic_ns() - begun_ns) / DURATION_MS;
  assert_int_equal(free_descriptor(), descriptor);
  return error;
}

static int measure_fake_once(int64_t deadline_ms, int64_t *took_ms) {
  int status = 0;
  int fd = sockets_local("here", SOCK_DGRAM);
  assert_true(fd >= 0);
  pid_t child = fork();
  if (child == 0) {
    serve(fd);
  }
  (void)close(fd);
  samples_free(&samples);
  int error = measure_once(deadline_ms, took_ms);
  assert_int_equal(kill(child, SIGKILL), 0);
  assert_int_equal(waitpid(child, &status, 0), child);
  assert_int_equal(WTERMSIG(status), SIGKILL);
  return error;
}

/* Bounds the next measurement. */
static void takes(int64_t least, int64_t most) {
  least_ms = least;
  most_ms = most;
}

/* A busy machine makes a measurement late now and then; a fault makes each late. */
static int measure_in_time(int (*once)(int64_t deadline_ms, int64_t *took_ms),
                           int64_t deadline_ms) {
  int64_t took_ms = 0;
  int error = once(deadline_ms, &took_ms);
  for (int tries = 1; tries < 5 && took_ms > most_ms; tries++) {
    error = once(deadline_ms, &took_ms);
  }
  assert_in_range(took_ms, least_ms, most_ms);
  takes(0, INT64_MAX);
  return error;
}

static int measure(int64_t deadline_ms) {
  return measure_in_time(measure_once, deadline_ms);
}

/* Beside a ptp4l at "here". */
static int measure_fake(int64_t deadline_ms) {
  return measure_in_time(measure_fake_once, deadline_ms);
}

static const struct sample *take(void) {
  if (measure_fake(5000) != 0) {
    fail_msg("%s", why.text);
  }
  assert_int_equal(samples.count, 1);
  return samples.items;
}

/* Without a label the text holds a time that was measured. */
static void refuse(int64_t deadline_ms, int error, enum reason reason, const char *quoted,
                   const char *label) {
  int got = measure_fake(deadline_ms);
  assert_non_null(strstr(why.text, quoted));
  if (label != NULL) {
    assert_golden(why.text, "%s", label);
  }
  assert_int_equal(got, error);
  assert_int_equal(why.reason, reason);
  assert_int_equal(samples.count, 0);
}

static bool traced(const char *words) {
  for (const char *line = trace_next(&trace, NULL); line != NULL; line = trace_next(&trace, line)) {
    if (strstr(line, words) != NULL) {
      return true;
    }
  }
  return false;
}

static void test_slave(void **state) {
  (void)state;
  reset();
  const struct sample *sample = take();
  assert_string_equal(sample->server, "7e2e0a.fffe.3e81ba");
  assert_golden(sample->remark, "as it is");
  assert_int_equal(sample->jitter_kind, JITTER_RMS_SUCCESSIVE);
  assert_int_equal(sample->value[METRIC_JITTER], 2000);
  assert_int_equal(sample->value[METRIC_OFFSET], 1000); /* the eighth is -1000 */
  assert_int_equal(sample->value[METRIC_DELAY], 3900);
  assert_in_range(sample->value[METRIC_AGE], 0, 2 * DURATION_S);
  assert_int_equal(sample->poll_interval_ns, 62500 * DURATION_US);
  assert_int_equal(sample->leap, LEAP_NONE);
  assert_false(sample_has(sample, METRIC_ERROR_BOUND));
  assert_true(traced("here, domainNumber 0, transportSpecific 0"));
  assert_true(traced("ptp: 5aa518.fffe.da586b-0: DEFAULT_DATA_SET numberPorts=1 domainNumber=0"));
  assert_true(traced("-1: PORT_DATA_SET portState=SLAVE delayMechanism=1 peerMeanPathDelay=0 (ns) "
                     "logSyncInterval=-4"));
  assert_true(traced("-0: CURRENT_DATA_SET stepsRemoved=1 offsetFromMaster=-1088 "
                     "meanPathDelay=1950 (ns)"));
  assert_true(traced("-0: PARENT_DATA_SET parentPortIdentity=7e2e0a.fffe.3e81ba-1 "
                     "gm.ClockClass=6 gm.ClockAccuracy=-1 (ns; -1: not told)"));
  assert_true(traced("-0: TIME_PROPERTIES_DATA_SET currentUtcOffset=37 leap61=0 leap59=0"));
  assert_true(traced("-0: TIME_STATUS_NP master_offset=-1000 ingress_time="));
}

static void test_domain(void **state) {
  (void)state;
  reset();
  config.ptp_domain = 255;
  config.ptp_transport_specific = 15;
  (void)take();
  assert_true(traced("domainNumber 255, transportSpecific 15"));
}

static void test_samples(void **state) {
  (void)state;
  reset();
  config.ptp_samples = 1;
  const struct sample *sample = take();
  assert_int_equal(sample->jitter_kind, JITTER_NONE);
  assert_string_equal(sample->remark, "");
  /* It looks on until there are two. */
  reset();
  config.ptp_samples = 2;
  fake.every = 20;
  sample = take();
  assert_golden(sample->remark, "a measurement in 20 looks");
  assert_int_equal(sample->value[METRIC_JITTER], 2000);
  /* But not for ever. */
  fake.every = 0;
  takes(0, 799);
  assert_int_equal(measure_fake(800), 0);
  assert_int_equal(samples.items->jitter_kind, JITTER_NONE);
  assert_string_not_equal(samples.items->remark, "");
}

static void test_deadline(void **state) {
  (void)state;
  reset();
  config.ptp_interval_ns = 300 * DURATION_MS;
  takes(300, 799);
  assert_int_equal(measure_fake(800), 0);
  assert_golden(samples.items->remark, "2 looks");
  assert_true(traced("2 of 8"));
  /* The answer to the third look does not come: what is there counts, at the deadline. */
  fake.way = SILENT;
  fake.from = 8;
  config.ptp_interval_ns = 380 * DURATION_MS;
  takes(1100, 1340);
  assert_int_equal(measure_fake(1200), 0);
  assert_golden(samples.items->remark, "2 looks");
  /* It hung for its patience, before the deadline. */
  config.ptp_interval_ns = 10 * DURATION_MS;
  takes(100, 299);
  refuse(300, -ETIMEDOUT, REASON_TIMEOUT, "here", NULL);
  assert_null(strstr(why.text, "domainNumber"));
}

static void test_states(void **state) {
  (void)state;
  reset();
  fake.states[0] = UNCALIBRATED;
  const struct sample *sample = take();
  assert_non_null(strstr(sample->remark, "UNCALIBRATED"));
  assert_int_equal(sample->leap, LEAP_NONE);
  assert_false(sample_has(sample, METRIC_JITTER));
  fake.states[0] = MASTER;
  sample = take();
  assert_non_null(strstr(sample->remark, "MASTER"));
  assert_int_equal(sample->leap, LEAP_UNSYNCHRONISED);
}

static void test_ports(void **state) {
  (void)state;
  reset();
  fake.ports = fake.answering = 4;
  memcpy(fake.states, ((uint8_t[]){MASTER, MASTER, SLAVE, MASTER}), 4);
  const struct sample *sample = take();
  assert_golden(sample->remark, "as it is");
  memcpy(fake.states, ((uint8_t[]){MASTER, LISTENING, MASTER, MASTER}), 4);
  sample = take();
  assert_golden(sample->remark, "MASTER, LISTENING, MASTER, MASTER");
  /* One that does not answer may be the SLAVE. */
  fake.answering = 3;
  refuse(400, -ETIMEDOUT, REASON_TIMEOUT, "here", NULL);
  assert_null(strstr(why.text, "domainNumber"));
}

/* The first request is lost: there is a second. */
static void test_repeat(void **state) {
  (void)state;
  reset();
  fake.way = SILENT;
  fake.to = 1;
  assert_int_equal(measure_fake(1200), 0);
  assert_golden(samples.items->remark, "as it is");
}

static void test_silent(void **state) {
  (void)state;
  reset();
  fake.way = SILENT;
  config.ptp_domain = 24;
  config.ptp_transport_specific = 1;
  takes(100, 299);
  refuse(300, -ETIMEDOUT, REASON_TIMEOUT, "domainNumber", NULL);
  fake.from = 4;
  refuse(400, -ETIMEDOUT, REASON_TIMEOUT, "here", NULL);
  assert_null(strstr(why.text, "domainNumber"));
  /* With time enough its patience is a second, not all there is. */
  fake.from = 1;
  takes(990, 3000);
  refuse(9000, -ETIMEDOUT, REASON_TIMEOUT, "1s", "silent, domain 24");
}

static void test_bad(void **state) {
  (void)state;
  static const struct {
    enum way way;
    unsigned from;
    const char *name; /* the data set's */
    const char *label;
  } rows[] = {
      {JUNK, 1, "DEFAULT_DATA_SET", "junk from 1"},
      {JUNK, 5, "TIME_PROPERTIES_DATA_SET", "junk from 5"},
      {JUNK, 9, "TIME_STATUS_NP", "junk from 9"},
      {LONG, 1, "", "long from 1"},
      {EMPTY, 1, "DEFAULT_DATA_SET", "empty from 1"},
      {EMPTY, 2, "PORT_DATA_SET", "empty from 2"},
      {ERROR_STATUS, 1, "DEFAULT_DATA_SET", "error status from 1"},
      {ERROR_STATUS, 6, "TIME_STATUS_NP", "error status from 6"},
      {OTHER_CLOCK, 3, "", "another clock from 3"},
  };
  for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
    reset();
    fake.way = rows[i].way;
    fake.from = rows[i].from;
    refuse(3000, -EBADMSG, REASON_BAD_REPLY, rows[i].name, rows[i].label);
  }
}

static void test_late(void **state) {
  (void)state;
  reset();
  fake.way = LATE_FIRST;
  (void)take();
  assert_true(traced("ptp: dropped: "));
  fake.way = LATE_ONLY;
  takes(190, 399);
  refuse(400, -ETIMEDOUT, REASON_TIMEOUT, "domainNumber", NULL);
}

/* --- which socket ----------------------------------------------------------- */

static void test_absent(void **state) {
  (void)state;
  reset();
  samples_free(&samples);
  (void)strcpy(config.ptp_sockets, "nowhere not/there");
  assert_int_equal(measure(1000), -ENOENT);
  assert_int_equal(why.reason, REASON_NO_SERVICE);
  assert_non_null(strstr(why.text, "nowhere not/there"));
  assert_golden(why.text, "no socket");
  (void)strcpy(config.ptp_sockets, "");
  assert_int_equal(measure(1000), -ENOENT);
}

static void test_stale(void **state) {
  (void)state;
  reset();
  samples_free(&samples);
  (void)strcpy(config.ptp_sockets, "stale nowhere");
  (void)close(sockets_local("stale", SOCK_DGRAM));
  assert_int_equal(measure(1000), -ECONNREFUSED);
  assert_int_equal(why.reason, REASON_NO_SERVICE);
  assert_non_null(strstr(why.text, "stale"));
  assert_golden(why.text, "a socket that nobody has open");
}

static void test_not_a_socket(void **state) {
  (void)state;
  reset();
  samples_free(&samples);
  memset(config.ptp_sockets, 'x', 200);
  config.ptp_sockets[200] = '\0';
  assert_int_equal(measure(1000), -ENAMETOOLONG);
  assert_int_equal(why.reason, REASON_NO_SERVICE);
  assert_non_null(strstr(why.text, "xxx: File name too long"));
  int listener = sockets_local("stream", SOCK_STREAM);
  (void)strcpy(config.ptp_sockets, "stream");
  assert_int_equal(measure(1000), -EPROTOTYPE);
  assert_golden(why.text, "a stream socket");
  (void)close(listener);
}

/* Whatever is wrong with those before it; and of those that fail the one is told of that got
 * furthest. */
static void test_order(void **state) {
  (void)state;
  reset();
  int silent = sockets_local("silent", SOCK_DGRAM);
  (void)close(sockets_local("stale", SOCK_DGRAM));
  (void)strcpy(config.ptp_sockets, "nowhere\tstale  silent here after");
  takes(490, 999);
  assert_int_equal(measure_fake(1000), 0);
  assert_true(traced("nowhere: No such file or directory"));
  assert_true(traced("ptp: stale: "));
  assert_true(traced("ptp: silent: "));
  (void)strcpy(config.ptp_sockets, "stale silent stale nowhere");
  assert_int_equal(measure(400), -ETIMEDOUT);
  assert_non_null(strstr(why.text, "silent"));
  fake.way = JUNK;
  (void)strcpy(config.ptp_sockets, "silent here stale");
  refuse(400, -EBADMSG, REASON_BAD_REPLY, "here", "junk behind a silent one");
  (void)close(silent);
}

/* A receiver whose queue is full takes no request. */
static void test_full(void **state) {
  (void)state;
  reset();
  samples_free(&samples);
  int full = sockets_local("full", SOCK_DGRAM);
  int fd = -1;
  struct sockaddr_un address = {.sun_family = AF_UNIX, .sun_path = "full"};
  fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0);
  assert_int_equal(connect(fd, (const struct sockaddr *)&address, sizeof address), 0);
  while (send(fd, "x", 1, MSG_DONTWAIT) == 1) {
  }
  (void)strcpy(config.ptp_sockets, "full");
  takes(190, 399);
  assert_int_equal(measure(400), -ETIMEDOUT);
  (void)close(fd);
  (void)close(full);
}

static void test_no_room(void **state) {
  (void)state;
  reset();
  int fd = sockets_local("here", SOCK_DGRAM);
  pid_t child = fork();
  if (child == 0) {
    serve(fd);
  }
  (void)close(fd);
  samples = (struct samples){.count = SAMPLE_MAX};
  assert_int_equal(measure(5000), -E2BIG);
  assert_golden(why.text, "no room");
  samples = (struct samples){.count = 0};
  (void)kill(child, SIGKILL);
  (void)waitpid(child, NULL, 0);
}

static int leave(void **state) {
  samples_free(&samples);
  return temp_leave(state);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(test_slave),        cmocka_unit_test(test_domain),
      cmocka_unit_test(test_samples),      cmocka_unit_test(test_deadline),
      cmocka_unit_test(test_states),       cmocka_unit_test(test_ports),
      cmocka_unit_test(test_repeat),       cmocka_unit_test(test_silent),
      cmocka_unit_test(test_bad),          cmocka_unit_test(test_late),
      cmocka_unit_test(test_absent),       cmocka_unit_test(test_stale),
      cmocka_unit_test(test_not_a_socket), cmocka_unit_test(test_order),
      cmocka_unit_test(test_full),         cmocka_unit_test(test_no_room),
  };
  return cmocka_run_group_tests_name("source/ptp", tests, temp_enter, leave);
}

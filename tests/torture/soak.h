/* The parts of the soak: the line expected of a run, the service it asks, and a census of
 * leftovers. */
#ifndef NTP_MONITOR_TORTURE_SOAK_H
#define NTP_MONITOR_TORTURE_SOAK_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>
#include <systemd/sd-bus.h>

/* The threshold in the configuration that soak.sh writes, and the one on its own command line. */
#define SOAK_THRESHOLD_US 100000
#define SOAK_LOW_THRESHOLD_US 1

enum { SOAK_LINE_BYTES = 1024, SOAK_SERVER_BYTES = 64 };

enum soak_verdict { SOAK_OK, SOAK_JITTER, SOAK_STALE, SOAK_VERDICTS };

/* The figures of one reading, from which the expected line follows. */
struct soak_truth {
  int64_t jitter_us, age_s, threshold_us;
  int64_t offset_ns; /* > 0: the clock was behind */
  enum soak_verdict verdict;
  char server[SOAK_SERVER_BYTES];
};

/* Returns the truth for run number; it differs from those of neighbouring runs. */
struct soak_truth soak_truth_of(int64_t number);

/* Returns the verdict expected of a real service's jitter. */
enum soak_verdict soak_judge(const struct soak_truth *truth);

int soak_status(const struct soak_truth *truth);

/* Writes a pattern of fnmatch(3) for the datagram of a process that started at now_s, took its
 * reading late_s and logged it logged_s later. */
void soak_line(char out[SOAK_LINE_BYTES], const struct soak_truth *truth, pid_t pid, int64_t now_s,
               int64_t late_s, int64_t logged_s);

/* org.freedesktop.timesync1. Answers each call with the truth of the next number. */
struct soak_service {
  sd_bus *bus;
  int64_t now_s, next; /* set for each batch of runs */
  unsigned calls;
};

/* Connects to the bus; own: also takes the name of the service. Returns 0 or a negative errno. */
int soak_service_open(struct soak_service *service, bool own);

/* Answers pending calls. Returns 0 or a negative errno. */
int soak_service_serve(struct soak_service *service);

/* Asks a real service for its present figures. */
int soak_service_ask(struct soak_service *service, struct soak_truth *truth);

/* Figures that would show a leak or a loss. */
struct soak_census {
  int64_t files, sockets, bus_fds, bus_rss_kib, own_fds, own_rss_kib;
  int64_t peak_kib; /* of the runs; filled elsewhere */
};

struct soak_census soak_count(pid_t bus);

struct soak_plan {
  int64_t count, number, at_s, step_s, width, bus; /* see soak.c */
};

enum { SOAK_WIDTH_MAX = 64 };

struct soak_child {
  pid_t pid;
  int status; /* of wait(2) */
  bool ended, said;
  struct soak_truth truth; /* that its line stated */
};

struct soak {
  struct soak_plan plan; /* number and at_s are of the present batch */
  char *program;
  struct soak_service service;
  int log, ends, out; /* /dev/log, SIGCHLD, the children's stdout and stderr */
  struct soak_child children[SOAK_WIDTH_MAX];
  bool told[SOAK_WIDTH_MAX];
  struct soak_truth real;  /* last read from a real service */
  int64_t now_s, begun_ns; /* of the batch */
  int64_t verdicts[SOAK_VERDICTS], failures;
  long peak_kib; /* greatest use of memory by a run since this was set to 0 */
};

int64_t soak_clock_ns(int clock);

/* Returns the limit for this run. With a real service, whose jitter does not vary, the limit
 * varies. */
int64_t soak_threshold_us(const struct soak *soak, const struct soak_child *child);

/* Counts a failure, and shows the first few. */
void soak_fail(struct soak *soak, const char *what, const char *detail);

/* Check a run: its line on arrival, and its end. */
void soak_take_line(struct soak *soak, const char *line);
void soak_check(struct soak *soak, const struct soak_child *child);

struct soak_child *soak_child_of(struct soak *soak, pid_t pid);

/* Starts width runs at once and waits for all. */
void soak_run_batch(struct soak *soak);

#endif

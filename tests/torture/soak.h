/* The parts of the soak: what a run must say, the service it asks, and what there is around it. */
#ifndef NTP_MONITOR_TORTURE_SOAK_H
#define NTP_MONITOR_TORTURE_SOAK_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>
#include <systemd/sd-bus.h>

/* The threshold of the configuration that soak.sh writes, and the one of its own command line. */
#define SOAK_THRESHOLD_US 100000
#define SOAK_LOW_THRESHOLD_US 1

enum { SOAK_LINE_BYTES = 1024, SOAK_SERVER_BYTES = 64 };

enum soak_verdict { SOAK_OK, SOAK_JITTER, SOAK_STALE, SOAK_VERDICTS };

/* What one reading is, and so what its run must say. */
struct soak_truth {
  int64_t jitter_us, age_s, threshold_us;
  int64_t offset_ns; /* > 0: the clock was behind */
  enum soak_verdict verdict;
  char server[SOAK_SERVER_BYTES];
};

/* That of run `number`: another one than that of the runs before and after it. */
struct soak_truth soak_truth_of(int64_t number);

/* The verdict of a jitter that a real service has. */
enum soak_verdict soak_judge(const struct soak_truth *truth);

int soak_status(const struct soak_truth *truth);

/* The datagram of a process that began at now_s, took its reading late_s and logged it logged_s
   later, as a pattern of fnmatch(3). */
void soak_line(char out[SOAK_LINE_BYTES], const struct soak_truth *truth, pid_t pid, int64_t now_s,
               int64_t late_s, int64_t logged_s);

/* org.freedesktop.timesync1, answering each call with the truth of the next number. */
struct soak_service {
  sd_bus *bus;
  int64_t now_s, next; /* set for each batch of runs */
  unsigned calls;
};

/* own: be the service, else only connect to the bus. 0 or a negative errno. */
int soak_service_open(struct soak_service *service, bool own);

/* Answers what has come: 0 or a negative errno. */
int soak_service_serve(struct soak_service *service);

/* What a real service says now. */
int soak_service_ask(struct soak_service *service, struct soak_truth *truth);

/* What could grow, be left behind, or be lost. */
struct soak_census {
  int64_t files, sockets, bus_fds, bus_rss_kib, own_fds, own_rss_kib;
  int64_t peak_kib; /* of the runs; not counted here */
};

struct soak_census soak_count(pid_t bus);

struct soak_plan {
  int64_t count, number, at_s, step_s, width, bus; /* soak.c says what they are */
};

enum { SOAK_WIDTH_MAX = 64 };

struct soak_child {
  pid_t pid;
  int status; /* of wait(2) */
  bool ended, said;
  struct soak_truth truth; /* that its line told of */
};

struct soak {
  struct soak_plan plan; /* number and at_s are those of the present batch */
  char *program;
  struct soak_service service;
  int log, ends, out; /* /dev/log, SIGCHLD, the children's stdout and stderr */
  struct soak_child children[SOAK_WIDTH_MAX];
  bool told[SOAK_WIDTH_MAX];
  struct soak_truth real;  /* of a real service, as it last said */
  int64_t now_s, begun_ns; /* of the batch */
  int64_t verdicts[SOAK_VERDICTS], failures;
  long peak_kib; /* the most memory that a run took since this was 0 */
};

int64_t soak_clock_ns(int clock);

/* The limit of this run: a real service's jitter does not vary, so there the limit does. */
int64_t soak_threshold_us(const struct soak *soak, const struct soak_child *child);

/* Counts a failure, and shows the first few. */
void soak_fail(struct soak *soak, const char *what, const char *detail);

/* The checks of a run: its line as it comes, and its end. */
void soak_take_line(struct soak *soak, const char *line);
void soak_check(struct soak *soak, const struct soak_child *child);

struct soak_child *soak_child_of(struct soak *soak, pid_t pid);

/* `width` runs at once, from their start to their end. */
void soak_run_batch(struct soak *soak);

#endif

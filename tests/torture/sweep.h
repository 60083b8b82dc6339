/* sweep: a fault, a run of the program under it, and its outcome. */
#ifndef NTP_MONITOR_TORTURE_SWEEP_H
#define NTP_MONITOR_TORTURE_SWEEP_H

#include <poll.h>
#include <regex.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

enum {
  CALL_NUMBERS = 600, /* Linux has fewer system calls */
  PROCESSES_MAX = 6,  /* of one run, in order of creation: 0 is the program */
  LINES_MAX = 256,    /* received in all places */
  OUTPUT_BYTES = 1 << 16,
  CONTROL_FD = 900,
  LATE_MS = 1000 /* a run may end this long after its deadline on a loaded machine */
};

enum fault_kind {
  FAULT_NONE,
  FAULT_ONCE,       /* one call fails with errno value */
  FAULT_FROM,       /* the call, and all later ones of its name in the same process */
  FAULT_ALL,        /* the call, and every later call of any name and process */
  FAULT_SIGNAL,     /* its process gets signal value instead of an answer */
  FAULT_GROUP,      /* every process of the run gets the signal, as from timeout(1) and systemd */
  FAULT_HANG,       /* the call never returns */
  FAULT_MEMORY,     /* allocation nth fails */
  FAULT_MEMORY_FROM /* allocation nth and all later ones fail */
};

/* A fault at the nth call (from 1) with this number that a process makes after main began. */
struct fault {
  enum fault_kind kind;
  int process, call;
  unsigned nth;
  int value;
};

/* The program to run, and the outcome expected without a fault. */
struct scenario {
  char *const *command; /* the program and its arguments, up to NULL */
  const char *input;    /* a file to feed to stdin through a pipe, or NULL */
  int64_t deadline_ms;
  int expected; /* the exit status */
  bool
      no_verdict; /* a mode that logs nothing: its output on stdout and stderr counts as the line */
  bool
      answers; /* --inetd: stdout is the answer to a request, and status 0 means that it was sent */
  bool stays;  /* only SIGKILL ends its child */
  regex_t verdict;          /* the text of its verdict line */
  char shape[OUTPUT_BYTES]; /* of its output on stdout */
};

enum place { PLACE_LOCAL, PLACE_UDP, PLACE_JOURNAL, PLACE_STDERR, PLACE_COUNT };

struct line {
  enum place place;
  size_t bytes;
  char *record; /* as received, and a NUL */
};

struct process {
  pid_t pid;
  bool foreign;                                       /* has executed another program: left alone */
  bool executed;                                      /* is about to */
  unsigned before[CALL_NUMBERS], count[CALL_NUMBERS]; /* calls before and after main began */
};

/* One run. */
struct run {
  int status; /* as from waitpid(2) */
  int64_t took_ms;
  bool late;    /* had to be killed, after the deadline and LATE_MS */
  bool reached; /* the fault was injected */
  bool muted;   /* the fault hit stderr: a write there, or the poll before it */
  bool handled; /* when the fault came: the handler of SIGTERM was installed, */
  bool guarded; /* the timer was set to the run's own deadline, */
  bool blocked; /* and SIGTERM or SIGALRM was blocked */
  bool begun;   /* main has begun */
  unsigned calls, timers_set,
      calls_unhandled; /* calls_unhandled: before the handler of SIGTERM was installed */
  unsigned failures;   /* calls made to fail, except libsystemd's */
  unsigned long allocations;
  char left[64]; /* the name of a child that outlived it */
  char out[OUTPUT_BYTES], err[OUTPUT_BYTES];
  size_t out_bytes, err_bytes;
  struct line lines[LINES_MAX];
  size_t line_count;
  struct process processes[PROCESSES_MAX];
  int process_count;
};

/* The descriptors of a run in progress, for the functions that serve it. */
struct watch {
  const struct fault *fault;
  struct run *run;
  pid_t pid;
  int listener, end, out, err; /* -1: closed */
};

extern const char *const call_names[CALL_NUMBERS];

/* sweep_calls.c. Called in the child that becomes the program: reports its calls from here on, and
 * sends the listener over CONTROL_FD. */
void calls_announce(void);
/* Receives the listener from the other end. Returns -1 if there is none. */
int calls_listener(int from);
/* Handles one call. */
void calls_serve(struct watch *watch);
bool calls_is_socket(int call);

/* sweep_run.c: returns 0, or -1 with the reason on stderr if this kernel or container forbids it.
 */
int run_prepare(void);
void run_program(const struct scenario *scenario, const struct fault *fault, struct run *run);
/* Repeats the run up to three times while it is late or has the wrong status; runs_repeated counts
 * the repetitions. */
extern unsigned runs_repeated;
void run_steadily(const struct scenario *scenario, const struct fault *fault, struct run *run);
void run_free(struct run *run);

/* sweep_lines.c: receivers at /dev/log, journald's socket, UDP port 514 of both loopbacks. */
enum { RECEIVERS_MAX = 16 };
int lines_listen(bool stream);

size_t lines_poll(struct pollfd fds[RECEIVERS_MAX]);
void lines_receive(struct run *run);
void lines_forget(void);
int lines_ask_nobody(void);
void lines_of_stderr(struct run *run);
/* Returns the text after a line's header, or NULL if the line breaks the grammar of its place. */
const char *line_text(const struct line *line);

/* sweep_tell.c: KIND/PROCESS/CALL/NTH/VALUE or memory/NTH; the same for strace(1), which counts
 * from the program's start and only in the program itself. */
void tell_fault(const struct fault *fault);
struct fault fault_of(const char *text);
void tell_strace(const struct fault *fault, const unsigned before[CALL_NUMBERS],
                 char *const *command);
void tell_run(const struct run *run);

/* sweep_rules.c */
struct rule {
  const char *name;
  bool (*is_broken)(const struct scenario *scenario, const struct fault *fault,
                    const struct run *run);
};
extern const struct rule rules[];
bool has_verdict(const struct scenario *scenario, const struct run *run);
bool has_wrong_status(const struct scenario *scenario, const struct fault *fault,
                      const struct run *run);
/* Nothing could be reported, because the fault took away every means to: counted, not a violation.
 */
bool is_exempt(const struct scenario *scenario, const struct fault *fault, const struct run *run);
/* Copies text without what varies from run to run. */
void shape_of(const char *text, char shape[OUTPUT_BYTES]);
/* Call before the first run, and after it if nothing failed. */
void rules_prepare(struct scenario *scenario);
void rules_learn(const struct run *run, struct scenario *scenario);

/* sweep_whole.c: find the files that the command writes (-o FORMAT=/FILE); call before each run;
 * call after the first, without a fault. */
void whole_prepare(char *const *command);
void whole_begin(void);
void whole_learn(void);
/* Rules: a file is neither the old one nor a complete new one, or the status is 0 without a new
 * one; a temporary file is left beside one. */
bool whole_is_half(const struct scenario *scenario, const struct fault *fault,
                   const struct run *run);
bool whole_is_littered(const struct scenario *scenario, const struct fault *fault,
                       const struct run *run);
/* Returns whether text is one complete HTTP answer. */
bool whole_is_answer(const char *text);

#endif

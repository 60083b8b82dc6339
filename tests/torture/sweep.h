/*
 * sweep: what its parts share: a fault, a run of the program under it, what came of it.
 */
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
  PROCESSES_MAX = 6,  /* of one run, in the order of their birth: 0 is the program */
  LINES_MAX = 256,    /* in all places together */
  OUTPUT_BYTES = 1 << 16,
  CONTROL_FD = 900,
  LATE_MS = 1000 /* how long after its deadline a run may end on a loaded machine */
};

enum fault_kind {
  FAULT_NONE,
  FAULT_ONCE,       /* one call fails with errno value */
  FAULT_FROM,       /* it, and all later ones of its name in the same process */
  FAULT_ALL,        /* it, and every later call of any name and process */
  FAULT_SIGNAL,     /* its process gets signal value instead of an answer */
  FAULT_GROUP,      /* every process of the run gets it, as timeout(1) and systemd do */
  FAULT_HANG,       /* it never returns */
  FAULT_MEMORY,     /* allocation nth fails */
  FAULT_MEMORY_FROM /* it and all later ones */
};

/* The nth call (from 1) of this name that a process makes after main began. */
struct fault {
  enum fault_kind kind;
  int process, call;
  unsigned nth;
  int value;
};

/* What is run, and what it comes to when nothing fails. */
struct scenario {
  char *const *command; /* the program and its arguments, up to NULL */
  const char *input;    /* a file that comes through a pipe as stdin, or NULL */
  int64_t deadline_ms;
  int expected;    /* the exit status */
  bool no_verdict; /* a mode that logs nothing: its words on stdout and stderr are the line */
  bool answers;    /* --inetd: stdout is the answer to a request, and 0 says that it went out */
  bool stays;      /* its child is one that nothing but SIGKILL ends */
  regex_t verdict; /* the text of its verdict line */
  char shape[OUTPUT_BYTES]; /* of what it then prints on stdout */
};

enum place { PLACE_LOCAL, PLACE_UDP, PLACE_JOURNAL, PLACE_STDERR, PLACE_COUNT };

struct line {
  enum place place;
  size_t bytes;
  char *record; /* as it came, and a NUL behind it */
};

struct process {
  pid_t pid;
  bool foreign;                                       /* runs another program by now: left alone */
  bool executed;                                      /* has just asked to */
  unsigned before[CALL_NUMBERS], count[CALL_NUMBERS]; /* calls before and after main began */
};

/* One run. */
struct run {
  int status; /* as waitpid(2) has it */
  int64_t took_ms;
  bool late;    /* had to be killed, after the deadline and LATE_MS */
  bool reached; /* the fault was put in */
  bool muted;   /* the fault took stderr away: a write there, or the poll before it */
  bool handled; /* when the fault came: the handler of SIGTERM stood, */
  bool guarded; /* the timer was set to the run's own deadline, */
  bool blocked; /* and the signal of either was blocked */
  bool begun;   /* main has begun */
  unsigned calls, timers_set, calls_unhandled; /* calls before the handler of SIGTERM stood */
  unsigned failures;                           /* calls that were failed, but libsystemd's */
  unsigned long allocations;
  char left[64]; /* a child that outlived it, by name */
  char out[OUTPUT_BYTES], err[OUTPUT_BYTES];
  size_t out_bytes, err_bytes;
  struct line lines[LINES_MAX];
  size_t line_count;
  struct process processes[PROCESSES_MAX];
  int process_count;
};

/* What a run has open, for those who serve it. */
struct watch {
  const struct fault *fault;
  struct run *run;
  pid_t pid;
  int listener, end, out, err; /* -1: closed */
};

extern const char *const call_names[CALL_NUMBERS];

/* sweep_calls.c. In the child that becomes the program: from here on its calls are told, and the
 * listener is sent over CONTROL_FD. */
void calls_announce(void);
/* The listener, from the other end: -1 where there is none. */
int calls_listener(int from);
/* Deals with one call. */
void calls_serve(struct watch *watch);
bool calls_is_socket(int call);

/* sweep_run.c: 0, or -1 with why on stderr where this kernel or container forbids it. */
int run_prepare(void);
void run_program(const struct scenario *scenario, const struct fault *fault, struct run *run);
/* The same, up to three times while it is late or its status wrong; runs_repeated counts the
 * latter. */
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
/* The text behind a line's head, NULL for one that is not in its place's grammar. */
const char *line_text(const struct line *line);

/* sweep_tell.c: KIND/PROCESS/CALL/NTH/VALUE or memory/NTH; the same for strace(1), which counts
 * from the program's start and in the program alone. */
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
/* Nothing could tell, because the fault took away whatever could: counted, not a violation. */
bool is_exempt(const struct scenario *scenario, const struct fault *fault, const struct run *run);
/* A text with what varies from run to run taken out. */
void shape_of(const char *text, char shape[OUTPUT_BYTES]);
/* Before the first run; and after it, when nothing failed. */
void rules_prepare(struct scenario *scenario);
void rules_learn(const struct run *run, struct scenario *scenario);

/* sweep_whole.c: the files that the command (-o FORMAT=/FILE) writes; before each run; after the
 * first, without a fault. */
void whole_prepare(char *const *command);
void whole_begin(void);
void whole_learn(void);
/* Rules: a file is neither the old nor whole and new, or 0 without a new one; and what was being
 * written is left beside one. */
bool whole_is_half(const struct scenario *scenario, const struct fault *fault,
                   const struct run *run);
bool whole_is_littered(const struct scenario *scenario, const struct fault *fault,
                       const struct run *run);
/* One answer of HTTP, to its last byte. */
bool whole_is_answer(const char *text);

#endif

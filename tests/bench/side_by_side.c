/*
 * Runs commands in turn, round after round, and prints the medians of their wall time, CPU time and
 * peak memory, each with its ratio to the first two commands.
 *
 * In turn, so that whatever else the machine does meets all of them alike; ratios, for the figures
 * of one machine say nothing on another.
 *
 * usage: side_by_side ROUNDS NAME COMMAND [NAME COMMAND]...   (a command is words between blanks)
 */
#include <errno.h>
#include <fcntl.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

enum { COMMANDS_MAX = 16, WORDS_MAX = 32, FIGURES = 3 };

struct command {
  const char *name;
  char *words[WORDS_MAX + 1];
  int64_t *figures[FIGURES]; /* wall us, CPU us, peak RSS KiB: one a round */
  int64_t median[FIGURES];
};

static int64_t now_us(void) {
  struct timespec now;
  (void)clock_gettime(CLOCK_MONOTONIC, &now);
  return (int64_t)now.tv_sec * 1000000 + now.tv_nsec / 1000;
}

static int64_t span_us(struct timeval span) {
  return (int64_t)span.tv_sec * 1000000 + span.tv_usec;
}

static void run_child(const struct command *command) {
  int null = open("/dev/null", O_RDWR);
  if (null >= 0 && dup2(null, 0) == 0 && dup2(null, 1) == 1 && dup2(null, 2) == 2) {
    (void)execv(command->words[0], command->words);
  }
  _exit(127);
}

/* 0, or 1 where the command cannot be run. */
static int run_once(struct command *command, size_t round) {
  struct rusage usage;
  int status = 0;
  int64_t begun_us = now_us();
  pid_t child = fork();
  if (child == 0) {
    run_child(command);
  }
  if (child < 0 || wait4(child, &status, 0, &usage) != child || !WIFEXITED(status) ||
      WEXITSTATUS(status) != 0) {
    (void)fprintf(stderr, "%s: failed (wait status %d)\n", command->name, status);
    return 1;
  }
  command->figures[0][round] = now_us() - begun_us;
  command->figures[1][round] = span_us(usage.ru_utime) + span_us(usage.ru_stime);
  command->figures[2][round] = usage.ru_maxrss;
  return 0;
}

static int compare(const void *a, const void *b) {
  int64_t left = *(const int64_t *)a;
  int64_t right = *(const int64_t *)b;
  return (left > right) - (left < right);
}

static void print(struct command *commands, size_t count) {
  (void)printf("%-34s %9s %6s %6s %9s %6s %6s %8s %7s\n", "", "wall", "/1st", "/2nd", "CPU", "/1st",
               "/2nd", "RSS", "-2nd");
  for (size_t i = 0; i < count; i++) {
    const int64_t *median = commands[i].median;
    (void)printf("%-34s %7.2fms %6.2f %6.2f %7.2fms %6.2f %6.2f %5lldKiB %+7lld\n",
                 commands[i].name, (double)median[0] / 1000,
                 (double)median[0] / (double)commands[0].median[0],
                 (double)median[0] / (double)commands[1].median[0], (double)median[1] / 1000,
                 (double)median[1] / (double)commands[0].median[1],
                 (double)median[1] / (double)commands[1].median[1], (long long)median[2],
                 (long long)(median[2] - commands[1].median[2]));
  }
}

int main(int argc, char *argv[]) {
  static struct command commands[COMMANDS_MAX];
  size_t rounds = argc > 1 ? (size_t)strtoul(argv[1], NULL, 10) : 0;
  size_t count = argc > 3 ? (size_t)(argc - 2) / 2 : 0;
  if (rounds == 0 || count < 2 || count > COMMANDS_MAX) {
    (void)fprintf(stderr, "usage: side_by_side ROUNDS NAME COMMAND NAME COMMAND...\n");
    return 2;
  }
  for (size_t i = 0; i < count; i++) {
    size_t words = 0;
    commands[i].name = argv[2 + 2 * i];
    for (char *word = strtok(argv[3 + 2 * i], " "); word != NULL && words < WORDS_MAX;
         word = strtok(NULL, " ")) {
      commands[i].words[words++] = word;
    }
    for (size_t f = 0; f < FIGURES; f++) {
      commands[i].figures[f] = calloc(rounds, sizeof(int64_t));
      if (commands[i].figures[f] == NULL) {
        return 1;
      }
    }
  }
  for (size_t round = 0; round < rounds; round++) {
    for (size_t i = 0; i < count; i++) {
      if (run_once(&commands[i], round) != 0) {
        return 1;
      }
    }
  }
  for (size_t i = 0; i < count; i++) {
    for (size_t f = 0; f < FIGURES; f++) {
      qsort(commands[i].figures[f], rounds, sizeof(int64_t), compare);
      commands[i].median[f] = commands[i].figures[f][rounds / 2];
      free(commands[i].figures[f]);
    }
  }
  print(commands, count);
  return 0;
}

/*
 * The source text: the output of `timedatectl show-timesync`, from a file or a pipe.
 *
 * It serves machines whose bus cannot be reached from here (`ssh host timedatectl ...`) and saved
 * copies. Time stamps have a resolution of 1 s, so there is no delay, and an offset only from 2 s
 * on. If the stamp's zone is ambiguous, the file's age is a lower bound of the reading's.
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "ntp_monitor/ask.h"
#include "ntp_monitor/clock.h"
#include "ntp_monitor/duration.h"
#include "ntp_monitor/env.h"
#include "ntp_monitor/net.h"
#include "ntp_monitor/sample.h"
#include "ntp_monitor/source.h"
#include "ntp_monitor/trusted.h"
#include "ntp_monitor/why.h"
#include "source/timesyncd/timesync.h"
#include "source/timesyncd/timesync_text.h"

enum { TEXT_BYTES_MAX = 64 * 1024 };

/* Takes the time when a file was written; its content is at least that old. */
static void take_written(const struct stat *status, struct timesync *raw) {
  const time_t most_s = INT64_MAX / DURATION_S - 1;
  if (!S_ISREG(status->st_mode)) {
    return;
  }
  time_t seconds = status->st_mtim.tv_sec;
  if (seconds < 0) {
    seconds = 0;
  } else if (seconds > most_s) {
    seconds = most_s;
  }
  raw->written_us = (int64_t)seconds * 1000000 + status->st_mtim.tv_nsec / 1000;
  raw->present |= TIMESYNC_WRITTEN;
}

/* Reads the whole file or stdin as a terminated string: the number of bytes, or a negative errno
 * with why. */
static ssize_t text_source_load(const struct ask *ask, char *text, struct timesync *raw,
                                struct why *why) {
  const struct trusted_file file = {.path = ask->argument,
                                    .rule = TRUSTED_ANYONE,
                                    .uid = ask->env->uid,
                                    .deadline_ns = ask->deadline_ns};
  struct stat status = {.st_mode = 0};
  bool input = strcmp(ask->argument, "-") == 0;
  ssize_t bytes = 0;
  if (input) {
    if (fstat(STDIN_FILENO, &status) != 0) {
      status.st_mode = 0;
    }
    bytes = net_read_all(STDIN_FILENO, text, TEXT_BYTES_MAX, file.deadline_ns);
  } else {
    bytes = trusted_read(&file, text, TEXT_BYTES_MAX, &status, why);
  }
  text[bytes > 0 ? bytes : 0] = '\0';
  take_written(&status, raw);
  if (bytes == -ETIMEDOUT && input) {
    (void)why_set(why, REASON_TIMEOUT, -ETIMEDOUT, "no end of file in time");
  } else if (bytes == -EFBIG) {
    (void)why_set(why, REASON_BAD_REPLY, -EFBIG, "longer than %d KiB", TEXT_BYTES_MAX / 1024);
  } else if (bytes < 0 && bytes != -ETIMEDOUT && (bytes != -EINVAL || input)) {
    (void)why_set(why, REASON_NO_SOURCE, (int)bytes, "%s", strerror((int)-bytes));
  }
  return bytes;
}

static int text_source_parse(char *text, ssize_t bytes, struct timesync *raw, const struct ask *ask,
                             struct samples *samples, struct why *why) {
  struct sample sample;
  if (strlen(text) != (size_t)bytes) {
    return why_set(why, REASON_BAD_REPLY, -EBADMSG, "contains a NUL byte: not text");
  }
  int error = timesync_text_read(text, raw, ask->env->trace, why);
  if (error == 0) {
    error = timesync_sample(raw, clock_realtime_ns(), &sample, why);
  }
  if (error != 0) {
    return error;
  }
  sample.clock = CLOCK_ELSEWHERE;
  timesync_explain(raw, &sample, samples->note, sizeof samples->note);
  return samples_add(samples, &sample, why);
}

/* Reads and parses the text: 0, or a negative errno with why. */
static int measure_input(const struct ask *ask, struct samples *samples, struct why *why) {
  struct timesync raw = {.present = 0};
  char *text = malloc(TEXT_BYTES_MAX + 1);
  if (text == NULL) {
    return why_set(why, REASON_NO_SOURCE, -ENOMEM, "%s", strerror(ENOMEM));
  }
  ssize_t bytes = text_source_load(ask, text, &raw, why);
  int error = (int)bytes;
  if (bytes >= 0) {
    error = text_source_parse(text, bytes, &raw, ask, samples, why);
  }
  free(text);
  return error;
}

static int measure_text(const struct ask *ask, struct samples *samples, struct why *why) {
  struct why inner = {.reason = REASON_NO_SOURCE};
  int error = measure_input(ask, samples, &inner);
  if (error == 0) {
    return 0;
  }
  const char *name = strcmp(ask->argument, "-") == 0 ? "standard input" : ask->argument;
  return why_set(why, inner.reason, error, "%s: %s", name, inner.text);
}

const struct source source_text = {
    .name = "text",
    .argument = "FILE",
    .summary = "output of timedatectl show-timesync in FILE or - (stdin)",
    .measure = measure_text,
};

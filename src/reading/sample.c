/* Samples: their container, and the words for what a sample has as an enum. */
#include "ntp_monitor/sample.h"

#include <errno.h>
#include <stdlib.h>

bool sample_has(const struct sample *sample, unsigned metric_or_field) {
  return (sample->present & 1U << metric_or_field) != 0;
}

void sample_set(struct sample *sample, enum metric metric, int64_t value) {
  sample->value[metric] = value;
  sample->present |= 1U << metric;
}

const char *sample_server(const struct sample *sample) {
  if (sample->server[0] != '\0') {
    return sample->server;
  }
  return sample->address;
}

void sample_set_reach(struct sample *sample, unsigned shift_register) {
  unsigned bits = shift_register & 0xff;
  sample_set(sample, METRIC_REACH, __builtin_popcount(bits));
  sample->starting = bits != 0 && bits != 0xff && (bits & (bits + 1)) == 0;
}

const char *sample_jitter_word(enum jitter_kind kind) {
  static const char *const words[JITTER_KIND_COUNT] = {
      [JITTER_NONE] = "",         [JITTER_RMS8] = "rms8",
      [JITTER_STDDEV] = "stddev", [JITTER_SYS] = "sys_jitter",
      [JITTER_RMS] = "rms",       [JITTER_RMS_SUCCESSIVE] = "rms-successive",
  };
  return words[kind];
}

const char *sample_state_word(enum state state) {
  static const char *const words[STATE_COUNT] = {
      [STATE_UNKNOWN] = "",
      [STATE_SELECTED] = "selected",
      [STATE_COMBINED] = "combined",
      [STATE_SELECTABLE] = "selectable",
      [STATE_FALSETICKER] = "falseticker",
      [STATE_JITTERY] = "jittery",
      [STATE_UNUSABLE] = "unusable",
      [STATE_UNREACHABLE] = "unreachable",
  };
  return words[state];
}

static const struct {
  const char *word, *meaning;
} leaps[] = {
    [LEAP_NONE] = {"none", "none"},
    [LEAP_INSERT] = {"insert", "a second will be inserted"},
    [LEAP_DELETE] = {"delete", "a second will be deleted"},
    [LEAP_UNSYNCHRONISED] = {"unsynchronised", "not synchronised"},
};

const char *sample_leap_word(enum leap leap) {
  return leaps[leap].word;
}

const char *sample_leap_meaning(enum leap leap) {
  return leaps[leap].meaning;
}

/* Makes room for one more sample: 0, -E2BIG or -ENOMEM. The room doubles, so that a thousand
 * servers are not copied a thousand times. */
static int grow(struct samples *samples) {
  bool full = (samples->count & (samples->count - 1)) == 0;
  if (samples->count == SAMPLE_MAX) {
    return -E2BIG;
  }
  if (full) {
    size_t room = 1;
    if (samples->count > 0) {
      room = 2 * samples->count;
    }
    struct sample *items = reallocarray(samples->items, room, sizeof *items);
    if (items == NULL) {
      return -ENOMEM;
    }
    samples->items = items;
  }
  return 0;
}

int samples_add(struct samples *samples, const struct sample *sample, struct why *why) {
  int error = grow(samples);
  if (error == 0) {
    samples->items[samples->count++] = *sample;
  } else if (why != NULL) {
    (void)why_set(why, REASON_NO_SOURCE, error, "no memory for a reading");
  }
  return error;
}

void samples_free(struct samples *samples) {
  free(samples->items);
  *samples = (struct samples){.items = NULL};
}

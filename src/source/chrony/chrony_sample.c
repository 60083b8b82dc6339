/*
 * Translates chronyd's sources into samples.
 *
 * Two values are easily misread. The offset of a source is measured against chronyd's estimate of
 * the time, from which the clock differs by the current correction. A source with fewer than three
 * samples has a standard deviation of 4 s, which stands for "unknown" (MIN_SAMPLES_FOR_REGRESS in
 * chrony's regress.h, WORST_CASE_STDDEV_BOUND in its sourcestats.c).
 */
#include "source/chrony/chrony_sample.h"

#include <arpa/inet.h>
#include <stdio.h>
#include <string.h>

#include "ntp_monitor/duration.h"
#include "ntp_monitor/text.h"
#include "source/chrony/candm.h"

enum { ENOUGH_SAMPLES = 3 };

static const char unresolved[] = "its name is not resolved yet";

static void take_address(const struct candm_source *source, const char *name,
                         struct sample *sample) {
  const struct candm_address *address = &source->address;
  if (source->mode == CANDM_REFERENCE) {
    const char *identifier = (const char *)address->bytes;
    text_escape(sample->server, sizeof sample->server, identifier, strnlen(identifier, 4));
    return;
  }
  text_escape(sample->server, sizeof sample->server, name, strlen(name));
  if (address->family == CANDM_INET4) {
    (void)inet_ntop(AF_INET, address->bytes, sample->address, sizeof sample->address);
  } else if (address->family == CANDM_INET6) {
    (void)inet_ntop(AF_INET6, address->bytes, sample->address, sizeof sample->address);
  }
}

static enum state get_state(const struct candm_source *source) {
  static const enum state states[] = {
      [CANDM_SELECTED] = STATE_SELECTED,       [CANDM_NONSELECTABLE] = STATE_UNUSABLE,
      [CANDM_FALSETICKER] = STATE_FALSETICKER, [CANDM_JITTERY] = STATE_JITTERY,
      [CANDM_COMBINED] = STATE_COMBINED,       [CANDM_SELECTABLE] = STATE_SELECTABLE,
  };
  enum state state = states[source->state];
  if (state == STATE_UNUSABLE && source->reach == 0) {
    return STATE_UNREACHABLE;
  }
  return state;
}

/* Returns 2^exponent seconds. */
static int64_t get_power_ns(int exponent) {
  return exponent < 0 ? DURATION_S >> -exponent : DURATION_S << exponent;
}

/* Takes the jitter, or remarks why there is none. */
static void take_stats(const struct candm_source *source, const struct candm_stats *stats,
                       struct sample *sample) {
  bool reference = source->mode == CANDM_REFERENCE;
  const char *kind = "";
  const char *what = "its server";
  char *out = sample->remark;
  const size_t size_bytes = sizeof sample->remark;
  if (reference) {
    kind = "reference clock: ";
    what = "its time";
  }
  if (sample->unresolved) {
    (void)snprintf(out, size_bytes, "%s", unresolved);
  } else if (reference) {
    (void)snprintf(out, size_bytes, "reference clock");
  }
  if (stats == NULL) {
    (void)snprintf(out, size_bytes, "%schronyd gave no statistics", kind);
    return;
  }
  sample->measurement_count = stats->sample_count;
  if (stats->sample_count >= ENOUGH_SAMPLES) {
    sample_set(sample, METRIC_JITTER, stats->deviation_ns);
  } else if (stats->sample_count > 0) {
    (void)snprintf(out, size_bytes, "%s%u of %d measurements of %s", kind,
                   (unsigned)stats->sample_count, ENOUGH_SAMPLES, what);
  }
}

void chrony_sample_source(const struct candm_source *source, const struct candm_stats *stats,
                          const char *name, int64_t correction_ns, struct sample *sample) {
  *sample = (struct sample){.listed = true, .jitter_kind = JITTER_STDDEV};
  take_address(source, name, sample);
  sample->unresolved = source->address.family == CANDM_ID;
  sample->state = get_state(source);
  sample_set_reach(sample, source->reach);
  sample->poll_interval_ns = get_power_ns(source->poll_log2_s);
  sample->present |= 1U << FIELD_POLL_INTERVAL;
  take_stats(source, stats, sample);
  if (source->since_sample_s != CANDM_NEVER) {
    sample_set(sample, METRIC_AGE, source->since_sample_s * DURATION_S);
    sample_set(sample, METRIC_STRATUM, source->stratum);
    sample_set(sample, METRIC_OFFSET, correction_ns - source->latest_offset_ns);
  }
}

/* Returns whether another source of the same name makes this slot superfluous: one with an address,
 * or an earlier slot. */
static bool is_spare(const struct samples *samples, size_t at) {
  const struct sample *slot = &samples->items[at];
  for (size_t i = 0; slot->unresolved && i < samples->count; i++) {
    const struct sample *other = &samples->items[i];
    bool counts = !other->unresolved || i < at;
    if (counts && strcmp(other->server, slot->server) == 0) {
      return true;
    }
  }
  return false;
}

void chrony_sample_drop_spare(struct samples *samples) {
  size_t kept = 0;
  for (size_t i = 0; i < samples->count; i++) {
    if (!is_spare(samples, i)) {
      samples->items[kept++] = samples->items[i];
    }
  }
  samples->count = kept;
}

/* --- the primary ------------------------------------------------------------ */

/* Finds the source nearest to being selected: of those that answer but have too few measurements
 * yet, the one with the most. NULL for none. */
static const struct sample *find_nearest(const struct samples *samples) {
  const struct sample *best = NULL;
  unsigned most = 0;
  for (size_t i = 0; i < samples->count; i++) {
    const struct sample *sample = &samples->items[i];
    bool fresh = sample_has(sample, METRIC_AGE) && !sample_has(sample, METRIC_JITTER);
    if (fresh && sample->measurement_count > most) {
      most = sample->measurement_count;
      best = sample;
    }
  }
  return best;
}

static size_t count_state(const struct samples *samples, enum state state) {
  size_t count = 0;
  for (size_t i = 0; i < samples->count; i++) {
    count += samples->items[i].state == state;
  }
  return count;
}

/* Prints "4 sources, none selectable: 1 unreachable, 3 falseticker". */
static void say_states(const struct samples *samples, char *out, size_t size_bytes) {
  (void)snprintf(out, size_bytes, "%zu source%s, none selectable", samples->count,
                 text_plural(samples->count));
  const char *between = ": ";
  for (enum state state = STATE_UNKNOWN; state < STATE_COUNT; state++) {
    size_t count = count_state(samples, state);
    if (count > 0) {
      text_append(out, size_bytes, "%s%zu %s", between, count, sample_state_word(state));
      between = ", ";
    }
  }
}

/* Prints "its only source does not answer", or that no name is resolved yet. */
static void say_silent(const struct samples *samples, char *out, size_t size_bytes) {
  bool nameless = true;
  for (size_t i = 0; i < samples->count; i++) {
    nameless = nameless && samples->items[i].unresolved;
  }
  if (nameless && samples->count == 1) {
    (void)snprintf(out, size_bytes, "the name of its only source is not resolved yet");
  } else if (nameless) {
    (void)snprintf(out, size_bytes, "the names of its %zu sources are not resolved yet",
                   samples->count);
  } else if (samples->count == 1) {
    (void)snprintf(out, size_bytes, "its only source does not answer");
  } else {
    (void)snprintf(out, size_bytes, "its %zu sources do not answer", samples->count);
  }
}

/* Says why no source is selected. */
static void chrony_sample_explain(const struct samples *samples,
                                  const struct candm_tracking *tracking, struct sample *primary) {
  char *out = primary->remark;
  const size_t size_bytes = sizeof primary->remark;
  const struct sample *fresh = find_nearest(samples);
  size_t unreachable = count_state(samples, STATE_UNREACHABLE);
  if (samples->count == 0) {
    (void)snprintf(out, size_bytes, "chronyd has no sources");
  } else if (unreachable == samples->count) {
    say_silent(samples, out, size_bytes);
  } else if (fresh != NULL &&
             count_state(samples, STATE_UNUSABLE) + unreachable == samples->count) {
    (void)snprintf(out, size_bytes, "%s", fresh->remark);
  } else {
    say_states(samples, out, size_bytes);
  }
  if (tracking->reference_id == CANDM_LOCAL_REFERENCE) {
    text_append(out, size_bytes, "; it serves its own clock (local mode, stratum %u)",
                tracking->stratum);
  }
}

static void take_tracking(const struct candm_tracking *tracking, struct sample *primary) {
  int64_t offset_ns = tracking->correction_ns;
  int64_t distance_ns = tracking->root_delay_ns / 2 + tracking->root_dispersion_ns;
  primary->listed = false;
  primary->present |= 1U << FIELD_LEAP;
  primary->leap = (enum leap)tracking->leap;
  bool local = tracking->reference_id == CANDM_LOCAL_REFERENCE;
  if (tracking->stratum == 0 || tracking->leap == LEAP_UNSYNCHRONISED || local) {
    /* The figures are placeholders as well: 0 and 1 s. */
    primary->leap = LEAP_UNSYNCHRONISED;
    return;
  }
  sample_set(primary, METRIC_OFFSET, offset_ns);
  sample_set(primary, METRIC_ROOT_DISTANCE, distance_ns);
  sample_set(primary, METRIC_ERROR_BOUND, duration_abs(offset_ns) + distance_ns);
}

/* Adds the primary if no source is selected: chronyd itself, without a server. */
static int add_lost(struct samples *samples, const struct candm_tracking *tracking,
                    struct why *why) {
  struct sample primary = {.jitter_kind = JITTER_STDDEV};
  if (tracking->reference_id != CANDM_LOCAL_REFERENCE) { /* its figures are all 0 */
    take_tracking(tracking, &primary);
  }
  primary.present |= 1U << FIELD_LEAP;
  primary.leap = LEAP_UNSYNCHRONISED;
  chrony_sample_explain(samples, tracking, &primary);
  return samples_add(samples, &primary, why);
}

/* Says why chronyd is not synchronised although a source is selected. */
static void say_unsynchronised(const struct candm_tracking *tracking, struct sample *primary) {
  if (tracking->reference_id == CANDM_LOCAL_REFERENCE) {
    (void)snprintf(primary->remark, sizeof primary->remark,
                   "chronyd serves its own clock (local mode, stratum %u)", tracking->stratum);
  } else {
    (void)strcpy(primary->remark, "chronyd reports itself unsynchronised");
  }
}

int chrony_sample_carry(struct samples *samples, const struct candm_tracking *tracking,
                        struct why *why) {
  size_t at = 0;
  while (at < samples->count && samples->items[at].state != STATE_SELECTED) {
    at++;
  }
  if (at == samples->count) {
    int error = add_lost(samples, tracking, why);
    if (error != 0) {
      return error;
    }
  } else {
    take_tracking(tracking, &samples->items[at]);
    if (samples->items[at].leap == LEAP_UNSYNCHRONISED) {
      say_unsynchronised(tracking, &samples->items[at]);
    }
  }
  struct sample primary = samples->items[at];
  memmove(samples->items + 1, samples->items, at * sizeof primary);
  samples->items[0] = primary;
  return 0;
}

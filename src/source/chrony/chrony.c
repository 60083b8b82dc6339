/*
 * The source chrony: chronyd, asked as chronyc asks it for tracking, sources, sourcestats and the
 * sources' names. Any user of the machine may ask for these.
 *
 * The source that chronyd selected carries the verdict, the others are listed. If chronyd follows
 * none, the clock is not synchronised, whatever it was before.
 */
#include <errno.h>
#include <inttypes.h>
#include <string.h>

#include "ntp_monitor/ask.h"
#include "ntp_monitor/chrony_talk.h"
#include "ntp_monitor/config.h"
#include "ntp_monitor/duration.h"
#include "ntp_monitor/env.h"
#include "ntp_monitor/source.h"
#include "ntp_monitor/text.h"
#include "ntp_monitor/trace.h"
#include "ntp_monitor/why.h"
#include "source/chrony/candm.h"
#include "source/chrony/chrony_sample.h"

#define CHECK WHY_ADVICE "check: systemctl status chronyd" /* for long lines */
#define CHECK_SERVICE WHY_ADVICE "check the time service: systemctl status chronyd"
#define PROBE_NS (100 * DURATION_MS) /* the time that chrony_runs() may take */

struct asking {
  const struct ask *ask;
  struct chrony_talk talk;
  bool answered; /* at least once */
  bool nameless; /* chronyd does not give names */
};

/* --- why there is no reading ------------------------------------------------ */

/* Returns whether chronyd has its socket open although it gave no answer there. */
static bool is_there(const struct chrony_talk *talk, const char *path) {
  int error = talk->way[CHRONY_WAY_SOCKET].error; /* ECONNREFUSED: it has just ended */
  bool forbidden = (error == -EACCES || error == -EPERM) && talk->stranger.text[0] == '\0';
  return (talk->own.there && error != -ECONNREFUSED) || (forbidden && chrony_socket_listed(path));
}

/* Explains why all routes are closed: chronyd does not run, or does not serve this user. */
static int explain_refusal(const struct asking *asking, int error, struct why *why) {
  char ways[640];
  const struct chrony_talk *talk = &asking->talk;
  chrony_talk_words(talk, ways, sizeof ways);
  if (asking->answered) {
    return why_set(why, REASON_NO_SERVICE, error,
                   "chronyd stopped while being asked (%s)" CHECK_SERVICE, strerror(-error));
  }
  if (is_there(talk, asking->ask->config->chrony_socket)) {
    return why_set(why, REASON_DENIED, -EACCES,
                   "chronyd is running but access is denied (%s)" WHY_ADVICE
                   "run as root or as chronyd's user, or set cmdport in chrony.conf",
                   ways);
  }
  return why_set(why, REASON_NO_SERVICE, error,
                 "chronyd is not running" WHY_ADVICE
                 "tried: %s; if it should be running: systemctl start chronyd",
                 ways);
}

static int explain_timeout(const struct asking *asking, struct why *why) {
  char ways[640];
  char span[DURATION_TEXT_BYTES];
  return why_set(
      why, REASON_TIMEOUT, -ETIMEDOUT, "chronyd is not responding: no answer within %s (%s)" CHECK,
      ask_print_waited(asking->ask, span), chrony_talk_words(&asking->talk, ways, sizeof ways));
}

/* Explains an answer (a status or a negative errno) that is not a success. */
static int chrony_explain(const struct asking *asking, enum candm_command command, int answer,
                          struct why *why) {
  const char *name = candm_name(command);
  if (answer < 0 && !asking->answered && asking->talk.stranger.text[0] != '\0') {
    *why = asking->talk.stranger;
    return -EPERM;
  }
  switch (answer) {
  case -ETIMEDOUT:
    return explain_timeout(asking, why);
  case -EBADMSG:
    return why_set(why, REASON_BAD_REPLY, answer,
                   "invalid reply to %s from chronyd: %s" WHY_ADVICE "is it chronyd 1.31 or later?",
                   name, asking->talk.flaw);
  case CANDM_UNAUTHORISED:
    return why_set(why, REASON_DENIED, -EACCES,
                   "chronyd denies access to %s" WHY_ADVICE
                   "run as root or as chronyd's user, or check opencommands in chrony.conf",
                   name);
  default:
    break;
  }
  if (answer < 0) {
    return explain_refusal(asking, answer, why);
  }
  bool other = answer == CANDM_BAD_VERSION || answer == CANDM_BAD_LENGTH;
  const char *cause = other ? ": it speaks another protocol version than ours (6)" : "";
  return why_set(why, REASON_BAD_REPLY, -EBADMSG, "chronyd refuses %s with status %d%s", name,
                 answer, cause);
}

/* --- the questions ---------------------------------------------------------- */

/* Asks one question: a status (0 is success) or a negative errno. */
static int chrony_ask(struct asking *asking, enum candm_command command, uint32_t index,
                      struct candm_reply *reply) {
  struct candm_question question = {.command = command, .index = (int32_t)index};
  int answer = chrony_talk_ask(&asking->talk, &question, reply);
  asking->answered = asking->answered || answer >= 0;
  return answer;
}

static int read_tracking(struct asking *asking, struct candm_tracking *tracking, struct why *why) {
  struct candm_reply reply;
  int answer = chrony_ask(asking, CANDM_TRACKING, 0, &reply);
  if (answer != CANDM_SUCCESS) {
    return chrony_explain(asking, CANDM_TRACKING, answer, why);
  }
  int error = candm_tracking(&reply, tracking, why);
  if (error == 0) {
    trace_add(asking->ask->env->trace,
              "chrony: tracking: ref_id=%08" PRIX32
              " stratum=%u leap=%u current_correction=%" PRId64 " root_delay=%" PRId64
              " root_dispersion=%" PRId64 " (ns)",
              tracking->reference_id, tracking->stratum, tracking->leap, tracking->correction_ns,
              tracking->root_delay_ns, tracking->root_dispersion_ns);
  }
  return error;
}

/* Reads the configured name, "" for a reference clock or from a chronyd before 4.0: 0, or a
 * negative errno with why if chronyd is lost. */
static int read_name(struct asking *asking, const struct candm_source *source, char *name,
                     struct why *why) {
  struct candm_question question = {.command = CANDM_SOURCE_NAME, .address = source->address};
  struct candm_reply reply;
  name[0] = '\0';
  if (asking->nameless || source->mode == CANDM_REFERENCE) {
    return 0;
  }
  int answer = chrony_talk_ask(&asking->talk, &question, &reply);
  if (answer < 0) {
    return chrony_explain(asking, CANDM_SOURCE_NAME, answer, why);
  }
  asking->nameless = answer == CANDM_INVALID || answer == CANDM_UNAUTHORISED;
  if (answer == CANDM_SUCCESS) {
    (void)candm_source_name(&reply, name);
  }
  return 0;
}

/* Reads a source's statistics. Clears *known if chronyd has none or the list has changed since. */
static int read_stats(struct asking *asking, uint32_t index, const struct candm_source *source,
                      struct candm_stats *stats, bool *known, struct why *why) {
  struct candm_reply reply;
  int answer = chrony_ask(asking, CANDM_SOURCESTATS, index, &reply);
  *known = false;
  if (answer == CANDM_NO_SUCH_SOURCE) {
    return 0;
  }
  if (answer != CANDM_SUCCESS) {
    return chrony_explain(asking, CANDM_SOURCESTATS, answer, why);
  }
  int error = candm_stats(&reply, stats, why);
  *known = error == 0 && candm_is_of(stats, source);
  return error;
}

static void trace_source(struct trace *trace, uint32_t index, const struct candm_source *source,
                         const struct candm_stats *stats, const char *name) {
  char safe[2 * CANDM_NAME_BYTES];
  text_escape(safe, sizeof safe, name, strlen(name));
  trace_add(trace,
            "chrony: source %" PRIu32
            ": name=%s poll=%d stratum=%u state=%u mode=%u reach=%o since_sample=%" PRIu32
            " latest_meas=%" PRId64 " (ns)",
            index, safe, source->poll_log2_s, source->stratum, (unsigned)source->state,
            (unsigned)source->mode, source->reach, source->since_sample_s,
            source->latest_offset_ns);
  if (stats != NULL) {
    trace_add(trace, "chrony: sourcestats %" PRIu32 ": n_samples=%" PRIu32 " sd=%" PRId64 " (ns)",
              index, stats->sample_count, stats->deviation_ns);
  }
}

static int read_source(struct asking *asking, uint32_t index, int64_t correction_ns,
                       struct samples *samples, struct why *why) {
  struct candm_reply reply;
  struct candm_source source;
  struct candm_stats stats = {.sample_count = 0};
  struct sample sample;
  char name[CANDM_NAME_BYTES + 1];
  bool known = false;
  int answer = chrony_ask(asking, CANDM_SOURCE_DATA, index, &reply);
  if (answer == CANDM_NO_SUCH_SOURCE) {
    return 0; /* just removed */
  }
  if (answer != CANDM_SUCCESS) {
    return chrony_explain(asking, CANDM_SOURCE_DATA, answer, why);
  }
  int error = candm_source(&reply, &source, why);
  if (error == 0) {
    error = read_stats(asking, index, &source, &stats, &known, why);
  }
  if (error == 0) {
    error = read_name(asking, &source, name, why);
  }
  if (error != 0) {
    return error;
  }
  const struct candm_stats *told = known ? &stats : NULL;
  trace_source(asking->ask->env->trace, index, &source, told, name);
  chrony_sample_source(&source, told, name, correction_ns, &sample);
  return samples_add(samples, &sample, why);
}

static int chrony_read_all(struct asking *asking, struct samples *samples, struct why *why) {
  struct candm_tracking tracking = {.stratum = 0};
  struct candm_reply reply;
  int error = read_tracking(asking, &tracking, why);
  if (error != 0) {
    return error;
  }
  int answer = chrony_ask(asking, CANDM_N_SOURCES, 0, &reply);
  if (answer != CANDM_SUCCESS) {
    return chrony_explain(asking, CANDM_N_SOURCES, answer, why);
  }
  uint32_t count = candm_count(&reply);
  trace_add(asking->ask->env->trace, "chrony: n_sources=%" PRIu32, count);
  if (count >= SAMPLE_MAX) {
    return why_set(why, REASON_BAD_REPLY, -EBADMSG,
                   "chronyd's number of sources is %" PRIu32 ", not below %d" WHY_ADVICE
                   "reading rejected",
                   count, SAMPLE_MAX);
  }
  for (uint32_t i = 0; i < count && error == 0; i++) {
    error = read_source(asking, i, tracking.correction_ns, samples, why);
  }
  chrony_sample_drop_spare(samples);
  if (error == 0) {
    error = chrony_sample_carry(samples, &tracking, why);
  }
  return error;
}

static int measure_chrony(const struct ask *ask, struct samples *samples, struct why *why) {
  const struct config *config = ask->config;
  struct asking asking = {.ask = ask};
  chrony_talk_open(&asking.talk, config->chrony_socket, (uint16_t)config->chrony_port,
                   ask->env->pid, ask->deadline_ns, ask->env->trace);
  int error = chrony_read_all(&asking, samples, why);
  if (error == 0 && chrony_talk_check(&asking.talk) != 0) {
    *why = asking.talk.stranger;
    error = -EPERM;
  }
  chrony_talk_close(&asking.talk);
  return error;
}

/* Returns whether a chronyd that may set the clock runs. One without sources never sets it; one
 * that does not answer is assumed to have some. */
static bool chrony_runs(const struct ask *ask) {
  const struct config *config = ask->config;
  const struct env *env = ask->env;
  struct candm_question question = {.command = CANDM_N_SOURCES};
  struct candm_reply reply;
  struct chrony_talk talk;
  chrony_talk_open(&talk, config->chrony_socket, (uint16_t)config->chrony_port, env->pid,
                   env_deadline_within(env, PROBE_NS), env->trace);
  int answer = chrony_talk_ask(&talk, &question, &reply);
  bool there = answer < 0 && is_there(&talk, config->chrony_socket);
  if (answer >= 0) {
    there = chrony_talk_check(&talk) == 0;
  }
  if (talk.stranger.text[0] != '\0') {
    trace_add(env->trace, "chrony: %s", talk.stranger.text);
  }
  chrony_talk_close(&talk);
  if (answer == CANDM_SUCCESS && candm_count(&reply) == 0) {
    trace_add(env->trace, "chrony: chronyd has no sources, so it does not set the clock");
    return false;
  }
  return there;
}

const struct source source_chrony = {
    .name = "chrony",
    .summary = "chronyd over its command socket or local UDP port",
    .automatic = true,
    .keeps_clock = true,
    .measure = measure_chrony,
    .runs = chrony_runs,
};

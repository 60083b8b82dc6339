/*
 * chrony's command and monitoring protocol, version 6: requests, replies, and their fields. Pure.
 * From chrony's candm.h, addressing.h, pktlength.c and util.c (UTI_FloatNetworkToHost), the same
 * from chrony 1.31 on (TRACKING from 3.0 on). All numbers are big-endian.
 *
 *    0                   1                   2                   3
 *    0 1 2 3 4 5 6 7 8 9 0 1 2 3 4 5 6 7 8 9 0 1 2 3 4 5 6 7 8 9 0 1
 *   +---------------+---------------+---------------+---------------+
 *  0|  version = 6  | type = 1      |       0       |       0       |   request
 *   +---------------+---------------+---------------+---------------+
 *  4|            command            |            attempt            |
 *   +-------------------------------+-------------------------------+
 *  8|                           sequence                            |
 *   +---------------------------------------------------------------+
 * 12|                         0  (8 bytes)                          |
 *   +---------------------------------------------------------------+
 * 20|  index (SOURCE_DATA, SOURCESTATS), or address (SOURCE_NAME);  |
 *   |  then 0 up to the length of the reply, so that a forged       |
 *   |  request cannot amplify traffic (pktlength.c)                 |
 *   +---------------------------------------------------------------+
 *
 *   +---------------+---------------+---------------+---------------+
 *  0|  version = 6  | type = 2      |       0       |       0       |   reply
 *   +---------------+---------------+---------------+---------------+
 *  4|            command            |         kind of reply         |
 *   +-------------------------------+-------------------------------+
 *  8|            status             |          0  (6 bytes)         |
 *   +-------------------------------+                               +
 * 12|                                                               |
 *   +---------------------------------------------------------------+
 * 16|                           sequence                            |
 *   +---------------------------------------------------------------+
 * 20|                         0  (8 bytes)                          |
 *   +---------------------------------------------------------------+
 * 28|                         body                                  |
 *   +---------------------------------------------------------------+
 *
 * Bodies, by the first byte of each field; unused fields at the end are left out. An address has 20
 * bytes: the address itself (16), its family (2), 0 (2). A float has 4: see get_seconds_ns() in
 * candm.c.
 *
 *   N_SOURCES    |0 count 4|
 *   SOURCE_DATA  |0 address|20 poll 2|22 stratum 2|24 state 2|26 mode 2|28 flags 2|30 reach 2|
 *                |32 since_sample 4, in s|36 orig_latest_meas|40 latest_meas|44 latest_meas_err|
 *   TRACKING     |0 ref_id 4|4 address|24 stratum 2|26 leap 2|28 ref_time 12|40 current_correction|
 *                |44 last_offset|48 rms_offset|52 freq|56 resid_freq|60 skew|64 root_delay|
 *                |68 root_dispersion|72 last_update_interval|
 *   SOURCESTATS  |0 ref_id 4|4 address|24 n_samples 4|28 n_runs 4|32 span 4|36 sd|40 resid_freq|
 *                |44 skew|48 est_offset|52 est_offset_err|
 *   SOURCE_NAME  |0 name 256|
 */
#ifndef NTP_MONITOR_CANDM_H
#define NTP_MONITOR_CANDM_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct why;

enum {
  CANDM_BYTES_MAX = 284, /* of any request or reply below */
  CANDM_NAME_BYTES = 256
};

enum candm_command {
  CANDM_N_SOURCES = 14,
  CANDM_SOURCE_DATA = 15,
  CANDM_TRACKING = 33,
  CANDM_SOURCESTATS = 34,
  CANDM_SOURCE_NAME = 65 /* for NTP sources; since chrony 4.0 */
};

enum candm_status {
  CANDM_SUCCESS = 0,
  CANDM_FAILED = 1,
  CANDM_UNAUTHORISED = 2,
  CANDM_INVALID = 3, /* also for an unknown command */
  CANDM_NO_SUCH_SOURCE = 4,
  CANDM_BAD_VERSION = 18,
  CANDM_BAD_LENGTH = 19
};

/* CANDM_ID is a server whose name is not resolved yet. */
enum candm_family { CANDM_UNSPECIFIED, CANDM_INET4, CANDM_INET6, CANDM_ID };

struct candm_address {
  uint16_t family;
  uint8_t bytes[16]; /* a reference clock has CANDM_INET4 and its name in ASCII */
};

struct candm_question {
  enum candm_command command;
  uint32_t sequence;            /* random: tells the answer from a late one to another question */
  uint16_t attempt;             /* 0 for the first */
  int32_t index;                /* for SOURCE_DATA, SOURCESTATS */
  struct candm_address address; /* for SOURCE_NAME */
};

/* A received datagram. */
struct candm_reply {
  size_t length_bytes;
  uint8_t data[CANDM_BYTES_MAX];
};

/* The reference id of `local` mode, 127.127.1.1: chronyd's own clock (chrony's reference.c). */
#define CANDM_LOCAL_REFERENCE UINT32_C(0x7f7f0101)

struct candm_tracking {
  uint32_t reference_id;
  unsigned stratum;      /* of this machine; 0: not synchronised */
  unsigned leap;         /* enum leap */
  int64_t correction_ns; /* current_correction; > 0: the local clock is behind */
  int64_t root_delay_ns, root_dispersion_ns;
};

enum candm_state {
  CANDM_SELECTED,
  CANDM_NONSELECTABLE,
  CANDM_FALSETICKER,
  CANDM_JITTERY,
  CANDM_COMBINED,
  CANDM_SELECTABLE
};

enum candm_mode { CANDM_CLIENT, CANDM_PEER, CANDM_REFERENCE };

#define CANDM_NEVER UINT32_MAX

struct candm_source {
  struct candm_address address;
  int poll_log2_s;
  unsigned stratum;
  enum candm_state state;
  enum candm_mode mode;
  unsigned reach;           /* 8 bits, the youngest poll the lowest */
  uint32_t since_sample_s;  /* CANDM_NEVER */
  int64_t latest_offset_ns; /* latest_meas; > 0: the local clock is ahead */
};

struct candm_stats {
  struct candm_address address; /* CANDM_UNSPECIFIED for a reference clock */
  uint8_t reference[4];         /* the name of a reference clock */
  uint32_t sample_count;
  int64_t deviation_ns; /* sd of the residuals; a placeholder of 4 s below 3 samples */
};

/* Returns the command's name, "TRACKING". Static. */
const char *candm_name(enum candm_command command);

/* Writes the request into out (CANDM_BYTES_MAX). Returns its length. */
size_t candm_request(const struct candm_question *question, uint8_t *out);

/* Returns the status of reply, or -EBADMSG with *flaw, a static text, if it does not answer
 * question. A reply with CANDM_SUCCESS (0) has the kind and the length asked for. */
int candm_status(const struct candm_question *question, const struct candm_reply *reply,
                 const char **flaw);

/* Read the body of a reply with CANDM_SUCCESS: 0, or -EBADMSG with why (bad-reply) naming the field
 * and its value, and the output untouched. */
int candm_tracking(const struct candm_reply *reply, struct candm_tracking *tracking,
                   struct why *why);
int candm_source(const struct candm_reply *reply, struct candm_source *source, struct why *why);
int candm_stats(const struct candm_reply *reply, struct candm_stats *stats, struct why *why);

/* Returns the number of sources in a reply to N_SOURCES. */
uint32_t candm_count(const struct candm_reply *reply);

/* Copies the configured name, unescaped; out has CANDM_NAME_BYTES + 1. Returns out. */
const char *candm_source_name(const struct candm_reply *reply, char *out);

/* Returns whether stats belong to source; the list may change between two questions. */
bool candm_is_of(const struct candm_stats *stats, const struct candm_source *source);

#endif

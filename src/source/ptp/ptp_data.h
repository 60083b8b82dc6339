/* The data sets of ptp4l, carried by management messages (ptp_management.h): IEEE 1588-2008 clause
 * 15.5.3; linuxptp's tlv.h, ds.h and ddt.h. Pure. */
#ifndef NTP_MONITOR_PTP_DATA_H
#define NTP_MONITOR_PTP_DATA_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum { PTP_IDENTITY_BYTES = 8, PTP_IDENTITY_TEXT_BYTES = 19, PTP_DATA_TEXT_BYTES = 192 };

/* Management ids: linuxptp's tlv.h, MID_... */
enum ptp_id {
  PTP_DEFAULT_DATA_SET = 0x2000,
  PTP_CURRENT_DATA_SET = 0x2001,
  PTP_PARENT_DATA_SET = 0x2002,
  PTP_TIME_PROPERTIES_DATA_SET = 0x2003,
  PTP_PORT_DATA_SET = 0x2004, /* answered once by every port */
  PTP_TIME_STATUS_NP = 0xc000 /* linuxptp's own */
};

/* IEEE 1588-2008 table 8; the last is linuxptp's own (fsm.h). */
enum ptp_port_state {
  PTP_INITIALIZING = 1,
  PTP_FAULTY,
  PTP_DISABLED,
  PTP_LISTENING,
  PTP_PRE_MASTER,
  PTP_MASTER,
  PTP_PASSIVE,
  PTP_UNCALIBRATED,
  PTP_SLAVE,
  PTP_GRAND_MASTER,
  PTP_PORT_STATES
};

/* IEEE 1588-2008 table 9: how the path is measured. */
enum ptp_delay_mechanism { PTP_END_TO_END = 1, PTP_PEER_TO_PEER = 2 };

/* The identity of a clock or of one of its ports. */
struct ptp_identity {
  uint8_t clock[PTP_IDENTITY_BYTES];
  unsigned port; /* 0: the clock as a whole */
};

/* Offsets keep PTP's sign: offset_ns > 0 is a local clock ahead of its master (IEEE 1588-2008
 * clause 11.2: time on the slave - time on the master; clock_synchronize() in linuxptp's clock.c).
 * Delays are one-way. */
struct ptp_data {
  enum ptp_id id; /* selects the member of the union */
  union {
    struct {
      unsigned ports; /* at least 1 */
      uint8_t domain;
    } defaults;
    struct {
      unsigned steps_removed;
      int64_t offset_ns; /* its format clips it to 39 hours: see time_status */
      int64_t delay_ns;  /* to the master; 0 if peers measure it; may be < 0 */
    } current;
    struct {
      struct ptp_identity parent;
      unsigned clock_class;
      int64_t accuracy_ns; /* of the grandmaster's clock, at worst; -1 if not stated */
    } parent;
    struct {
      int utc_offset_s; /* TAI - UTC */
      bool leap61, leap59;
      bool traceable; /* timeTraceable: to a primary reference */
    } time_properties;
    struct {
      struct ptp_identity identity;
      unsigned state;           /* enum ptp_port_state */
      unsigned delay_mechanism; /* enum ptp_delay_mechanism, or another */
      int64_t delay_ns;         /* to the peer; may be < 0 */
      int sync_log2_s;          /* between Syncs, as configured here; the master's may differ */
    } port;
    struct {
      int64_t offset_ns;  /* never INT64_MIN */
      int64_t ingress_ns; /* arrival of the last Sync, by the steered clock; 0: none since the
                             master changed or the clock was set */
      bool present;       /* a grandmaster other than this clock */
      uint8_t grandmaster[PTP_IDENTITY_BYTES];
    } time_status;
  };
};

/* Return the name, "TIME_STATUS_NP", and the length of its data. */
const char *ptp_data_name(enum ptp_id id);
size_t ptp_data_bytes(enum ptp_id id);

/* Reads ptp_data_bytes(id) bytes into *data: NULL, or a static string saying what is wrong. */
const char *ptp_data_read(enum ptp_id id, const uint8_t *bytes, struct ptp_data *data);

/* Prints an identity as pmc(8) does: "b8cef6.fffe.123456". Returns out. */
const char *ptp_data_identity(char out[PTP_IDENTITY_TEXT_BYTES],
                              const uint8_t identity[PTP_IDENTITY_BYTES]);

/* Prints all fields for a trace; out has PTP_DATA_TEXT_BYTES. Returns out. */
const char *ptp_data_print(char *out, size_t size_bytes, const struct ptp_data *data);

/* Returns the name of a port state: "SLAVE". Static. */
const char *ptp_data_state(unsigned state);

/* Returns the root mean square of the count - 1 differences of successive offsets; -1 if count < 2
 * or a difference exceeds a day, because the clock was set in between. */
int64_t ptp_data_jitter_ns(const int64_t *offsets_ns, size_t count);

#endif

/* The one table of the reason words. */
#include "ntp_monitor/reason.h"

/* Message ids are journald's (systemd.journal-fields(7)): random, and never changed, because
 * catalogues and other people's filters name them. */
static const struct {
  const char *name, *message_id, *meaning;
} reasons[REASON_COUNT] = {
    [REASON_OK] = {"ok", "d7763aeacc774566a9c1e06768ffa1c0", "The clock is within all limits."},
    [REASON_JITTER] = {"jitter", "6be45dc230e348b9b1d26af693e18f55",
                       "The jitter is above its limit."},
    [REASON_OFFSET] = {"offset", "2abfd4fa1d42480baf4a7d6f9ce4764d",
                       "The absolute offset is above its limit."},
    [REASON_DELAY] = {"delay", "6cc1bc84325e412e980bfce9218e93f8", "The delay is above its limit."},
    [REASON_ROOT_DISTANCE] = {"root-distance", "c1dd57a9e0a546c3b2767a2d6e7ee739",
                              "The root distance is above its limit."},
    [REASON_ERROR_BOUND] = {"error-bound", "ed539facc54e4763ac20ca4522ebbbbc",
                            "The error bound is above its limit."},
    [REASON_STRATUM] = {"stratum", "2f0bc8f67a004fa6af51906817298463",
                        "The server's stratum is above its limit."},
    [REASON_REACH] = {"reach", "a26cabe276024b12a6dece399e198463",
                      "Replies to the last 8 polls are below their limit."},
    [REASON_CLOCK_CLASS] = {"clock-class", "0b19af46df514e369a721201dd39892c",
                            "The class of the PTP grandmaster's clock is above its limit."},
    [REASON_FALSETICKER] = {"falseticker", "e281a8932a8d48939c52262cf456aab3",
                            "Fewer servers agree on the time than required."},
    [REASON_TWO_DAEMONS] = {"two-daemons", "69458e5ced1442bab56b28084bef974c",
                            "Two time services set this machine's clock."},
    [REASON_STALE] = {"stale", "45560600c18e472c9e72d6965c276def",
                      "The last reply is too old or in the future."},
    [REASON_WARMING_UP] = {"warming-up", "034d3fc6df4646b2b3465f82af20f234",
                           "Too few replies so far for the jitter to mean anything."},
    [REASON_NOT_SYNCHRONISED] = {"not-synchronised", "427ed9ea01fb479ea0baefe000ff3475",
                                 "The time service is running but has never had a reply, or "
                                 "reports itself unsynchronised."},
    [REASON_NO_SERVICE] = {"no-service", "96e6a00f0c044151952f6328e26eb9d9",
                           "The time service is not running."},
    [REASON_NO_BUS] = {"no-bus", "346c21a3c6c94d5aabfd43e71d054d7c",
                       "There is no system bus to ask over."},
    [REASON_DENIED] = {"denied", "5ceebb3f9fc04e36a88f7f1ff3505840", "Access is not permitted."},
    [REASON_TIMEOUT] = {"timeout", "769ac3e1d502463dbc4fde628bc6037b",
                        "No answer came within the deadline."},
    [REASON_BAD_REPLY] = {"bad-reply", "250bdf18b0ef432fab939cfdfb1d8fdf",
                          "An answer was invalid."},
    [REASON_NO_SOURCE] = {"no-source", "4a488158205d4a948d93c0d95a2e886c",
                          "No source gave a reading, each for its own reason."},
    [REASON_CONFIG] = {"config", "bde2eab67eb6408f9483053404e1e01a",
                       "The reading is good, but the configuration is not."},
};

const char *reason_name(enum reason reason) {
  return reasons[reason].name;
}

const char *reason_message_id(enum reason reason) {
  return reasons[reason].message_id;
}

const char *reason_meaning(enum reason reason) {
  return reasons[reason].meaning;
}

/* The one table of the reason words. */
#include "ntp_monitor/reason.h"

/* Message ids are journald's (systemd.journal-fields(7)): random, and never changed, because
 * catalogues and other people's filters name them. */
static const struct {
  const char *name, *message_id;
} reasons[REASON_COUNT] = {
    [REASON_OK] = {"ok", "d7763aeacc774566a9c1e06768ffa1c0"},
    [REASON_JITTER] = {"jitter", "6be45dc230e348b9b1d26af693e18f55"},
    [REASON_OFFSET] = {"offset", "2abfd4fa1d42480baf4a7d6f9ce4764d"},
    [REASON_DELAY] = {"delay", "6cc1bc84325e412e980bfce9218e93f8"},
    [REASON_ROOT_DISTANCE] = {"root-distance", "c1dd57a9e0a546c3b2767a2d6e7ee739"},
    [REASON_ERROR_BOUND] = {"error-bound", "ed539facc54e4763ac20ca4522ebbbbc"},
    [REASON_STRATUM] = {"stratum", "2f0bc8f67a004fa6af51906817298463"},
    [REASON_REACH] = {"reach", "a26cabe276024b12a6dece399e198463"},
    [REASON_CLOCK_CLASS] = {"clock-class", "0b19af46df514e369a721201dd39892c"},
    [REASON_FALSETICKER] = {"falseticker", "e281a8932a8d48939c52262cf456aab3"},
    [REASON_TWO_DAEMONS] = {"two-daemons", "69458e5ced1442bab56b28084bef974c"},
    [REASON_STALE] = {"stale", "45560600c18e472c9e72d6965c276def"},
    [REASON_WARMING_UP] = {"warming-up", "034d3fc6df4646b2b3465f82af20f234"},
    [REASON_NOT_SYNCHRONISED] = {"not-synchronised", "427ed9ea01fb479ea0baefe000ff3475"},
    [REASON_NO_SERVICE] = {"no-service", "96e6a00f0c044151952f6328e26eb9d9"},
    [REASON_NO_BUS] = {"no-bus", "346c21a3c6c94d5aabfd43e71d054d7c"},
    [REASON_DENIED] = {"denied", "5ceebb3f9fc04e36a88f7f1ff3505840"},
    [REASON_TIMEOUT] = {"timeout", "769ac3e1d502463dbc4fde628bc6037b"},
    [REASON_BAD_REPLY] = {"bad-reply", "250bdf18b0ef432fab939cfdfb1d8fdf"},
    [REASON_NO_SOURCE] = {"no-source", "4a488158205d4a948d93c0d95a2e886c"},
    [REASON_CONFIG] = {"config", "bde2eab67eb6408f9483053404e1e01a"},
};

const char *reason_name(enum reason reason) {
  return reasons[reason].name;
}

const char *reason_message_id(enum reason reason) {
  return reasons[reason].message_id;
}

/*
 * linuxptp's management messages: a GET and its answers.
 *
 * All numbers are big-endian. A request ends after the management id, as ptp4l accepts a GET
 * without data. An answer has one TLV, with the data or with an error status.
 *
 *       0                   1                   2                   3
 *       0 1 2 3 4 5 6 7 8 9 0 1 2 3 4 5 6 7 8 9 0 1 2 3 4 5 6 7 8 9 0 1
 *      +-------+-------+---------------+-------------------------------+
 *    0 |trspec | 0xd   | version 2     | messageLength                 |
 *      +-------+-------+---------------+-------------------------------+
 *    4 | domainNumber  | reserved      | flags                         |
 *      +---------------+---------------+-------------------------------+
 *    8 | correctionField (8 bytes), reserved (4 bytes)                 |
 *      +---------------------------------------------------------------+
 *   20 | sourcePortIdentity: clockIdentity (8 bytes), portNumber (2)   |
 *      |                               +-------------------------------+
 *   28 |                               | sequenceId                    |
 *      +---------------+---------------+-------------------------------+
 *   32 | control 4     | interval 0x7f |                               |
 *      +---------------+---------------+                               |
 *   36 | targetPortIdentity: clockIdentity (8 bytes), portNumber (2)   |
 *      +---------------+---------------+-------+-------+---------------+
 *   44 | startingHops  | boundaryHops  | res.  |action | reserved      |
 *      +---------------+---------------+-------+-------+---------------+
 *   48 | tlvType: 1, or 2 for an error | lengthField: of what follows  |
 *      +-------------------------------+-------------------------------+
 *   52 | managementId, or the error    | data; or the managementId,    |
 *      +-------------------------------+ and 4 reserved bytes          |
 */
#include "source/ptp/ptp_management.h"

#include <stdio.h>
#include <string.h>

#include "ntp_monitor/bytes.h"

enum {
  TYPE_MANAGEMENT = 0xd,
  VERSION = 2, /* the low half; the high half is the minor version, 1 in IEEE 1588-2019 */
  CONTROL_MANAGEMENT = 4,
  INTERVAL_NONE = 0x7f,
  ACTION_RESPONSE = 2,
  TLV_MANAGEMENT = 1,
  TLV_ERROR = 2,
  AT_LENGTH = 2,
  AT_DOMAIN = 4,
  AT_SOURCE = 20,
  AT_SOURCE_PORT = 28,
  AT_SEQUENCE = 30,
  AT_CONTROL = 32,
  AT_INTERVAL = 33,
  AT_TARGET = 34,
  AT_TARGET_PORT = 42,
  AT_ACTION = 46,
  AT_TLV = 48,
  AT_TLV_LENGTH = 50,
  AT_ID = 52,
  AT_DATA = 54,
  ERROR_BYTES = 8, /* the least length of its TLV: error, id, reserved */
  LOW_HALF = 0xf
};

void ptp_management_request(uint8_t out[PTP_REQUEST_BYTES], const struct ptp_request *request) {
  memset(out, 0, PTP_REQUEST_BYTES);
  out[0] = (uint8_t)(request->transport_specific << 4 | TYPE_MANAGEMENT);
  out[1] = VERSION;
  bytes_put16(out + AT_LENGTH, PTP_REQUEST_BYTES);
  out[AT_DOMAIN] = request->domain;
  bytes_put16(out + AT_SOURCE_PORT, request->client);
  bytes_put16(out + AT_SEQUENCE, request->sequence);
  out[AT_CONTROL] = CONTROL_MANAGEMENT;
  out[AT_INTERVAL] = INTERVAL_NONE;
  memset(out + AT_TARGET, 0xff, PTP_IDENTITY_BYTES + 2);
  bytes_put16(out + AT_TLV, TLV_MANAGEMENT);
  bytes_put16(out + AT_TLV_LENGTH, 2);
  bytes_put16(out + AT_ID, (uint16_t)request->id);
}

/* --- answers --------------------------------------------------------------- */

static enum ptp_answer ptp_management_bad(char why[PTP_WHY_BYTES],
                                          const struct ptp_request *request, const char *what) {
  (void)snprintf(why, PTP_WHY_BYTES, "%s: %s", ptp_data_name(request->id), what);
  return PTP_BAD;
}

/* Names the error status: IEEE 1588-2008 clause 15.5.4, table 72. */
static enum ptp_answer ptp_management_refused(const uint8_t *bytes,
                                              const struct ptp_request *request,
                                              char why[PTP_WHY_BYTES]) {
  static const char *const words[] = {
      "unknown",     "RESPONSE_TOO_BIG", "NO_SUCH_ID",    "WRONG_LENGTH",
      "WRONG_VALUE", "NOT_SETABLE",      "NOT_SUPPORTED",
  };
  unsigned code = bytes_get16(bytes + AT_ID);
  const char *word = words[code < sizeof words / sizeof *words ? code : 0];
  if (bytes_get16(bytes + AT_DATA) != request->id) {
    return ptp_management_bad(why, request, "error status for another request");
  }
  (void)snprintf(why, PTP_WHY_BYTES, "error status %s (0x%04x) for %s", word, code,
                 ptp_data_name(request->id));
  return PTP_REFUSED;
}

/* Returns what is wrong with the message around the data, or NULL. */
static const char *ptp_management_check(const uint8_t *bytes, size_t length_bytes,
                                        const struct ptp_request *request) {
  const struct {
    size_t is, must;
    const char *what;
  } checks[] = {
      {bytes_get16(bytes + AT_LENGTH), length_bytes, "messageLength differs from the datagram's"},
      {bytes[0] & LOW_HALF, TYPE_MANAGEMENT, "messageType is not management"},
      {bytes[1] & LOW_HALF, VERSION, "versionPTP is not 2"},
      {bytes[0] >> 4, request->transport_specific, "wrong transportSpecific"},
      {bytes[AT_DOMAIN], request->domain, "wrong domainNumber"},
      {bytes[AT_ACTION] & LOW_HALF, ACTION_RESPONSE, "actionField is not RESPONSE"},
      {bytes_get16(bytes + AT_TLV_LENGTH) + AT_ID, length_bytes,
       "TLV length differs from the message's"},
  };
  for (size_t i = 0; i < sizeof checks / sizeof *checks; i++) {
    if (checks[i].is != checks[i].must) {
      return checks[i].what;
    }
  }
  return NULL;
}

/* Returns what in the data contradicts the message, or NULL. */
static const char *check_data(const struct ptp_reply *reply, const struct ptp_request *request) {
  const struct ptp_identity *sender = &reply->sender;
  const struct ptp_data *data = &reply->data;
  if (data->id == PTP_DEFAULT_DATA_SET && data->defaults.domain != request->domain) {
    return "domainNumber differs from the header's";
  }
  if (data->id != PTP_PORT_DATA_SET) {
    return NULL;
  }
  if (memcmp(data->port.identity.clock, sender->clock, sizeof sender->clock) != 0 ||
      data->port.identity.port != sender->port || sender->port == 0) {
    return "portIdentity differs from the sender's";
  }
  return NULL;
}

enum ptp_answer ptp_management_read(const uint8_t *bytes, size_t length_bytes,
                                    const struct ptp_request *request, struct ptp_reply *reply,
                                    char why[PTP_WHY_BYTES]) {
  static const uint8_t us[PTP_IDENTITY_BYTES] = {0};
  if (length_bytes < AT_DATA || length_bytes > PTP_REPLY_BYTES_MAX) {
    return ptp_management_bad(why, request, "not the length of a management message");
  }
  const char *wrong = ptp_management_check(bytes, length_bytes, request);
  if (wrong != NULL) {
    return ptp_management_bad(why, request, wrong);
  }
  if (bytes_get16(bytes + AT_SEQUENCE) != request->sequence ||
      bytes_get16(bytes + AT_TARGET_PORT) != request->client ||
      memcmp(bytes + AT_TARGET, us, sizeof us) != 0) {
    (void)snprintf(why, PTP_WHY_BYTES, "answer to another request");
    return PTP_DROPPED;
  }
  unsigned type = bytes_get16(bytes + AT_TLV);
  if (type == TLV_ERROR && length_bytes >= AT_ID + ERROR_BYTES) {
    return ptp_management_refused(bytes, request, why);
  }
  if (type != TLV_MANAGEMENT || bytes_get16(bytes + AT_ID) != request->id ||
      length_bytes != AT_DATA + ptp_data_bytes(request->id)) {
    return ptp_management_bad(why, request, "TLV of data not asked for");
  }
  struct ptp_reply made = {.sender.port = bytes_get16(bytes + AT_SOURCE_PORT)};
  memcpy(made.sender.clock, bytes + AT_SOURCE, PTP_IDENTITY_BYTES);
  wrong = ptp_data_read(request->id, bytes + AT_DATA, &made.data);
  if (wrong == NULL) {
    wrong = check_data(&made, request);
  }
  if (wrong != NULL) {
    return ptp_management_bad(why, request, wrong);
  }
  *reply = made;
  return PTP_GOOD;
}

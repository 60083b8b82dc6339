/* D-Bus messages made of fuzz bytes. */
#ifndef TESTS_FUZZ_FUZZ_BUS_H
#define TESTS_FUZZ_FUZZ_BUS_H

#include "source/timesyncd/timesync.h"
#include "tests/fuzz/fuzz.h"

#include <systemd/sd-bus.h>

/* What reading the message must come to. */
enum outcome { READ, REFUSED, EITHER };

/* One that is still empty. */
sd_bus_message *fuzz_message_new(void);

/* A reply to GetAll of the properties that the bytes choose, and what has to be read from it. The
 * caller unrefs it. */
sd_bus_message *fuzz_message(struct bytes *bytes, struct timesync *want, enum outcome *outcome);

/* A reply whose body is the bytes, whatever they are, through a socket; NULL where sd-bus refuses
 * it. */
sd_bus_message *fuzz_message_body(const struct bytes *bytes);

#endif

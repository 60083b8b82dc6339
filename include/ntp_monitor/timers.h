/* Timers for many things, in a binary heap. */
#ifndef NTP_MONITOR_TIMERS_H
#define NTP_MONITOR_TIMERS_H

#include <stddef.h>
#include <stdint.h>

/* At most one moment for each of the things 0 .. count - 1. */
struct timers {
  int64_t *when_ns; /* by thing; any clock */
  size_t *place;    /* by thing: its index in the heap, or TIMERS_NONE */
  size_t *heap;     /* things, the soonest first */
  size_t used;
};

#define TIMERS_NONE SIZE_MAX

/* Allocates timers for count things, none set: 0 or -ENOMEM. Release with timers_free(). */
int timers_init(struct timers *timers, size_t count);
void timers_free(struct timers *timers);

/* Sets or moves the moment of a thing. */
void timers_set(struct timers *timers, size_t thing, int64_t when_ns);

/* Removes the moment of a thing, if it has one. */
void timers_clear(struct timers *timers, size_t thing);

/* Returns the thing that is due first, or TIMERS_NONE. */
size_t timers_first(const struct timers *timers);

#endif

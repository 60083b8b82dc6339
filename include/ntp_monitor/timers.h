/* Which of many things is due next: a binary heap. */
#ifndef NTP_MONITOR_TIMERS_H
#define NTP_MONITOR_TIMERS_H

#include <stddef.h>
#include <stdint.h>

/* One moment each for the things 0 .. count - 1, or none. */
struct timers {
  int64_t *when_ns; /* by thing; any clock */
  size_t *place;    /* by thing: where it stands in the heap, or TIMERS_NONE */
  size_t *heap;     /* things, the soonest first */
  size_t used;
};

#define TIMERS_NONE SIZE_MAX

/* 0 or -ENOMEM. */
int timers_init(struct timers *timers, size_t count);
void timers_free(struct timers *timers);

/* Sets, or moves, the moment of a thing. */
void timers_set(struct timers *timers, size_t thing, int64_t when_ns);

void timers_clear(struct timers *timers, size_t thing);

/* The thing that is due first, or TIMERS_NONE. */
size_t timers_first(const struct timers *timers);

#endif

/* Which of many things is due next: a binary heap. */
#ifndef NTP_MONITOR_NTP_TIMERS_H
#define NTP_MONITOR_NTP_TIMERS_H

#include <stddef.h>
#include <stdint.h>

/* One moment each for the things 0 .. count - 1, or none. */
struct ntp_timers {
  int64_t *when_ns; /* by thing; any clock */
  size_t *place;    /* by thing: where it stands in the heap, or NTP_TIMERS_NONE */
  size_t *heap;     /* things, the soonest first */
  size_t used;
};

#define NTP_TIMERS_NONE SIZE_MAX

/* 0 or -ENOMEM. */
int ntp_timers_init(struct ntp_timers *timers, size_t count);
void ntp_timers_free(struct ntp_timers *timers);

/* Sets, or moves, the moment of a thing. */
void ntp_timers_set(struct ntp_timers *timers, size_t thing, int64_t when_ns);

void ntp_timers_clear(struct ntp_timers *timers, size_t thing);

/* The thing that is due first, or NTP_TIMERS_NONE. */
size_t ntp_timers_first(const struct ntp_timers *timers);

#endif

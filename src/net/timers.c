/*
 * Which of many things is due next: a binary heap.
 *
 * With thousands of servers a look through all of them at each packet would cost more than the
 * packets do.
 */
#include "ntp_monitor/timers.h"

#include <errno.h>
#include <stdlib.h>

int ntp_timers_init(struct ntp_timers *timers, size_t count) {
  *timers = (struct ntp_timers){
      .when_ns = calloc(count, sizeof *timers->when_ns),
      .place = calloc(count, sizeof *timers->place),
      .heap = calloc(count, sizeof *timers->heap),
  };
  if (timers->when_ns == NULL || timers->place == NULL || timers->heap == NULL) {
    ntp_timers_free(timers);
    return -ENOMEM;
  }
  for (size_t i = 0; i < count; i++) {
    timers->place[i] = NTP_TIMERS_NONE;
  }
  return 0;
}

void ntp_timers_free(struct ntp_timers *timers) {
  free(timers->when_ns);
  free(timers->place);
  free(timers->heap);
  *timers = (struct ntp_timers){.used = 0};
}

static void put(struct ntp_timers *timers, size_t place, size_t thing) {
  timers->heap[place] = thing;
  timers->place[thing] = place;
}

/* Puts the thing into the free place, or into the one that it belongs to above or below. */
static void settle(struct ntp_timers *timers, size_t place, size_t thing) {
  int64_t when_ns = timers->when_ns[thing];
  while (place > 0 && timers->when_ns[timers->heap[(place - 1) / 2]] > when_ns) {
    put(timers, place, timers->heap[(place - 1) / 2]);
    place = (place - 1) / 2;
  }
  for (;;) {
    size_t child = 2 * place + 1;
    if (child + 1 < timers->used &&
        timers->when_ns[timers->heap[child + 1]] < timers->when_ns[timers->heap[child]]) {
      child++;
    }
    if (child >= timers->used || timers->when_ns[timers->heap[child]] >= when_ns) {
      break;
    }
    put(timers, place, timers->heap[child]);
    place = child;
  }
  put(timers, place, thing);
}

void ntp_timers_set(struct ntp_timers *timers, size_t thing, int64_t when_ns) {
  timers->when_ns[thing] = when_ns;
  if (timers->place[thing] == NTP_TIMERS_NONE) {
    timers->used++;
    put(timers, timers->used - 1, thing);
  }
  settle(timers, timers->place[thing], thing);
}

void ntp_timers_clear(struct ntp_timers *timers, size_t thing) {
  size_t place = timers->place[thing];
  if (place == NTP_TIMERS_NONE) {
    return;
  }
  timers->place[thing] = NTP_TIMERS_NONE;
  size_t last = timers->heap[--timers->used];
  if (last != thing) {
    settle(timers, place, last);
  }
}

size_t ntp_timers_first(const struct ntp_timers *timers) {
  return timers->used > 0 ? timers->heap[0] : NTP_TIMERS_NONE;
}

/*
 * Timers for many things, in a binary heap.
 *
 * With thousands of servers, searching them all at each packet would cost more than the packets.
 */
#include "ntp_monitor/timers.h"

#include <errno.h>
#include <stdlib.h>

int timers_init(struct timers *timers, size_t count) {
  *timers = (struct timers){
      .when_ns = calloc(count, sizeof *timers->when_ns),
      .place = calloc(count, sizeof *timers->place),
      .heap = calloc(count, sizeof *timers->heap),
  };
  if (timers->when_ns == NULL || timers->place == NULL || timers->heap == NULL) {
    timers_free(timers);
    return -ENOMEM;
  }
  for (size_t i = 0; i < count; i++) {
    timers->place[i] = TIMERS_NONE;
  }
  return 0;
}

void timers_free(struct timers *timers) {
  free(timers->when_ns);
  free(timers->place);
  free(timers->heap);
  *timers = (struct timers){.used = 0};
}

static void timers_put(struct timers *timers, size_t place, size_t thing) {
  timers->heap[place] = thing;
  timers->place[thing] = place;
}

/* Puts thing into the free place, or moves it up or down to where it belongs. */
static void timers_settle(struct timers *timers, size_t place, size_t thing) {
  int64_t when_ns = timers->when_ns[thing];
  while (place > 0 && timers->when_ns[timers->heap[(place - 1) / 2]] > when_ns) {
    timers_put(timers, place, timers->heap[(place - 1) / 2]);
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
    timers_put(timers, place, timers->heap[child]);
    place = child;
  }
  timers_put(timers, place, thing);
}

void timers_set(struct timers *timers, size_t thing, int64_t when_ns) {
  timers->when_ns[thing] = when_ns;
  if (timers->place[thing] == TIMERS_NONE) {
    timers->used++;
    timers_put(timers, timers->used - 1, thing);
  }
  timers_settle(timers, timers->place[thing], thing);
}

void timers_clear(struct timers *timers, size_t thing) {
  size_t place = timers->place[thing];
  if (place == TIMERS_NONE) {
    return;
  }
  timers->place[thing] = TIMERS_NONE;
  size_t last = timers->heap[--timers->used];
  if (last != thing) {
    timers_settle(timers, place, last);
  }
}

size_t timers_first(const struct timers *timers) {
  return timers->used > 0 ? timers->heap[0] : TIMERS_NONE;
}

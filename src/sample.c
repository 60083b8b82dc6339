/* One reading of one server: the container. */
#include "ntp_monitor/sample.h"

#include <errno.h>
#include <stdlib.h>

bool sample_has(const struct sample *sample, unsigned metric_or_field) {
  return (sample->present & 1U << metric_or_field) != 0;
}

void sample_set(struct sample *sample, enum metric metric, int64_t value_ns) {
  sample->value_ns[metric] = value_ns;
  sample->present |= 1U << metric;
}

int samples_add(struct samples *samples, const struct sample *sample) {
  if (samples->count == SAMPLE_MAX) {
    return -E2BIG;
  }
  struct sample *items = reallocarray(samples->items, samples->count + 1, sizeof *items);
  if (items == NULL) {
    return -ENOMEM;
  }
  items[samples->count++] = *sample;
  samples->items = items;
  return 0;
}

void samples_free(struct samples *samples) {
  free(samples->items);
  *samples = (struct samples){.items = NULL};
}

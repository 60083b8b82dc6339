/*
 * Unique names for the servers of a report.
 *
 * A name stays the same from run to run, since two servers are told apart by their addresses, and
 * only those that share name and address by their order. The labels stay the same as well:
 * "source, server" is always enough to select and to join by.
 */
#include "format/series.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "ntp_monitor/report.h"
#include "ntp_monitor/text.h"

static int compare_place(const void *left, const void *right) {
  const struct series *a = left;
  const struct series *b = right;
  return (a->finding > b->finding) - (a->finding < b->finding);
}

/* Orders by source and server, and twins by their place in the report. */
static int series_compare(const void *left, const void *right) {
  const struct series *a = left;
  const struct series *b = right;
  int order = strcmp(a->finding->source, b->finding->source);
  if (order != 0) {
    return order;
  }
  order = strcmp(a->server, b->server);
  if (order != 0) {
    return order;
  }
  return compare_place(left, right);
}

static bool are_twins(const struct series *a, const struct series *b) {
  return strcmp(a->finding->source, b->finding->source) == 0 && strcmp(a->server, b->server) == 0;
}

/* Appends the address to the name of a server that has twins. nth is its place among them, from
 * 1. */
static void add_address(struct series *series, size_t nth, bool several) {
  const struct sample *sample = series->finding->sample;
  (void)nth;
  if (several && sample->server[0] != '\0' && sample->address[0] != '\0') {
    (void)snprintf(series->server, sizeof series->server, "%s (%s)", sample->server,
                   sample->address);
  }
}

/* True if the name ends like one that add_number() made. It gets a number of its own, so that no
 * other server can end up with the same name. */
static bool looks_numbered(const char *server) {
  const char *mark = strrchr(server, '#');
  return mark != NULL && mark[1] != '\0' && mark[1 + strspn(mark + 1, "0123456789")] == '\0';
}

static void add_number(struct series *series, size_t nth, bool several) {
  (void)several;
  if (nth > 1 || looks_numbered(series->server)) {
    text_append(series->server, sizeof series->server, " #%zu", nth);
  }
}

/* Calls add for each series. Sorting makes twins neighbours. */
static void tell_apart(struct series *series, size_t count,
                       void (*add)(struct series *series, size_t nth, bool several)) {
  qsort(series, count, sizeof *series, series_compare);
  for (size_t begin = 0, end = 0; begin < count; begin = end) {
    for (end = begin + 1; end < count && are_twins(&series[begin], &series[end]);) {
      end++;
    }
    for (size_t i = begin; i < end; i++) {
      add(&series[i], i - begin + 1, end - begin > 1);
    }
  }
}

struct series *series_make(const struct report *report) {
  size_t count = report->finding_count;
  struct series *series = calloc(count + 1, sizeof *series); /* + 1: calloc(0) may return NULL */
  if (series == NULL) {
    return NULL;
  }
  for (size_t i = 0; i < count; i++) {
    const struct sample *sample = report->findings[i].sample;
    series[i].finding = &report->findings[i];
    (void)strcpy(series[i].server, sample_server(sample));
  }
  tell_apart(series, count, add_address);
  tell_apart(series, count, add_number);
  qsort(series, count, sizeof *series, compare_place);
  return series;
}

/*
 * The time service of the soak: answers like systemd-timesyncd on the day that the run sees.
 *
 * It runs in the driver's process and makes each answer for one run, so a late, repeated or
 * misdirected answer shows at once.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "../lab/timesync1.h"
#include "soak.h"

static const char NAME[] = "org.freedesktop.timesync1";
static const char OBJECT[] = "/org/freedesktop/timesync1";
static const char MANAGER[] = "org.freedesktop.timesync1.Manager";

static int answer(sd_bus_message *call, struct soak_service *service) {
  struct soak_truth truth = soak_truth_of(service->next++);
  struct timesync1 values;
  sd_bus_message *reply = NULL;

  timesync1_init(&values);
  values.jitter_us = truth.jitter_us;
  values.poll_us = values.poll_max_us;
  values.t4 = (service->now_s - truth.age_s) * 1000000;
  values.t1 = values.t4 - 1000;
  values.t2 = values.t3 = values.t4 - 500;
  service->calls++;
  int r = sd_bus_message_new_method_return(call, &reply);
  r = r < 0 ? r : timesync1_append_all(reply, &values, NULL, NULL);
  r = r < 0 ? r : sd_bus_send(NULL, reply, NULL);
  (void)sd_bus_message_unref(reply);
  return r;
}

static int on_message(sd_bus_message *call, void *user, sd_bus_error *error) {
  (void)error;
  if (!sd_bus_message_is_method_call(call, "org.freedesktop.DBus.Properties", "GetAll")) {
    return 0;
  }
  int r = answer(call, user);
  if (r < 0) {
    (void)fprintf(stderr, "soak: cannot answer: %s\n", strerror(-r));
  }
  return 1;
}

int soak_service_open(struct soak_service *service, bool own) {
  *service = (struct soak_service){.bus = NULL};
  int r = sd_bus_open_system(&service->bus);
  if (r >= 0 && !own) {
    const char *name = NULL;
    r = sd_bus_get_unique_name(service->bus,
                               &name); /* waits until the bus has accepted the connection */
  }
  if (r >= 0 && own) {
    r = sd_bus_add_filter(service->bus, NULL, on_message, service);
    r = r < 0 ? r : sd_bus_request_name(service->bus, NAME, 0);
  }
  return r < 0 ? r : 0;
}

int soak_service_serve(struct soak_service *service) {
  int r = 1;
  while (r > 0) {
    r = sd_bus_process(service->bus, NULL);
  }
  return r;
}

int soak_service_ask(struct soak_service *service, struct soak_truth *truth) {
  sd_bus_message *reply = NULL;
  char *server = NULL;
  uint64_t jitter_us = 0;
  uint64_t t[4] = {0}; /* originate, receive, transmit, destination */
  int r =
      sd_bus_get_property_string(service->bus, NAME, OBJECT, MANAGER, "ServerName", NULL, &server);
  r = r < 0 ? r
            : sd_bus_get_property(service->bus, NAME, OBJECT, MANAGER, "NTPMessage", NULL, &reply,
                                  "(uuuuittayttttbtt)");
  r = r < 0 ? r : sd_bus_message_enter_container(reply, 'r', "uuuuittayttttbtt");
  r = r < 0 ? r : sd_bus_message_skip(reply, "uuuuittay");
  r = r < 0 ? r : sd_bus_message_read(reply, "tttt", &t[0], &t[1], &t[2], &t[3]);
  r = r < 0 ? r : sd_bus_message_skip(reply, "bt");
  r = r < 0 ? r : sd_bus_message_read(reply, "t", &jitter_us);
  if (r >= 0) {
    truth->jitter_us = (int64_t)jitter_us;
    truth->offset_ns = ((int64_t)(t[1] - t[0]) + (int64_t)(t[2] - t[3])) * 500;
    (void)snprintf(truth->server, sizeof truth->server, "%s", server);
  }
  free(server);
  (void)sd_bus_message_unref(reply);
  return r < 0 ? r : 0;
}

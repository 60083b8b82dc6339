/*
 * The plug-in http: posts through libcurl, and is its only user.
 *
 * A request carries a secret, so it goes only where the caller says: no redirect is followed, and
 * no proxy of the environment is used. The caller also resolves the host: libcurl does that in a
 * thread, and waits for it beyond its own timeout.
 */
#include <assert.h>
#include <curl/curl.h>
#include <errno.h>
#include <stdbool.h>
#include <string.h>

#include "output/plugin_http.h"

/* The one symbol that the program looks up. */
extern const struct http_plugin http_plugin;

static_assert((int)HTTP_ERROR_BYTES >= (int)CURL_ERROR_SIZE, "libcurl writes its error there");

/* The beginning of the answer's body. */
struct kept {
  char *text;
  size_t used_bytes;
};

/* CURLOPT_WRITEFUNCTION(3). Taking less than was offered ends the transfer, which is fine: the
 * status has arrived. */
static size_t curl_keep(char *data, size_t size, size_t count, void *user) {
  struct kept *kept = user;
  size_t room = HTTP_ANSWER_BYTES - 1 - kept->used_bytes;
  size_t bytes = size * count;
  if (bytes > room) {
    bytes = room;
  }
  memcpy(kept->text + kept->used_bytes, data, bytes);
  kept->used_bytes += bytes;
  return bytes;
}

static bool curl_add(struct curl_slist **list, const char *text) {
  struct curl_slist *longer = curl_slist_append(*list, text);
  if (longer == NULL) {
    return false;
  }
  *list = longer;
  return true;
}

/* Sets the headers and the host's addresses. libcurl keeps no copies: the caller frees both lists
 * after the transfer. */
static bool set_lists(CURL *curl, const struct http_request *request, struct curl_slist **headers,
                      struct curl_slist **addresses) {
  for (const char *const *header = request->headers; *header != NULL; header++) {
    if (!curl_add(headers, *header)) {
      return false;
    }
  }
  return curl_easy_setopt(curl, CURLOPT_HTTPHEADER, *headers) == CURLE_OK &&
         (request->addresses == NULL ||
          (curl_add(addresses, request->addresses) &&
           curl_easy_setopt(curl, CURLOPT_RESOLVE, *addresses) == CURLE_OK));
}

/* Sets all other options. Verifying certificates and following no redirect are libcurl's defaults,
 * but too important to rely on them. The caller has checked the scheme. */
static bool set_options(CURL *curl, const struct http_request *request, struct kept *kept,
                        char *error) {
  return curl_easy_setopt(curl, CURLOPT_ERRORBUFFER, error) == CURLE_OK &&
         curl_easy_setopt(curl, CURLOPT_URL, request->url) == CURLE_OK &&
         curl_easy_setopt(curl, CURLOPT_NOSIGNAL, 1L) == CURLE_OK &&
         curl_easy_setopt(curl, CURLOPT_TIMEOUT_MS, (long)request->timeout_ms) == CURLE_OK &&
         curl_easy_setopt(curl, CURLOPT_CONNECTTIMEOUT_MS, (long)request->timeout_ms) == CURLE_OK &&
         curl_easy_setopt(curl, CURLOPT_PROXY, "") == CURLE_OK &&
         curl_easy_setopt(curl, CURLOPT_FOLLOWLOCATION, 0L) == CURLE_OK &&
         curl_easy_setopt(curl, CURLOPT_SSL_VERIFYPEER, 1L) == CURLE_OK &&
         curl_easy_setopt(curl, CURLOPT_SSL_VERIFYHOST, 2L) == CURLE_OK &&
         (request->ca_file == NULL || /* these certificates alone, without the system's folder */
          (curl_easy_setopt(curl, CURLOPT_CAINFO, request->ca_file) == CURLE_OK &&
           curl_easy_setopt(curl, CURLOPT_CAPATH, NULL) == CURLE_OK)) &&
         (request->user == NULL ||
          (curl_easy_setopt(curl, CURLOPT_HTTPAUTH, CURLAUTH_BASIC) == CURLE_OK &&
           curl_easy_setopt(curl, CURLOPT_USERNAME, request->user) == CURLE_OK &&
           curl_easy_setopt(curl, CURLOPT_PASSWORD, request->password) == CURLE_OK)) &&
         curl_easy_setopt(curl, CURLOPT_POSTFIELDSIZE_LARGE, (curl_off_t)request->body_bytes) ==
             CURLE_OK &&
         curl_easy_setopt(curl, CURLOPT_POSTFIELDS, request->body) == CURLE_OK &&
         curl_easy_setopt(curl, CURLOPT_WRITEFUNCTION, curl_keep) == CURLE_OK &&
         curl_easy_setopt(curl, CURLOPT_WRITEDATA, kept) == CURLE_OK;
}

/* Posts and reads the answer. Returns 0, or a negative errno with error. */
static int perform(CURL *curl, struct kept *kept, struct http_answer *answer, char *error) {
  const char *location = NULL;
  CURLcode code = curl_easy_perform(curl);
  bool enough = code == CURLE_WRITE_ERROR && kept->used_bytes == HTTP_ANSWER_BYTES - 1;
  if (curl_easy_getinfo(curl, CURLINFO_RESPONSE_CODE, &answer->status) != CURLE_OK) {
    answer->status = 0;
  }
  bool refused = answer->status >= 400; /* says more than an error in the rest of the transfer */
  if (code != CURLE_OK && !enough && !refused) {
    if (error[0] == '\0') {
      (void)strncat(error, curl_easy_strerror(code), HTTP_ERROR_BYTES - 1);
    }
    return code == CURLE_OPERATION_TIMEDOUT ? -ETIMEDOUT : -EIO;
  }
  kept->text[kept->used_bytes] = '\0';
  if (curl_easy_getinfo(curl, CURLINFO_REDIRECT_URL, &location) == CURLE_OK && location != NULL) {
    (void)strncat(answer->location, location, sizeof answer->location - 1);
  }
  return 0;
}

static int post(const struct http_request *request, struct http_answer *answer,
                char error[HTTP_ERROR_BYTES]) {
  struct curl_slist *headers = NULL;
  struct curl_slist *addresses = NULL;
  struct kept kept = {.text = answer->body};
  int result = -ENOMEM;
  error[0] = '\0';
  *answer = (struct http_answer){.status = 0};
  CURL *curl = curl_global_init(CURL_GLOBAL_DEFAULT) == CURLE_OK ? curl_easy_init() : NULL;
  if (curl != NULL && set_lists(curl, request, &headers, &addresses) &&
      set_options(curl, request, &kept, error)) {
    result = perform(curl, &kept, answer, error);
  }
  curl_easy_cleanup(curl);
  curl_slist_free_all(headers);
  curl_slist_free_all(addresses);
  if (result == -ENOMEM) {
    (void)strcpy(error, "no memory");
  }
  return result;
}

const struct http_plugin http_plugin = {.version = NTP_MONITOR_VERSION, .post = post};

/* The settings of a run, in layers: the defaults, /etc, ~ and the command line. */
#ifndef NTP_MONITOR_CONFIG_H
#define NTP_MONITOR_CONFIG_H

#include "ntp_monitor/metric.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct env;
struct why;

/* Checks that text names a source that exists. Returns 0, or -EINVAL with why. The table of sources
 * belongs to another room, so the maker of a config supplies this. */
typedef int config_check_source(const char *text, struct why *why);

/* A limit or an age that is switched off or left to the program ("off", "auto"). */
#define CONFIG_NONE INT64_C(-1)

enum { CONFIG_KEYS_MAX = 64, CONFIG_SOURCES_MAX = 16, CONFIG_TEXT_BYTES = 256 };

/* The longest line of a file: inih's buffer (ini.h, INI_MAX_LINE) holds 200 bytes, with CR, LF and
 * a NUL. */
enum { CONFIG_LINE_BYTES_MAX = 197 };

/* Values of log_level: the severities of syslog(3). */
enum severity {
  SEVERITY_CRITICAL = 2,
  SEVERITY_ERROR = 3,
  SEVERITY_WARNING = 4,
  SEVERITY_INFO = 6,
  SEVERITY_DEBUG = 7
};

enum syslog_format { SYSLOG_FORMAT_AUTO, SYSLOG_FORMAT_RFC3164, SYSLOG_FORMAT_RFC5424 };

/* The limits of a metric in its unit, ns or a plain number. A value strictly beyond alerts.
 * CONFIG_NONE: off. */
struct limit {
  int64_t warning;
  int64_t critical;
};

/* The origin of a value. path is static or argv's; line 0: not from a file. */
struct origin {
  const char *path;
  unsigned line;
};

struct config {
  config_check_source *check_source;
  struct limit limit[METRIC_COUNT];
  int64_t stale_after_ns; /* CONFIG_NONE: auto */
  int64_t timeout_ns;
  int64_t min_replies;
  bool debug_mode;
  int64_t log_level;     /* enum severity */
  int64_t facility;      /* of syslog(3), not shifted */
  int64_t syslog_format; /* enum syslog_format */
  char syslog_address[CONFIG_TEXT_BYTES];
  char source_text[CONFIG_TEXT_BYTES];    /* names that source[] points to, unless argv's */
  const char *source[CONFIG_SOURCES_MAX]; /* NAME or NAME:ARGUMENT */
  size_t source_count;
  char chrony_socket[CONFIG_TEXT_BYTES];
  int64_t chrony_port;                 /* UDP */
  char ptp_sockets[CONFIG_TEXT_BYTES]; /* paths between blanks, tried in order */
  int64_t ptp_domain;
  int64_t ptp_transport_specific;
  int64_t ptp_samples;
  int64_t ptp_interval_ns;                   /* between these */
  char sntp_servers[CONFIG_TEXT_BYTES];      /* between commas or blanks; "": none */
  int64_t sntp_samples;                      /* of each server */
  int64_t sntp_interval_ns;                  /* between these */
  int64_t min_truechimers;                   /* CONFIG_NONE: more than half */
  char output_prometheus[CONFIG_TEXT_BYTES]; /* path; "": none */
  char output_json[CONFIG_TEXT_BYTES];
  char output_influx[CONFIG_TEXT_BYTES]; /* path or URL, see output_target.h */
  char influx_database[CONFIG_TEXT_BYTES];
  char influx_username[CONFIG_TEXT_BYTES];
  char influx_password_file[CONFIG_TEXT_BYTES]; /* see secret.h; "": none */
  char influx_org[CONFIG_TEXT_BYTES];
  char influx_bucket[CONFIG_TEXT_BYTES];
  char influx_token_file[CONFIG_TEXT_BYTES];
  char influx_ca_file[CONFIG_TEXT_BYTES]; /* "": the system's */
  const char *host;                       /* -H, or NULL */
  const char *machine;                    /* -M, or NULL */
  struct origin origin[CONFIG_KEYS_MAX];
};

enum config_type {
  CONFIG_TIME,    /* int64_t, ns */
  CONFIG_COUNT,   /* int64_t */
  CONFIG_BOOL,    /* bool */
  CONFIG_WORD,    /* int64_t: the value of one of a table of words */
  CONFIG_ADDRESS, /* char[CONFIG_TEXT_BYTES]: where log lines go */
  CONFIG_PATH,    /* char[CONFIG_TEXT_BYTES]: absolute */
  CONFIG_PATHS,   /* char[CONFIG_TEXT_BYTES]: absolute, between blanks */
  CONFIG_FILE,    /* char[CONFIG_TEXT_BYTES]: an absolute path, or "" */
  CONFIG_TARGET,  /* char[CONFIG_TEXT_BYTES]: the same, or a URL (output_target.h) */
  CONFIG_NAME,    /* char[CONFIG_TEXT_BYTES]: one line of text, or "" */
  CONFIG_SECRET,  /* char[CONFIG_TEXT_BYTES]: where a secret is (secret.h), or "" */
  CONFIG_SERVERS, /* char[CONFIG_TEXT_BYTES]: host[:port] between blanks or commas */
  CONFIG_SOURCES  /* source_text and source[] */
};

struct config_word {
  const char *name;
  int64_t value;
};

/* One key, with everything the reader, the help and the manual need to know about it. */
struct config_key {
  const char *name;
  const char *section;
  enum config_type type;
  size_t offset; /* of the field in struct config */
  const char *initial;
  const char *none;                /* the word that stands for CONFIG_NONE, or NULL */
  int64_t min, max;                /* inclusive; times in ns */
  const struct config_word *words; /* ended by a NULL name; the first name of a value is printed */
  const char *doc;
};

extern const struct config_key config_keys[];
extern const size_t config_key_count;

/* Finds the row of the key that sets a field of struct config, or a limit of metric. */
#define CONFIG_KEY(field) config_key_at(offsetof(struct config, field))
const struct config_key *config_key_at(size_t offset);
const struct config_key *config_limit_key(enum metric metric, bool critical);

/* Receives what is wrong in a file or between settings. */
struct config_listener {
  void (*say)(void *user, bool problem, const char *text); /* problem: else a warning */
  void *user;
  unsigned problem_count;
};

/* Sets every key to its default. */
void config_init(struct config *config, config_check_source *check_source);

/* Sets key from text. Returns 0; or -EINVAL or -ERANGE with why, config being unchanged. */
int config_set(struct config *config, const struct config_key *key, const char *text,
               const struct origin *origin, struct why *why);

/* Adds a source from the command line. The first call replaces the sources of the layers below.
 * text must outlive config. Returns 0; or -EINVAL or -E2BIG with why. */
int config_add_source(struct config *config, const char *text, struct why *why);

/* Prints the value of key as config_set() would read it. */
void config_print_value(const struct config *config, const struct config_key *key, char *out,
                        size_t size_bytes);

/* Prints "FILE:LINE", "default" or "command line". */
void config_print_origin(const struct origin *origin, char *out, size_t size_bytes);

/* True if a file or the command line has set a limit of metric; defaults do not count. */
bool config_limit_is_set(const struct config *config, enum metric metric);

/* Finds the row of a key; name may have any case. Returns NULL if there is none. */
const struct config_key *config_find(const char *section, const char *name);

/* The origins of values that the command line set, and of defaults. */
extern const struct origin config_command_line;
extern const struct origin config_default;

/*
 * Reads one file over config. With named, the user asked for this very file, so that its absence is
 * a problem. path must outlive config. Reports every problem through notes; a wrong value leaves
 * that of the layer below.
 */
void config_read(struct config *config, const char *path, bool named, const struct env *env,
                 struct config_listener *notes);

/* True if the critical limit of metric comes before its warning limit and both are set; a default
 * would have given way. */
bool config_limits_cross(const struct config *config, enum metric metric);

/* Resolves limits that cross, once all layers are read: a default critical limit gives way to a
 * warning limit that is set beyond it or off, and a default warning limit to a critical limit that
 * is set before it. */
void config_settle(struct config *config);

/* Reports what no key can know alone: limits that cross, an incomplete section [influx], and
 * samples that do not fit the timeout. */
void config_check(const struct config *config, struct config_listener *notes);

#endif

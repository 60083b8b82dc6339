/*
 * Shared by the fuzz targets: failing, splitting the input, and checks of everything the program
 * shows.
 *
 * The checks are written anew, from the README and the RFCs, and not with the program's own
 * functions: these are what is doubted here.
 */
#ifndef TESTS_FUZZ_FUZZ_H
#define TESTS_FUZZ_FUZZ_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

struct config;
struct env;
struct reading;
struct sample;
struct trace;
struct why;

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* A property of the program: where it does not hold, the input is a crasher. */
#define MUST(condition) ((condition) ? (void)0 : fuzz_fail(__FILE__, __LINE__, #condition))
_Noreturn void fuzz_fail(const char *file, int line, const char *what);

/* --- the input ------------------------------------------------------------ */

struct bytes {
  const uint8_t *at;
  size_t left;
};

/* 0 where nothing is left. */
uint8_t fuzz_byte(struct bytes *bytes);

/* Numbers of all sizes, and often one at an edge. */
uint64_t fuzz_number(struct bytes *bytes);

/* At most length of the bytes, as a string in memory of just its size: reading on is seen.
 * The caller frees it. */
char *fuzz_text(struct bytes *bytes, size_t length);

/* A regular file that holds data: its path, the same each time. */
const char *fuzz_file(const void *data, size_t size);

/* Wide enough for what 64 bits overflow in. */
__extension__ typedef __int128 fuzz_wide;

/* --- around a run --------------------------------------------------------- */

/* The time shown by the clocks: 2026-11-21T05:11:18.010060123Z. */
#define FUZZ_NOW_NS INT64_C(1795237878010060123)

/* Its trace begins anew; the uid is that which owns fuzz_file's. */
struct env *fuzz_env(void);

/* --- what must hold ------------------------------------------------------- */

/* Valid UTF-8, and nothing in it acts on a terminal or ends a line. */
bool fuzz_is_safe(const char *text);

/* The same, line by line. */
bool fuzz_is_safe_lines(const char *text);

/* Filled, safe, and of the reason that it should have. */
void fuzz_why(const struct why *why, int reason);

void fuzz_trace(const struct trace *trace);

/* A stream into memory, and its text, which fuzz_printed ends and the caller frees. */
FILE *fuzz_stream(void);
char *fuzz_printed(FILE *stream);

/* Every value lies within its row of config_keys. path, line_count: of the file it was
 * read from, or NULL. */
void fuzz_config(const struct config *config, const char *path, unsigned line_count);

/* Every field that is there can be. */
void fuzz_sample(const struct sample *sample);

/* The defaults, but for what the bits of which set. */
void fuzz_settings(struct config *config, unsigned which);

/* Judges the readings, words, prints and frames the verdict, and holds it all against what is
 * promised. */
void fuzz_report(const struct reading *readings, size_t count, const struct config *config,
                 unsigned problems, const char *host);

/* One object of JSON (RFC 8259) and a newline. */
bool fuzz_json(const char *text);

/* The first string under key, unescaped; false where it is null. */
bool fuzz_json_text(const char *json, const char *key, char *out, size_t size);

/* Returns whether the extended regular expression matches the whole text; keeps it compiled in
 * *slot. */
bool fuzz_matches(void **slot, const char *expression, const char *text);

#endif

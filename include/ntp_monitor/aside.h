/* Work on files that may hang, in a child that is left behind at the deadline. */
#ifndef NTP_MONITOR_ASIDE_H
#define NTP_MONITOR_ASIDE_H

#include <limits.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Makes path absolute: 0, or a negative errno. Touches no file system. */
int aside_absolute(const char *path, char out[PATH_MAX]);

/*
 * Returns an O_PATH descriptor of what path leads to, or a negative errno: -EREMOTE if the way
 * crosses a network or FUSE file system, which was not touched: use aside_run(). A path without
 * mount points takes one system call. The root file system counts as local, because the program
 * itself lies there.
 */
int aside_look(const char *path);

/* Returns whether the way to path may hang. Takes /dev, and the folders of the daemons' sockets
 * below /run, for local without a system call. */
bool aside_wanted(const char *path);

/* The words for a path that does not answer. */
#define ASIDE_SILENT "its file system is not responding"

/*
 * Returns 0 if path can be used by a call that knows no deadline, such as connect(2): it is local,
 * or a child reached it by the deadline (CLOCK_MONOTONIC). Returns -EREMOTE if its file system does
 * not answer.
 */
int aside_await(const char *path, int64_t deadline_ns);

/*
 * Runs work in a child on a copy of the size_bytes at shared, and copies that back if the child
 * completes. Returns 0 or a negative errno, -ETIMEDOUT at the deadline (CLOCK_MONOTONIC). The child
 * has no standard input, output or error, and is killed at the end; if the kernel does not let it
 * go (FUSE with a request pending), it stays until its file system answers.
 */
int aside_run(void (*work)(void *shared), void *shared, size_t size_bytes, int64_t deadline_ns);

#endif

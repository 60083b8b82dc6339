/* Work on files that may hang, in a child that is left behind at the deadline. */
#ifndef NTP_MONITOR_ASIDE_H
#define NTP_MONITOR_ASIDE_H

#include <limits.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* path, seen from the root: 0, or a negative errno. Touches no file system. */
int aside_absolute(const char *path, char out[PATH_MAX]);

/*
 * An O_PATH descriptor of what path leads to, or a negative errno. -EREMOTE where the way there
 * crosses a network or FUSE file system, which was not touched: use aside_run(). Where no mount
 * point lies on the way that is one system call; the root's own file system counts as local, for
 * the program itself lies there.
 */
int aside_look(const char *path);

/* Whether the way to path may hang. Asks nothing about /dev, and where the daemons that are asked
 * have their sockets below /run. */
bool aside_wanted(const char *path);

/* The words for a path that does not answer. */
#define ASIDE_SILENT "its file system does not answer"

/*
 * 0 where path can be used by a call that knows no deadline, as connect(2): it is local, or a child
 * came to its end by then. -EREMOTE where its file system does not answer.
 */
int aside_await(const char *path, int64_t deadline_ns);

/*
 * Runs work(shared) in a child, on a copy of the size_bytes at shared, which replaces it when the
 * child has ended. 0 or a negative errno, -ETIMEDOUT at the deadline (CLOCK_MONOTONIC). The child
 * has no standard input, output or error, and is killed; where the kernel does not let it go (FUSE,
 * with a request under way) it stays until its file system answers.
 */
int aside_run(void (*work)(void *shared), void *shared, size_t size_bytes, int64_t deadline_ns);

#endif

/*
 * Owners outside this user namespace: user_namespaces(7).
 */
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>

#include "ntp_monitor/trusted.h"

/* The uid that the kernel shows for one that the user namespace lacks. */
enum { OVERFLOW_UID = 65534 };

/* Root outside is one of those that 65534 stands for, and in a rootless container it owns the
 * machine's files. Without /proc the owner of the root folder decides, which is always root. */
bool trusted_is_outside(uid_t owner) {
  struct stat root;
  char line[128];
  if (owner != OVERFLOW_UID) {
    return false;
  }
  FILE *map = fopen("/proc/self/uid_map", "re");
  if (map == NULL) {
    return stat("/", &root) == 0 && root.st_uid == OVERFLOW_UID;
  }
  bool outside = true;
  while (fgets(line, sizeof line, map) != NULL) {
    char *at = line; /* the first uid here, the first one outside, how many */
    unsigned long first = strtoul(at, &at, 10);
    (void)strtoul(at, &at, 10);
    unsigned long count = strtoul(at, &at, 10);
    outside = outside && (owner < first || owner - first >= count);
  }
  (void)fclose(map);
  return outside;
}

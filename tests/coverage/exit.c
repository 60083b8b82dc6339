/*
 * Linked into the coverage build, because `_exit` and death by a default signal end a process
 * without writing its counters. The linker wraps `_exit` (--wrap=_exit).
 */
#include <unistd.h>

void __gcov_dump(void); /* gcc: Gcov-dump-tool's run-time, gcov.h */
_Noreturn void __real__exit(int status);
_Noreturn void __wrap__exit(int status);

void __wrap__exit(int status) {
  __gcov_dump();
  __real__exit(status);
}

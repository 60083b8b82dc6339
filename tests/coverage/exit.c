/*
 * What the coverage build is linked with: `_exit` and the death by a default signal end a process
 * without its counters being written. The linker wraps the first (--wrap=_exit).
 */
#include <unistd.h>

void __gcov_dump(void); /* gcc: Gcov-dump-tool's run-time, gcov.h */
_Noreturn void __real__exit(int status);
_Noreturn void __wrap__exit(int status);

void __wrap__exit(int status) {
  __gcov_dump();
  __real__exit(status);
}

/*
 * failing_malloc: a preloaded library that fails one allocation of a program, or all from one on.
 *
 * It wraps the allocator in use (the C library's, or that of a sanitizer, which then looks for
 * leaks) and forwards to it. Only allocations of main() and of its children count: those before are
 * the loader's, whose failure is not the program's. FAILING_MALLOC is "N once|from FILE"; the count
 * is kept in FILE, which is mapped, so that children continue it.
 */
#define _GNU_SOURCE 1
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

static unsigned long *asked; /* NULL: main has not begun, or this is another program */
static unsigned long wanted;
static bool from;

/* Serves dlsym(3), which itself allocates before it has found the allocator. */
static _Alignas(16) char early[8192];
static size_t early_used;

static void *take_early(size_t bytes) {
  size_t at = early_used;
  early_used += (bytes + 15) & ~(size_t)15;
  return early_used <= sizeof early ? early + at : NULL;
}

static bool is_early(const void *pointer) {
  uintptr_t at = (uintptr_t)pointer;
  return at >= (uintptr_t)early && at < (uintptr_t)(early + sizeof early);
}

/* Counts an allocation; returns whether it must fail. */
static bool fails(void) {
  if (asked == NULL) {
    return false;
  }
  unsigned long number = ++*asked;
  if (wanted == 0 || number < wanted || (number > wanted && !from)) {
    return false;
  }
  errno = ENOMEM;
  return true;
}

/* The function of this name in the next library; NULL while dlsym(3) searches for it. */
#define NEXT(name)                                                                    \
  static __typeof__(&(name)) next;                                                    \
  static volatile bool looking; /* the compiler trusts dlsym not to come back here */ \
  if (next == NULL && !looking) {                                                     \
    looking = true;                                                                   \
    *(void **)&next = dlsym(RTLD_NEXT, #name);                                        \
    looking = false;                                                                  \
  }

void *malloc(size_t bytes) {
  NEXT(malloc)
  return fails() ? NULL : next != NULL ? next(bytes) : take_early(bytes);
}

void *calloc(size_t count, size_t bytes) {
  NEXT(calloc)
  return fails() ? NULL : next != NULL ? next(count, bytes) : take_early(count * bytes);
}

void *realloc(void *old, size_t bytes) {
  NEXT(realloc)
  return fails() ? NULL : next(old, bytes);
}

void *reallocarray(void *old, size_t count, size_t bytes) {
  NEXT(reallocarray)
  return fails() ? NULL : next(old, count, bytes);
}

void *aligned_alloc(size_t alignment, size_t bytes) {
  NEXT(aligned_alloc)
  return fails() ? NULL : next(alignment, bytes);
}

void *memalign(size_t alignment, size_t bytes);
void *memalign(size_t alignment, size_t bytes) {
  NEXT(memalign)
  return fails() ? NULL : next(alignment, bytes);
}

int posix_memalign(void **out, size_t alignment, size_t bytes) {
  NEXT(posix_memalign)
  return fails() ? ENOMEM : next(out, alignment, bytes);
}

/* A sanitizer's own allocator would not be called from here. */
static char *copy_of(const char *text, size_t length) {
  char *copy = malloc(length + 1);
  if (copy != NULL) {
    memcpy(copy, text, length);
    copy[length] = '\0';
  }
  return copy;
}

char *strdup(const char *text) {
  return copy_of(text, strlen(text));
}

char *strndup(const char *text, size_t most) {
  return copy_of(text, strnlen(text, most));
}

void free(void *pointer) {
  NEXT(free)
  if (!is_early(pointer) && next != NULL) {
    next(pointer);
  }
}

static int (*program)(int, char **, char **);

/* Counts the allocations of the tested program, not those of a shell or an ssh that it starts. */
static int begin(int argc, char **argv, char **environment) {
  char path[128] = "";
  char kind[8] = "";
  const char *order = getenv("FAILING_MALLOC");
  if (strcmp(program_invocation_short_name, "ntp_monitor") == 0 && order != NULL &&
      sscanf(order, "%lu %7s %127s", &wanted, kind, path) == 3) {
    int fd = open(path, O_RDWR | O_CLOEXEC);
    void *shared =
        fd < 0 ? MAP_FAILED : mmap(NULL, sizeof *asked, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
    from = strcmp(kind, "from") == 0;
    asked = shared == MAP_FAILED ? NULL : shared;
    if (fd >= 0) {
      (void)close(fd);
    }
  }
  return program(argc, argv, environment);
}

int __libc_start_main(int (*main)(int, char **, char **), int argc, char **argv, void (*init)(void),
                      void (*fini)(void), void (*linker_fini)(void), void *stack_end);
int __libc_start_main(int (*main)(int, char **, char **), int argc, char **argv, void (*init)(void),
                      void (*fini)(void), void (*linker_fini)(void), void *stack_end) {
  NEXT(__libc_start_main)
  program = main;
  return next(begin, argc, argv, init, fini, linker_fini, stack_end);
}
